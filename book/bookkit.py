"""What the notebooks need besides cecore: a look at a function's source, and errors in ulps."""

import ast
import inspect
import textwrap
from collections.abc import Callable

import numpy as np
from IPython.display import Markdown
from numpy.typing import ArrayLike

from cecore.claims.exact import as_numbers


def show_source(*functions: Callable) -> Markdown:
    """Show functions as they stand in their module, without the docstrings."""
    return Markdown(
        "\n".join(["```python", "\n\n\n".join(map(source, functions)), "```"])
    )


def source(function: Callable) -> str:
    lines = textwrap.dedent(inspect.getsource(function)).splitlines()
    first, *_ = ast.parse("\n".join(lines)).body[0].body
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines)


def ulps(got: ArrayLike, right: ArrayLike) -> float:
    """Return the largest error of floats, in ulps of the right values (mpmath numbers)."""
    got, right = np.ravel(got), np.ravel(right)
    ulp = np.spacing(abs(right.astype(float)).astype(got.dtype))
    return float((abs(as_numbers(got) - right) / as_numbers(ulp)).max())
