import jax

z = jax.numpy.array([2.0, 1.0, 0.1])
print(jax.nn.softmax(z))
# > [0.6590012  0.24243298 0.09856589]
