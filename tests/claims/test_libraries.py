"""Other libraries, held to the claims."""

import dataclasses
import importlib
import importlib.util

import numpy as np
import pytest
import scipy.special

from cecore.claims import CLAIMS, NotSupportedError, verify
from cecore.claims.libraries import LIBRARIES
from cecore.claims.model import FUNCTIONS, LOGITS
from cecore.claims.run import CECORE
from cecore.claims.trial import takes_axis
from tests.claims.stored import assert_stored, stored


@dataclasses.dataclass
class Known:
    """What is known of a library."""

    name: str  # and then its version
    fails: set[str] = dataclasses.field(default_factory=set)
    lacks: set[str] = dataclasses.field(default_factory=set)
    cannot: set[str] = dataclasses.field(default_factory=set)  # what its functions do not offer


KNOWN = {
    "numpy": Known("NumPy {}, written naively"),
    "scipy": Known(
        "SciPy {}",
        # near certainty (its issue 19521), overflow warned about, float16 widened, NaN accepted
        fails={"P1", "P5", "P6", "P10", "P16"},
        lacks={*LOGITS, "cross_entropy", "one_hot", "loss_and_grad"}
        - {"softmax", "log_softmax", "logsumexp"},
    ),
    "torch": Known(
        "PyTorch {}",
        fails={"B11", "P1", "P2", "P3", "P4", "P5", "P10", "P16", "P17"},  # KL with 0 ln 0 is NaN
        lacks={"cross_entropy"},
    ),
    "jax": Known(
        "JAX {}",
        fails={"P1", "P4", "P10", "P16"},
        lacks={"cross_entropy", "loss", "grad", "loss_and_grad"},
    ),
    "sklearn": Known(
        "scikit-learn {}",
        fails={"P2", "P3", "P5", "P10", "P16", "P17"},
        lacks=FUNCTIONS.keys() - {"softmax", "loss", "grad", "loss_and_grad"},
        cannot={"P9", "B12", "B23", "B24", "B25", "P15"},  # another axis, probabilities as labels
    ),
}
FUSED = {"parts", "merge", "linear_cross_entropy"}  # of which no library here has any
HERE = list(filter(importlib.util.find_spec, LIBRARIES))


def test_library_is_known():
    assert [*KNOWN] == [*LIBRARIES]


@pytest.mark.parametrize("library", [name for name in HERE if name != "numpy"])
@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_library_fails_what_it_is_known_to_fail_and_nothing_else(claim, library):
    if claim.id not in stored(library)[1]:
        pytest.skip("nobody has looked yet: make libraries")
    implementation, known = LIBRARIES[library](), KNOWN[library]
    [(_, evidence)] = verify(implementation, claims=[claim.id]).results
    assert_stored(library, implementation.name, claim.id, evidence)
    there = [need for need in claim.needs if getattr(implementation, need)]
    applies = bool(there) if claim.each else there == list(claim.needs) != []
    if claim.id in known.fails:
        assert evidence.verdict in ("failed", "error")
    elif applies and claim.id not in known.cannot:
        assert evidence.verdict == "held", evidence
    else:
        assert evidence.verdict == "not applicable", evidence


@pytest.mark.parametrize("library", HERE)
def test_library_gives_what_cecore_gives_for_moderate_numbers(library):
    rng = np.random.default_rng(12)
    z, v = rng.normal(size=(2, 4, 3, 5))
    p, q = rng.dirichlet(np.ones(5), (2, 4, 3))
    labels = rng.integers(3, size=60)
    y = labels[:12].reshape(4, 3)
    there = {"z": z, "v": v, "p": p, "q": q, "batch": z[0], "labels": y, "n": 5}
    given = {
        name: tuple(there[argument] for argument in kind.takes)
        for name, kind in FUNCTIONS.items()
        if name not in FUSED
    }
    given["loss_and_grad"] = z[0], y[0]
    implementation, known = LIBRARIES[library](), KNOWN[library]
    for name, args in given.items():
        function, right = getattr(implementation, name), getattr(CECORE, name)
        if function is None:
            continue
        # SciPy takes all axes together unless told.
        named = {"axis": -1} if library == "scipy" and args[0] is z else {}
        got, want = function(*args, **named), right(*args)
        pairs = zip(got, want, strict=True) if name == "loss_and_grad" else [(got, want)]
        for got, want in pairs:
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)
        for axis in (0, 1, -2) if takes_axis(function) and library != "sklearn" else ():
            if name in ("loss", "grad"):
                shape = np.delete(z.shape, axis)
                args = z, labels[: np.prod(shape)].reshape(shape)
            elif args[0] is not z:  # distributions along this axis
                args = tuple(np.moveaxis(x, -1, axis) for x in given[name])
            got, want = function(*args, axis=axis), right(*args, axis=axis)
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)
    assert {name for name in given if getattr(implementation, name) is None} == known.lacks - FUSED
    version = importlib.import_module(library).__version__
    assert implementation.name == known.name.format(version)


@pytest.mark.parametrize("library", ["cecore", *LIBRARIES])
def test_library_has_stored_evidence_of_these_claims_that_finds_the_same(library):
    _, entries = stored(library)
    # What is new has none before `make libraries` is run; what is gone or changed may have none.
    assert [(name, c["sentence"]) for name, c in entries.items()] == [
        (name, claim.sentence) for name, claim in CLAIMS.items() if name in entries
    ]
    failed = {c["id"] for c in entries.values() if c["verdict"] in ("failed", "error")}
    if library != "numpy":
        assert failed == (KNOWN[library].fails if library in KNOWN else set())


def test_library_sklearn_says_what_it_does_not_offer():
    sklearn, z = LIBRARIES["sklearn"](), np.zeros((4, 3, 5))
    assert (sklearn.classes, sklearn.dtypes) == (2, (np.float32, np.float64))
    assert sklearn.softmax(z, axis=2).shape == z.shape
    for axis in (0, 1):
        with pytest.raises(NotSupportedError, match=r"^scikit-learn has its classes in columns$"):
            sklearn.softmax(z, axis=axis)
    with pytest.raises(NotSupportedError, match=r"multinomial loss takes class indices only$"):
        sklearn.loss(z, z)


@pytest.mark.parametrize("claim", CLAIMS)
def test_library_numpy_has_the_evidence_that_is_stored(claim):
    naive = dataclasses.replace(LIBRARIES["numpy"](), name=stored("numpy")[0])
    [(_, evidence)] = verify(naive, claims=[claim]).results
    assert_stored("numpy", naive.name, claim, evidence)


@pytest.mark.parametrize("name", ["S1", "S2", "B1", "S14", "P1", "P5", "P10"])
def test_library_numpy_fails_for_large_logits(name):
    [(_, evidence)] = verify(LIBRARIES["numpy"](), claims=[name]).results
    assert evidence.verdict == "failed"


@pytest.mark.parametrize("name", ["S3", "S4", "B2", "P6", "P8", "P9", "P11"])
def test_library_numpy_holds_what_needs_no_care(name):
    [(_, evidence)] = verify(LIBRARIES["numpy"](), claims=[name]).results
    assert evidence.verdict == "held"


def test_library_scipy_loses_log_softmax_near_certainty():
    [(_, evidence)] = verify(log_softmax=scipy.special.log_softmax, claims=["P1"]).results
    assert evidence.verdict == "failed"
    assert evidence.worst == "log_softmax([0.0, -50.0])"
    assert evidence.message == "got 0, right is -1.9287498479639178e-22"
    assert evidence.ulps > 1e15
