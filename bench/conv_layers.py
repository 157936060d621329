"""Layers of convolutional nets by PyTorch, in the ways that a user could choose: for bench/conv.py.

A net is built from `Layers`, which takes the parameters of a file one by one, in its order, and turns each into what the way
of computing wants. `Way` says which way. In a file a convolution's weight is (height, width, in, out), a dense layer's (in, out).
"""
import dataclasses

import numpy

MALLOCS = {
    "glibc": {},
    "glibc tuned": {
        "MALLOC_TRIM_THRESHOLD_": "8589934592",
        "MALLOC_TOP_PAD_": "268435456",
        "MALLOC_MMAP_THRESHOLD_": "8589934592",
        "MALLOC_ARENA_MAX": "1",
    },
    "jemalloc": {"LD_PRELOAD": "libjemalloc.so.2", "MALLOC_CONF": "background_thread:false,dirty_decay_ms:-1,muzzy_decay_ms:-1"},
    "tcmalloc": {"LD_PRELOAD": "libtcmalloc_minimal.so.4", "TCMALLOC_RELEASE_RATE": "0"},
}


@dataclasses.dataclass(frozen=True)
class Way:
    """A way to compute a step with PyTorch."""

    layout: str = "NCHW"  # or "NHWC", which PyTorch calls channels_last; "NHWC, 1x1 as linear"
    mask: str = "weights"  # multiplied by the masks in each step; "gradients": weights that stay zero, gradients masked
    cut: bool = False  # kernels without their dead rows, the picture padded on one side
    compiled: str = ""  # a mode of torch.compile
    adam: str = "fused"  # or "foreach", "one by one"
    chunk: int = 0  # so many examples at a time; 0: all
    malloc: str = "glibc tuned"
    mkldnn: bool = True

    def __str__(self):
        words = [f"compiled ({self.compiled})" if self.compiled else "eager", self.layout, f"masked {self.mask}"]
        words += ["cut kernels"] * self.cut + [f"{self.chunk} at a time"] * (self.chunk > 0)
        words += [f"Adam {self.adam}"] * (self.adam != "fused") + ["no oneDNN"] * (not self.mkldnn)
        return ", ".join(words + [self.malloc])

    def but(self, **changes):
        return dataclasses.replace(self, **changes)


# --- masks and the arithmetic that they leave --------------------------------------------------------------------------


def own_mask(kind, inputs, outputs, colours):
    """(inputs, outputs) of the centre tap. The features of a colour lie together."""
    of_input = numpy.arange(inputs) * colours // inputs
    of_output = numpy.arange(outputs) * colours // outputs
    if colours == 1 and kind == "A":
        return numpy.zeros((inputs, outputs), bool)
    compare = numpy.less if kind == "A" else numpy.less_equal
    return compare.outer(of_input, of_output)


