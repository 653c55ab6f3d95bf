import pytest

from cecore.proofs.formula import Expr
from cecore.proofs.language import S, cases, d, delta, exp, letter, ln, s, tanh, total, z
from cecore.proofs.latex import latex

A, B = z("i"), z("j")
ONE, GAMMA = Expr("integer", (1,)), letter(r"\gamma")


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
