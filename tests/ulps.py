"""Right values of one row of logits, and how many units in the last place a result is off."""

import numpy as np
import pytest

from tests.reference import mp

LIMIT = {np.float64: 4, np.float32: 6}  # ulps that most rows keep within; 6 is the promise


class Exact:
    """The right values for one row of logits, each sum free of cancellation.

    The textbook (`tests.reference`) would need 350 digits for that, and six times as long.
    """

    def __init__(self, z, k):
        x = [mp.mpf(float(v)) for v in z]
        m = max(x)
        e = [mp.exp(v - m) for v in x]
        total = mp.fsum(e)
        others = mp.fsum(v for i, v in enumerate(e) if i != k)
        top = x.index(m)
        rest = mp.log1p(mp.fsum(v for i, v in enumerate(e) if i != top))
        self.softmax = [v / total for v in e]
        self.log_softmax = [(v - m) - rest for v in x]
        self.logsumexp = m + rest
        self.loss = (m - x[k]) + rest
        self.grad = [*self.softmax]
        self.grad[k] = -others / total


def ulps(got, want, scale=0.0):
    """The largest error of ``got``, in ulps of ``want`` (of ``scale``, where that is larger)."""
    got = np.atleast_1d(got)
    if isinstance(want, (np.ndarray, np.longdouble)) and want.dtype == np.longdouble:
        size = np.maximum(abs(want), scale)
        assert got.shape == np.shape(np.atleast_1d(want))
        assert size.max() <= np.finfo(got.dtype).max
        return float(np.max(abs(got - want) / np.spacing(size.astype(got.dtype))))
    want = np.atleast_1d(np.array(want, dtype=object))
    assert got.shape == want.shape
    worst = 0.0
    for g, w in zip(got, want, strict=True):
        size = max(abs(float(w)), scale)
        if not mp.isfinite(w) or size > np.finfo(got.dtype).max:
            assert g == (np.inf if w > 0 else -np.inf)
        else:
            ulp = float(np.spacing(got.dtype.type(size)))
            worst = max(worst, float(abs(mp.mpf(float(g)) - w) / mp.mpf(ulp)))
    return worst


def rows(dtype):
    """Logits of every size and shape: each path through the code, and the borders between them."""
    rng = np.random.default_rng(20)
    for scale in (1e-3, 1, 10, 30, 100, 150, 300, 1e3, 1e5):
        for n in (2, 10, 40, 1000):
            yield f"N(0, {scale:g}), n = {n}", rng.normal(size=n) * scale
    for offset in (60, 70, 90, 100, 130, 150, 170, 200, 600, 640, 700, 800, 900, 1e4):
        for sign in (1, -1):
            yield f"{sign * offset:g} + N(0, 30)", rng.normal(size=200) * 30 + sign * offset
    yield "from -800 to 800", rng.uniform(-800, 800, 1000)
    yield "from -760 to 0", np.append(rng.uniform(-760, 0, 1000), 0)
    yield "from -105 to 0", np.append(rng.uniform(-105, 0, 1000), 0)
    yield "one dominant", np.append(np.full(9, -50.0), 0) + 0.3
    yield "one dominant, at the end of float64", np.append(np.full(1000, -745.2), 0)
    yield "one dominant, shifted", np.append(rng.uniform(-748, -730, 1000), 0) + 700
    yield "one dominant, at the end of float32", np.append(np.full(1000, -103.6), 0)
    yield "the largest floats", np.array([1, -1, 1, 0]) * float(np.finfo(dtype).max)
    yield "a huge odd number of units", np.append(np.zeros(199), (2**23 + 1) * 128)
    yield "one class", np.array([123.456])
    yield "equal", np.full(999, 5.0)
    yield "masked", np.where(rng.random(500) < 0.3, -np.inf, rng.normal(size=500) * 50)


def each_row(dtype):
    """The same as parameters of a test, each with its name."""
    return [pytest.param(z.astype(dtype), id=f"{dtype.__name__} {name}") for name, z in rows(dtype)]
