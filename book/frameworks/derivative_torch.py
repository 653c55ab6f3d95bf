import torch

z = torch.tensor([2.0, 1.0, 0.1])
print(torch.func.jacrev(lambda z: torch.softmax(z, dim=-1))(z))
# > tensor([[ 0.2247, -0.1598, -0.0650],
# >         [-0.1598,  0.1837, -0.0239],
# >         [-0.0650, -0.0239,  0.0889]])
