"""What the chapter "Stability" claims of the functions; what it asks for is in other files."""

import numpy as np

from cecore.claims.inputs import FEW, moved
from cecore.claims.registry import Chapter
from cecore.claims.trial import UNDERFLOW, Trial
from cecore.claims.words import short

CHAPTER = Chapter("stability")
claim = CHAPTER.claim


@claim("B15", "thm-lipschitz", "logsumexp")
def b15(t: Trial) -> None:
    r"""If no logit moves by more than $\varepsilon$, $\operatorname{LSE}(z)$ does not either."""
    for r, up, h in moved(t.rows(n=100)):
        new, old = (float(t.of_row("logsumexp", row.z)) for row in (up, r))
        room = 2 * up.slack * t.eps
        message = f"moved by {new - old:.6g}, no logit by more than {h:g}"
        t.at_most(abs(new - old), h, room, message)


@claim("B16", "thm-conditioning", "softmax", "log_softmax", "loss", "grad", each=True)
def b16(t: Trial, name: str) -> None:
    r"""If no logit moves by more than $\varepsilon$, no probability changes by more than the factor
    $e^{2 \varepsilon}$, nor does any $\ln s_i$, nor, for one true class, the loss or an entry of
    its gradient.
    """
    for r, up, h in moved(t.rows(n=FEW)):
        old, new = (abs(t.of_row(name, row.z).astype(np.float64)) for row in (r, up))
        scale = new if name == "softmax" else 1 + old + new
        room = up.slack * t.eps * scale + 2 * UNDERFLOW * t.least
        message = f"from {short(old)} to {short(new)}, no logit by more than {h:g}"
        for low, high in ((new, old), (old, new)):
            t.at_most(low * np.exp(-2 * h), high, room, message)
