import keras
import numpy as np

p, q = np.array([[0.7, 0.3]]), np.array([[0.9, 0.1]])
loss = keras.losses.CategoricalCrossentropy()
print("H(p, q) =", float(loss(p, q)))
dog, sure_cat = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
print("impossible:", float(loss(dog, sure_cat)))
# > H(p, q) = 0.7645279765129089
# > impossible: 16.11809539794922
