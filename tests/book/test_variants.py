"""The table of the chapter on the family: each variant is the option of the library that it says.

What is compared are the functions that the chapter itself defines, with their gradients.
"""

import numpy as np
import pytest

import cecore
from tests.book.reading import functions_of

OURS = functions_of("variants")
RNG = np.random.default_rng(0)
N, CLASSES, T, EPS = 12, 5, 3.0, 0.1
Z, V = 3 * RNG.normal(size=(2, N, CLASSES))
K = RNG.integers(CLASSES, size=N)
Y = RNG.dirichlet(np.ones(CLASSES), N)
CLASS_WEIGHTS = np.array([0.5, 1.0, 2.0, 5.0, 0.1])
PADDED = np.where(np.arange(N) % 3 == 0, -100, K)
YES = RNG.random(size=(N, CLASSES)).round()  # several labels at once


def same(ours, theirs, rtol=1e-12):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


def weighted_losses(z, y):
    """Each example's loss and gradient with class weights and any labels."""
    wy = CLASS_WEIGHTS * y
    total = wy.sum(-1, keepdims=True)
    loss = total[:, 0] * cecore.softmax_cross_entropy(z, wy / total)
    return loss, total * cecore.softmax_cross_entropy_grad(z, wy / total)


# PyTorch -----------------------------------------------------------------------------------------


@pytest.fixture
def torch():
    reason = "PyTorch is not installed: the variants are compared with it where it is"
    return pytest.importorskip("torch", reason=reason)


def by_torch(torch, loss, z):
    """A loss and its gradient, by autograd."""
    leaf = torch.tensor(z, requires_grad=True)
    value = loss(torch.nn.functional, leaf)
    value.sum().backward()
    return value.detach().numpy(), leaf.grad.numpy()


def variants_of_pytorch(torch):
    k, y, v, w, padded, yes = map(torch.tensor, (K, Y, V, CLASS_WEIGHTS, PADDED, YES))

    def ce(target, **options):
        return lambda F, z: F.cross_entropy(z, target, **options)

    def each(target, **options):
        return ce(target, reduction="none", **options)

    def divergence(F, z):
        p = F.softmax(v / T, -1)
        return T**2 * F.kl_div(F.log_softmax(z / T, -1), p, reduction="batchmean")

    def mean(loss, grad):
        return loss.mean(), grad / len(loss)

    def yes_or_no(F, z):
        return F.binary_cross_entropy_with_logits(z, yes, reduction="none")

    def focal(F, z):
        s = F.softmax(z, -1)[torch.arange(N), k]
        return -((1 - s) ** 2) * s.log()

    smooth = OURS["smoothed"](K, CLASSES, EPS)
    losses, grads = weighted_losses(Z, smooth)
    total = CLASS_WEIGHTS[K].sum()
    return {
        "temperature": (lambda F, z: each(k)(F, z / T), OURS["warm"](Z, K, T)),
        "smoothing": (each(k, label_smoothing=EPS), OURS["with_smoothing"](Z, K, EPS)),
        "soft labels": (
            each(y),
            (cecore.softmax_cross_entropy(Z, Y), cecore.softmax_cross_entropy_grad(Z, Y)),
        ),
        "distillation": (divergence, mean(*OURS["distilled"](Z, V, T))),
        "class weights": (ce(k, weight=w), OURS["weighted_mean"](Z, K, CLASS_WEIGHTS[K])),
        "class weights, distributions": (ce(y, weight=w), mean(*weighted_losses(Z, Y))),
        "class weights, smoothing": (
            ce(k, weight=w, label_smoothing=EPS),
            (losses.sum() / total, grads / total),
        ),
        "ignored positions": (ce(padded, ignore_index=-100), OURS["kept_mean"](Z, PADDED)),
        "focal": (focal, OURS["focal"](Z, K, 2.0)),
        "yes or no": (yes_or_no, OURS["binary"](Z, YES)),
    }


@pytest.mark.parametrize(
    "variant",
    [
        "temperature",
        "smoothing",
        "soft labels",
        "distillation",
        "class weights",
        "class weights, distributions",
        "class weights, smoothing",
        "ignored positions",
        "focal",
        "yes or no",
    ],
)
def test_a_variant_is_that_of_pytorch(torch, variant):
    theirs, (loss, grad) = variants_of_pytorch(torch)[variant]
    loss_theirs, grad_theirs = by_torch(torch, theirs, Z)
    same(loss, loss_theirs)
    same(grad, grad_theirs)


def test_pytorch_by_default_divides_a_divergence_by_the_number_of_entries(torch):
    F = torch.nn.functional
    with pytest.warns(UserWarning, match="batchmean"):
        mean = F.kl_div(F.log_softmax(torch.tensor(Z), -1), torch.tensor(Y))
    same(cecore.kl_divergence(Y, cecore.softmax(Z)).sum() / (N * CLASSES), mean)


def test_where_all_are_ignored_pytorch_gives_nan_and_cecore_refuses(torch):
    none = np.full(N, -100)
    mean = torch.nn.functional.cross_entropy(torch.tensor(Z), torch.tensor(none))
    assert mean.isnan()
    with pytest.raises(ValueError, match="z must have the shape"):
        OURS["kept_mean"](Z, none)


# Optax -------------------------------------------------------------------------------------------


@pytest.fixture
def optax():
    reason = "Optax is not installed: the variants are compared with it where it is"
    return pytest.importorskip("optax", reason=reason)


