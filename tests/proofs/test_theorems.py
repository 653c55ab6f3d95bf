"""Theorems: inequalities, limits and the like, and their readings in LaTeX and in numbers."""

import dataclasses

import pytest

from cecore.proofs.book import CHAPTERS, THEOREMS
from cecore.proofs.formula import Expr
from cecore.proofs.language import (
    INFINITY,
    NOTHING,
    absolute,
    at_most,
    between,
    both,
    cell,
    count,
    decimal,
    differ,
    disjoint,
    equal,
    every,
    exactly_if,
    exp,
    implies,
    larger,
    largest,
    largest_in,
    less,
    letter,
    limit,
    ln,
    member,
    merge,
    outside,
    p,
    pair,
    q,
    s,
    smallest,
    some,
    some_pair,
    those,
    times_ln,
    total,
    total_in,
    union,
    y,
    z,
)
from cecore.proofs.latex import latex
from cecore.proofs.numeric import Point
from cecore.proofs.theorem import Theorem
from cecore.proofs.truth import true_at
from tests.book.reading import NOTEBOOKS, text_of

A, B, x = those("A"), those("B"), letter("x")
ONE, ZERO = Expr("integer", (1,)), Expr("integer", (0,))
P = some_pair("P_1")
AT = Point(
    n=3,
    index={"i": 0, "j": 1, "r": 1, "f": 0},
    letter={"x": -2},
    entry={"z": [1, 3, 2], "p": [0, 1, 0], "q": [0, 1, 0]},
    sizes={"N": 2, "D": 1},
    cell={"X": [[4], [5]]},
    sets={"A": frozenset({0, 1}), "B": frozenset({2})},
    pairs={"P_1": (2, 3)},
)

each_theorem = pytest.mark.parametrize("label", THEOREMS)


@each_theorem
def test_every_theorem_is_true_at_its_points(label):
    theorem = THEOREMS[label]
    claims = len(theorem.claims)
    said = theorem.check()
    assert said.startswith(f"{theorem.name}: {claims} claim{'s' * (claims > 1)} confirmed at ")


@each_theorem
def test_a_theorem_has_the_label_of_the_display_or_box_that_states_it(label):
    chapter = next(chapter for chapter in CHAPTERS if label in chapter.THEOREMS)
    name = chapter.__name__.rpartition(".")[2].replace("_", "-")
    (page,) = (path for path in NOTEBOOKS if path.stem == name)
    assert f":label: {label}\n" in text_of(page)


