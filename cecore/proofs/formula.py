"""A formula as an object: what is written, and nothing else. Others read it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Expr:
    """A formula as it is written: its kind, and its parts. Nothing is simplified unasked."""

    kind: str
    parts: tuple[Any, ...]

    def __add__(self, other: "Expr | int") -> "Expr":
        return Expr("+", (self, as_formula(other)))

    def __radd__(self, other: int) -> "Expr":
        return as_formula(other) + self

    def __sub__(self, other: "Expr | int") -> "Expr":
        return Expr("-", (self, as_formula(other)))

    def __rsub__(self, other: int) -> "Expr":
        return as_formula(other) - self

    def __mul__(self, other: "Expr | int") -> "Expr":
        return Expr("*", (self, as_formula(other)))

    def __rmul__(self, other: int) -> "Expr":
        return as_formula(other) * self

    def __truediv__(self, other: "Expr | int") -> "Expr":
        return Expr("/", (self, as_formula(other)))

    def __rtruediv__(self, other: int) -> "Expr":
        return as_formula(other) / self

    def __pow__(self, power: "Expr | int") -> "Expr":
        return Expr("^", (self, as_formula(power)))

    def __neg__(self) -> "Expr":
        return Expr("negative", (self,))


def as_formula(x: "Expr | int") -> Expr:
    """Return a whole number as a formula, and a formula as it is."""
    return x if isinstance(x, Expr) else Expr("integer", (x,))