def variants_of_optax(optax, jnp):
    def distillation(z):
        log_s = jnp.log(jnp.exp(z / T) / jnp.exp(z / T).sum(-1, keepdims=True))
        return T**2 * optax.kl_divergence(log_s, cecore.softmax(V / T))

    kept = PADDED != -100
    filled = np.where(kept, K, 0)
    hot = cecore.one_hot(K, CLASSES)
    loss, grad = OURS["kept_mean"](Z, PADDED)
    pair = np.stack([Z, np.zeros_like(Z)], -1)
    focal, focal_grad = OURS["focal"](pair, (1 - YES).astype(int), 2.0)
    return {
        "smoothing": (
            lambda z: optax.softmax_cross_entropy(z, optax.smooth_labels(hot, EPS)),
            OURS["with_smoothing"](Z, K, EPS),
        ),
        "soft labels": (
            lambda z: optax.softmax_cross_entropy(z, Y),
            (cecore.softmax_cross_entropy(Z, Y), cecore.softmax_cross_entropy_grad(Z, Y)),
        ),
        "distillation": (distillation, OURS["distilled"](Z, V, T)),
        "ignored positions": (
            lambda z: optax.softmax_cross_entropy_with_integer_labels(z, filled, where=kept),
            (loss * kept.sum(), grad * kept.sum()),
        ),
        "focal": (
            lambda z: optax.sigmoid_focal_loss(z, YES, alpha=None, gamma=2.0),
            (focal, focal_grad[..., 0]),
        ),
        "yes or no": (
            lambda z: optax.sigmoid_binary_cross_entropy(z, YES),
            OURS["binary"](Z, YES),
        ),
    }


@pytest.mark.parametrize(
    "variant",
    ["smoothing", "soft labels", "distillation", "ignored positions", "focal", "yes or no"],
)
def test_a_variant_is_that_of_optax(optax, variant):
    import jax

    with jax.enable_x64(True):
        theirs, (loss, grad) = variants_of_optax(optax, jax.numpy)[variant]
        losses = np.asarray(theirs(jax.numpy.asarray(Z)))
        same(loss, losses.sum() if variant == "ignored positions" else losses)
        same(grad, jax.grad(lambda z: theirs(z).sum())(jax.numpy.asarray(Z)))


# scikit-learn ------------------------------------------------------------------------------------


@pytest.fixture
def metrics():
    reason = "scikit-learn is not installed: the variants are compared with it where it is"
    return pytest.importorskip("sklearn.metrics", reason=reason)


def test_log_loss_with_weights_is_the_weighted_mean(metrics):
    weights = np.where(PADDED == -100, 0.0, CLASS_WEIGHTS[K])
    named = {"sample_weight": weights, "labels": np.arange(CLASSES)}
    mean = metrics.log_loss(K, cecore.softmax(Z), **named)
    same(OURS["weighted_mean"](Z, K, weights)[0], mean)


def test_log_loss_of_two_classes_is_binary_cross_entropy(metrics):
    x, y = Z[:, 0], YES[:, 0]
    mean = metrics.log_loss(y, cecore.softmax(np.stack([0 * x, x], -1)))
    same(OURS["binary"](x, y)[0].mean(), mean)


def test_class_weight_finds_weights_where_the_gradient_is_zero(metrics):
    from sklearn.linear_model import LogisticRegression

    X = np.repeat(V, 10, axis=0) + np.random.default_rng(1).normal(size=(10 * N, CLASSES))
    k = np.repeat(K, 10)
    weights = dict(enumerate(CLASS_WEIGHTS))
    model = LogisticRegression(class_weight=weights, tol=1e-10, max_iter=10_000).fit(X, k)
    z = X @ model.coef_.T + model.intercept_
    total = CLASS_WEIGHTS[k].sum()
    slope = total * X.T @ OURS["weighted_mean"](z, k, CLASS_WEIGHTS[k])[1]
    same(slope, -model.coef_.T, 1e-4)  # of half the sum of its squares


def test_the_reliability_diagram_is_that_of_scikit_learn(metrics):
    from sklearn.calibration import calibration_curve

    z = 2 * np.random.default_rng(2).normal(size=(500, CLASSES))
    k = np.random.default_rng(3).integers(CLASSES, size=500)
    s = cecore.softmax(z)
    shares, confidences = calibration_curve(s.argmax(-1) == k, s.max(-1), n_bins=10)
    _, a, c = OURS["reliability"](s, k)
    same(a, shares)
    same(c, confidences)


@pytest.mark.parametrize("classes", [2, CLASSES])
def test_the_fitted_temperature_is_that_of_scikit_learn(metrics, classes):
    calibration = pytest.importorskip("sklearn.calibration")
    if not hasattr(calibration, "_TemperatureScaling"):
        pytest.skip("this scikit-learn has no temperature scaling: it came with version 1.8")
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(4)
    X, k = rng.normal(size=(300, 6)), rng.integers(classes, size=300)
    X[:, 0] += k
    model = LogisticRegression(C=1e6).fit(X[:60], k[:60])
    frozen = calibration.CalibratedClassifierCV(FrozenEstimator(model), method="temperature")
    frozen.fit(X[60:], k[60:])
    z = model.decision_function(X)
    if classes == 2:
        z = np.stack([0 * z, z], -1)
    fitted = OURS["fitted_temperature"](z[60:], k[60:])
    beta = frozen.calibrated_classifiers_[0].calibrators[0].beta_
    same(1 / fitted, 2 * beta if classes == 2 else beta, 1e-5)
    same(cecore.softmax(z / fitted), frozen.predict_proba(X), 1e-5)
