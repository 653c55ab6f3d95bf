"""Compare a stored picture with a freshly drawn one."""

from io import BytesIO

from PIL import Image, ImageChops, ImageFilter

# A blur of one pixel forgives lines that move by a few hundredths of a pixel, as they may from one
# processor to another. Measured on figures in the book's style, the largest difference of a channel
# (0 to 255) was: lines moved by 0.1 pixels 32; the faintest change that must be seen, another
# colour of a line 0.8 points thin, 77; one digit of 9-point text 126. Patch releases of matplotlib
# draw the same bytes; 3.11 moved every text by whole pixels, which no limit tells from a new digit.
BLUR = ImageFilter.GaussianBlur(1)
LIMIT = 40


def pictures_differ(stored: bytes, fresh: bytes) -> str | None:
    """Say how two PNG files differ in what they show, or None if a reader would see the same."""
    one, other = (Image.open(BytesIO(png)).convert("RGBA") for png in (stored, fresh))
    if one.size != other.size:
        return "size {}x{} pixels stored, {}x{} fresh".format(*one.size, *other.size)
    difference = ImageChops.difference(one.filter(BLUR), other.filter(BLUR))
    largest = max(high for _, high in difference.getextrema())
    if largest <= LIMIT:
        return None
    too_large = difference.point(lambda value: 255 * (value > LIMIT))
    left, top, right, bottom = too_large.getbbox(alpha_only=False)
    return (
        f"a channel differs by {largest} of 255 (the limit is {LIMIT}) within the rectangle "
        f"x {left} to {right}, y {top} to {bottom}"
    )
