import tensorflow as tf

z = tf.Variable([2.0, 1.0, 0.1])
with tf.GradientTape() as tape:
    s = tf.nn.softmax(z)
print(tape.jacobian(s, z).numpy())
# > [[ 0.22471865 -0.1597636  -0.06495503]
# >  [-0.1597636   0.18365924 -0.02389562]
# >  [-0.06495503 -0.02389562  0.08885065]]
