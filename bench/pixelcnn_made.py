"""PixelCNN over space with a MADE over three colours, as stdlib/pixelcnn_made.arm has it: for bench/conv.py."""
import numpy

from conv_layers import conv_mask

TITLE = "PixelCNN-MADE, 128 filters, 12 blocks, 28x28x3, 4 levels"
SIDE, CHANNELS, LEVELS = 28, 3, 4
FILTERS, BLOCKS, HIDDEN = 128, 12, 128
BATCHES = [16, 128]


def residual(layers):
    import torch.nn.functional as F

    sizes = [(1, FILTERS, FILTERS // 2), (3, FILTERS // 2, FILTERS // 2), (1, FILTERS // 2, FILTERS)]
    parts = [(layers.norm(), layers.conv(conv_mask("B", k, k, n, m))) for k, n, m in sizes]

    def run(x):
        y = x
        for norm, conv in parts:
            y = conv(F.relu(norm(y)))
        return x + y

    return run


def colours_mask(before, behind, compare):
    """A weight's (1, 1, in, out) from the degrees of its units."""
    return compare.outer(before, behind)[None, None]


def made(layers):
    """Units of degree i see the colours before i; the numbers for colour i see the units of degree up to i."""
    import torch.nn.functional as F

    colour = numpy.arange(CHANNELS * LEVELS) // LEVELS
    unit = (2 * numpy.arange(HIDDEN) + 1) * CHANNELS // (2 * HIDDEN)
    trunk = layers.conv(None)
    colours = layers.conv(colours_mask(colour + 1, unit, numpy.less_equal), bias=False, reads_picture=True)
    head = layers.conv(colours_mask(unit, colour, numpy.less_equal))
    return lambda y, seen: head(F.relu(trunk(y) + colours(seen)))


def build(layers):
    """A function from (N, sites * channels) levels to the loss."""
    import torch.nn.functional as F

    first = layers.conv(conv_mask("A", 7, 7, CHANNELS, FILTERS), reads_picture=True)
    blocks = [residual(layers) for _ in range(BLOCKS)]
    last = [(layers.norm(), layers.conv(conv_mask("B", 1, 1, FILTERS, FILTERS))) for _ in range(2)]
    head = made(layers)

    def loss(x):
        x = layers.picture(x, CHANNELS)
        y = first(x / (LEVELS - 1))
        for block in blocks:
            y = block(y)
        for norm, conv in last:
            y = conv(F.relu(norm(y)))
        return layers.nll(head(F.relu(y), layers.one_hot(x, LEVELS)), x, LEVELS)

    return loss
