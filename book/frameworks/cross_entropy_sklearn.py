from sklearn.metrics import log_loss

beliefs = [[0.7, 0.3], [0.9, 0.1]]
print("mean of -ln q_k =", log_loss([0, 1], beliefs))
# > mean of -ln q_k = 1.329630018466389
