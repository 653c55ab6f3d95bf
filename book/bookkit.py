"""What the notebooks need besides cecore: a look at a function's own source."""

import ast
import inspect
from collections.abc import Callable

from IPython.display import Markdown


def show_source(function: Callable) -> Markdown:
    """Show a function as it stands in its module, without the docstring."""
    lines = inspect.getsource(function).splitlines()
    first, *_ = ast.parse("\n".join(lines)).body[0].body
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        del lines[first.lineno - 1 : first.end_lineno]
    return Markdown("\n".join(["```python", *lines, "```"]))
