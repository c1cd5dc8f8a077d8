"""The optimiser of the second generation, Muon; imports PyTorch."""

import torch

__all__ = ["Muon"]

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of a polynomial that brings (0, 1] close to 1


class Muon(torch.optim.Optimizer):
    """Momentum whose steps are made orthogonal: every direction of a matrix moves equally far.

    Parameters
    ----------
    matrices : iterable of Parameter
        Weights with two dimensions.
    lr : float
        Learning rate; the mean size of a step is a fifth of it, as is usual with Adam.
    momentum : float, default 0.95
        Share of the earlier gradients that is kept.
    """

    def __init__(self, matrices, lr, momentum=0.95):
        super().__init__(matrices, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        """Move all matrices."""
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                mean = state.setdefault("mean", torch.zeros_like(weight))
                mean.lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(mean, group["momentum"])
                size = 0.2 * max(weight.shape) ** 0.5
                weight.sub_(orthogonal(ahead), alpha=group["lr"] * size)


def orthogonal(matrix):
    """Bring all singular values close to 1, by five steps of a Newton-Schulz iteration."""
    a, b, c = COEFFICIENTS
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x
