"""The fourth reading: what Coq is told, and that it proves every statement of the book."""

import dataclasses
import os
import re
import subprocess

import pytest

from cecore.claims import CLAIMS
from cecore.proofs.book import DERIVATIONS, THEOREMS
from cecore.proofs.coq import Coq, free
from cecore.proofs.coq_files import files, identifier, statement
from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import (
    INFINITY,
    S,
    absolute,
    at_most,
    both,
    cases,
    cell,
    count,
    d,
    delta,
    equal,
    every,
    exactly_if,
    exp,
    implies,
    larger,
    largest,
    less,
    letter,
    limit,
    ln,
    member,
    merge,
    named,
    outside,
    p,
    pair,
    q,
    s,
    smallest,
    some,
    some_pair,
    tanh,
    those,
    times_ln,
    total,
    total_in,
    union,
    y,
    z,
)
from cecore.proofs.theorem import Theorem
from tests.book.reading import NOTEBOOKS, text_of
from tests.conftest import ROOT
from tools.coq import (
    AXIOMS,
    FILES,
    HOW_TO_GET_IT,
    PACKAGES,
    PROOFS,
    SHOWN,
    axioms,
    compile_all,
    has_coq,
    write,
)
from tools.mutants.coq import is_refused, mutants

A, B, x, T = those("A"), those("B"), letter("x"), letter("T")
ONE = Expr("integer", (1,))
# No statements: an outlook, two runs of a network, and a reference.
NO_THEOREM = {"S0", "S18", "S19", "R1"}
SAMPLE = ["eq-case-other", "eq-focal-factor", "thm-gibbs", "thm-lipschitz", "thm-weighted-mean"]


# What Coq is told --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (z("i") - (z("j") - z("i")), "z i - (z j - z i)"),
        (z("i") - z("j") - z("i"), "z i - z j - z i"),
        (-(z("i") + z("j")), "- (z i + z j)"),
        (-(z("i") ** 2), "- z i ^ 2"),
        ((-z("i")) ** 2, "(- z i) ^ 2"),
        (z("i") / (z("j") * z("i")), "z i / (z j * z i)"),
        (ONE - 3 + ONE * -2, "1 - 3 + 1 * -2"),
        (x**T, "Rpower x T"),
        (x**-2, "Rpower x (-2)"),
        (exp(-z("i")), "exp (- z i)"),
        (tanh(x) * absolute(x), "tanh x * Rabs x"),
        (total("k", z("k")) * x, r"(\sum_k z k) * x"),
        (x * total("k", z("k") * x), r"x * (\sum_k z k * x)"),
        (total("k", x), r"\sum_(k < n) x"),
        (total("r", x), r"\sum_(r < N) x"),
        (delta("i", "2"), "delta i c2"),
        (cases("i", "j", x, T), "if i == j then x else T"),
        (s("i"), "softmax z i"),
        (times_ln(p("i"), q("i") + x), "p i * ln (q i + x)"),
        (cell("X", "r", "f"), "X r f"),
        (largest("k", z("k")), "largest (fun k => z k)"),
        (smallest("k", z("k")), "smallest (fun k => z k)"),
        (larger(x, x + T), "Rmax x (x + T)"),
        (total_in("k", union(A, B), z("k")), r"\sum_(k in A :|: B) z k"),
        (1 / count(A), "1 / INR #|A|"),
        (merge(pair(x, -T), some_pair("P_1")), "merge (Pair x (- T)) P1"),
        (d(s("i"), z("j")), "Derive (fun t => softmax (put z j t) i) (z j)"),
        (d(ln(s("i")), s("j")), "Derive (fun t => ln (put (softmax z) j t i)) (softmax z j)"),
        (
            d(d(s("i"), z("j")), z("k")),
            "Derive (fun t => Derive (fun t1 => softmax (put (put z k t) j t1) i) (put z k t j)) "
            "(z k)",
        ),
        (d(x**2, x), "Derive (fun x => x ^ 2) x"),
        (
            d(cell("X", "r", "f"), cell("X", "r", "f")),
            "Derive (fun t => put_at X r f t r f) (X r f)",
        ),
        (at_most(x, T), "x <= T"),
        (both(less(x, T), equal(x, 1)), r"x < T /\ x = 1"),
        (implies(member("i", A), outside("j", A)), r"i \in A -> j \notin A"),
        (
            exactly_if(equal(x, 0), every("i", equal(z("i"), x))),
            "x = 0 <-> (forall i : 'I_n, z i = x)",
        ),
        (some("r", equal(x, 0)), "exists r : 'I_N, x = 0"),
        (limit(1 / x, x, INFINITY, 0), "is_lim (fun x => 1 / x) p_infty (Finite 0)"),
        (
            limit(1 / x, x, 0, INFINITY),
            "filterlim (fun x => 1 / x) (at_right 0) (Rbar_locally p_infty)",
        ),
    ],
)
def test_parentheses_stand_where_coq_needs_them(formula, text):
    assert Coq()(formula) == text


