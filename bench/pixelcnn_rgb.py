"""PixelCNN with masks by colour, as stdlib/pixelcnn.arm has it, on colour pictures of 256 levels: for bench/conv.py."""
import numpy

from conv_layers import conv_mask

TITLE = "PixelCNN with masks by colour, 120 filters, 5 blocks, 32x32x3, 256 levels"
SIDE, CHANNELS, LEVELS = 32, 3, 256
FILTERS, BLOCKS = 120, 5
BATCHES = [16]


def pictures(path):
    """Smooth pictures with noise: what they show doesn't count, only their size."""
    draw = numpy.random.default_rng(0)
    waves = numpy.sin(numpy.linspace(0, 6, SIDE))[:, None] * numpy.cos(numpy.linspace(0, 5, SIDE))
    values = 128 + 80 * waves[..., None] * draw.uniform(-1, 1, (160, 1, 1, CHANNELS)) + draw.normal(0, 12, (160, SIDE, SIDE, CHANNELS))
    numpy.save(path, values.clip(0, 255).astype(numpy.uint8))


def colour_conv(layers, kind, size, inputs, outputs, **more):
    return layers.conv(conv_mask(kind, size, size, inputs, outputs, colours=CHANNELS), **more)


def residual(layers):
    import torch.nn.functional as F

    sizes = [(1, FILTERS, FILTERS // 2), (3, FILTERS // 2, FILTERS // 2), (1, FILTERS // 2, FILTERS)]
    parts = [(layers.norm(CHANNELS), colour_conv(layers, "B", *size)) for size in sizes]

    def run(x):
        y = x
        for norm, conv in parts:
            y = conv(F.relu(norm(y)))
        return x + y

    return run


def build(layers):
    """A function from (N, sites * channels) levels to the loss."""
    import torch.nn.functional as F

    first = colour_conv(layers, "A", 7, CHANNELS, FILTERS, reads_picture=True)
    blocks = [residual(layers) for _ in range(BLOCKS)]
    last = [(layers.norm(CHANNELS), colour_conv(layers, "B", 1, FILTERS, FILTERS)) for _ in range(2)]
    head = colour_conv(layers, "B", 1, FILTERS, CHANNELS * LEVELS)

    def loss(x):
        x = layers.picture(x, CHANNELS)
        y = first(x / (LEVELS - 1))
        for block in blocks:
            y = block(y)
        for norm, conv in last:
            y = conv(F.relu(norm(y)))
        return layers.nll(head(F.relu(y)), x, LEVELS)

    return loss
