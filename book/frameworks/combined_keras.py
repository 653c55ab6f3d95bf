import keras
import numpy as np

z = np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 3.0]])
k = np.array([0, 2])
Loss = keras.losses.SparseCategoricalCrossentropy
print(float(Loss(from_logits=True)(k, z)))
# > 0.25597643852233887