@pytest.mark.parametrize(
    ("proposition", "true", "shown"),
    [
        (at_most(x, -2), True, r"x \le -2"),
        (less(x, -2), False, "x < -2"),
        (differ(x, 1), True, r"x \neq 1"),
        (equal(absolute(x), 2), True, r"\left\lvert x \right\rvert = 2"),
        (between(-3, x, -2), True, r"-3 \le x \le -2"),
        (between(-1, x, 2), False, r"-1 \le x \le 2"),
        (both(less(x, 0), equal(x, 0)), False, r"x < 0 \text{ and } x = 0"),
        (implies(less(0, x), equal(x, 0)), True, r"x = 0 \text{ if } 0 < x"),
        (implies(less(x, 0), equal(x, 0)), False, r"x = 0 \text{ if } x < 0"),
        (exactly_if(less(0, x), equal(x, 0)), True, r"0 < x \text{ exactly if } x = 0"),
        (exactly_if(less(x, 0), equal(x, 0)), False, r"x < 0 \text{ exactly if } x = 0"),
        (every("k", less(0, z("k"))), True, r"0 < z_k \text{ for every } k"),
        (every("k", less(1, z("k"))), False, r"1 < z_k \text{ for every } k"),
        (some("k", less(2, z("k"))), True, r"2 < z_k \text{ for some } k"),
        (some("k", less(3, z("k"))), False, r"3 < z_k \text{ for some } k"),
        (equal(largest("k", z("k")), 3), True, r"\max_k z_k = 3"),
        (equal(smallest("k", z("k")), 1), True, r"\min_k z_k = 1"),
        (equal(larger(x, ONE), 1), True, r"\max \left( x, 1 \right) = 1"),
        (equal(decimal("5e-1"), ONE / 2), True, r"5 \cdot 10^{-1} = \frac{1}{2}"),
        (equal(times_ln(p("i"), q("i")), 0), True, r"p_i \, \ln q_i = 0"),
        (equal(cell("X", "r", "f"), 5), True, "X_{rf} = 5"),
        (equal(total("r", cell("X", "r", "f")), 9), True, r"\sum_r X_{rf} = 9"),
        (member("i", A), True, r"i \in A"),
        (outside("i", A), False, r"i \notin A"),
        (disjoint(A, B), True, r"A \cap B = \emptyset"),
        (disjoint(A, A), False, r"A \cap A = \emptyset"),
        (equal(count(union(A, B)), 3), True, r"\left\lvert A \cup B \right\rvert = 3"),
        (equal(total_in("k", A, z("k")), 4), True, r"\sum_{k \in A} z_k = 4"),
        (equal(largest_in("k", B, z("k")), 2), True, r"\max_{k \in B} z_k = 2"),
        (equal(merge(NOTHING, P), P), True, r"\left( - \infty, 0 \right) \oplus P_1 = P_1"),
        (
            equal(merge(P, NOTHING), NOTHING),
            False,
            r"P_1 \oplus \left( - \infty, 0 \right) = \left( - \infty, 0 \right)",
        ),
        (equal(merge(pair(ONE, x), P), P), False, r"\left( 1, x \right) \oplus P_1 = P_1"),
        (limit(1 / x, x, INFINITY, 0), True, r"\frac{1}{x} \to 0 \text{ as } x \to \infty"),
        (limit(1 / x, x, INFINITY, 1), False, r"\frac{1}{x} \to 1 \text{ as } x \to \infty"),
        (limit(1 / x, x, 0, INFINITY), True, r"\frac{1}{x} \to \infty \text{ as } x \to 0"),
        (limit(x, x, 0, INFINITY), False, r"x \to \infty \text{ as } x \to 0"),
        (limit(-ln(x), x, 0, INFINITY), True, r"- \ln x \to \infty \text{ as } x \to 0"),
    ],
)
def test_a_proposition_is_typeset_and_tried(proposition, true, shown):
    assert true_at(proposition, AT) is true
    assert latex(proposition) == shown


@pytest.mark.parametrize(
    ("label", "claim"),
    [
        ("thm-lse", less(largest("k", z("k")), ln(total("k", exp(z("k")))))),  # not for n = 1
        ("thm-gibbs", less(0, THEOREMS["thm-gibbs"].claims[0].parts[1])),  # not for p = q
        ("thm-conditioning", equal(s("i"), 1)),
    ],
)
def test_a_false_claim_is_refused_with_a_point(label, claim):
    wrong = dataclasses.replace(THEOREMS[label], claims=[claim])
    with pytest.raises(AssertionError, match=r"^\w+ is false at n = \d, z = \("):
        wrong.check()


# (Of a batch, every label sums to 1 and the weights do not at each of the points.)
OF_A_BATCH = {"thm-backpropagation", "thm-shares", "thm-weighted-mean"}


@pytest.mark.parametrize(
    "label",
    [label for label, theorem in THEOREMS.items() if theorem.given and label not in OF_A_BATCH],
)
def test_no_theorem_does_without_what_it_assumes(label):
    theorem = THEOREMS[label]
    for place in range(len(theorem.given)):
        given = [*theorem.given[:place], *theorem.given[place + 1 :]]
        with pytest.raises((AssertionError, ArithmeticError, ValueError)):
            dataclasses.replace(theorem, given=given).check()