@pytest.mark.parametrize(
    ("formula", "needs"),
    [
        (1 / x + ln(T), ["x <> 0", "0 < T"]),
        (x / 2, []),
        (x**T, ["0 < x"]),
        (x**2, []),
        (1 / (1 / x), ["x <> 0", "1 / x <> 0"]),
        (total("k", ln(z("k"))), ["(forall k : 'I_n, 0 < z k)"]),
        (total("k", z("k") * ln(x)), ["0 < x"]),
        (times_ln(p("i"), q("i")), ["(p i <> 0 -> 0 < q i)"]),
        (implies(less(0, x), equal(1 / x, T)), ["(0 < x -> x <> 0)"]),
        (limit(1 / x, x, INFINITY, 0), ["(forall x, 0 < x -> x <> 0)"]),
        (
            d(s("i"), z("j")),
            ["ex_derive (fun t => softmax (put z j t) i) (z j)"],
        ),
        (named("a", 1 / x), ["x <> 0"]),
    ],
)
def test_what_a_formula_needs_to_have_a_meaning_has_to_be_proved(formula, needs):
    assert Coq().needs(formula) == needs


def test_a_name_with_an_index_is_one_definition_for_all_classes():
    coq = Coq()
    warm = [named(f"s_{i}", exp(z(i) / T) / total("m", exp(z("m") / T))) for i in "ij"]
    assert [coq(part) for part in warm] == ["s_T z i T", "s_T z j T"]
    assert coq.definitions == {
        "s_T": (
            "(n : nat) (z : 'R^n) (i : 'I_n) (T : R)",
            r"exp (z i / T) / (\sum_m exp (z m / T))",
        )
    }
    assert coq(named("s_i", z("i") + T)) == "s_T' z i T"  # another meaning, another name


def test_what_a_limit_or_a_sum_binds_is_not_free():
    assert free(limit(x + T, x, 0, 1)) == {("letter", "T", "R")}
    assert free(total("k", z("k"))) == {("vector", "z", "'R^n"), ("size", "n", "")}


def test_a_statement_says_what_is_given():
    given = statement(
        Derivation("X", y("1") * q("2"), [(T * x, "")], ["i != j"], "sum to 1", classes=3), Coq()
    )
    assert given == (
        "forall (n : nat) (q y : 'R^n) (c1 c2 i j : 'I_n) (T x : R),\n"
        "    (3 <= n)%N ->\n"
        "    0 < T ->\n"
        "    (forall m, 0 < q m) ->\n"
        "    \\sum_m q m = 1 ->\n"
        "    \\sum_m y m = 1 ->\n"
        "    c1 <> c2 ->\n"
        "    i <> j ->\n"
        "    y c1 * q c2\n      = T * x"
    )
    given = statement(Theorem("X", [less(0, y("k"))], [less(0, x)], "one-hot"), Coq())
    assert given == (
        "forall (n : nat) (y : 'R^n) (k : 'I_n) (x : R),\n"
        "    (forall m, y m = delta m k) ->\n    0 < x ->\n    0 < y k"
    )
    given = statement(Theorem("X", [equal(total("k", p("k")), 1)], zeros=True), Coq())
    assert given == (
        "forall (n : nat) (p : 'R^n),\n    (0 < n)%N ->\n    (forall m, 0 <= p m) ->\n"
        "    \\sum_m p m = 1 ->\n    \\sum_k p k = 1"
    )


def test_what_is_no_formula_is_refused():
    with pytest.raises(ValueError, match="no such formula"):
        Coq()(Expr("unknown", ()))


# Everything is there -----------------------------------------------------------------------------


def test_every_claim_of_mathematics_has_a_statement():
    stated = {shown.name for shown in SHOWN.values()}
    mathematics = {name for name in CLAIMS if name[0] in "SBR"}
    assert mathematics - stated == NO_THEOREM


