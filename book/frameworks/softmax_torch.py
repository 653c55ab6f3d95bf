import torch

z = torch.tensor([2.0, 1.0, 0.1])
print(torch.softmax(z, dim=-1))
# > tensor([0.6590, 0.2424, 0.0986])
