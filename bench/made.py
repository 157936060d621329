"""Binary MADE 784-500-784 for bench/contest.py.

In a file the parameters are told apart by shape: W (D,H), c (H), V (H,D), b (D). Masks follow from degrees, spread evenly:
variable i may reach hidden units of degree i + 1 or more, and a unit reaches the outputs for variables of at least its degree.
"""
import math
import sys

from contest import by_autograd, compiled, nll

D, H, B = 784, 500, 100
TITLE, STEPS = f"binary MADE {D}-{H}-{D}, {B} examples", 25


def read(tensors):
    """batch (B,D) and W (D,H), c (H), V (H,D), b (D)."""
    batch = tensors.pop("batch")
    found = {tuple(t.shape): t for t in tensors.values()}
    shapes = [(D, H), (H,), (H, D), (D,)]
    if len(tensors) != 4 or any(shape not in found for shape in shapes) or batch.shape != (B, D):
        sys.exit(f"this is not a binary MADE {D}-{H}-{D} and a batch of {B}")
    return batch, [found[shape] for shape in shapes]


def masks():
    import torch

    variable = torch.arange(D)
    unit = 1 + (2 * torch.arange(H) + 1) * (D - 1) // (2 * H)
    return (variable[:, None] + 1 <= unit).float(), (unit[:, None] <= variable).float()


def random():
    import torch

    torch.manual_seed(0)
    mask_W, mask_V = masks()
    weights = {"W": torch.randn(D, H) / math.sqrt(D) * mask_W, "V": torch.randn(H, D) / math.sqrt(H) * mask_V}
    return {**weights, "c": torch.zeros(H), "b": torch.zeros(D), "batch": (torch.rand(B, D) < 0.2).float()}


# --- variants ----------------------------------------------------------------------------------------------------------
#   h = relu(x (W mask) + c),  logits = h (V mask) + b


def masked_weights():
    """The usual way: weights times masks in each step."""
    import torch

    mask_W, mask_V = masks()

    def forward(x, W, c, V, b):
        h = torch.relu(torch.addmm(c, x, W * mask_W))
        return nll(torch.addmm(b, h, V * mask_V), x)

    return forward


def masked_linear():
    """The same with weights and masks as torch.nn.Linear has them: (out, in)."""
    import torch
    import torch.nn.functional as F

    mask_W, mask_V = (mask.t().contiguous() for mask in masks())

    def forward(x, W, c, V, b):
        h = torch.relu(F.linear(x, W * mask_W, c))
        return nll(F.linear(h, V * mask_V, b), x)

    return forward


def plain(x, W, c, V, b):
    import torch

    return nll(torch.addmm(b, torch.relu(torch.addmm(c, x, W)), V), x)


def plain_linear(x, W, c, V, b):
    import torch
    import torch.nn.functional as F

    return nll(F.linear(torch.relu(F.linear(x, W, c)), V, b), x)


def transpose(parameters):
    """Weights as torch.nn.Linear has them."""
    W, c, V, b = parameters
    parameters[:] = [W.detach().t().contiguous().requires_grad_(), c, V.detach().t().contiguous().requires_grad_(), b]


def as_linear(forward):
    def prepare(x, parameters):
        transpose(parameters)
        return by_autograd(forward)(x, parameters)

    return prepare


def masked_gradients(forward, linear=False):
    """Dead weights are zero from the beginning, and stay so as their gradients are masked, in place."""

    def prepare(x, parameters):
        if linear:
            transpose(parameters)
        mask_W, mask_V = (mask.t().contiguous() if linear else mask for mask in masks())

        def gradients():
            loss = forward(x, *parameters)
            loss.backward()
            parameters[0].grad.mul_(mask_W)
            parameters[2].grad.mul_(mask_V)
            return loss.detach()

        return gradients

    return prepare


