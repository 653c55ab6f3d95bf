"""The textbook formulas in 50-digit arithmetic, and what a rounding error is measured in.

Nothing here is shared with cecore: no shift by the largest logit, no log1p, no closed-form
derivative. Derivatives are complex steps: f(z + ih) = f(z) + ih f'(z) + O(h^2), and with h = 1e-30
the rest is below the 50th digit.
"""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mpmath import MPContext

# No test asserts a time, and every run draws the same examples.
settings.register_profile(
    "cecore", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("cecore")

mp = MPContext()
mp.dps = 50
STEP = mp.mpf(10) ** -30

FLOATS = [np.float16, np.float32, np.float64, np.longdouble]
SIZES = st.integers(1, 6)


def exact(x):
    """An array of floats as mpmath numbers, unrounded."""
    x = np.asarray(x)
    x = x.astype(np.promote_types(x.dtype, np.float64))
    return np.array([mp.convert(value) for value in x.flat], dtype=object).reshape(x.shape)


def softmax(z):
    e = [mp.exp(value) for value in z]
    return np.array([value / mp.fsum(e) for value in e], dtype=object)


def logsumexp(z):
    return mp.log(mp.fsum(mp.exp(value) for value in z))


def log_softmax(z):
    return np.array([value - logsumexp(z) for value in z], dtype=object)


def cross_entropy(p, q):
    return mp.fsum(a * (mp.inf if b == 0 else -mp.log(b)) for a, b in zip(p, q, strict=True) if a)


def kl_divergence(p, q):
    return cross_entropy(p, q) - cross_entropy(p, p)


def loss(z, y):
    """Of a class index or a distribution ``y``."""
    y = np.arange(len(z)) == y if np.ndim(y) == 0 else y
    return -mp.fsum(a * b for a, b in zip(exact(y), log_softmax(z), strict=True) if a)


def jacobian(f, z):
    """``J[..., j] = df/dz_j`` of a function of logits, by complex steps."""
    columns = []
    for j in range(len(z)):
        moved = exact(z)
        moved[j] = mp.mpc(moved[j], STEP)
        columns.append(np.frompyfunc(lambda value: value.imag / STEP, 1, 1)(f(moved)))
    return np.stack(columns, axis=-1)


def assert_close(got, want, ulps, scale=None, floor=1e-40):
    """Every entry of ``got`` is within ``ulps * eps * |scale|`` of ``want``.

    ``scale`` is ``want`` itself unless given, so the error is relative; eps is the spacing of got's
    dtype at 1. ``floor`` is where the 50 digits of the formulas above end if their terms cancel.
    """
    got, want = np.asarray(got), np.asarray(want, dtype=object)
    assert got.shape == want.shape
    eps = exact(np.finfo(got.dtype).eps)[()]
    scale = np.broadcast_to(np.asarray(want if scale is None else scale, dtype=object), want.shape)
    for g, w, size in zip(exact(got).flat, want.flat, scale.flat, strict=True):
        close = g == w or abs(g - w) <= ulps * eps * abs(size) + floor
        assert close, f"got {mp.nstr(g, 20)}, not {mp.nstr(w, 20)} to {ulps} eps of {size}"


def slack(z):
    """How many eps the probabilities of ``z`` may be off.

    The shift rounds a difference d of logits by eps/2 * |d|, which is what its exponential is then
    off relatively; each addition rounds once; exp and log are good to 3 eps each in float32.
    """
    return (max(z) - min(z)) / 2 + len(z) + 6


def assert_no_negative_zero(x):
    x = np.asarray(x)
    assert not np.signbit(x[x == 0]).any(), f"-0.0 in {x}"


def logits(n=SIZES, bound=30, dtype=np.float64):
    """One row of logits, none beyond ±bound."""
    entries = hnp.from_dtype(np.dtype(dtype), min_value=-bound, max_value=bound)
    return hnp.arrays(dtype, n, elements=entries)


def any_logits(dtype=np.float64):
    """One row of logits of any finite size, some of them perhaps masked, but not the first."""
    finite = hnp.from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False)
    rest = st.lists(finite | st.just(-np.inf), max_size=5)
    return st.builds(lambda first, rest: np.array([first, *rest], dtype), finite, rest)


@st.composite
def distributions(draw, rows):
    """``rows`` distributions over the same 1 to 6 classes, some of probability 0."""
    weights = hnp.arrays(np.float64, draw(SIZES), elements=st.floats(0, 1))
    p = [draw(weights.filter(np.any)) for _ in range(rows)]
    return [w / w.sum() for w in p]
