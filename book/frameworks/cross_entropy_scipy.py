from scipy.stats import entropy

p, q = [0.7, 0.3], [0.9, 0.1]
print("H(p)       =", entropy(p))
print("KL(p || q) =", entropy(p, q))
# > H(p)       = 0.6108643020548935
# > KL(p || q) = 0.15366358680379855
