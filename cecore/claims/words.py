"""What was given and what came back, in a few words."""

from typing import Any

import numpy as np

# An array of more entries than this is not written out, but described.
ENTRIES = 8
# An error says what it has to say in so many letters.
LETTERS = 200


def short(x: Any) -> str:
    """Write an argument, or whatever came back, in a few words."""
    if isinstance(x, tuple):
        return f"({', '.join(map(short, x))})"
    try:
        x = np.asarray(x)
    except Exception:
        return f"<{type(x).__name__}>"
    if x.size > ENTRIES or (not x.size and x.ndim > 1):
        return f"<{x.dtype} of shape {x.shape}>"
    return _text(x) if x.dtype in (np.float64, np.intp) else f"{x.dtype}({_text(x)})"


def written(call: tuple[str, tuple[Any, ...], int | None] | None) -> str:
    """Write a call as one would make it; "" if there is none."""
    if call is None:
        return ""
    name, args, axis = call
    words = [*map(short, args)]
    if axis not in (-1, None):
        words.append(f"axis={axis}")
    return f"{name}({', '.join(words)})"


def _text(x: Any) -> str:
    return f"[{', '.join(map(_text, x))}]" if np.ndim(x) else str(x)


def in_a_line(error: BaseException) -> str:
    """Write an exception in one line."""
    text = str(error).strip().split("\n")[0][:LETTERS]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
