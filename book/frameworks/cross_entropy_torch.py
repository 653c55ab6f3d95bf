import torch

p, q = torch.tensor([0.7, 0.3]), torch.tensor([0.9, 0.1])
kl = torch.nn.functional.kl_div(q.log(), p, reduction="sum")
print("KL(p || q) =", kl)
# > KL(p || q) = tensor(0.1537)
