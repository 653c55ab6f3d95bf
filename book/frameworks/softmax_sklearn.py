from sklearn.utils.extmath import softmax

z = [[2.0, 1.0, 0.1]]
print(softmax(z))  # what predict_proba makes of the logits
# > [[0.65900114 0.24243297 0.09856589]]
