"""Binary NADE for bench/contest.py.

In a file the parameters are told apart by size: W and V have D x H entries, the sites first, W standing before V; c has H
entries, b has D.
"""
import math
import sys

from contest import by_autograd, compiled, nll

D, H, B = 784, 500, 100
TITLE, STEPS = f"binary NADE {D} x {H}, {B} examples", 3
SITES = 28  # sites in a compiled block
EXAMPLES = 10  # examples in a chunk


def read(tensors):
    """batch (B,D) and W (D,H), c (H), V (D,H), b (D)."""
    batch = tensors.pop("batch")
    large = [t.reshape(D, H) for t in tensors.values() if t.numel() == D * H]
    (c,) = [t.reshape(H) for t in tensors.values() if t.numel() == H]
    (b,) = [t.reshape(D) for t in tensors.values() if t.numel() == D]
    if len(large) != 2 or batch.shape != (B, D):
        sys.exit(f"this is not a binary NADE of {D}x{H} and a batch of {B}")
    return batch, [large[0], c, large[1], b]


def random():
    import torch

    torch.manual_seed(0)
    weights = {"W": torch.randn(D, H) / math.sqrt(D), "V": torch.randn(D, H) / math.sqrt(H)}
    return {**weights, "c": torch.zeros(H), "b": torch.zeros(D), "batch": (torch.rand(B, D) < 0.2).float()}


# --- variants ----------------------------------------------------------------------------------------------------------
#   a_1 = c,  h_i = sigmoid(a_i),  logit_i = h_i . V_i + b_i,  a_(i+1) = a_i + x_i W_i


def loop(x, W, c, V, b):
    """The usual loop."""
    import torch

    a, logits = c.expand(B, H), []
    for i in range(D):
        h = torch.sigmoid(a)
        logits.append(h @ V[i] + b[i])
        a = a + torch.outer(x[:, i], W[i])
    return nll(torch.stack(logits, 1), x)


def unbound(x, W, c, V, b):
    """Parameters unbound outside the loop: their gradients are stacked once, not added up in 784 whole arrays."""
    import torch

    a, logits = c.expand(B, H), []
    for x_i, W_i, V_i in zip(x.unbind(1), W.unbind(0), V.unbind(0)):
        logits.append(torch.sigmoid(a) @ V_i)
        a = torch.addr(a, x_i, W_i)
    return nll(torch.stack(logits, 1) + b, x)


def site_block(a, x, W, V):
    """Some sites, unrolled: the sum after them and their outputs."""
    import torch

    logits = []
    for i in range(x.shape[1]):
        logits.append((torch.sigmoid(a) * V[i]).sum(1))
        a = a + x[:, i : i + 1] * W[i]
    return a, torch.stack(logits, 1)


def compiled_sites():
    """The loop in compiled blocks of sites."""
    import torch

    block = torch.compile(site_block, dynamic=False)

    def forward(x, W, c, V, b):
        a, logits = c.expand(B, H).contiguous(), []
        parts = (t.split(SITES, d) for t, d in ((x, 1), (W, 0), (V, 0)))
        for x_s, W_s, V_s in zip(*parts):
            a, part = block(a, x_s, W_s, V_s)
            logits.append(part)
        return nll(torch.cat(logits, 1) + b, x)

    return forward


def cumulative(x, W, c, V, b):
    """All sites at once: the sums by cumsum."""
    import torch

    products = x.t()[:, :, None] * W[:, None, :]  # (D,B,H)
    a = c + torch.cumsum(products, 0) - products
    return nll(torch.einsum("dbh,dh->bd", torch.sigmoid(a), V) + b, x)


