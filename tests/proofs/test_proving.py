import dataclasses
import re

import pytest

from cecore.proofs.book import DERIVATIONS
from cecore.proofs.derivation import Derivation, FalseStepError
from cecore.proofs.formula import Expr
from cecore.proofs.language import (
    LETTERS,
    S,
    cases,
    classes_named,
    d,
    delta,
    exp,
    letter,
    ln,
    named,
    s,
    tanh,
    total,
    y,
    z,
)
from cecore.proofs.numeric import Point, arithmetic, points, same_at, value
from cecore.proofs.symbolic import same_for_every_n, symbolic, without_sums


def test_a_false_step_is_shown_with_both_sides_and_a_point():
    wrong = Derivation("S6", d(S, z("j")), [(exp(z("i")), "wrong index")], ["i != j"])
    with pytest.raises(FalseStepError) as error:
        wrong.prove()
    assert str(error.value) == (
        "S6, step 1 (wrong index) does not hold for i != j:\n"
        "      \\frac{\\partial S}{\\partial z_j}\n"
        "    = e^{z_i}\n"
        "At n = 2, i = 2, j = 1, z = (1.66, -0.67) the sides are 5.25931 and 0.511709."
    )


@pytest.mark.parametrize(
    ("labels", "i", "j", "k", "letters", "entries"),
    [
        (
            *("", 1, 2, 1),
            "-0.92 1.22 0.55 -2.15 2.61 -0.14 2.75 -0.22 0.73 -0.73 -1.96 -0.81 -0.3 "
            "1.59 -1.07 -0.33 0.93 -2.92 -1.69 0.16 0.86 -0.02 -2.51 0.59",
            "-0.21 -2.36 -2.44, 0.0 1.19 -1.42, -2.64 2.43 -2.89, 1.54 0.83 -0.92, "
            "2.47 -1.98 0.61, 0.4857 0.2 0.3143, 0.2533 0.3362 0.4105, -2.49 -1.66 "
            "-0.59",
        ),
        (
            *("sum to 1", 1, 0, 0),
            "-2.15 2.81 -0.14 2.75 -0.22 -1.54 -0.73 -1.96 1.09 -0.3 1.59 -1.07 -0.33 "
            "0.93 -2.92 -1.69 -2.69 -1.3 -0.02 0.25 0.59 -2.49 -1.66 1.21",
            "-2.36 -2.44 -1.95, 0.0 -0.7115 1.712, 2.43 -2.89 1.54, 0.83 -0.92 2.47, "
            "-1.98 0.61 -0.27, 0.2895 0.3053 0.4053, 0.4498 0.4211 0.1292, -1.66 0.56 "
            "-1.33",
        ),
        (
            *("one-hot", 1, 2, 1),
            "-0.92 1.22 0.55 -2.15 2.61 -0.14 2.75 -0.22 0.73 -0.73 -1.96 -0.81 -0.3 "
            "1.59 -1.07 -0.33 0.93 -2.92 -1.69 0.16 0.86 -0.02 -2.51 0.59",
            "-0.21 -2.36 -2.44, 0.0 1.0 0.0, -2.64 2.43 -2.89, 1.54 0.83 -0.92, 2.47 "
            "-1.98 0.61, 0.4857 0.2 0.3143, 0.2533 0.3362 0.4105, -2.49 -1.66 -0.59",
        ),
    ],
)
def test_the_points_are_the_same_every_time(labels, i, j, k, letters, entries):
    pytest.importorskip("mpmath")

    def shown(numbers):
        return " ".join(arithmetic().nstr(x, 4) for x in numbers)

    found = points("X", "i != j", labels)
    assert [at.n for at in found] == [2, 3, 2, 6] * 3
    at = found[1]
    assert at.index == {"i": i, "j": j, "k": k, "1": 0, "2": 1, "3": 2}
    assert list(at.letter) == [*LETTERS]
    assert shown(at.letter.values()) == letters
    assert list(at.entry) == [*"zyvwtpqb"]
    assert ", ".join(map(shown, at.entry.values())) == entries


