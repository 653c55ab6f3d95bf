from scipy.special import softmax
from sklearn.metrics import log_loss

z = [[2.0, 1.0, 0.1], [0.0, 0.0, 3.0]]
k = [0, 2]
print(log_loss(k, softmax(z, axis=-1), labels=[0, 1, 2]))
# > 0.2559764863493972
