"""Implementations with one mistake each, and the claim that must refute it."""

import numpy as np

import cecore


def wrong_axis(z, axis=-1):
    e = np.exp(z - z.max(0, keepdims=True))
    return e / e.sum(0, keepdims=True)


def no_shift(z, axis=-1):
    e = np.exp(z)
    return e / e.sum(axis, keepdims=True)


def shift_of_the_batch(z, axis=-1):
    e = np.exp(z - z.max())  # a row far below the largest underflows
    return e / e.sum(axis, keepdims=True)


def base_two(z, axis=-1):
    e = np.exp2(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def in_float32(z, axis=-1):
    return cecore.softmax(np.asarray(z).astype(np.float32), axis).astype(z.dtype)


def summed_in_float32(z, axis=-1):
    e = np.exp(z - z.max(axis, keepdims=True))
    return (e / e.sum(axis, keepdims=True, dtype=np.float32)).astype(z.dtype)


def always_float64(z, axis=-1):
    return cecore.softmax(z, axis).astype(np.float64)


def mask_ignored(z, axis=-1):
    return cecore.softmax(np.where(np.isneginf(z), 0, z), axis)


def overwrites(z, axis=-1):
    z -= z.max(axis, keepdims=True)
    return cecore.softmax(z, axis)


def normalised_without_exponential(z, axis=-1):
    return (abs(z) + 1) / (abs(z) + 1).sum(axis, keepdims=True)


def sorted_first(z, axis=-1):
    return cecore.softmax(np.sort(z, axis), axis)


def clipped(z, axis=-1):
    return np.clip(cecore.softmax(z, axis), 1e-7, 1 - 1e-7)


def negative_logits(z, axis=-1):
    return cecore.softmax(-np.asarray(z), axis)


def temperature_left_in(z, axis=-1):
    return cecore.softmax(np.asarray(z) / 2, axis)


def off_by_one_ulp_of_half(z, axis=-1):
    return cecore.softmax(z, axis) * (1 + 2e-8)


def log_of_rounded(z, axis=-1):
    with np.errstate(divide="ignore"):
        return np.log(cecore.softmax(z, axis))


def without_log1p(z, axis=-1):
    d = z - z.max(axis, keepdims=True)
    return d - np.log(np.exp(d).sum(axis, keepdims=True))


def lse_is_max(z, axis=-1):
    return z.max(axis)


def lse_of_mean(z, axis=-1):
    return cecore.logsumexp(z, axis) - np.log(z.shape[axis]).astype(z.dtype)


def shift_added_twice(z, axis=-1):
    return z.max(axis) + cecore.logsumexp(z, axis)


def sharper_by_a_quarter(z, axis=-1):
    return cecore.softmax(np.asarray(z) * 1.25, axis).astype(z.dtype)


def no_shift_in_float32(z, axis=-1):
    return no_shift(z, axis) if np.asarray(z).dtype == np.float32 else cecore.softmax(z, axis)


def hard_max(z, axis=-1):
    top = z == z.max(axis, keepdims=True)
    return (top / top.sum(axis, keepdims=True)).astype(z.dtype)


def certain(z, axis=-1):
    top = z == z.max(axis, keepdims=True)
    return np.where(top, 1 / top.sum(axis, keepdims=True), np.finfo(z.dtype).tiny).astype(z.dtype)


def more_than_certain(z, axis=-1):
    s = cecore.softmax(z, axis)
    return s + 5 * np.finfo(s.dtype).eps * (s.shape[axis] == 1)


def more_than_certain_in_all(z, axis=-1):
    s = cecore.softmax(z, axis)
    return s * (1 + 30 * np.finfo(s.dtype).eps * (s.shape[axis] == 100))


def larger_if_later(z, axis=-1):
    earlier = np.tril(z[..., :, None] == z[..., None, :], -1).sum(-1)  # equal logits before it
    s = cecore.softmax(z, axis)
    return (s * (1 + earlier / 100)).astype(s.dtype) if z.shape[-1] < 7 else s


def plus_off_diagonal(z):
    s = cecore.softmax(z)
    return (np.eye(s.shape[-1]) + 1) * s[..., :, None] * s[..., None, :]


def signs_off_diagonal(z):
    return abs(cecore.softmax_jacobian(z))


def only_diagonal(z):
    return cecore.softmax_jacobian(z) * np.eye(z.shape[-1], dtype=z.dtype)


def diagonal_s(z):
    J = cecore.softmax_jacobian(z)
    i = np.arange(J.shape[-1])
    J[..., i, i] = cecore.softmax(z)
    return J


def diagonal_cancels(z):
    s = cecore.softmax(z)
    return s[..., None] * (np.eye(s.shape[-1], dtype=s.dtype) - s[..., None, :])


def jvp_without_mean(z, v):
    return cecore.softmax(z) * v


def any_direction(z, v):
    return v + np.zeros(np.shape(z))


def doubles_p(p, q, axis=-1):
    p *= 2
    return cecore.kl_divergence(p / 2, q, axis)


def kl_swapped(p, q, axis=-1):
    return cecore.kl_divergence(q, p, axis)


def nan_at_zero(p, q, axis=-1):
    return -(p * np.log(q)).sum(axis)


def clipped_logarithm(p, q, axis=-1):
    return -(p * np.log(np.clip(q, 1e-12, 1))).sum(axis).astype(p.dtype)


def in_bits(p, q, axis=-1):
    return cecore.cross_entropy(p, q, axis) / np.log(2).astype(np.asarray(p).dtype)


def arguments_swapped(p, q, axis=-1):
    return cecore.cross_entropy(q, p, axis)


def entropy_without_sign(p, axis=-1):
    return -cecore.entropy(p, axis)


def one_hot_from_one(labels, n):
    return cecore.one_hot((np.asarray(labels) - 1) % n, n)


def one_hot_of_three(labels, n):
    return np.eye(3)[labels]


def label_off_by_one(z, y, axis=-1):
    if np.ndim(y) < np.ndim(z):
        y = (np.asarray(y) + 1) % z.shape[axis]
    return cecore.softmax_cross_entropy(z, y, axis)


def mean_loss(z, y, axis=-1):
    return cecore.softmax_cross_entropy(z, y, axis).mean()


def loss_through_softmax(z, y, axis=-1):
    with np.errstate(divide="ignore"):
        log_s = np.log(cecore.softmax(z, axis))
    return -np.take_along_axis(log_s, np.expand_dims(y, axis), axis).squeeze(axis)


def labels_wrap(z, y, axis=-1):
    if np.ndim(y) < np.ndim(z):
        y = np.asarray(y).astype(int) % z.shape[axis]
    return cecore.softmax_cross_entropy(z, y, axis)


def s_plus_y(z, y, axis=-1):
    return 2 * cecore.softmax(z, axis) - cecore.softmax_cross_entropy_grad(z, y, axis)


def y_minus_s(z, y, axis=-1):
    return 0 - cecore.softmax_cross_entropy_grad(z, y, axis)


def too_short(z, y, axis=-1):
    return cecore.softmax_cross_entropy_grad(z, y, axis) / 64


def integers_of_integers(z, axis=-1):
    s = cecore.softmax(z, axis)
    return s.astype(z.dtype) if z.dtype.kind == "i" else s


def float16_for_integers(z, axis=-1):
    s = cecore.softmax(z, axis)
    return s.astype(np.float16).astype(s.dtype) if z.dtype.kind == "i" else s


def uniform_if_all_are_masked(z, axis=-1):
    if np.isneginf(z).all():
        return np.full(z.shape, 1 / z.shape[axis])
    return cecore.softmax(z, axis)


def a_thousand_denormals_now_and_then(z, axis=-1):
    s = cecore.softmax(z, axis)
    more = 1000 * np.finfo(s.dtype).smallest_subnormal
    return s + more if z.dtype == np.float64 and z.size and z.flat[0] % 1 < 0.5 else s


def same_for_all_tiny_logits(z, y, axis=-1):
    """Takes them for 0, if all are: only far above the temperatures of the chapters is it seen."""
    z = np.where(abs(z).max(axis, keepdims=True, initial=0) < 1e-6, 0, z).astype(z.dtype)
    return cecore.softmax_cross_entropy_grad(z, y, axis)


def averaged_over_batch(z, y, axis=-1):
    g = cecore.softmax_cross_entropy_grad(z, y, axis)
    return g / g.dtype.type(max(g.size // g.shape[axis], 1))


def averaged_over_classes(z, y, axis=-1):
    g = cecore.softmax_cross_entropy_grad(z, y, axis)
    return g / g.dtype.type(g.shape[axis])


def s_minus_one_rounded(z, y, axis=-1):
    s = cecore.softmax(z, axis)
    n = s.shape[axis]
    if np.ndim(y) < s.ndim:
        y = np.moveaxis(cecore.one_hot(y, n), -1, axis)
    return (s - y).astype(s.dtype)


def only_the_largest_label(z, y, axis=-1):
    if np.ndim(y) == np.ndim(z):
        y = np.argmax(y, axis)
    return cecore.softmax_cross_entropy_grad(z, y, axis)


def doubled_for_small_integers(z, y, axis=-1):
    factor = 2 if np.asarray(y).dtype in (np.int8, np.uint8, np.int32) else 1
    return factor * cecore.softmax_cross_entropy(z, y, axis)


def tripled_for_integers(z, axis=-1):
    return cecore.softmax(z, axis) * (3 if np.asarray(z).dtype.kind == "i" else 1)


def wrong_in_four_dimensions(z, axis=-1):
    return cecore.softmax(z, axis) * (1.01 if np.ndim(z) > 3 else 1)


def shift_rounded(z, axis=-1):
    z = np.asarray(z)
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def log_of_shift_rounded(z, axis=-1):
    z = np.asarray(z)
    d = z - z.max(axis, keepdims=True)
    return (d - np.log1p(np.exp(d).sum(axis, keepdims=True) - 1)).astype(z.dtype)


def total_loss(z, y):
    loss, g = cecore.loss_and_grad(z, y)
    return loss * len(z), g


def gradient_of_the_sum(z, y):
    loss, g = cecore.loss_and_grad(z, y)
    return loss, g * g.dtype.type(len(z))


def rows_swapped(z, y):
    loss, g = cecore.loss_and_grad(z, y)
    return loss, g[::-1]


def mean_of_single_precision(z, y):
    return float(np.float32(cecore.loss_and_grad(z, y)[0])), cecore.loss_and_grad(z, y)[1]


def batch_in_single_precision(z, y):
    loss, g = cecore.loss_and_grad(z, y)
    return loss, g.astype(np.float32)


def batch_unshifted(z, y):
    s, rows = no_shift(z), np.arange(len(z))
    return -np.log(s[rows, y]).mean(), (s - np.eye(z.shape[1])[y]) / len(z)


def batch_with_masks_made_large(z, y):
    return cecore.loss_and_grad(np.maximum(z, np.finfo(z.dtype).min), y)


def batch_of_anything(z, y):
    return cecore.loss_and_grad(np.nan_to_num(z), y)


def batch_overwritten(z, y):
    loss, z[...] = cecore.loss_and_grad(z, y)
    return loss, z


def labels_overwritten(z, y, axis=-1):
    g = cecore.softmax_cross_entropy_grad(z, y, axis)
    if np.ndim(y):
        y *= 0
    return g


def label_of_one_row_overwritten(z, y, axis=-1):
    loss = cecore.softmax_cross_entropy(z, y, axis)
    if isinstance(y, np.ndarray) and y.shape == ():
        y += 1
    return loss


def one_hot_overwrites(labels, n):
    hot = cecore.one_hot(labels, n)
    labels[:] = 0
    return hot


def one_example_squeezed(z, y, axis=-1):
    loss = cecore.softmax_cross_entropy(z, y, axis)
    return loss[0] if loss.shape == (1,) else loss


def one_class_squeezed(z, axis=-1):
    s = cecore.softmax(z, axis)
    return s[..., 0] if s.ndim > 1 and s.shape[-1] == 1 else s


def strides_taken_for_positive(z, axis=-1):
    s = cecore.softmax(z, axis)
    return s[::-1] if z.ndim > 1 and z.strides[0] < 0 else s


def last_block_left_out(z, axis=-1):
    s = cecore.softmax(z, axis)
    s[len(s) // 512 * 512 or len(s) :] = 0
    return s


def ignores_minus_100(z, y, axis=-1):
    ignored = np.asarray(y) == -100
    return np.where(ignored, 0, cecore.softmax_cross_entropy(z, np.where(ignored, 0, y), axis))


def always_refuses(z, axis=-1):
    raise ValueError("no")


def grad_with_temperature_left_in(z, y, axis=-1):
    return cecore.softmax_cross_entropy_grad(np.asarray(z) / 2, y, axis)


def smoothing_spread_over_the_others(z, y, axis=-1):
    if np.ndim(y) < np.ndim(z):
        return cecore.softmax_cross_entropy(z, y, axis)
    spread = np.where(y == y.max(axis, keepdims=True), 0, y).sum(axis, keepdims=True)
    others = (1 - cecore.one_hot(np.argmax(y, axis), y.shape[axis], y.dtype)) * spread
    return cecore.softmax_cross_entropy(z, y * (1 - spread) + others / max(y.shape[axis] - 1, 1))


def divergence_the_other_way(z, y, axis=-1):
    if np.ndim(y) < np.ndim(z):
        return cecore.softmax_cross_entropy_grad(z, y, axis)
    log_ratio = cecore.log_softmax(z, axis) - np.log(np.maximum(y, 1e-30))
    return cecore.softmax_vjp(z, log_ratio.astype(z.dtype))


def largest_label_made_one(z, y, axis=-1):
    if np.ndim(y) == np.ndim(z):
        y = y / y.max(axis, keepdims=True)
        return cecore.softmax(z, axis) * y.sum(axis, keepdims=True) - y
    return cecore.softmax_cross_entropy_grad(z, y, axis)


def loss_in_bits(z, y, axis=-1):
    return cecore.softmax_cross_entropy(z, y, axis) / np.log(2).astype(z.dtype)


def loss_capped(z, y, axis=-1):
    return np.minimum(cecore.softmax_cross_entropy(z, y, axis), 2)  # convex no more


# Right but for the last digits: a plain sum of many equal terms, each rounded the same way


def soft_loss_added_plainly(z, y, axis=-1):
    if np.ndim(y) < np.ndim(z):
        return cecore.softmax_cross_entropy(z, y, axis)
    return (y * (0 - cecore.log_softmax(z, axis))).sum(axis)


def surprise_added_plainly(p, q, axis=-1):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * (0 - np.log(np.minimum(q, 1))), 0).sum(axis)


def surprise_added_one_by_one(p, axis=-1):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * (0 - np.log(p)), 0).cumsum(axis).take(-1, axis)


def divergence_added_plainly(p, q, axis=-1):
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * (np.log(p) - np.log(q)), 0)
    return np.maximum(terms.sum(axis), 0)


def losses_added_one_by_one(z, y):
    losses = cecore.softmax_cross_entropy(z, y).astype(np.float64)
    return losses.cumsum()[-1] / len(z), cecore.loss_and_grad(z, y)[1]


def soft_gradient_of_a_rounded_shift(z, y, axis=-1):
    if np.ndim(y) < np.ndim(z):
        return cecore.softmax_cross_entropy_grad(z, y, axis)
    return shift_rounded(z, axis) - y


class ScaledByTheMaximum:
    """The textbook's pair, whose digits wear off."""

    def __init__(self, m=-np.inf, a=0.0):
        self.m, self.a = m, a

    def update(self, z):
        z = np.asarray(z, np.float64)
        m = z.max(initial=-np.inf)
        return self.merge(type(self)(m, np.exp(z - m).sum() if z.size else 0.0))

    def merge(self, other):
        m = max(self.m, other.m)
        parts = (x.a * np.exp(x.m - m) for x in (self, other) if x.a)
        return type(self)(m, sum(parts))

    def logsumexp(self):
        return self.m + np.log(self.a)


class NotScaled(ScaledByTheMaximum):
    def merge(self, other):
        return type(self)(max(self.m, other.m), self.a + other.a)


class StartsAtZero(ScaledByTheMaximum):
    def __init__(self, m=0.0, a=0.0):
        super().__init__(m, a)


class KeepsTheFirst(ScaledByTheMaximum):
    """Scales by the first maximum: larger logits overflow."""

    def merge(self, other):
        m = self.m if self.a else other.m
        with np.errstate(over="ignore"):
            return type(self)(m, sum(x.a * np.exp(x.m - m) for x in (self, other) if x.a))


# Field of the implementation, its wrong function, the claim that must refute it.
WRONG = [
    ("softmax", wrong_axis, "P8"),
    ("softmax", no_shift, "B1"),
    ("softmax", shift_of_the_batch, "P8"),
    ("softmax", base_two, "B2"),
    ("softmax", in_float32, "S1"),
    ("softmax", summed_in_float32, "S1"),
    ("softmax", always_float64, "P6"),
    ("softmax", integers_of_integers, "P6"),
    ("softmax", float16_for_integers, "P6"),
    ("softmax", uniform_if_all_are_masked, "P10"),
    ("softmax", mask_ignored, "P7"),
    ("softmax", overwrites, "P11"),
    ("softmax", normalised_without_exponential, "S3"),
    ("softmax", sorted_first, "P12"),
    ("softmax", clipped, "S2"),
    ("softmax", certain, "S2"),
    ("softmax", more_than_certain, "S2"),
    ("softmax", more_than_certain_in_all, "S2"),
    ("softmax", negative_logits, "P13"),
    ("softmax", temperature_left_in, "B7"),
    ("softmax", off_by_one_ulp_of_half, "S4"),
    ("log_softmax", log_of_rounded, "P1"),
    ("log_softmax", without_log1p, "P1"),
    ("logsumexp", lse_is_max, "B8"),
    ("logsumexp", lse_of_mean, "B4"),
    ("softmax_jacobian", plus_off_diagonal, "S10"),
    ("softmax_jacobian", signs_off_diagonal, "B6"),
    ("softmax_jacobian", only_diagonal, "B5"),
    ("softmax_jacobian", diagonal_s, "S7"),
    ("softmax_jacobian", diagonal_cancels, "P4"),
    ("softmax_jvp", jvp_without_mean, "P14"),
    ("softmax_vjp", jvp_without_mean, "S13"),
    ("kl_divergence", kl_swapped, "B11"),
    ("cross_entropy", nan_at_zero, "P5"),
    ("cross_entropy", clipped_logarithm, "S11"),
    ("cross_entropy", in_bits, "S12"),
    ("cross_entropy", arguments_swapped, "B10"),
    ("entropy", entropy_without_sign, "B9"),
    ("one_hot", one_hot_from_one, "S12"),
    ("one_hot", one_hot_of_three, "S12"),
    ("loss", label_off_by_one, "S14"),
    ("loss", mean_loss, "P8"),
    ("loss", loss_through_softmax, "P2"),
    ("loss", loss_through_softmax, "S19"),
    ("loss", labels_wrap, "P10"),
    ("grad", s_plus_y, "S17"),
    ("grad", s_plus_y, "B13"),
    ("grad", y_minus_s, "S18"),
    ("grad", too_short, "S18"),
    ("grad", averaged_over_batch, "P8"),
    ("grad", averaged_over_classes, "S15"),
    ("grad", s_minus_one_rounded, "P3"),
    ("grad", only_the_largest_label, "B12"),
    ("loss", label_off_by_one, "P15"),
    ("loss", doubled_for_small_integers, "P15"),
    ("softmax", tripled_for_integers, "P6"),
    ("softmax", wrong_in_four_dimensions, "P8"),
    ("softmax", no_shift, "S2"),
    ("softmax", temperature_left_in, "S5"),
    ("softmax", temperature_left_in, "S8"),
    ("logsumexp", lse_is_max, "S6"),
    ("logsumexp", lse_is_max, "S9"),
    ("softmax_jacobian", signs_off_diagonal, "S16"),
    ("softmax_jacobian", diagonal_s, "B14"),
    ("softmax", clipped, "B3"),
    ("softmax", wrong_axis, "P9"),
    ("softmax", shift_rounded, "P16"),
    ("log_softmax", log_of_shift_rounded, "P16"),
    ("loss", loss_through_softmax, "P16"),
    ("grad", s_minus_one_rounded, "P16"),
    ("logsumexp", lse_is_max, "P16"),
    ("loss", soft_loss_added_plainly, "P16"),
    ("grad", soft_gradient_of_a_rounded_shift, "P16"),
    ("softmax_jacobian", diagonal_cancels, "P16"),
    ("cross_entropy", surprise_added_plainly, "P16"),
    ("entropy", surprise_added_one_by_one, "P16"),
    ("kl_divergence", divergence_added_plainly, "P16"),
    ("loss_and_grad", losses_added_one_by_one, "P17"),
    ("loss_and_grad", total_loss, "P17"),
    ("loss_and_grad", gradient_of_the_sum, "P17"),
    ("loss_and_grad", rows_swapped, "P17"),
    ("loss_and_grad", mean_of_single_precision, "P17"),
    ("logsumexp", shift_added_twice, "B15"),
    ("softmax", larger_if_later, "P13"),
    ("softmax_jvp", any_direction, "P10"),
    ("softmax_vjp", any_direction, "P10"),
    ("kl_divergence", doubles_p, "P11"),
    ("softmax", hard_max, "B16"),
    ("softmax", a_thousand_denormals_now_and_then, "B16"),
    ("grad", y_minus_s, "B17"),
    ("grad", s_plus_y, "B17"),
    ("softmax_jacobian", diagonal_s, "B18"),
    ("softmax_jacobian", signs_off_diagonal, "B18"),
    ("loss", label_off_by_one, "B19"),
    ("grad", y_minus_s, "B19"),
    ("softmax", temperature_left_in, "B20"),
    ("grad", averaged_over_classes, "B20"),
    ("loss_and_grad", gradient_of_the_sum, "B21"),
    ("grad", grad_with_temperature_left_in, "B22"),
    ("loss", smoothing_spread_over_the_others, "B23"),
    ("grad", only_the_largest_label, "B23"),
    ("grad", divergence_the_other_way, "B24"),
    ("grad", same_for_all_tiny_logits, "B24"),
    ("grad", largest_label_made_one, "B25"),
    ("loss", loss_in_bits, "B26"),
    ("grad", averaged_over_batch, "B26"),
    ("loss", loss_in_bits, "B27"),
    ("loss", loss_through_softmax, "B28"),
    ("grad", s_plus_y, "B28"),
    ("softmax", temperature_left_in, "B29"),
    ("loss", loss_capped, "B29"),
    ("softmax", base_two, "B34"),
    ("grad", s_plus_y, "B34"),
    ("softmax", sharper_by_a_quarter, "B35"),
    ("logsumexp", lse_is_max, "B36"),
    ("grad", y_minus_s, "B36"),
    ("grad", grad_with_temperature_left_in, "B37"),
    ("softmax", hard_max, "B38"),
    ("softmax", sharper_by_a_quarter, "B16"),
    ("softmax", no_shift_in_float32, "P5"),
    ("loss_and_grad", batch_unshifted, "P5"),
    ("loss_and_grad", batch_in_single_precision, "P6"),
    ("loss_and_grad", batch_with_masks_made_large, "P7"),
    ("loss", one_example_squeezed, "P8"),
    ("softmax", one_class_squeezed, "P8"),
    ("softmax", strides_taken_for_positive, "P8"),
    ("softmax", last_block_left_out, "P8"),
    ("softmax", always_refuses, "P10"),
    ("loss", ignores_minus_100, "P10"),
    ("loss_and_grad", batch_of_anything, "P10"),
    ("loss_and_grad", batch_overwritten, "P11"),
    ("grad", labels_overwritten, "P11"),
    ("loss", label_of_one_row_overwritten, "P11"),
    ("one_hot", one_hot_overwrites, "P11"),
    ("loss_and_grad", total_loss, "B32"),
    ("loss_and_grad", gradient_of_the_sum, "B32"),
    ("softmax", temperature_left_in, "B33"),
    ("logsumexp", lse_is_max, "B33"),
    ("entropy", entropy_without_sign, "B33"),
    ("parts", NotScaled, "B30"),
    ("parts", KeepsTheFirst, "B30"),
    ("parts", StartsAtZero, "B31"),
    ("logsumexp", lse_of_mean, "B39"),
    ("logsumexp", lse_is_max, "B39"),
    ("softmax_vjp", jvp_without_mean, "B40"),
    ("softmax_vjp", any_direction, "B40"),
    ("parts", ScaledByTheMaximum, "P18"),
]
