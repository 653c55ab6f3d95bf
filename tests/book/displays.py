"""The displays that are no derivation: each as it is shown, side by side with what it means.

A derivation is proved from the object that typesets it (tests/proofs). What stands here is
written by hand, so each side of "=" and "≤" is given twice, as LaTeX and as NumPy, and the NumPy
must agree at one point. J and the gradients are complex steps, and not the formulas.
"""

import numpy as np

import cecore
from tests.book.reading import functions_of


def slopes(f, x):
    """The derivatives of f by the entries of x, on the last axes."""
    steps = 1e-30j * np.eye(x.size).reshape(-1, *x.shape)
    return np.stack([f(x + step).imag for step in steps], -1).reshape(*f(x).shape, *x.shape) / 1e-30


def soft(z):
    return np.exp(z) / np.exp(z).sum(-1, keepdims=True)


z, v = np.array([2.0, 1.0, 0.1, -0.7]), np.array([0.3, -1.0, 2.0, 0.5])
s, y, n, k, b, j = soft(z), np.array([0.1, 0.6, 0.0, 0.3]), 4, 2, 0, 1
p, q = np.array([0.5, 0.2, 0.3, 0.0]), np.array([0.1, 0.3, 0.4, 0.2])
some, one = p > 0, np.eye(n)[k]
e, S, J, delta = np.exp(z), np.exp(z).sum(), slopes(soft, z), np.eye(n)
X, W, Y = np.cos(np.arange(6.0)).reshape(2, 3), np.sin(np.arange(12.0)).reshape(3, n), np.eye(n)[:2]
f, g = np.exp(z[0]), S
df, dg = slopes(lambda z: np.exp(z[0]), z)[j], slopes(lambda z: np.exp(z).sum(), z)[j]
ln, T = np.log, 2.5
# A network of two layers, for the examples X with the labels Y.
U, b_, W_, c_ = np.cos(np.arange(6.0)).reshape(3, 2), z[:2], W[:2], y
t, theta = np.array([3.0, 1.0, 4.0, -1.0]), 0.5


def hidden(U=U, b=b_):
    return np.tanh(X @ U + b)


def mean_loss(Z):
    return -(Y * ln(soft(Z))).sum() / 2


H, ones = hidden(), np.ones((2, 1))
Z = H @ W_ + c_
G = (soft(Z) - Y) / 2
grad_a = slopes(lambda A: mean_loss(np.tanh(A) @ W_ + c_), X @ U + b_)
CHAPTER = functions_of("variants")
LOSSES = np.array([4.0, 0.5, 0.25, 1.0])
SPARSEMAX, SPARSE_LOSS = map(functions_of("training").get, ("sparsemax", "sparsemax_loss"))
believed, came = np.array([[0.81, 0.19], [0.12, 0.88], [0.55, 0.45]]), np.array([0, 0, 0])

