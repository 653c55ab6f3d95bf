import jax
import optax

z = jax.numpy.array([[2.0, 1.0, 0.1], [0.0, 0.0, 3.0]])
k = jax.numpy.array([0, 2])
loss = optax.softmax_cross_entropy_with_integer_labels
print(loss(z, k))
print(jax.grad(lambda z: loss(z, k).mean())(z))
# > [0.41702986 0.09492302]
# > [[-0.17049941  0.12121649  0.04928295]
# >  [ 0.02263925  0.02263925 -0.04527849]]