def test_what_holds_only_in_another_case_is_refused():
    step = [(s("i") * (1 - s("i")), "")]
    Derivation("X", d(s("i"), z("j")), step, ["i = j"]).prove()
    for assumed in (["i != j"], [""], ["i = j", "i != j"]):
        with pytest.raises(FalseStepError):
            Derivation("X", d(s("i"), z("j")), step, assumed).prove()


def test_what_holds_only_for_labels_that_sum_to_one_is_refused_for_others():
    loss = named("L", -total("m", y("m") * ln(s("m"))))
    step = [(s("j") - y("j"), "")]
    for labels in ("sum to 1", "one-hot"):
        Derivation("X", d(loss, z("j")), step, labels=labels).prove()
    with pytest.raises(FalseStepError):
        Derivation("X", d(loss, z("j")), step).prove()


def test_a_derivative_by_an_index_of_a_sum_is_refused():
    with pytest.raises(ValueError, match=r"has an index over which .* sums"):
        d(total("i", y("i") * ln(s("i"))), s("i"))


ONE, ZERO = Expr("integer", (1,)), Expr("integer", (0,))
CLASSES = total("a", ONE)
C, T, GAMMA = letter("c"), letter("T"), letter(r"\gamma")
HALF = ONE / 2


@pytest.mark.parametrize(
    ("left", "right", "labels", "sides"),
    [
        (total("b", ln(y("b"))), ZERO, "one-hot", "-inf and 0.0"),
        (-total("b", s("b") * ln(y("b"))), ZERO, "one-hot", "+inf and 0.0"),
        (total("i", ln(delta("i", "j"))), ZERO, "", "-inf and 0.0"),
        (total("i", y("i") / y("i")), CLASSES, "sum to 1", "a division by zero and 2.0"),
        (y("i") / y("i"), ONE, "one-hot", "a division by zero and 1.0"),
        (ln(y("i") ** 2), 2 * ln(y("i")), "sum to 1", "-inf and -inf"),  # some y may be negative
        (exp(ONE * -200) * total("b", exp(delta("b", "j") * z("b"))), exp(z("j") - 200), "", ""),
        (
            total("i", total("m", ln(s("i") + s("m")))),
            CLASSES * total("m", ln(2 * s("m"))),
            "",
            "-3.49899 and -6.99799",
        ),
        # False, or without a meaning, only where no point lies: z_i < -5, c = 4, n = 5.
        (total("i", ln((z("i") + 5) ** 2)), 2 * total("i", ln(z("i") + 5)), "", ""),
        (total("i", ln(tanh(z("i") + 5) ** 2)), 2 * total("i", ln(tanh(z("i") + 5))), "", ""),
        (exp(ln(z("i") + 5)), z("i") + 5, "", ""),
        ((C - 4) / (C - 4), ONE, "", ""),
        ((C - 4) ** -1 * (C - 4), ONE, "", ""),
        (z("i") / z("i"), ONE, "", ""),
        # A letter may be negative, unless it is said to be positive.
        ((C**2) ** HALF, C, "", "1.98 and -1.98"),
        (C**HALF * C**HALF, C, "", "a power of what is not positive and -1.98"),
        (ln(C**2), 2 * ln(C), "", "1.36619 and (1.36619 + 6.28319j)"),
        (C / C, ONE, "", ""),
        (GAMMA / GAMMA, ONE, "", ""),  # it may be 0
        (exp(ln(GAMMA)), GAMMA, "", ""),
        # A power with any exponent needs a positive base: with one class, 1 - s_i is 0.
        (
            (1 - s("i")) ** C * (1 - s("i")) ** -C,
            ONE,
            "",
            "a power of what is not positive and 1.0",
        ),
        (y("i") ** C * y("i") ** -C, ONE, "sum to 1", "a power of what is not positive and 1.0"),
        ((CLASSES - 5) / (CLASSES - 5), ONE, "", ""),
    ],
)
def test_what_is_false_is_refused(left, right, labels, sides):
    point = f"the sides are {sides}." if sides else "No point was found where the sides differ"
    with pytest.raises(FalseStepError, match=re.escape(point)):
        Derivation("X", left, [(right, "")], labels=labels).prove()


