"""The two-hidden-layer prompt map: fitted with PyTorch, applied with NumPy."""

import numpy as np


def fit_mlp(X, losses, psi, epochs, seed, width=128, batch_size=64, learning_rate=0.005):
    """Fit Softmax . FC(K) . H' . H . BN so that Phi(x) . psi predicts the losses; App. F.3.

    Returns the layers as NumPy arrays: scale and shift of the input, then weights and biases
    with the batch normalisation folded in.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "LearnedMap(architecture='mlp') needs PyTorch to fit: "
            "install it, or use architecture='linear'"
        ) from error
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(X.shape[1], width, psi.shape[1])
        tensors = [torch.as_tensor(a, dtype=torch.float32) for a in (X, losses, psi)]
        _train(network, *tensors, epochs, batch_size, learning_rate)
    return _folded(network)


def _network(n_dims, width, n_clusters):
    """Return the layers without the softmax."""
    from torch import nn

    return nn.Sequential(
        nn.BatchNorm1d(n_dims),
        *(nn.Linear(n_dims, width), nn.BatchNorm1d(width), nn.ReLU()),
        *(nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU()),
        nn.Linear(width, n_clusters),
    )


def _train(network, X, losses, psi, epochs, batch_size, learning_rate):
    """Run Adam on the cross-entropy of the observed losses."""
    import torch
    from torch.optim.adam import adam  # torch.optim.Adam also imports the compiler, for seconds

    weights, gaps = [p.data for p in network.parameters()], torch.isnan(losses).any()
    state = [[torch.zeros_like(w) for w in weights] for _ in range(2)]
    state += [[], [torch.tensor(0.0) for _ in weights]]
    rates = {"lr": learning_rate, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0}
    for rows in (r for _ in range(epochs) for r in torch.randperm(len(X)).split(batch_size)):
        if len(rows) == 1:
            continue  # one prompt has no batch variance
        gamma = torch.softmax(network(X[rows]), dim=1) @ psi.T
        seen = ~torch.isnan(losses[rows]) if gaps else slice(None)
        loss = torch.nn.functional.binary_cross_entropy(gamma[seen], losses[rows][seen])
        slopes = list(torch.autograd.grad(loss, list(network.parameters())))
        adam(weights, slopes, *state, foreach=True, amsgrad=False, maximize=False, **rates)
    network.eval()


def _folded(network):
    """Return NumPy arrays that compute what the network computes in evaluation mode."""
    first, *layers = network
    arrays = [*_affine(first)]
    for linear, normalise in zip(layers[0::3], [*layers[1::3], None], strict=True):
        weight, bias = linear.weight.detach().numpy().T, linear.bias.detach().numpy()
        if normalise is not None:
            scale, shift = _affine(normalise)
            weight, bias = weight * scale, bias * scale + shift
        arrays += [weight.astype(float), bias.astype(float)]
    return arrays


def _affine(normalise):
    """Return batch normalisation in evaluation mode as a scale and a shift."""
    names = "running_mean", "running_var", "weight", "bias"
    mean, variance, weight, bias = (getattr(normalise, n).detach().double().numpy() for n in names)
    scale = weight / np.sqrt(variance + normalise.eps)
    return scale, bias - mean * scale


def mlp_scores(X, layers):
    """Return the scores of the clusters before the softmax, shape (n_prompts, n_clusters)."""
    scale, shift, *layers = layers
    hidden = X * scale + shift
    for weight, bias in zip(layers[0:-2:2], layers[1:-2:2], strict=True):
        hidden = np.maximum(hidden @ weight + bias, 0)
    return hidden @ layers[-2] + layers[-1]
