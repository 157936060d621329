"""PixelLSTM for bench/contest.py: 784 pixels of ten levels, 128 units, 64 examples.

In a file the parameters are told apart by size: U has H x 4H entries, V (the output's matrix) H x K, W and b have 4H, W
standing before b, which is the offset beside the 1 that stdlib's lstm adds to the forget gates; c has K. Gates stand in
PyTorch's order: i, f, g, o.
"""
import math
import sys

from contest import by_autograd, compiled

D, H, K, B = 784, 128, 10, 64
TITLE, STEPS = f"PixelLSTM, {D} steps, {H} units, {B} examples", 3
SITES = 28  # steps in a compiled block


def read(tensors):
    """batch (B,D) of levels and W (4H), U (H,4H), b (4H), V (H,K), c (K)."""
    batch = tensors.pop("batch")
    of = lambda *dims: [t.reshape(dims) for t in tensors.values() if t.numel() == math.prod(dims)]
    (U,), (V,), (c,) = of(H, 4 * H), of(H, K), of(K)
    narrow = of(4 * H)
    if len(narrow) != 2 or batch.shape[1:] != (D,):
        sys.exit(f"this is not a PixelLSTM of {D} pixels and {H} units and a batch of such pictures")
    named = [name for name, t in tensors.items() if t.numel() == 4 * H]
    if "offset" in named[0]:
        narrow.reverse()
    return batch, [narrow[0], U, narrow[1], V, c]


def random():
    import torch

    torch.manual_seed(0)
    U, V = torch.randn(1, H, 4 * H) / math.sqrt(H), torch.randn(H, K) / math.sqrt(H)
    weights = {"dense.weight": torch.randn(1, 4 * H), "offset": torch.zeros(4 * H), "U": U, "V": V, "c": torch.zeros(K)}
    return {**weights, "batch": torch.randint(0, K, (B, D)).float()}


# --- variants ----------------------------------------------------------------------------------------------------------


def shifted(x):
    """What step t reads: the value of pixel t - 1 between 0 and 1; (B,D)."""
    import torch

    return torch.cat([torch.zeros(B, 1), x[:, :-1] / (K - 1)], 1)


def remember():
    import torch

    return torch.cat([torch.zeros(H), torch.ones(H), torch.zeros(2 * H)])


def loss_of(h, x, V, c):
    """The mean over the examples of -log p, from the states (B,D,H)."""
    import torch.nn.functional as F

    return F.cross_entropy((h @ V + c).reshape(B * D, K), x.reshape(-1).long(), reduction="sum") / B


def whole(first):
    """nn.LSTM's own loop; `first`: batch or steps first in memory."""

    def forward(x, W, U, b, V, c):
        import torch

        with torch.no_grad():
            start = torch.zeros(1, B, H)
        parameters = [W.reshape(4 * H, 1), U.t(), b + remember(), torch.zeros(4 * H)]
        inputs = shifted(x)[:, :, None] if first == "batch" else shifted(x).t()[:, :, None]
        h, _, _ = torch._VF.lstm(
            inputs, (start, start), parameters, True, 1, 0.0, True, False, first == "batch"
        )
        return loss_of(h if first == "batch" else h.transpose(0, 1), x, V, c)

    return forward


def cells(gates, h, s, U):
    """Some steps (n,B,4H), unrolled."""
    import torch

    states = []
    for a in gates.unbind(0):
        i, f, g, o = (a + h @ U).chunk(4, 1)
        s = torch.sigmoid(f) * s + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(s)
        states.append(h)
    return torch.stack(states), h, s


def cell_loop(block, sites):
    """The usual loop over cells, all inputs' products before it."""

    def forward(x, W, U, b, V, c):
        import torch

        gates = shifted(x).t()[:, :, None] * W.reshape(4 * H) + (b + remember())  # (D,B,4H)
        h = s = torch.zeros(B, H)
        states = []
        for part in gates.split(sites):
            part_states, h, s = block(part, h, s, U)
            states.append(part_states)
        return loss_of(torch.cat(states).transpose(0, 1), x, V, c)

    return forward


VARIANTS = {
    "nn.LSTM, batch first": lambda: by_autograd(whole("batch")),
    "nn.LSTM, steps first": lambda: by_autograd(whole("steps")),
    "loop over cells": lambda: by_autograd(cell_loop(cells, D)),
    f"loop over cells, compiled by {SITES} steps": lambda: by_autograd(cell_loop(compiled(cells), SITES)),
}
WHOLE = []
