import torch

z = torch.tensor([[2.0, 1.0, 0.1], [0.0, 0.0, 3.0]], requires_grad=True)
k = torch.tensor([0, 2])
loss = torch.nn.functional.cross_entropy(z, k)
loss.backward()
print(loss.item())
print(z.grad)
# > 0.25597643852233887
# > tensor([[-0.1705,  0.1212,  0.0493],
# >         [ 0.0226,  0.0226, -0.0453]])
