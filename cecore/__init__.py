"""Softmax and cross-entropy, computed the way the book derives them."""

from typing import TYPE_CHECKING, Any

from cecore.chapters.combined import softmax_cross_entropy, softmax_cross_entropy_grad
from cecore.chapters.cross_entropy import cross_entropy, entropy, kl_divergence, one_hot
from cecore.chapters.derivative import softmax_jacobian, softmax_jvp, softmax_vjp
from cecore.chapters.softmax import log_softmax, logsumexp, softmax
from cecore.scale.in_memory import loss_and_grad
from cecore.scale.linear import linear_cross_entropy

if TYPE_CHECKING:
    from cecore.claims import verify

__version__ = "0.2.0"

__all__ = [
    "cross_entropy",
    "entropy",
    "kl_divergence",
    "linear_cross_entropy",
    "log_softmax",
    "logsumexp",
    "loss_and_grad",
    "one_hot",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_grad",
    "softmax_jacobian",
    "softmax_jvp",
    "softmax_vjp",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Load `verify` when it is first asked for: what it needs takes longer than all the rest."""
    if name == "verify":
        from cecore.claims import verify

        globals()[name] = verify
        return verify
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
