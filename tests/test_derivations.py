import dataclasses
import re

import pytest

from cecore.proofs.language import (
    LETTERS,
    Derivation,
    Expr,
    FalseStepError,
    S,
    _same_at,
    cases,
    d,
    delta,
    exp,
    latex,
    letter,
    ln,
    named,
    s,
    symbolic,
    tanh,
    total,
    without_sums,
    y,
    z,
)
from cecore.claims import CLAIMS
from cecore.proofs.book import DERIVATIONS
from tests.conftest import ROOT
from tests.run_notebooks import DISPLAY
from tests.test_displays import DISPLAYS, displays
from tests.test_notebooks import NOTEBOOKS, text_of

each_derivation = pytest.mark.parametrize("label", DERIVATIONS)


# What a derivation assumes where it is shown. All others assume nothing.
ASSUMED = {
    "eq-numerator-same": "i = j",
    "eq-denominator-same": "i = j",
    "eq-case-same": "i = j",
    "eq-numerator-other": "i != j",
    "eq-denominator-other": "i != j",
    "eq-case-other": "i != j",
    "eq-derivative": "i = j and i != j",
    "eq-loss-one-hot": "y one-hot",
    "eq-shortcut": "y one-hot",
    "eq-two-cases": "i = j and i != j",
    "eq-true-class": "j = k",
    "eq-other-class": "j != k",
    "eq-gradient": "j = k and j != k and y one-hot",
    "eq-weight-above": "y sum to 1",
    "eq-hidden": "y sum to 1",
    "eq-weight-below": "y sum to 1",
    "eq-warm": "y sum to 1",
    "eq-smoothed-gradient": "y sum to 1",
    "eq-class-weight": "j = k and j != k and y one-hot",
    "eq-weighted-mean": "y sum to 1",
    "eq-focal": "y one-hot",
    "eq-slope": "y sum to 1",
}


# What is proved in passing, and is no claim.
ASIDES = {"exercise", "shift", "surprise", "tanh"}


def test_what_is_proved_is_a_claim_or_known_to_be_none():
    assert {shown.name for shown in DERIVATIONS.values()} - CLAIMS.keys() == ASIDES


@each_derivation
def test_every_step_holds_and_nothing_else_is_assumed(label):
    derivation, given = DERIVATIONS[label], ASSUMED.get(label, "")
    steps = f"{len(derivation.steps)} step{'s' * (len(derivation.steps) != 1)}"
    given = f"{' with ' * bool(given)}{given}"
    assert derivation.prove().startswith(
        f"{derivation.name}: {steps} proved for every n{given}, and confirmed"
    )


def names_in(x):
    """Yield the names in a formula, and what is written by them."""
    if isinstance(x, Expr):
        if x.kind == "named":
            yield x.parts
        for part in x.parts:
            yield from names_in(part)


@each_derivation
def test_two_names_do_not_stand_for_the_same(label):
    """Or else it would be proved for a special case only."""
    formulas = [DERIVATIONS[label].start, *(f for f, _ in DERIVATIONS[label].steps)]
    named_so = {(definition, name) for f in formulas for name, definition in names_in(f)}
    assert len({definition for definition, _ in named_so}) == len(named_so)


@each_derivation
def test_the_chapter_shows_the_derivation_that_is_proved(label):
    assert [shown for name, shown in displays() if name == label] == [DERIVATIONS[label].latex()]


def test_every_other_display_is_known_for_what_it_is():
    labels = [label for label, _ in displays()]
    assert sorted(labels) == sorted([*DERIVATIONS, *DISPLAYS])


def test_no_formula_is_displayed_without_a_label():
    for path in [*NOTEBOOKS, ROOT / "book" / "index.md"]:
        text = text_of(path)
        assert text.count("{math}") == len(DISPLAY.findall(text)), path
        unnumbered = re.findall(r"^\$\$(.*?)\$\$", text, re.M | re.S)
        assert unnumbered == ([] if path in NOTEBOOKS else ["\n\\nabla_z L = s - y ,\n"])


def test_the_worked_example_is_right_in_every_digit():
    mp = pytest.importorskip("mpmath")
    (shown,) = [shown for label, shown in displays() if label == "eq-example"]
    e = [mp.exp(x) for x in ("2.0", "1.0", "0.1")]
    want = [*e, sum(e)]
    for x in e:
        want += [x, sum(e), x / sum(e)]
    assert re.findall(r"\d+\.\d{6}", shown) == [f"{float(x):.6f}" for x in want]


# A formula that is slightly wrong ----------------------------------------------------------------