DISPLAYS = {
    # Softmax
    "eq-softmax": [
        ("s_i", cecore.softmax(z)),
        (r" = \frac{e^{z_i}}{\sum_{k=1}^{n} e^{z_k}} .", e / sum(e[k] for k in range(n))),
    ],
    "eq-example": [
        ("\\begin{aligned}\nS   ", np.exp([2.0, 1.0, 0.1]).sum()),
        ("&= e^{2.0} + e^{1.0} + e^{0.1} \\\\\n    ", np.exp(2.0) + np.exp(1.0) + np.exp(0.1)),
        ("&\\approx 7.389056 + 2.718282 + 1.105171 \\\\\n    ", 7.389056 + 2.718282 + 1.105171),
        ("&\\approx 11.212509, \\\\[0.9em]\n", 11.212509),
        "",
        ("s_1 ", cecore.softmax([2.0, 1.0, 0.1])[0]),
        (r"&= \frac{e^{2.0}}{S} ", np.exp(2.0) / np.exp([2.0, 1.0, 0.1]).sum()),
        ("\\approx 0.659001, \\\\[0.9em]\n", 0.659001),
        "",
        ("s_2 ", cecore.softmax([2.0, 1.0, 0.1])[1]),
        (r"&= \frac{e^{1.0}}{S} ", np.exp(1.0) / np.exp([2.0, 1.0, 0.1]).sum()),
        ("\\approx 0.242433, \\\\[0.9em]\n", 0.242433),
        "",
        ("s_3 ", cecore.softmax([2.0, 1.0, 0.1])[2]),
        (r"&= \frac{e^{0.1}}{S} ", np.exp(0.1) / np.exp([2.0, 1.0, 0.1]).sum()),
        ("\\approx 0.098566 .\n\\end{aligned}", 0.098566),
    ],
    "eq-difference": [
        ("s_i - s_j ", s[:, None] - s),
        (
            r"= (s_i + s_j) \tanh \frac{z_i - z_j}{2} ,",
            (s[:, None] + s) * np.tanh((z[:, None] - z) / 2),
        ),
    ],
    "eq-gaps": [
        ("f(g + h) ", np.exp(T * (0.3 + 0.4))),
        (r"= f(g) \, f(h) .", np.exp(T * 0.3) * np.exp(T * 0.4)),
    ],
    "eq-log-odds": [("z_1 - z_2 ", z[0] - z[1]), (r"= \ln \frac{s_1}{s_2} .", ln(s[0] / s[1]))],
    "eq-lse": [
        (r"\operatorname{LSE}(z) ", cecore.logsumexp(z)),
        (r"= \ln S ", ln(S)),
        (r"= \ln \sum_k e^{z_k} .", ln(e.sum())),
    ],
    # The derivative
    "eq-quotient-rule": [
        (
            r"\frac{\partial}{\partial z_j}\, \frac{f}{g} ",
            slopes(lambda z: np.exp(z[0]) / np.exp(z).sum(), z)[j],
        ),
        (
            r"= \frac{\dfrac{\partial f}{\partial z_j}\, g - f\, \dfrac{\partial g}{\partial z_j}}"
            r"{g^2},",
            (df * g - f * dg) / g**2,
        ),
    ],
    "eq-jacobian": [
        ("J ", J),
        (r"= \operatorname{diag}(s) - s\, s^{\mathsf T} .", np.diag(s) - np.outer(s, s)),
    ],
    "eq-jvp": [
        ("\\begin{aligned}\n(J v)_i ", J @ v),
        (
            "&= \\sum_j s_i (\\delta_{ij} - s_j)\\, v_j \\\\\n        ",
            [sum(s[i] * (delta[i, j] - s[j]) * v[j] for j in range(n)) for i in range(n)],
        ),
        (
            "&= s_i \\Bigl( v_i - \\sum_j s_j v_j \\Bigr) .\n\\end{aligned}",
            [s[i] * (v[i] - sum(s[j] * v[j] for j in range(n))) for i in range(n)],
        ),
    ],
    # Cross-entropy
    "eq-entropy": [
        ("H(p) ", cecore.entropy(p)),
        (r"= - \sum_{i} p_i \ln p_i .", -sum(p[some] * ln(p[some]))),
    ],
    "eq-cross-entropy": [
        ("H(p, q) ", cecore.cross_entropy(p, q)),
        (r"= - \sum_{i} p(x_i) \ln q(x_i) ,", -sum(p * ln(q))),
    ],
    "eq-one-hot": [
        ("H(p, q) ", cecore.cross_entropy(one, q)),
        (r"= - \ln q_k \qquad \text{if } p_k = 1 .", -ln(q[one == 1][0])),
    ],
    "eq-kl": [
        ("\\begin{aligned}\nH(p, q) ", cecore.cross_entropy(p, q)),
        (
            "&= H(p) + \\operatorname{KL}(p \\,\\|\\, q), \\\\\n",
            cecore.entropy(p) + cecore.kl_divergence(p, q),
        ),
        "",
        (r"\operatorname{KL}(p \,\|\, q) ", cecore.kl_divergence(p, q)),
        (
            "&= \\sum_i p_i \\ln \\frac{p_i}{q_i} ,\n\\end{aligned}",
            sum(p[some] * ln(p[some] / q[some])),
        ),
    ],
    # The combined gradient
    "eq-chain": [
        ("\\begin{aligned}\ns ", s),
        ("&= \\operatorname{softmax}(z), \\\\\n", cecore.softmax(z)),
        "",
        ("L ", cecore.softmax_cross_entropy(z, y)),
        ("&= H(y, s) ", cecore.cross_entropy(y, s)),
        ("= - \\sum_i y_i \\ln s_i .\n\\end{aligned}", -sum(y[i] * ln(s[i]) for i in range(n))),
    ],
    "eq-loss-lse": [
        ("L ", cecore.softmax_cross_entropy(z, k)),
        (r"= - \ln s_k ", -ln(s[k])),
        (r"= \operatorname{LSE}(z) - z_k .", cecore.logsumexp(z) - z[k]),
    ],
    "eq-two-lines": [
        (r"\nabla_z L ", slopes(lambda z: -ln(soft(z))[k], z)),
        (
            r"= \nabla_z \operatorname{LSE}(z) - \nabla_z z_k ",
            slopes(lambda z: ln(np.exp(z).sum()), z) - slopes(lambda z: z[k], z),
        ),
        ("= s - y .", s - one),
    ],
    "eq-weights": [
        (
            r"\nabla_W \, \frac{1}{N} \sum_{b=1}^N L_b ",
            slopes(lambda W: 1 / 2 * sum(-(Y[b] * ln(soft(X[b] @ W))).sum() for b in range(2)), W),
        ),
        (r"= \frac{1}{N} \, X^{\mathsf T} G .", 1 / 2 * X.T @ (soft(X @ W) - Y)),
    ],
    "eq-squared-error": [
        (r"\nabla_z Q ", slopes(lambda z: ((soft(z) - y) ** 2).sum() / 2, z)),
        (r"= J \, (s - y),", J @ (s - y)),
    ],
    # Training
    "eq-forward": [
        ("\\begin{aligned}\nA ", np.arctanh(H)),
        (
            "&= X U + b && N{\\times}m \\\\\n",
            [[sum(x * U[:, a]) + b_[a] for a in range(2)] for x in X],
        ),
        "",
        ("H ", H),
        ("&= \\tanh A && N{\\times}m \\\\\n", np.tanh(X @ U + b_)),
        "",
        ("Z ", Z),
        (
            "&= H W + c && N{\\times}n\n\\end{aligned}",
            [[sum(h * W_[:, j]) + c_[j] for j in range(n)] for h in H],
        ),
    ],
    "eq-backward": [
        ("\\begin{aligned}\n\\nabla_Z L ", slopes(mean_loss, Z)),
        ("&= G && N{\\times}n \\\\\n", G),
        "",
        (r"\nabla_W L ", slopes(lambda W: mean_loss(H @ W + c_), W_)),
        ("&= H^{\\mathsf T} G && m{\\times}n \\\\\n", H.T @ G),
        "",
        (r"\nabla_c L ", slopes(lambda c: mean_loss(H @ W_ + c), c_[None])),
        ("&= \\mathbf 1^{\\mathsf T} G && 1{\\times}n \\\\\n", ones.T @ G),
        "",
        (r"\nabla_A L ", grad_a),
        (
            "&= (G W^{\\mathsf T}) \\circ (1 - H^2) && N{\\times}m \\\\\n",
            (G @ W_.T) * (1 - H**2),
        ),
        "",
        (r"\nabla_U L ", slopes(lambda U: mean_loss(hidden(U) @ W_ + c_), U)),
        ("&= X^{\\mathsf T} \\, \\nabla_A L && d{\\times}m \\\\\n", X.T @ grad_a),
        "",
        (r"\nabla_b L ", slopes(lambda b: mean_loss(hidden(U, b) @ W_ + c_), b_[None])),
        (
            "&= \\mathbf 1^{\\mathsf T} \\, \\nabla_A L && 1{\\times}m\n\\end{aligned}",
            ones.T @ grad_a,
        ),
    ],
    "eq-convex": [
        ("\\begin{aligned}\n0 ", 0),
        (
            "&\\le L(z + v) - L(z) - (s - y)^{\\mathsf T} v \\\\\n  ",
            y @ (ln(soft(z)) - ln(soft(z + v))) - (s - y) @ v,
        ),
        ("&\\le \\tfrac18 \\, (\\max v - \\min v)^2 .\n\\end{aligned}", (max(v) - min(v)) ** 2 / 8),
    ],
    "eq-likelihood": [
        (
            "\\begin{aligned}\n\\ln \\prod_{r=1}^N s_{k_r}\n  ",
            ln(np.prod([soft(Z)[r, r] for r in range(2)])),
        ),
        ("&= - \\sum_{r=1}^N L_r \\\\\n  ", -sum(-ln(soft(Z)[r, r]) for r in range(2))),
        ("&= - N L .\n\\end{aligned}", -2 * mean_loss(Z)),
    ],
    "eq-family": [
        ("s_i ", soft(theta * t)),
        (
            r"= \frac{e^{\theta t_i}}{\sum_k e^{\theta t_k}} .",
            np.exp(theta * t) / sum(np.exp(theta * t[k]) for k in range(n)),
        ),
    ],
    "eq-means": [
        (r"\frac{1}{N} \sum_{r=1}^N L_r ", LOSSES.mean()),
        (
            r"= \frac{N_A L_A + N_B L_B}{N_A + N_B} ,",
            (1 * LOSSES[:1].mean() + 3 * LOSSES[1:].mean()) / (1 + 3),
        ),
    ],
    "eq-soft-maximum": [
        (r"\sum_i p_i z_i + H(p) ", p @ z + cecore.entropy(p)),
        (r"\le \operatorname{LSE}(z) ,", cecore.logsumexp(z)),
    ],
    "eq-fenchel-young": [
        ("\\begin{aligned}\nM(z) ", cecore.logsumexp(z)),
        (
            "&= \\max_p \\Bigl( \\sum_i p_i z_i - \\Omega(p) \\Bigr) , \\\\\n",
            max(x @ z + cecore.entropy(x) for x in (s, p, q, y, one)),
        ),
        "",
        ("L(z) ", cecore.kl_divergence(y, s)),
        (
            "&= M(z) + \\Omega(y) - \\sum_i y_i z_i .\n\\end{aligned}",
            cecore.logsumexp(z) - cecore.entropy(y) - sum(y * z),
        ),
    ],
    "eq-sandwich": [
        (
            "\\begin{aligned}\n\\sum_i v_i \\bigl( \\hat y(z)_i - y_i \\bigr) ",
            sum(v * (SPARSEMAX(z) - y)),
        ),
        ("&\\le L(z + v) - L(z) \\\\\n  ", SPARSE_LOSS(z + v, y) - SPARSE_LOSS(z, y)),
        (
            "&\\le \\sum_i v_i \\bigl( \\hat y(z + v)_i - y_i \\bigr) .\n\\end{aligned}",
            sum(v * (SPARSEMAX(z + v) - y)),
        ),
    ],
    # The family
    "eq-distilled": [
        ("D ", CHAPTER["distilled"](z, 3 * v, T)[0]),
        (
            r"= T^2 \operatorname{KL}(p \,\|\, s) .",
            T**2 * cecore.kl_divergence(soft(3 * v / T), soft(z / T)),
        ),
    ],
    "eq-focal-loss": [
        ("F ", CHAPTER["focal"](z, k, T)[0]),
        (r"= - (1 - s_k)^\gamma \ln s_k .", -((1 - s[k]) ** T) * ln(s[k])),
    ],
    "eq-ece": [
        (r"\operatorname{ECE} ", CHAPTER["ece"](believed, came)),
        (
            r"= \sum_b \frac{N_b}{N} \, \lvert a_b - c_b \rvert .",
            2 / 3 * abs(1 / 2 - (0.81 + 0.88) / 2) + 1 / 3 * abs(1 - 0.55),
        ),
    ],
    # The solutions of the problem sheet
    "eq-sheet-jacobian": [
        ("J ", cecore.softmax_jacobian(np.log([2.0, 1.0, 1.0]))),
        (
            r"= \frac{1}{16} \begin{pmatrix} 4 & -2 & -2 \\ -2 & 3 & -1 \\ -2 & -1 & 3 "
            r"\end{pmatrix} .",
            np.array([[4, -2, -2], [-2, 3, -1], [-2, -1, 3]]) / 16,
        ),
    ],
    "eq-sheet-bug": [
        (
            r"\sum_i \left( - \frac{1}{s_i} \right) s_i \left( \delta_{ij} - s_j \right) ",
            (-1 / s) @ cecore.softmax_jacobian(z),
        ),
        ("= - 1 + n s_j .", n * s - 1),
    ],
}