def test_a_proof_of_every_statement_is_demanded():
    text = files(SHOWN, FILES)
    demanded = "".join(text[f"{name}.v"] for name in ("Check", "CheckExample"))
    for label in SHOWN:
        name = identifier(label)
        assert (
            f"\nDefinition {name} : Statements.Statement.{name} := {FILES[label]}.{name}.\n"
            in demanded
        )
        assert f"\nDefinition {name} : Prop :=\n" in text["Statements.v"]
        assert f"\nGoal {name} = (\n" in text["Parentheses.v"]
    assert demanded.count("Print Assumptions all_of_them.") == 2
    assert not DERIVATIONS.keys() & THEOREMS.keys()


def test_nothing_is_assumed_or_left_open_in_the_proofs():
    for path in PROOFS.glob("*.v"):
        text = re.sub(r"\(\*.*?\*\)", "", path.read_text("utf-8"), flags=re.S)
        assert not re.search(r"\b(Admitted|admit|Axiom|Parameter|Conjecture|Abort)\b", text), path


def test_a_parenthesis_more_changes_nothing_but_parentheses():
    for shown in SHOWN.values():
        plain, full = (re.sub(r"[()\s]", "", statement(shown, Coq(full))) for full in (False, True))
        assert plain == full


# Coq itself --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The folder where everything is compiled, and the axioms."""
    if not has_coq():
        if os.environ.get("PROOFS"):  # as .ci/run says
            pytest.fail("Coq is missing")
        pytest.skip(f"Coq checks the proofs where it is installed: {HOW_TO_GET_IT}")
    folder = tmp_path_factory.mktemp("coq")
    write(folder)
    return folder, compile_all(folder)


def test_coq_proves_every_statement_and_assumes_only_its_real_numbers(compiled):
    assert compiled[1]["Check"] == AXIOMS


def test_the_example_is_computed_with_coqs_own_numbers(compiled):
    more = compiled[1]["CheckExample"] - AXIOMS
    assert {name.split(".")[0] for name in more} <= {
        "Uint63",
        "PrimInt63",
        "PrimFloat",
        "FloatAxioms",
    }


@pytest.mark.parametrize("label", SAMPLE)
def test_a_mutant_of_a_statement_is_refused(compiled, label):
    assert not is_refused(label, SHOWN[label], compiled[0])
    (mutant, why), *_ = mutants(label)
    assert is_refused(label, mutant, compiled[0]), why


def test_a_harmless_rewrite_breaks_no_proof(compiled):
    label = "eq-case-same"
    e_i, e_j = exp(z("i")), exp(z("j"))
    steps = [*SHOWN[label].steps]
    steps[0] = (S * e_i - e_i * e_j) / S**2, ""
    assert not is_refused(label, dataclasses.replace(SHOWN[label], steps=steps), compiled[0])


def test_a_missing_parenthesis_is_noticed(compiled):
    folder = compiled[0]
    full = (folder / "Parentheses.v").read_text("utf-8")
    assert full.count(r"exp ((z i) + c)") > 1
    (folder / "Wrong.v").write_text(full.replace(r"exp ((z i) + c)", r"exp (z i) + c"), "utf-8")
    command = ["coqc", "-Q", ".", "Book", "-w", "none", "Wrong.v"]
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


def test_the_answer_about_axioms_is_read():
    said = "Axioms:\nA.b_c\n  : forall x, x = x\nC.D.e : nat\n"
    assert axioms(said) == {"A.b_c", "C.D.e"}
    assert axioms("Closed under the global context\n") == set()


def test_the_packages_are_named_alike_everywhere():
    assert f"          {' '.join(PACKAGES)}\n" in (ROOT / ".github/workflows/ci.yml").read_text(
        "utf-8"
    )
    run = (ROOT / ".ci" / "run").read_text("utf-8")
    assert f"({' '.join(PACKAGES)})" in run


def test_the_proof_that_the_book_shows_is_the_one_that_coq_checks():
    (page,) = (text_of(path) for path in NOTEBOOKS if path.stem == "proofs")
    (shown,) = re.findall(r"```text\n(Theorem .*?)\n```", page, re.DOTALL)
    assert f"\n{shown}\n" in (PROOFS / "Softmax.v").read_text("utf-8")
    (defined,) = re.findall(r"```text\n(Definition .*?)\n```", page, re.DOTALL)
    assert f"\n{defined}\n" in (PROOFS / "Language.v").read_text("utf-8")
    for name in (name.split(".")[1] for name in AXIOMS):
        assert f"`{name}`" in page


def test_a_definition_that_reads_alike_is_made_only_once():
    coq = Coq()
    ways = [named("H", total("m", x(p("m"), q("m")))) for x in (lambda a, b: a * ln(b), times_ln)]
    assert [coq(way) for way in ways] == ["H p q"] * 2
    assert [*coq.definitions] == ["H"]
