import keras

z = keras.ops.array([[2.0, 1.0, 0.1]])
s = keras.ops.softmax(z)
print(keras.ops.convert_to_numpy(s))
# > [[0.6590011  0.24243298 0.09856588]]
