"""The loss with options, as the chapter "The family" derives them, and its gradient."""

import numpy as np

from cecore.claims.kit.right import Right, Rows, floats
from cecore.claims.model import Array, Implementation


def right_with_options(f: Implementation, name: str, rows: Rows, labels: Array) -> list[Right]:
    """Return the right loss, gradient, or both, of logits that are divided by the temperature."""
    counts = np.ones(rows.d.shape[:-1], bool)
    indices = labels.ndim < rows.d.ndim
    n, one = rows.n, rows.a.of(np.ones(1))
    if indices and f.ignore_index is not None:
        counts = labels != f.ignore_index
    k = np.where(counts, labels if indices else 0, 0).astype(np.intp)
    y = np.zeros(rows.d.shape) if indices else labels.astype(np.float64)
    if indices:
        np.put_along_axis(y, k[..., None], 1, -1)
    y = rows.a.of(y) * (one - f.label_smoothing) + f.label_smoothing * one / n
    weights = rows.a.of(np.ones(n) if f.weights is None else np.array(f.weights))
    # Of each example, by which a mean is divided.
    shares = counts.astype(np.float64)
    if indices and f.weights is not None:
        shares = shares * np.array(f.weights)[k]
    y = y * weights * counts[..., None]
    return _reduced(f, name, rows, y, counts, shares)


def _reduced(
    f: Implementation, name: str, rows: Rows, y: Array, counts: Array, shares: Array
) -> list[Right]:
    """Return loss, gradient or both for weighted and smoothed labels."""
    rest = rows.a.log1p(rows.rest)
    lse = (rows.m + rest)[..., 0]
    weight = y.sum(-1)
    below = np.where(y > 0, -rows.d, 0)  # 0 times infinity is 0
    squares = f.z_loss * counts * lse * lse
    losses = (y * below).sum(-1) + weight * rest[..., 0] + squares
    slopes = weight[..., None] * rows.s - y
    slopes = slopes + (2 * f.z_loss * counts * lse)[..., None] * rows.s
    size = np.maximum(abs(floats(lse)), rows.largest[..., 0])
    scale = floats(weight) + abs(floats(losses)) + 2 * f.z_loss * (1 + size) * size
    slope_scale = (floats(weight) + 2 * f.z_loss * (1 + size))[..., None]
    slack = rows.slack[..., 0] + 16

    reduction = f.reduction
    if name == "loss_and_grad" and reduction == "none":
        reduction = "mean"
    by = shares.sum() if reduction == "mean" else 1.0
    slopes, slope_scale = slopes / by / f.temperature, slope_scale / by / f.temperature
    grad = rows.right(slopes, slope_scale, abs(slopes), slack[..., None])
    if reduction == "none":
        loss = rows.right(losses, scale, abs(losses), slack)
    else:
        total = losses.sum() / by
        loss = rows.right(
            total, scale.sum() / by, abs(total), slack.max(initial=0) + losses.size**0.5
        )
    return {"loss": [loss], "grad": [grad]}.get(name, [loss, grad])
