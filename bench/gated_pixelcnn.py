"""Gated PixelCNN of black and white pictures, as stdlib/gated_pixelcnn.arm has it: for bench/conv.py."""
from conv_layers import conv_mask, rows_mask

TITLE = "Gated PixelCNN, 32 filters, 7 layers behind the first, 28x28x1, black and white"
SIDE, CHANNELS, LEVELS = 28, 1, 2
FILTERS, LAYERS = 32, 7
BATCHES = [16, 128]


def pair(layers, kind, size, inputs):
    """The vertical and the horizontal stack; either's features are split into tanh and gate."""
    import torch

    read = kind == "A"
    vertical = layers.conv(rows_mask(size, size, inputs, 2 * FILTERS, centre=not read), reads_picture=read)
    horizontal = layers.conv(conv_mask(kind, 1, size, inputs, FILTERS, parts=2), reads_picture=read)
    across, out = layers.conv(None, bias=False), layers.conv(conv_mask("B", 1, 1, FILTERS, FILTERS))

    def gate(y):
        a, b = y.chunk(2, layers.axis)
        return torch.tanh(a) * torch.sigmoid(b)

    def run(v, h):
        rows = vertical(v)
        y = out(gate(horizontal(h) + across(rows)))
        return gate(rows), y if read else y + h

    return run


def build(layers):
    """A function from (N, sites) levels to the loss."""
    import torch.nn.functional as F

    pairs = [pair(layers, "A", 7, CHANNELS)] + [pair(layers, "B", 3, FILTERS) for _ in range(LAYERS)]
    last = layers.conv(conv_mask("B", 1, 1, FILTERS, FILTERS)), layers.conv(conv_mask("B", 1, 1, FILTERS, CHANNELS))

    def loss(x):
        x = layers.picture(x, CHANNELS)
        v = h = x
        for both in pairs:
            v, h = both(v, h)
        for conv in last:
            h = conv(F.relu(h))
        return F.binary_cross_entropy_with_logits(h, x, reduction="sum") / x.shape[0]

    return loss
