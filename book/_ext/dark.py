"""The figures in the dark theme: drawn on dark paper, with the colours of that theme.

Figures are stored once, on white. A figure is made of colours, of their mixtures with the paper (thin
lines, edges, pale fills) and of greys. Here each pixel gets the same mixture again, with dark paper in
place of white, light ink in place of dark, and of each colour the one that `book.css` has for the dark. So
what is strong remains strong and what is pale remains pale, and a class has the colour that it has in
the pictures that move.
"""

import numpy as np
from PIL import Image

PAPER, INK = "#121212", "#ced6dd"  # those of the theme
# The colours of the figures, and what becomes of them: those of the classes, and of two heat maps.
COLOURS = {
    "#0072b2": "#3a9bd9",
    "#d55e00": "#e8702a",
    "#009e73": "#1fb58c",
    "#cc79a7": "#cc79a7",
    "#e69f00": "#e69f00",
    "#56b4e9": "#b4bec8",
    "#b35806": "#f1a340",
    "#542788": "#998ec3",
}


def colour(name):
    return np.array([int(name[i : i + 2], 16) for i in (1, 3, 5)]) / 255


PAPER, INK = colour(PAPER), colour(INK)
LIGHT, DARK = (np.array([colour(c) for c in names]) for names in (COLOURS, COLOURS.values()))
GREYS = LIGHT.mean(axis=1, keepdims=True)
TINTS = LIGHT - GREYS  # what makes them differ from a grey
SIZES = np.linalg.norm(TINTS, axis=1)


def darkened(rgb):
    """Return pixels, with values from 0 to 1, as they are drawn on dark paper."""
    grey = rgb.mean(axis=-1, keepdims=True)
    tint = rgb - grey
    # The one of our colours that is most like it, and how much of it is there.
    along = tint @ (TINTS / SIZES[:, None]).T
    nearest = np.argmax(along, axis=-1)
    much = np.clip(along.max(axis=-1) / SIZES[nearest], 0, 1)[..., None]
    # What remains beside it is a grey, between paper and ink.
    rest = np.clip((grey - much * GREYS[nearest]) / np.maximum(1 - much, 1e-6), 0, 1)
    under = rest * PAPER + (1 - rest) * INK
    return much * DARK[nearest] + (1 - much) * under


def draw_dark(file, out):
    """Write the dark version of a figure."""
    with Image.open(file) as picture:
        rgb = np.asarray(picture.convert("RGB"))
    flat, back = np.unique(rgb.reshape(-1, 3), axis=0, return_inverse=True)
    dark = np.round(255 * darkened(flat / 255)).astype(np.uint8)
    picture = Image.fromarray(dark[back.ravel()].reshape(rgb.shape))
    picture.quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)