def slightly_wrong(x):
    """Yield the formula with one sign flipped, one index swapped, or one number changed."""
    if not isinstance(x, Expr):
        return
    match x.kind, x.parts:
        case (("+" | "-"), parts):
            yield Expr("-" if x.kind == "+" else "+", parts)
        case "negative", (a,):
            yield a
        case "/", (a, b):
            yield Expr("/", (b, a))
        case "integer", (number,):
            yield Expr("integer", (number + 1,))
        case "entry", (name, index) if index in "ij":
            yield Expr("entry", (name, "j" if index == "i" else "i"))
        case "delta", (i, j):
            yield Expr("delta", (i, i))
        case "cases", (i, j, a, b):
            yield Expr("cases", (i, j, b, a))
    if x.kind not in ("named", "derivative"):
        for place, part in enumerate(x.parts):
            for wrong in slightly_wrong(part):
                yield Expr(x.kind, (*x.parts[:place], wrong, *x.parts[place + 1 :]))


def shown_in(formula):
    """Yield what a reader sees: of what has a name, the name."""
    yield formula
    for part in formula.parts if formula.kind != "named" else ():
        if isinstance(part, Expr):
            yield from shown_in(part)


@each_derivation
def test_what_looks_the_same_is_the_same(label):
    derivation = DERIVATIONS[label]
    meant = {}
    for formula in (derivation.start, *(formula for formula, _ in derivation.steps)):
        for part in shown_in(formula):
            if part.kind in ("named", "entry", "letter"):
                assert meant.setdefault(latex(part), part) == part


@each_derivation
def test_the_two_checks_agree_on_every_step_made_slightly_wrong(label):
    from cecore.proofs import language as algebra

    derivation = DERIVATIONS[label]
    refuted = 0
    for formula, _ in derivation.steps:
        for wrong in [*slightly_wrong(formula), -formula]:
            for case in derivation.cases:
                points = derivation._points(case)
                seen = all(algebra._same_at(formula, wrong, at) for at in points)
                proved = derivation._same_for_every_n(formula, wrong, case)
                assert seen == proved, f"{latex(formula)} and {latex(wrong)}, {case}"
                refuted += not seen
    assert refuted > 0


@each_derivation
def test_a_false_step_is_named(label):
    derivation = DERIVATIONS[label]
    for number, (formula, reason) in enumerate(derivation.steps):
        steps = [*derivation.steps]
        steps[number] = (formula + 1, reason)
        wrong = Derivation("X", derivation.start, steps, derivation.cases, derivation.labels)
        named = f"X, step {number + 1}{f' ({reason})' * bool(reason)} does not hold"
        with pytest.raises(FalseStepError, match=re.escape(named)):
            wrong.prove()


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
            *("", 0, 1, 1, "0.8 0.19 2.72 0.06 2.28 1.92 1.05 2.74 0.52 1.81 1.37"),
            "2.74 -2.49 -2.38, 0.0 1.62 -1.3, 1.55 0.1 2.97, 1.01 -2.43 0.03, -0.57 1.37 2.36, "
            "0.3016 0.5556 0.1429, 0.1067 0.1867 0.7067",
        ),
        (
            *("sum to 1", 2, 0, 2, "2.72 0.06 2.28 1.92 1.05 2.74 0.52 1.81 1.37 2.17 2.29"),
            "2.74 -2.49 -2.38, 0.0 -0.9519 1.952, 1.55 0.1 2.97, 1.01 -2.43 0.03, -0.57 1.37 2.36, "
            "0.3016 0.5556 0.1429, 0.1067 0.1867 0.7067",
        ),
        (
            *("one-hot", 0, 1, 1, "0.8 0.19 2.72 0.06 2.28 1.92 1.05 2.74 0.52 1.81 1.37"),
            "2.74 -2.49 -2.38, 0.0 1.0 0.0, 1.55 0.1 2.97, 1.01 -2.43 0.03, -0.57 1.37 2.36, "
            "0.3016 0.5556 0.1429, 0.1067 0.1867 0.7067",
        ),
    ],
)
def test_the_points_are_the_same_every_time(labels, i, j, k, letters, entries):
    mp = pytest.importorskip("mpmath")

    def shown(numbers):
        return " ".join(mp.nstr(x, 4) for x in numbers)

    points = Derivation("X", S, [(S, "")], ["i != j"], labels)._points("i != j")
    assert [at.n for at in points] == [2, 3, 4, 6] * 3
    at = points[1]
    assert at.index == {"i": i, "j": j, "k": k, "1": 0, "2": 1, "3": 2}
    assert list(at.letter) == [*LETTERS]
    assert shown(at.letter.values()) == letters
    assert list(at.entry) == [*"zyvwtpq"]
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
C, GAMMA = letter("c"), letter(r"\gamma")


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
    at = DERIVATIONS["eq-ratio"]._points("")[0]
    assert _same_at(left, left + exp(ONE * power), at) == same


