"""Softmax and cross-entropy, computed the way the book derives them."""

from cecore.chapters.combined import softmax_cross_entropy, softmax_cross_entropy_grad
from cecore.chapters.cross_entropy import cross_entropy, entropy, kl_divergence, one_hot
from cecore.chapters.derivative import softmax_jacobian, softmax_jvp, softmax_vjp
from cecore.chapters.softmax import log_softmax, logsumexp, softmax
from cecore.claims import verify
from cecore.scale.in_memory import loss_and_grad

__version__ = "0.1.0"

__all__ = [
    "cross_entropy",
    "entropy",
    "kl_divergence",
    "log_softmax",
    "logsumexp",
    "loss_and_grad",
    "one_hot",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_grad",
    "softmax_jacobian",
    "softmax_jvp",
    "softmax_vjp",
    "verify",
]
