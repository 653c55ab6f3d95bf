"""What the notebooks need besides cecore: a look at a function's own source."""

import ast
import inspect
from collections.abc import Callable

from IPython.display import Markdown


def show_source(*functions: Callable) -> Markdown:
    """Show functions as they stand in their module, without the docstrings."""
    return Markdown(
        "\n".join(["```python", "\n\n\n".join(map(source, functions)), "```"])
    )


def source(function: Callable) -> str:
    lines = inspect.getsource(function).splitlines()
    first, *_ = ast.parse("\n".join(lines)).body[0].body
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines)
