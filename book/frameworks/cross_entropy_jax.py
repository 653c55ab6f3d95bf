import jax.numpy as jnp
import optax

p, q = jnp.array([0.7, 0.3]), jnp.array([0.9, 0.1])
print("KL(p || q) =", optax.kl_divergence(jnp.log(q), p))
# > KL(p || q) = 0.1536636