@pytest.mark.parametrize(
    ("left", "power", "same"),
    [
        (ONE, -114, False),  # 3e-50
        (ONE, -116, True),
        (exp(ONE * -11), -125, False),  # 5e-55, of 2e-5
        (exp(ONE * -11), -127, True),
        (ZERO, -126, False),  # 2e-55
        (ZERO, -127, True),
    ],
)
def test_two_sides_are_the_same_to_fifty_digits(left, power, same):
    at = points("B2", "", "")[0]
    assert same_at(left, left + exp(ONE * power), at) == same


def test_what_holds_for_a_few_small_n_only_is_refused():
    few = (CLASSES - 1) * (CLASSES - 2) * (CLASSES - 3) * (CLASSES - 6)  # 0 at every point
    assert not same_for_every_n(few, ZERO, "", "")
    with pytest.raises(FalseStepError, match="No point was found"):
        Derivation("X", few, [(ZERO, "")]).prove()


def test_what_cannot_be_proved_is_refused():
    pairs = total("i", total("m", ln(s("i") + s("m"))))
    with pytest.raises(FalseStepError, match="No point was found"):
        Derivation("X", pairs, [(pairs * 1, "")]).prove()


@pytest.mark.parametrize(
    ("left", "right", "assumed", "labels"),
    [
        (total("a", d(s("i"), z("a"))), ZERO, [""], ""),
        (total("i", total("m", z("i") * z("m"))), total("i", z("i")) ** 2, [""], ""),
        (total("i", delta("i", "j") * z("i")), z("j"), ["i = j"], ""),
        (total("k", y("k")), ONE, [""], "one-hot"),
        (total("i", z("i") * total("i", z("i"))), total("i", z("i")) ** 2, [""], ""),
        (total("i", cases("i", "j", z("i"), ZERO)), z("j"), [""], ""),
        (total("i", cases("j", "i", z("i"), ZERO)), z("j"), [""], ""),
    ],
)
def test_no_index_is_caught_by_another_of_its_name(left, right, assumed, labels):
    Derivation("X", left, [(right, "")], assumed, labels).prove()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (delta("1", "2"), ZERO),
        (delta("2", "2"), ONE),
        (total("b", delta("b", "2") * z("b")), z("2")),
        (d(s("i") * d(s("i"), z("j")), s("i")), ZERO),  # s is a vector of its own there
        (total("b", ln(s("b") * s("i"))), total("b", ln(s("b"))) + CLASSES * ln(s("i"))),
        (s("i") ** (GAMMA - 1) * s("i"), s("i") ** GAMMA),
        (s("i") ** (GAMMA + 2), s("i") ** 2 * s("i") ** GAMMA),
        (total("b", ln(T**2 * s("b"))), 2 * CLASSES * ln(T) + total("b", ln(s("b")))),
        (total("b", T / (1 + exp(z("b")))) / T, total("b", 1 / (1 + exp(z("b"))))),
        (S**-1 * S, ONE),
    ],
)
def test_what_is_true_is_proved(left, right):
    Derivation("X", left, [(right, "")]).prove()


def test_of_a_formula_that_names_two_classes_there_are_two_at_each_point():
    assert classes_named(total("k", z("2") * z("k")) + z("1")) == 2
    assert classes_named(total("k", z("k")) + 3) == 1
    Derivation("X", z("2") - z("1"), [(-(z("1") - z("2")), "")]).prove()