def conv_mask(kind, height, width, inputs, outputs, colours=1, parts=1):
    """A masked convolution's: what lies before the centre, and of the centre what `kind` and the colours let through."""
    mask = numpy.zeros((height, width, inputs, outputs * parts), bool)
    mask[: height // 2] = True
    mask[height // 2, : width // 2] = True
    mask[height // 2, width // 2] = numpy.tile(own_mask(kind, inputs, outputs, colours), parts)
    return mask


def rows_mask(height, width, inputs, outputs, centre):
    """The rows above the centre, and its own where `centre`."""
    mask = numpy.zeros((height, width, inputs, outputs), bool)
    mask[: height // 2 + centre] = True
    return mask


def products(mask, side):
    """Live multiply-adds an example on a picture of side x side: taps outside of it are not counted."""
    height, width = mask.shape[:2]
    rows = side - numpy.abs(numpy.arange(height) - height // 2)
    columns = side - numpy.abs(numpy.arange(width) - width // 2)
    return float((mask.sum((2, 3)) * numpy.outer(rows, columns)).sum())


# --- layers ------------------------------------------------------------------------------------------------------------


class Layers:
    """Builds a net's functions; values are (N, C, H, W) or (N, H, W, C), as the way's layout says."""

    def __init__(self, way, tensors, side):
        self.way, self.side = way, side
        self.tensors = iter(tensors)
        self.parameters, self.masks = [], []
        self.flops = 0.0  # live ones of a step, an example: forward and both gradients
        self.nhwc = way.layout != "NCHW"
        self.axis = 3 if self.nhwc else 1

    def keep(self, tensor, mask=None):
        """A parameter of the net; the result gives it as the net is to use it."""
        tensor = tensor if mask is None else tensor * mask
        parameter = tensor.clone().requires_grad_()
        self.parameters.append(parameter)
        self.masks.append(mask)
        if mask is not None and self.way.mask == "weights":
            return lambda: parameter * mask
        return lambda: parameter

    def vector(self, shaped=True):
        """An offset or a gain, broadcast over a value."""
        value = self.keep(next(self.tensors))
        if self.nhwc or not shaped:
            return value
        return lambda: value()[:, None, None]

    def count(self, mask, read_only):
        self.flops += 2 * products(mask, self.side) * (2 if read_only else 3)

    def laid_out(self, array, linear):
        """A weight or mask (height, width, in, out) as PyTorch's convolutions, or its linear layers, want it."""
        import torch

        if linear:
            return array[0, 0].t().contiguous()
        weight = array.permute(3, 2, 0, 1)
        return weight.contiguous(memory_format=torch.channels_last if self.nhwc else torch.contiguous_format)

    def conv(self, mask, bias=True, reads_picture=False):
        """A convolution by the next weight, with zeros around; `mask` None: all live, 1 x 1."""
        import torch

        weight = next(self.tensors)
        weight = weight.reshape((1, 1, *weight.shape)[-4:])
        live = numpy.ones(weight.shape, bool) if mask is None else mask
        assert live.shape == tuple(weight.shape), (live.shape, tuple(weight.shape))
        self.count(live, reads_picture)
        height, width = live.shape[:2]
        pad = [width // 2, width // 2, height // 2, height // 2]
        if self.way.cut:
            rows = int(live.any((1, 2, 3)).nonzero()[0].max()) + 1
            pad[3] -= height - rows
            weight, live = weight[:rows], live[:rows]
        linear = self.way.layout.endswith("linear") and live.shape[:2] == (1, 1)
        dead = None if live.all() else self.laid_out(torch.from_numpy(live).float(), linear)
        weight = self.keep(self.laid_out(weight, linear), dead)
        offset = self.keep(next(self.tensors)) if bias else lambda: None
        return self.product(weight, offset) if linear else self.convolution(weight, offset, pad)

    def product(self, weight, offset):
        import torch.nn.functional as F

        return lambda x: F.linear(x, weight(), offset())

    def convolution(self, weight, offset, pad):
        import torch.nn.functional as F

        left, right, top, bottom = pad
        even = left == right and top == bottom

        def run(x):
            x = x.permute(0, 3, 1, 2) if self.nhwc else x
            if even:
                y = F.conv2d(x, weight(), offset(), padding=(top, left))
            else:
                y = F.conv2d(F.pad(x, pad), weight(), offset())
            return y.permute(0, 2, 3, 1) if self.nhwc else y

        return run

    def norm(self, sets=1):
        """Layer normalisation, of each of the sets of features that lie together, then gain and offset."""
        import torch
        import torch.nn.functional as F

        gain, offset = self.vector(), self.vector()

        def rows(x):
            if sets == 1:
                return F.layer_norm(x, x.shape[-1:], gain(), offset(), 1e-5)
            y = F.layer_norm(x.unflatten(-1, (sets, -1)), (x.shape[-1] // sets,), eps=1e-5)
            return y.flatten(-2) * gain() + offset()

        def planes(x):
            y = x.unflatten(1, (sets, -1))
            variance, mean = torch.var_mean(y, 2, correction=0, keepdim=True)
            return ((y - mean) * torch.rsqrt(variance + 1e-5)).flatten(1, 2) * gain() + offset()

        return rows if self.nhwc else planes

    def picture(self, x, channels):
        """(N, sites * channels) levels as a value."""
        x = x.view(-1, self.side, self.side, channels)
        return x if self.nhwc else x.permute(0, 3, 1, 2).contiguous()

    def one_hot(self, x, levels):
        """Levels of a value as 0 and 1, the levels of a channel together."""
        import torch

        hot = (x.unsqueeze(self.axis + 1) == self.spread(torch.arange(levels))).float()
        return hot.flatten(self.axis, self.axis + 1)

    def spread(self, numbers):
        return numbers if self.nhwc else numbers[:, None, None]

    def nll(self, logits, x, levels):
        """-log p of levels, the mean over the examples."""
        import torch.nn.functional as F

        target = x.long()
        logits = logits.unflatten(self.axis, (x.shape[self.axis], levels))
        if self.nhwc:
            total = F.cross_entropy(logits.reshape(-1, levels), target.reshape(-1), reduction="sum")
        else:
            total = F.cross_entropy(logits.flatten(0, 1), target.flatten(0, 1), reduction="sum")
        return total / x.shape[0]
