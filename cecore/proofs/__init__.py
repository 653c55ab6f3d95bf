r"""Derivations that check themselves: formulas that can be typeset, proved and evaluated.

A formula is an object (`formula`), written in the words of `language` and kept as it is written.
It has three readings. `latex` typesets it in the book's notation. `symbolic` makes of it a SymPy
expression for a *general* number of classes n. `numeric` evaluates it at a given point, in 50-digit
arithmetic. A `derivation` is a chain of formulas with a reason for each step. Its `prove` checks
every "=" by the second reading and, sharing nothing with it, by the third. Those that the book
shows stand in `book`, one file a chapter.

>>> from cecore.proofs.derivation import Derivation
>>> from cecore.proofs.language import d, s, z
>>> wrong = Derivation("S10", d(s("i"), z("j")), [(s("i") * s("j"), "sign lost")], ["i != j"])
>>> wrong.prove()
Traceback (most recent call last):
    ...
cecore.proofs.derivation.FalseStepError: S10, step 1 (sign lost) does not hold for i != j:
      \frac{\partial s_i}{\partial z_j}
    = s_i \, s_j
At n = 2, i = 2, j = 1, z = (-1.5, -0.98) the sides are -0.233833 and 0.233833.
"""