def test_some_points_have_one_class_only_unless_there_must_be_more():
    def fewest(**given):
        return min(at.n for at in points("X", **given))

    assert fewest() == 1
    assert fewest(case="i != j") == fewest(classes=2) == 2
    for labels, sure in (("sum to 1", 1), ("one-hot", 1)):
        for at in points("X", labels=labels):
            assert abs(sum(at.entry["y"]) - sure) < 1e-30


def test_what_holds_for_two_classes_or_more_is_refused_for_one():
    power = (1 - s("i")) ** C * (1 - s("i")) ** -C
    assert "proved for every n >= 2, and" in Derivation("X", power, [(ONE, "")], classes=2).prove()
    for label in ("eq-focal", "eq-focal-factor"):
        with pytest.raises(FalseStepError):
            dataclasses.replace(DERIVATIONS[label], classes=1).prove()


def test_a_letter_that_is_unknown_is_refused():
    with pytest.raises(ValueError, match=r"^name must be one of LETTERS; got 'k'"):
        letter("k")


def test_a_sum_runs_over_all_classes():
    sp = pytest.importorskip("sympy")
    assert symbolic(CLASSES).doit() == sp.Symbol("n", integer=True, positive=True)


def test_what_is_not_known_to_differ_from_0_may_have_the_power_0_and_no_less():
    assert symbolic(z("i") ** 0) == 1
    with pytest.raises(NotImplementedError, match="nonzero"):
        symbolic(z("i") ** -1)


def test_sums_that_cannot_be_split_are_not_taken_for_constants():
    both = total("i", total("j", exp(z("i") * z("j"))))
    with pytest.raises(NotImplementedError, match="hangs together"):
        without_sums(symbolic(both))
    with pytest.raises(FalseStepError, match="could not be proved"):
        Derivation("X", both, [(both * 1, "")]).prove()


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ({"steps": []}, "steps"),
        ({"cases": []}, "cases"),
        ({"cases": ["i == j"]}, "cases"),
        ({"cases": ["i = i"]}, "cases"),
        ({"labels": "onehot"}, "labels"),
    ],
)
def test_a_derivation_that_would_prove_nothing_is_refused(steps, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        Derivation("X", **{"start": s("i"), "steps": [(s("i"), "")]} | steps)


def test_neither_a_formula_nor_a_derivation_nor_a_point_can_be_changed():
    derivation = DERIVATIONS["eq-ratio"]
    for thing, field in ((S, "kind"), (derivation, "steps"), (points("B2", "", "")[0], "n")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, field, None)


def test_the_proof_says_what_was_done():
    assert DERIVATIONS["eq-case-other"].prove() == (
        "S10: 3 steps proved for every n with i != j, and confirmed at 12 points to 50 digits"
    )
    assert DERIVATIONS["eq-numerator-same"].prove() == (
        "S5: 1 step proved for every n with i = j, and confirmed at 12 points to 50 digits"
    )


def test_the_proof_says_what_it_assumes():
    assert "for every n with i != j, and" in DERIVATIONS["eq-case-other"].prove()
    assert "for every n with y one-hot, and" in DERIVATIONS["eq-shortcut"].prove()


def test_mpmaths_own_context_is_neither_used_nor_changed():
    mpmath = pytest.importorskip("mpmath")
    wrong = Derivation("S10", d(s("i"), z("j")), [(s("i") * s("j"), "")], ["i != j"])
    with mpmath.workdps(3):
        tenth = mpmath.mpf(1) / 10  # 0.1000061
        at = Point(2, {"i": 0, "j": 1}, {"c": tenth}, {"z": [tenth, mpmath.mpf(1)]})
        for sum_of_both in (z("i") + z("j"), C + z("j")):
            assert value(sum_of_both, at) == float(tenth) + 1  # which takes more than 3 digits
        assert "12 points to 50 digits" in DERIVATIONS["eq-case-other"].prove()
        with pytest.raises(FalseStepError, match=r"the sides are -0\.233833 and 0\.233833\.$"):
            wrong.prove()
        assert mpmath.mp.dps == 3
    with arithmetic().workdps(40):
        assert mpmath.mp.dps == 15
