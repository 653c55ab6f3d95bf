from scipy.special import softmax

z = [[2.0, 1.0, 0.1]]
print(softmax(z, axis=-1))
# > [[0.65900114 0.24243297 0.09856589]]