def test_what_is_never_given_proves_nothing():
    with pytest.raises(AssertionError, match="what is given is true at 0 points only"):
        Theorem("X", [equal(x, 1)], [less(x, x)]).check()


def test_plain_equations_are_proved_for_every_n():
    assert (
        Theorem("X", [every("i", equal(s("i") - s("i"), 0))])
        .check()
        .endswith("and 1 proved for every n")
    )
    assert "proved" not in Theorem("X", [at_most(0, exp(x))]).check()


@pytest.mark.parametrize(("labels", "sure"), [("sum to 1", False), ("distribution", True)])
def test_a_distribution_has_nothing_negative(labels, sure):
    theorem = Theorem("X", [at_most(0, y("i"))], labels=labels)
    if sure:
        theorem.check()
    else:
        with pytest.raises(AssertionError):
            theorem.check()


@pytest.mark.parametrize(
    ("given", "named"), [({"claims": []}, "claims"), ({"labels": "onehot"}, "labels")]
)
def test_a_theorem_that_would_claim_nothing_is_refused(given, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        Theorem("X", **{"claims": [equal(x, 1)]} | given)


def test_a_theorem_is_typeset_with_what_is_given():
    theorem = Theorem("X", [less(0, x), less(1, x)], [every("i", equal(z("i"), x))])
    assert theorem.latex() == (
        "\\begin{aligned}\n"
        r"& \text{given } z_i = x \text{ for every } i \\[4pt]"
        "\n"
        r"& 0 < x \\[4pt]"
        "\n"
        "& 1 < x\n\\end{aligned}"
    )


# What a theorem assumes, and the words in the chapter that say so. (All others assume nothing; what
# is 0 in a distribution, and in how many classes, needs no words where it may be anything.)
STATED = {
    "thm-temperature": "shares all probability equally among the largest logits",
    "thm-logistic": "For $n = 2$, softmax is the logistic function",
    "def-cross-entropy": "For two distributions $p$ and $q$",
    "eq-one-hot": "one-hot",
    "thm-entropy-range": "For $n$ classes, $0 \\le H(p) \\le \\ln n$",
    "thm-decomposition": "If some $p_i > 0$ meets $q_i = 0$, both sides are $+\\infty$",
    "thm-gibbs": "If some $p_i > 0$ meets $q_i = 0$, the divergence is $+\\infty$",
    "thm-bounded": "If $y$ is a distribution, the entries",
    "thm-lipschitz": "If no logit moves by more than $\\varepsilon$, neither does",
    "thm-conditioning": "If no logit moves by more than $\\varepsilon$, then every",
    "thm-backpropagation": "for example $r$, whose label $y$ sums to 1",
    "thm-hessian": "for a label that sums to 1, is $J",
    "thm-convex": "all labels $y$ that sum to 1",
    "thm-shares": "if each label sums to 1",
    "thm-means": "Two batches of $N_A$ and $N_B$ examples have the mean losses",
    "thm-soft-maximum": "For every distribution $p$,",
    "thm-weighted-mean": "not all of them 0, and labels that sum to 1",
    "thm-binary": "the cross-entropy of the label $(y, 1 - y)$ with the logits $(x, 0)$",
    "thm-fitted": "with a label $y$ that sums to 1",
    "thm-merge": "Let a part of the logits have the pair $(m_1, a_1)$, and another part",
}


def test_what_a_theorem_assumes_is_what_the_chapter_says():
    pages = {path.stem: text_of(path) for path in NOTEBOOKS}
    assuming = [
        label
        for label, theorem in THEOREMS.items()
        if theorem.given or theorem.labels or theorem.zeros or theorem.classes > 1
    ]
    assert sorted(assuming) == sorted(STATED)
    for chapter in CHAPTERS:
        page = pages[chapter.__name__.rpartition(".")[2].replace("_", "-")]
        for label in chapter.THEOREMS.keys() & STATED.keys():
            assert STATED[label] in page, label
