"""Softmax and cross-entropy, computed the way the book derives them."""

from cecore.combined import softmax_cross_entropy, softmax_cross_entropy_grad
from cecore.cross_entropy import cross_entropy, entropy, kl_divergence, one_hot
from cecore.derivative import softmax_jacobian, softmax_jvp, softmax_vjp
from cecore.fused import loss_and_grad
from cecore.softmax import log_softmax, logsumexp, softmax
from cecore.verify import verify

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
