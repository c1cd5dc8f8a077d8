"""A decoder-only transformer in PyTorch; the one module here, with `train`, that imports it."""

import torch
from torch import nn
from torch.nn import functional as F

from uniroute_lab.pocket.specs import CONTEXT
from uniroute_lab.pocket.tokens import vocabulary

__all__ = ["Transformer"]


class Transformer(nn.Module):
    """Decoder-only transformer with layer normalisation first and one table for all words.

    Parameters
    ----------
    spec : LLMSpec
        Its shape.
    """

    def __init__(self, spec):
        super().__init__()
        self.tokens = nn.Embedding(len(vocabulary()), spec.width)
        self.positions = None if spec.rotary else nn.Embedding(CONTEXT, spec.width)
        self.layers = nn.ModuleList(Layer(spec) for _ in range(spec.n_layers))
        self.norm = nn.LayerNorm(spec.width)
        for weight in self.parameters():
            if weight.ndim == 2:
                nn.init.normal_(weight, std=0.5 * spec.width**-0.5)

    def forward(self, tokens):
        """Return the hidden states, shape (n_prompts, n_tokens, width)."""
        hidden = self.tokens(tokens)
        if self.positions is not None:
            hidden = hidden + self.positions.weight[: tokens.shape[1]]
        for layer in self.layers:
            hidden = layer(hidden)
        return self.norm(hidden)

    def scores(self, hidden):
        """Return a score for each word of the vocabulary."""
        return hidden @ self.tokens.weight.T


class Layer(nn.Module):
    """Attention to the tokens so far, then a hidden layer four times as wide."""

    def __init__(self, spec):
        super().__init__()
        self.n_heads, self.rotary = spec.n_heads, spec.rotary
        self.norms = nn.ModuleList(nn.LayerNorm(spec.width) for _ in range(2))
        self.look = nn.Linear(spec.width, 3 * spec.width, bias=False)
        self.mix = nn.Linear(spec.width, spec.width, bias=False)
        self.widen = nn.Linear(spec.width, 4 * spec.width, bias=False)
        self.narrow = nn.Linear(4 * spec.width, spec.width, bias=False)

    def forward(self, hidden):
        """Add what the tokens so far and the hidden layer have to say."""
        hidden = hidden + self.mix(self.attend(self.norms[0](hidden)))
        return hidden + self.narrow(F.relu(self.widen(self.norms[1](hidden))))

    def attend(self, hidden):
        """Return the attention of every head, side by side."""
        n_prompts, n_tokens, width = hidden.shape
        shape = (n_prompts, n_tokens, 3, self.n_heads, width // self.n_heads)
        query, key, value = self.look(hidden).view(shape).permute(2, 0, 3, 1, 4)
        if self.rotary:
            query, key = turn(query), turn(key)
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return seen.transpose(1, 2).reshape(n_prompts, n_tokens, width)


def turn(vectors):
    """Turn pairs of coordinates by angles that grow with the position of the token."""
    n_tokens, size = vectors.shape[-2:]
    slow = torch.arange(size // 2, device=vectors.device) * (2 / size)
    angles = torch.arange(n_tokens, device=vectors.device)[:, None] * 100.0**-slow
    x, y = vectors.chunk(2, dim=-1)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([x * cos - y * sin, x * sin + y * cos], dim=-1)