def blocked(x, W, c, V, b):
    """All sites at once: sums within blocks of sites by a product with a triangular matrix, between blocks by cumsum."""
    import torch

    n, rows = D // SITES, x.shape[0]
    x_s, W_s = x.view(rows, n, SITES).transpose(0, 1), W.view(n, SITES, H)
    whole = torch.bmm(x_s, W_s)  # (n,rows,H): what a block adds
    before = c + torch.cumsum(whole, 0) - whole
    lower = torch.ones(SITES, SITES).tril(-1) * x_s[:, :, None, :]  # (n,rows,SITES,SITES)
    within = torch.bmm(lower.reshape(n, rows * SITES, SITES), W_s).view(n, rows, SITES, H)
    h = torch.sigmoid(before[:, :, None, :] + within)
    logits = (h * V.view(n, 1, SITES, H)).sum(3)  # (n,rows,SITES)
    return nll(logits.transpose(0, 1).reshape(rows, D) + b, x)


def in_chunks(forward):
    """A variant that takes a few examples through forward and backward before the next."""

    def prepare(x, parameters):
        chunks = [chunk.contiguous() for chunk in x.split(EXAMPLES)]

        def gradients():
            total = 0.0
            for chunk in chunks:
                loss = forward(chunk, *parameters) / len(chunks)
                loss.backward()
                total += loss.detach()
            return total

        return gradients

    return prepare


def backward_block(a, d, x, W, V, e):
    """The way back through some sites: a is their last sum, d its gradient, e that of their logits."""
    import torch

    dW, dV = [], []
    for i in reversed(range(x.shape[1])):
        x_i, e_i = x[:, i : i + 1], e[:, i : i + 1]
        dW.append((x_i * d).sum(0))
        a = a - x_i * W[i]
        h = torch.sigmoid(a)
        dV.append((e_i * h).sum(0))
        d = d + e_i * V[i] * h * (1 - h)
    return a, d, torch.stack(dW[::-1]), torch.stack(dV[::-1])


def by_hand(wrap, sites):
    """A variant with the backward pass written by hand: nothing is kept, the sums are taken back on the way."""

    def prepare(x, parameters):
        import torch

        forward, backward = wrap(site_block), wrap(backward_block)
        x_s = [part.contiguous() for part in x.split(sites, 1)]

        @torch.no_grad()
        def gradients():
            W, c, V, b = parameters
            W_s, V_s = W.split(sites), V.split(sites)
            a, logits = c.expand(B, H).contiguous(), []
            for s in range(len(x_s)):
                a, part = forward(a, x_s[s], W_s[s], V_s[s])
                logits.append(part)
            logits = torch.cat(logits, 1) + b
            loss = nll(logits, x)
            e = (torch.sigmoid(logits) - x) / B
            e_s = [part.contiguous() for part in e.split(sites, 1)]
            d, dW, dV = torch.zeros(B, H), [], []
            for s in reversed(range(len(x_s))):
                a, d, dW_s, dV_s = backward(a, d, x_s[s], W_s[s], V_s[s], e_s[s])
                dW.append(dW_s)
                dV.append(dV_s)
            W.grad, V.grad = torch.cat(dW[::-1]), torch.cat(dV[::-1])
            c.grad, b.grad = d.sum(0), e.sum(0)
            return loss

        return gradients

    return prepare


VARIANTS = {
    "loop over pixels": lambda: by_autograd(loop),
    "loop, parameters unbound": lambda: by_autograd(unbound),
    f"loop, compiled by {SITES} sites": lambda: by_autograd(compiled_sites()),
    "cumsum": lambda: by_autograd(cumulative),
    f"cumsum, {EXAMPLES} examples at a time": lambda: in_chunks(cumulative),
    f"cumsum, {EXAMPLES} at a time, compiled": lambda: in_chunks(compiled(cumulative)),
    "triangular blocks": lambda: by_autograd(blocked),
    "triangular blocks, compiled": lambda: by_autograd(compiled(blocked)),
    f"triangular blocks, {EXAMPLES} at a time, compiled": lambda: in_chunks(compiled(blocked)),
    "backward by hand": lambda: by_hand(lambda function: function, SITES),
    f"backward by hand, compiled by {SITES} sites": lambda: by_hand(compiled, SITES),
}
WHOLE = []