def test_what_holds_for_a_few_small_n_only_is_refused():
    few = (CLASSES - 2) * (CLASSES - 3) * (CLASSES - 4) * (CLASSES - 6)  # 0 at every point
    assert not Derivation("X", few, [(ZERO, "")])._same_for_every_n(few, ZERO, "")
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
        (total("b", ln(C**2 * s("b"))), 2 * CLASSES * ln(C) + total("b", ln(s("b")))),
        (total("b", C / (1 + exp(z("b")))) / C, total("b", 1 / (1 + exp(z("b"))))),
        (S**-1 * S, ONE),
    ],
)
def test_what_is_true_is_proved(left, right):
    Derivation("X", left, [(right, "")]).prove()


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


A, B = z("i"), z("j")


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        (A + B + A, "z_i + z_j + z_i"),
        (A + (B + A), r"z_i + \left( z_j + z_i \right)"),
        (A - (B - A), r"z_i - \left( z_j - z_i \right)"),
        (-(A + B), r"- \left( z_i + z_j \right)"),
        ((A - B) * (A + B), r"\left( z_i - z_j \right) \, \left( z_i + z_j \right)"),
        (A * B * A, r"z_i \, z_j \, z_i"),
        (exp(A) ** 2, r"\left( e^{z_i} \right)^{2}"),
        ((A / B) ** 2, r"\left( \frac{z_i}{z_j} \right)^{2}"),
        ((A**2) ** 3, r"\left( z_i^{2} \right)^{3}"),
        (d(s("i"), B) ** 2, r"\left( \frac{\partial s_i}{\partial z_j} \right)^{2}"),
        (S**2 * delta("i", "j") ** 2, r"S^{2} \, \delta_{ij}^{2}"),
        (A * ln(B) * A, r"\left( z_i \, \ln z_j \right) \, z_i"),
        (A * total("k", B) * A, r"\left( z_i \, \sum_k z_j \right) \, z_i"),
        (A * (ln(B) * A), r"z_i \, \left( \ln z_j \right) \, z_i"),
        (
            d(exp(A), B) * exp(B),
            r"\left( \frac{\partial}{\partial z_j} e^{z_i} \right) \, e^{z_j}",
        ),
        (d(-A, B) * A, r"\frac{\partial}{\partial z_j} \left( - z_i \right) \, z_i"),
        (d(S, B) * A, r"\frac{\partial S}{\partial z_j} \, z_i"),
        (d(s("i"), B) * A, r"\frac{\partial s_i}{\partial z_j} \, z_i"),
        (
            d(A * B, B) * A,
            r"\left( \frac{\partial}{\partial z_j} z_i \, z_j \right) \, z_i",
        ),
        (A - (ONE - 3 + ONE * -2), r"z_i - \left( 1 - 3 + 1 \cdot \left( -2 \right) \right)"),
        (A**-2, r"z_i^{-2}"),
        (ln(A) * ln(B), r"\left( \ln z_i \right) \, \ln z_j"),
        (tanh(A) ** 2, r"\left( \tanh z_i \right)^{2}"),
        (ln(A) ** 2, r"\left( \ln z_i \right)^{2}"),
        (total("k", A) ** 2, r"\left( \sum_k z_i \right)^{2}"),
        (
            cases("i", "j", A, B) ** 2,
            r"\left( \begin{cases} z_i & \text{if } i = j \\ "
            r"z_j & \text{if } i \neq j \end{cases} \right)^{2}",
        ),
        (tanh(A + B) * A, r"\left( \tanh \left( z_i + z_j \right) \right) \, z_i"),
        (total("k", A) * B, r"\left( \sum_k z_i \right) \, z_j"),
        (2 * A, r"2 \cdot z_i"),
        ((A + B) ** 2, r"\left( z_i + z_j \right)^{2}"),
        (A ** (GAMMA - 1), r"z_i^{\gamma - 1}"),
        (ln(A * B), r"\ln \left( z_i \, z_j \right)"),
        (total("k", A + B), r"\sum_k \left( z_i + z_j \right)"),
        (total("k", A * B), r"\sum_k z_i \, z_j"),
    ],
)
def test_parentheses_stand_where_they_are_needed_and_nowhere_else(formula, shown):
    assert latex(formula) == shown


def test_neither_a_formula_nor_a_derivation_nor_a_point_can_be_changed():
    derivation = DERIVATIONS["eq-ratio"]
    for thing, field in ((S, "kind"), (derivation, "steps"), (derivation._points("")[0], "n")):
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
