"""The probes, in the order in which they look."""

from cecore.claims.kit.probes.correct import CORRECT
from cecore.claims.kit.probes.exact import EXACT
from cecore.claims.kit.probes.fused import FUSION
from cecore.claims.kit.probes.manner import MANNER
from cecore.claims.kit.probes.robust import ROBUST
from cecore.claims.kit.probes.strict import STRICT

PROBES = [*CORRECT, *MANNER, *ROBUST, *EXACT, *STRICT, *FUSION]