def strips(mask, count):
    """(columns, live rows) of the mask in strips: what makes the products block triangular."""
    width = -(-mask.shape[1] // count)
    found = []
    for begin in range(0, mask.shape[1], width):
        columns = slice(begin, min(begin + width, mask.shape[1]))
        live = mask[:, columns].any(1).nonzero().flatten()
        found.append((columns, slice(int(live[0]), int(live[-1]) + 1) if len(live) else slice(0, 0)))
    return found


class ByHand:
    """Forward and backward without autograd, into arrays that stay; products in strips of what is live."""

    def __init__(self, count):
        self.mask_W, self.mask_V = masks()
        self.down_W, self.down_V = strips(self.mask_W, count), strips(self.mask_V, count)
        self.across_V = strips(self.mask_V.t(), count)

    def forward(self, x, W, c, V, b):
        import torch

        a = torch.cat([torch.addmm(c[n], x[:, k], W[k, n]) for n, k in self.down_W], 1)
        h = torch.relu(a)
        return h, torch.cat([torch.addmm(b[n], h[:, k], V[k, n]) for n, k in self.down_V], 1)

    def backward(self, x, h, logits, V, dW, dV):
        """Fills dW, dV and returns dc, db."""
        import torch

        e = (torch.sigmoid(logits) - x) / B
        dh = torch.cat([e[:, n] @ V[k, n].t() for k, n in self.across_V], 1)
        da = torch.where(h > 0, dh, 0.0)
        for n, k in self.down_V:
            dV[k, n] = (h[:, k].t() @ e[:, n]) * self.mask_V[k, n]
        for n, k in self.down_W:
            dW[k, n] = (x[:, k].t() @ da[:, n]) * self.mask_W[k, n]
        return da.sum(0), e.sum(0)

    def gradients(self, x, W, c, V, b, dW, dV):
        h, logits = self.forward(x, W, c, V, b)
        dc, db = self.backward(x, h, logits, V, dW, dV)
        return nll(logits, x), dc, db


def by_hand(count, wrap=lambda function: function):
    def prepare(x, parameters):
        import torch

        W, c, V, b = parameters
        dW, dV = torch.zeros_like(W), torch.zeros_like(V)
        function = wrap(ByHand(count).gradients)

        @torch.no_grad()
        def gradients():
            loss, dc, db = function(x, W, c, V, b, dW, dV)
            W.grad, c.grad, V.grad, b.grad = dW, dc, dV, db
            return loss

        return gradients

    return prepare


def adam(parameters, gradients, means, squares, t):
    """Adam written out, for a compiler to fuse."""
    import torch

    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    for p, g, m, v in zip(parameters, gradients, means, squares):
        m.lerp_(g, 0.1)
        v.mul_(0.999).addcmul_(g, g, value=0.001)
        p.sub_(1e-3 / c1 * m / (torch.sqrt(v / c2) + 1e-8))


def whole_step(count, mode=None):
    """Products in strips, by hand, and Adam, all in one compiled function: masking and Adam are one pass over the weights."""

    def prepare(x, parameters):
        import torch

        hand = ByHand(count)
        weights = [p.detach() for p in parameters]
        means, squares = [torch.zeros_like(p) for p in weights], [torch.zeros_like(p) for p in weights]
        dW, dV, t = torch.zeros_like(weights[0]), torch.zeros_like(weights[2]), torch.zeros(())

        @torch.no_grad()
        def step():
            loss, dc, db = hand.gradients(x, *weights, dW, dV)
            t.add_(1)
            adam(weights, [dW, dc, dV, db], means, squares, t)
            return loss

        return torch.compile(step, dynamic=False, mode=mode)

    return prepare


VARIANTS = {
    "masked weights": lambda: by_autograd(masked_weights()),
    "masked weights, compiled": lambda: by_autograd(compiled(masked_weights())),
    "masked weights, (out, in)": lambda: as_linear(masked_linear()),
    "masked weights, (out, in), compiled": lambda: as_linear(compiled(masked_linear())),
    "masked gradients": lambda: masked_gradients(plain),
    "masked gradients, compiled": lambda: masked_gradients(compiled(plain)),
    "masked gradients, (out, in)": lambda: masked_gradients(plain_linear, linear=True),
    "masked gradients, (out, in), compiled": lambda: masked_gradients(compiled(plain_linear), linear=True),
    "by hand": lambda: by_hand(1),
    "by hand, compiled": lambda: by_hand(1, compiled),
    "by hand, 4 strips": lambda: by_hand(4),
    "by hand, 4 strips, compiled": lambda: by_hand(4, compiled),
    "whole step compiled": lambda: whole_step(1),
    "whole step compiled, 4 strips": lambda: whole_step(4),
    "whole step compiled, max-autotune": lambda: whole_step(1, "max-autotune-no-cudagraphs"),
}
WHOLE = [name for name in VARIANTS if name.startswith("whole")]
