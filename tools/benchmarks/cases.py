"""What is measured: the operations, and the logits that they are measured on."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from cecore import softmax_cross_entropy_grad

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "book" / "data" / "optdigits.csv.gz"

OPERATIONS = ["loss_and_grad", "loss", "softmax", "log_softmax"]
SHAPES = [(128, 10), (4096, 10), (65536, 10), (4096, 1000), (256, 50257), (64, 128256)]
# Not looked at while cecore was tuned, and reported separately.
HELD_OUT = [(33, 1000), (1000, 100), (20000, 37), (300000, 3), (512, 8192)]
DTYPES = ["float32", "float64"]
LOGITS = {"normal": "N(0, 1)", "wide": "N(0, 100²)", "trained": "digits model"}


@dataclass(frozen=True)
class Case:
    """One matrix of logits, on which every operation is measured."""

    rows: int
    classes: int
    dtype: str
    logits: str

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the logits and the labels, the same in every run."""
        rng = np.random.default_rng(self.rows * self.classes)
        if self.logits == "trained":
            z, labels = digits_model()
            drawn = rng.integers(len(z), size=self.rows)
            return z[drawn].astype(self.dtype), labels[drawn]
        scale = {"normal": 1, "wide": 100}[self.logits]
        z = rng.normal(scale=scale, size=(self.rows, self.classes))
        return z.astype(self.dtype), rng.integers(self.classes, size=self.rows)


def cases(shapes: list[tuple[int, int]]) -> list[Case]:
    """Return every case of these shapes; the digits model has logits for ten classes only."""
    return [
        Case(rows, classes, dtype, logits)
        for rows, classes in shapes
        for dtype in DTYPES
        for logits in LOGITS
        if logits != "trained" or ((rows, classes) in SHAPES and classes == 10)
    ]


@lru_cache
def digits_model() -> tuple[np.ndarray, np.ndarray]:
    """Return logits and labels of all digits, from a model trained as the book trains it."""
    data = np.loadtxt(DIGITS, delimiter=",")
    labels = data[:, 64].astype(int)
    X = np.hstack([data[:, :64] / 16, np.ones((len(data), 1))])
    penalty = 1e-3 * np.ones((65, 1))
    penalty[-1] = 0
    W = velocity = np.zeros((65, 10))
    for _ in range(500):
        slope = X.T @ softmax_cross_entropy_grad(X @ W, labels) / len(X) + penalty * W
        velocity = 0.97 * velocity - 0.3 * slope
        W = W + velocity
    return X @ W, labels
