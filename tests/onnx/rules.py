"""What a node of ONNX is in armc: a rule an operator. A rule is the text of an expression, {0} {1} … being the inputs, or
a function that makes one of the node. Only Inexpressible excuses from it, and its reason is shown."""
import math
import struct
from itertools import product

from proto import DOUBLE, FLOAT, FLOAT16, RAW

MOST_AXES = 6
LARGEST = 1 << 24  # whole numbers up to here are exact in single precision


class Inexpressible(Exception):
    pass


def check_array(tensor):
    """Whether calc can read or write it."""
    if tensor.type not in RAW or len(tensor.values) != tensor.size:
        raise Inexpressible("no array of numbers")
    if tensor.size == 0:
        raise Inexpressible("an array without entries")
    if len(tensor.dims) > MOST_AXES:
        raise Inexpressible("more than %d axes" % MOST_AXES)
    if any(isinstance(x, int) and abs(x) > LARGEST for x in tensor.values):
        raise Inexpressible("whole numbers beyond single precision")


class V:
    """A value: its text and its shape."""

    def __init__(self, text, dims):
        self.text, self.dims = text, list(dims) or [1]

    def __str__(self):
        return self.text


class Case:
    """A node with its inputs. c[i] is input i as a value; c.constant(i) its numbers, for what is an attribute in armc."""

    def __init__(self, node, tensors):
        self.node, self.tensors = node, tensors
        self.arrays = {}  # input -> "x0", or "x0:4" with levels
        self.statements = []

    def has(self, i):
        return i < len(self.tensors) and self.tensors[i] is not None

    def tensor(self, i):
        if not self.has(i):
            raise Inexpressible("an input is missing")
        return self.tensors[i]

    def __getitem__(self, i):
        check_array(self.tensor(i))
        self.arrays.setdefault(i, "x%d" % i)
        return V("x%d" % i, self.tensor(i).dims)

    def levels(self, i, count):
        self.arrays[i] = "x%d:%d" % (i, count)
        return self[i]

    def every(self):
        return [self[i] for i in range(len(self.tensors))]

    def constant(self, i):
        return self.tensor(i).values

    def attr(self, name, preset=None):
        return self.node.attributes.get(name, preset)

    def number(self, name, preset):
        return number(self.attr(name, preset))

    def let(self, value):
        """The value under a name of its own, where an expression reads it more than once."""
        name = "t%d" % len(self.statements)
        self.statements.append("%s = %s" % (name, value))
        return V(name, value.dims)


def number(x):
    """As an atom of the language, with no more digits than a float has."""
    text = repr(x) if isinstance(x, int) else "%.9g" % struct.unpack("<f", struct.pack("<f", x))[0]
    return "(%s)" % text if x < 0 else text


# --- pieces ----------------------------------------------------------------------------------------------------------

def whole(items):
    return "[%s]" % ", ".join(str(int(x)) for x in items)


def axis_of(axis, rank):
    return axis + rank if axis < 0 else axis


def axes_of(c):
    """The second input; in older versions of operators an attribute."""
    return c.constant(1) if c.has(1) else c.attr("axes", [])


def reshape(v, dims):
    return V("reshape(%s, %s)" % (v, whole(dims or [1])), dims)


def permute(v, order):
    """Axis i of the result is axis order[i] of v."""
    at, dims = list(range(len(order))), list(v.dims)
    for i, axis in enumerate(order):
        j = at.index(axis)
        if j != i:
            at[i], at[j], dims[i], dims[j] = at[j], at[i], dims[j], dims[i]
            v = V("transpose(%s, %d, %d)" % (v, i, j), dims)
    return v


def back(order):
    return [order.index(i) for i in range(len(order))]


def part(v, axis, begin, end, step=1):
    """v[begin:end:step] along one axis; a negative step runs backwards from begin, as in NumPy."""
    n = v.dims[axis]
    at = range(n)[begin:end:step]
    if len(at) == 0:
        raise Inexpressible("an array without entries")
    if step < 0:
        v = V("flip(%s, %d)" % (v, axis), v.dims)
        at = [n - 1 - i for i in at]
    dims = v.dims[:axis] + [len(at)] + v.dims[axis + 1:]
    first, last = [0] * len(dims), list(v.dims)
    first[axis], last[axis] = at[0], at[-1] + 1
    steps = [1] * len(dims)
    steps[axis] = abs(step)
    return V("slice(%s, %s, %s, %s)" % (v, whole(first), whole(last), whole(steps)), dims)


def pick(v, entries, dims):
    return reshape(V("pick(%s, %s)" % (v, whole(entries)), [len(entries), 1]), dims)


def strides(dims):
    return [math.prod(dims[i + 1:]) for i in range(len(dims))]


def flat(index, dims):
    """The row-major index of an entry; negative ones count from the end."""
    return sum(axis_of(i, n) * stride for i, n, stride in zip(index, dims, strides(dims)))


def concat(values, axis):
    result = values[0]
    for v in values[1:]:
        dims = list(result.dims)
        dims[axis] += v.dims[axis]
        result = V("concat(%s, %s, axis=%d)" % (result, v, axis), dims)
    return result


def fold(form):
    """form("a", "b") over all inputs."""
    def rule(c):
        text = str(c[0])
        for v in c.every()[1:]:
            text = form % (text, v)
        return text
    return rule


# --- rules that need more than a line --------------------------------------------------------------------------------

def powers(c):
    base, exponents = c.constant(0), set(c.constant(1))
    if len(exponents) == 1 and float(min(exponents)).is_integer():
        return "power(%s, %s)" % (c[0], number(int(min(exponents))))
    if min(base) < 0:
        raise Inexpressible("powers of numbers below 0 with an exponent for each")
    return "exp(%s * log(%s))" % (c[1], c[0])


def division(c):
    if c.tensor(0).type not in (FLOAT, DOUBLE, FLOAT16):
        raise Inexpressible("division of whole numbers")
    return "%s / %s" % (c[0], c[1])


def clip(c):
    low = "max(%s, %s)" % (c[0], c[1]) if c.has(1) else str(c[0])
    return "min(%s, %s)" % (low, c[2]) if c.has(2) else low


def last_two(v):
    return reshape(v, v.dims[-2:])


def matmul(c):
    """A product of two stacks of matrices is one product for each pair."""
    a, b = c[0], c[1]
    stack = a.dims[:-2]
    if len(a.dims) < 2 or a.dims[:-2] != b.dims[:-2]:
        raise Inexpressible("a product with broadcasting")
    n = math.prod(stack)
    if not stack:
        return "matmul(%s, %s)" % (a, b)
    a, b = (c.let(reshape(v, [n] + v.dims[-2:])) for v in (a, b))
    rows, columns = a.dims[-2], b.dims[-1]
    pairs = [reshape(V("matmul(%s, %s)" % (last_two(part(a, 0, i, i + 1)), last_two(part(b, 0, i, i + 1))),
                       [rows, columns]), [1, rows, columns]) for i in range(n)]
    return reshape(concat(pairs, 0), stack + [rows, columns])


def gemm(c):
    a, b = (permute(c[i], [1, 0]) if c.attr(name, 0) else c[i] for i, name in enumerate(("transA", "transB")))
    text = "times(matmul(%s, %s), %s)" % (a, b, c.number("alpha", 1.0))
    return text + " + times(%s, %s)" % (c[2], c.number("beta", 1.0)) if c.has(2) else text


def reduction(form):
    """form(c, y): over the features of y, which keep one dimension."""
    def rule(c):
        x, rank = c[0], len(c[0].dims)
        axes = axes_of(c)
        if not axes and c.attr("noop_with_empty_axes", 0):
            return str(x)
        axes = sorted(axis_of(i, rank) for i in axes) or list(range(rank))
        rest = [i for i in range(rank) if i not in axes]
        y = reshape(permute(x, rest + axes), [x.dims[i] for i in rest] + [math.prod(x.dims[i] for i in axes)])
        kept = [1 if i in axes else n for i, n in enumerate(x.dims) if i not in axes or c.attr("keepdims", 1)]
        return reshape(V(form(c, c.let(y)), y.dims[:-1] + [1]), kept)
    return rule


def mean(c, y):
    return "times(sum_features(%s), %s)" % (y, number(1 / y.dims[-1]))


def log_sum_exp(c, y):
    """y - log_softmax(y) is the same for every feature."""
    return str(part(V("(%s - log_softmax(%s))" % (y, y), y.dims), len(y.dims) - 1, 0, 1))


def over_features(form):
    def rule(c, y):
        axis = len(y.dims) - 1
        text = str(part(y, axis, 0, 1))
        for i in range(1, y.dims[-1]):
            text = form % (text, part(y, axis, i, i + 1))
        return text
    return rule


def along_axis(op):
    """An op over the features, along another axis."""
    def rule(c):
        x, rank = c[0], len(c[0].dims)
        axis = axis_of(c.attr("axis", -1), rank)
        order = [i for i in range(rank) if i != axis] + [axis]
        y = permute(x, order)
        return permute(V("%s(%s)" % (op, y), y.dims), back(order))
    return rule


def running_sum(c):
    """sum_before and sum_after run over all axes but the last: the axis comes first, all others are features."""
    x, rank = c[0], len(c[0].dims)
    axis = axis_of(c.constant(1)[0], rank)
    order = [axis] + [i for i in range(rank) if i != axis]
    y = permute(x, order)
    there = y.dims
    y = c.let(reshape(y, [there[0], math.prod(there[1:])]))
    text = "%s(%s)" % ("sum_after" if c.attr("reverse", 0) else "sum_before", y)
    if not c.attr("exclusive", 0):
        text = "(%s + %s)" % (text, y)
    return permute(reshape(V(text, y.dims), there), back(order))


def slices(c):
    x = c[0]
    begin, end = c.constant(1), c.constant(2)
    axes = c.constant(3) if c.has(3) else range(len(begin))
    steps = c.constant(4) if c.has(4) else [1] * len(begin)
    for axis, first, last, step in zip(axes, begin, end, steps):
        x = part(x, axis_of(axis, len(x.dims)), first, last, step)
    return x


def new_shape(c):
    x, dims = c[0], list(c.constant(1))
    if not c.attr("allowzero", 0):
        dims = [x.dims[i] if n == 0 else n for i, n in enumerate(dims)]
    if -1 in dims:
        dims[dims.index(-1)] = math.prod(x.dims) // -math.prod(dims)
    return reshape(x, dims)


def flatten(c):
    x, axis = c[0], axis_of(c.attr("axis", 1), len(c[0].dims))
    return reshape(x, [math.prod(x.dims[:axis]), math.prod(x.dims[axis:])])


def squeeze(c):
    axes = [axis_of(i, len(c[0].dims)) for i in axes_of(c)]
    return reshape(c[0], [n for i, n in enumerate(c[0].dims) if i not in axes])


def unsqueeze(c):
    rank = len(c[0].dims) + len(axes_of(c))
    axes, rest = [axis_of(i, rank) for i in axes_of(c)], iter(c[0].dims)
    return reshape(c[0], [1 if i in axes else next(rest) for i in range(rank)])


def expand(c):
    a, b = c[0].dims, c.constant(1)
    rank = max(len(a), len(b))
    a, b = ([1] * (rank - len(dims)) + list(dims) for dims in (a, b))
    return "expand(%s, %s)" % (reshape(c[0], a), whole(max(pair) for pair in zip(a, b)))


def tile(c):
    text = str(c[0])
    for axis, count in enumerate(c.constant(1)):
        text = "tile(%s, %d, axis=%d)" % (text, count, axis)
    return text


def one_hot(c):
    depth, (off, on) = int(c.constant(1)[0]), c.constant(2)
    if min(c.constant(0)) < 0:
        raise Inexpressible("negative indices")
    x = c.levels(0, depth)
    dims = list(c.tensor(0).dims)
    v = V("one_hot(%s)" % reshape(x, dims + [1]), dims + [depth])
    v = V("(%s + times(%s, %s))" % (number(off), v, number(on - off)), v.dims)
    axis, order = axis_of(c.attr("axis", -1), len(v.dims)), list(range(len(dims)))
    order.insert(axis, len(dims))
    return permute(v, order)


def gather(c):
    """Rows of a table by level, where the indices are levels; else chosen entries."""
    x, index = c[0], c.tensor(1)
    axis = axis_of(c.attr("axis", 0), len(x.dims))
    if min(index.values) < 0:
        outer, inner = x.dims[:axis], x.dims[axis + 1:]
        entries = [flat((*o, i, *n), x.dims) for o in product(*map(range, outer)) for i in index.values
                   for n in product(*map(range, inner))]
        return pick(x, entries, outer + index.dims + inner)
    rest = [n for i, n in enumerate(x.dims) if i != axis]
    table = permute(x, [axis] + [i for i in range(len(x.dims)) if i != axis])
    table = reshape(table, [x.dims[axis], math.prod(rest)])
    rows = reshape(c.levels(1, x.dims[axis]), index.dims + [1])
    n = len(index.dims)
    v = reshape(V("embed(%s, %s)" % (rows, table), index.dims + [table.dims[1]]), index.dims + rest)
    moved = list(range(n, n + axis)) + list(range(n)) + list(range(n + axis, n + len(rest)))
    return permute(v, moved)


def gather_elements(c):
    x, index = c[0], c.tensor(1)
    axis = axis_of(c.attr("axis", 0), len(x.dims))
    at = zip(product(*map(range, index.dims)), index.values)
    return pick(x, [flat((*p[:axis], i, *p[axis + 1:]), x.dims) for p, i in at], index.dims)


def gather_nd(c):
    x, index, batch = c[0], c.tensor(1), c.attr("batch_dims", 0)
    n = index.dims[-1]
    tail = x.dims[batch + n:]
    entries = []
    for k, p in enumerate(product(*map(range, index.dims[:-1]))):
        head = (*p[:batch], *index.values[k * n:k * n + n])
        entries += [flat((*head, *t), x.dims) for t in product(*map(range, tail))]
    return pick(x, entries, index.dims[:-1] + tail)


def pad(c):
    """A constant is joined on; else entries are chosen."""
    x, mode, pads = c[0], c.attr("mode", "constant"), c.constant(1)
    rank = len(x.dims)
    if mode == "constant":
        value = number(c.constant(2)[0]) if c.has(2) else "0"
        for axis in range(rank):
            def strip(n):
                dims = x.dims[:axis] + [n] + x.dims[axis + 1:]
                return [V("expand(range(1) + %s, %s)" % (value, whole(dims)), dims)] if n else []
            x = concat(strip(pads[axis]) + [x] + strip(pads[axis + rank]), axis)
        return x
    def source(i, n):
        return min(max(i, 0), n - 1) if mode == "edge" else n - 1 - abs(n - 1 - abs(i))
    ranges = [[source(i, n) for i in range(-pads[axis], n + pads[axis + rank])] for axis, n in enumerate(x.dims)]
    return pick(x, [flat(p, x.dims) for p in product(*ranges)], [len(r) for r in ranges])


def split(c):
    x = c[0]
    axis = axis_of(c.attr("axis", 0), len(x.dims))
    n, at, parts = len(c.node.outputs), 0, []
    for size in c.constant(1) if c.has(1) else [x.dims[axis] // n] * n:
        parts.append(part(x, axis, at, at + size))
        at += size
    return "return " + ", ".join(map(str, parts))


def depth_to_space(c):
    (n, channels, h, w), b = c[0].dims, c.attr("blocksize")
    out = channels // (b * b)
    if c.attr("mode", "DCR") == "DCR":
        v = permute(reshape(c[0], [n, b, b, out, h, w]), [0, 3, 4, 1, 5, 2])
    else:
        v = permute(reshape(c[0], [n, out, b, b, h, w]), [0, 1, 4, 2, 5, 3])
    return reshape(v, [n, out, h * b, w * b])


def space_to_depth(c):
    (n, channels, h, w), b = c[0].dims, c.attr("blocksize")
    v = permute(reshape(c[0], [n, channels, h // b, b, w // b, b]), [0, 3, 5, 1, 2, 4])
    return reshape(v, [n, channels * b * b, h // b, w // b])


def triangle(c):
    """Column j of row i stays where j >= i + k, or for the lower one where j <= i + k."""
    k = int(c.constant(1)[0]) if c.has(1) else 0
    rows, columns = c[0].dims[-2:]
    pair = "range(%d)" % columns, "(reshape(range(%d), [%d, 1]) + %s)" % (rows, rows, number(k))
    return "%s * at_least(%s, %s)" % ((c[0],) + (pair if c.attr("upper", 1) else pair[::-1]))


def numbers(c):
    start, limit, step = (c.constant(i)[0] for i in range(3))
    count = max(math.ceil((limit - start) / step), 0)
    return "range(%d, start=%s, step=%s)" % (count, number(start), number(step))


def to_last(v):
    """One picture or sequence of a batch of one, its channels behind the sites."""
    if v.dims[0] != 1 or len(v.dims) > 4:
        raise Inexpressible("more than one example" if v.dims[0] != 1 else "three axes of sites")
    v = permute(v, [0] + list(range(2, len(v.dims))) + [1])
    return reshape(v, v.dims[1:])


def from_last(v):
    last = len(v.dims)
    return permute(reshape(v, [1] + v.dims), [0, last] + list(range(1, last)))


def windows(c, weight):
    """Stride, dilation and reach of the kernel along each axis."""
    axes = len(weight.dims) - 2
    stride, dilation = c.attr("strides", [1] * axes), c.attr("dilations", [1] * axes)
    return stride, dilation, [(k - 1) * d + 1 for k, d in zip(weight.dims[:axes], dilation)]


def conv_text(op, c, x, weight, stride, dilation, pad, more=""):
    text = "%s(%s, %s, stride=%s, dilation=%s, groups=%d, pad=%s%s)" % (
        op, x, weight, whole(stride), whole(dilation), c.attr("group", 1), pad, more)
    return "(%s + %s)" % (text, c[2]) if c.has(2) else text


def pairs_of(pads):
    """ONNX puts all beginnings before all ends."""
    half = len(pads) // 2
    return [p for pair in zip(pads[:half], pads[half:]) for p in pair]


def conv(c):
    x, axes = to_last(c[0]), len(c[0].dims) - 2
    weight = permute(c[1], list(range(2, axes + 2)) + [1, 0])
    stride, dilation, reach = windows(c, weight)
    auto, pads = c.attr("auto_pad", "NOTSET"), pairs_of(c.attr("pads", [0] * 2 * axes))
    if auto.startswith("SAME"):
        totals = [max((-(-n // s) - 1) * s + r - n, 0) for n, s, r in zip(x.dims, stride, reach)]
        ends = [(t // 2, t - t // 2) for t in totals]
        pads = [p for pair in ends for p in (pair if auto == "SAME_UPPER" else pair[::-1])]
    dims = [(n + pads[2 * i] + pads[2 * i + 1] - r) // s + 1
            for i, (n, s, r) in enumerate(zip(x.dims, stride, reach))]
    pad = {"SAME_UPPER": "same", "VALID": "valid"}.get(auto, whole(pads))
    text = conv_text("conv%dd" % axes, c, x, weight, stride, dilation, pad)
    return from_last(V(text, dims + weight.dims[-1:]))


def conv_transposed(c):
    x, axes, groups = to_last(c[0]), len(c[0].dims) - 2, c.attr("group", 1)
    each = c[1].dims[0] // groups
    weight = concat([part(c[1], 0, i * each, (i + 1) * each) for i in range(groups)], 1)
    weight = permute(weight, list(range(2, axes + 2)) + [0, 1])
    stride, dilation, reach = windows(c, weight)
    pads, beyond = pairs_of(c.attr("pads", [0] * 2 * axes)), c.attr("output_padding", [0] * axes)
    natural = [(n - 1) * s + r for n, s, r in zip(x.dims, stride, reach)]
    dims = [n - pads[2 * i] - pads[2 * i + 1] + beyond[i] for i, n in enumerate(natural)]
    if c.attr("output_shape") or c.attr("auto_pad", "NOTSET") == "SAME_UPPER":
        dims = list(c.attr("output_shape", [n * s for n, s in zip(x.dims, stride)]))
        totals = [max(n - size, 0) for n, size in zip(natural, dims)]
        pads = [p for t in totals for p in (t // 2, t - t // 2)]
    text = conv_text("conv%dd_transposed" % axes, c, x, weight, stride, dilation, whole(pads), ", size=%s" % whole(dims))
    return from_last(V(text, dims + weight.dims[-1:]))


def dropout(c):
    if c.has(2) and c.constant(2)[0]:
        raise Inexpressible("random draws")
    if len(c.node.outputs) > 1:
        raise Inexpressible("the mask of a dropout")
    return "dropout(%s, %s)" % (c[0], c.number("ratio", 0.5))


def recurrent(c, op, gates):
    """Steps and examples lie first in ONNX, X (steps, examples, k), or with layout=1 the other way round; W (1, g h, k),
    R (1, g h, h), B (1, 2 g h), one block of h rows a gate. `gates`: where armc's gates stand in ONNX's order."""
    if c.attr("direction", b"forward") not in (b"forward", "forward") or len(c.tensor(1).values) != c.tensor(1).size:
        raise Inexpressible("a recurrent net in another direction")
    if c.has(7):
        raise Inexpressible("a recurrent net with peepholes")
    if c.has(4) or c.has(5) or c.has(6):
        raise Inexpressible("a recurrent net with lengths or a state to begin with")
    steps_first = not c.attr("layout", 0)
    x = permute(c[0], [1, 0, 2]) if steps_first else c[0]
    (examples, steps, k), h = x.dims, c.attr("hidden_size")
    blocks = lambda v, axis: concat([part(v, axis, g * h, (g + 1) * h) for g in gates], axis)
    w, r = (reshape(c[i], c[i].dims[1:]) for i in (1, 2))
    reading, weight = (permute(blocks(v, 0), [1, 0]) for v in (w, r))
    weight = reshape(weight, [1] + weight.dims)
    n = len(gates) * h
    offset = V("range(%d) * 0" % n, [n])
    if c.has(3):
        b = reshape(c[3], [2 * n])
        wb, rb = (blocks(part(b, 0, i * n, (i + 1) * n), 0) for i in (0, 1))
        offset = V("(%s + %s)" % (wb, rb), [n])
    # examples stand beside each other: the scan goes along the second axis
    if op == "gru":  # the bias stands before the reset gate
        made = "gru_scan(matmul(%s, %s) + %s, %s, range(%d) * 0, axis=1)" % (x, reading, offset, weight, n)
    else:
        made = "lstm_layer(%s, %s, %s, %s, axis=1)" % (x, reading, weight, offset)
    y = V(made, [examples, steps, h])
    if c.node.outputs[0]:
        y = c.let(y)
    last = part(y, 1, steps - 1, steps)
    if steps_first:
        every, last = reshape(permute(y, [1, 0, 2]), [steps, 1, examples, h]), reshape(last, [1, examples, h])
    else:
        every = reshape(y, [examples, steps, 1, h])
    return "return %s, %s" % (every, last) if c.node.outputs[0] else str(last)


def lstm(c):
    """armc's i, f, g, o are blocks 0, 2, 3, 1 of ONNX's i, o, f, c."""
    return recurrent(c, "lstm", [0, 2, 3, 1])


def gru(c):
    """armc's r, z, n are blocks 1, 0, 2 of ONNX's z, r, h. Its reset gate stands behind the product with the states; in the
    first step that is zero."""
    steps = c.tensor(0).dims[1 if c.attr("layout", 0) else 0]
    if not c.attr("linear_before_reset", 0) and steps > 1:
        raise Inexpressible("a GRU with its reset gate before the product")
    if c.attr("linear_before_reset", 0):
        raise Inexpressible("a GRU with a bias for each side of its reset gate")
    return recurrent(c, "gru", [1, 0, 2])


# --- the table -------------------------------------------------------------------------------------------------------

RULES = {
    "Abs": "max({0}, -{0})",
    "Add": "{0} + {1}",
    "And": "{0} * {1}",
    "Celu": lambda c: "max({0}, 0) + min(times(exp({0} / {1}) - 1, {1}), 0)".format(c[0], c.number("alpha", 1.0)),
    "Clip": clip,
    "Concat": lambda c: concat(c.every(), axis_of(c.attr("axis"), len(c[0].dims))),
    "Conv": conv,
    "ConvTranspose": conv_transposed,
    "CumSum": running_sum,
    "DepthToSpace": depth_to_space,
    "Div": division,
    "Dropout": dropout,
    "Elu": lambda c: "max({0}, 0) + times(exp(min({0}, 0)) - 1, {1})".format(c[0], c.number("alpha", 1.0)),
    "Equal": "at_least({0}, {1}) * at_least({1}, {0})",
    "Exp": "exp({0})",
    "Expand": expand,
    "Flatten": flatten,
    "GRU": gru,
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "Gemm": gemm,
    "Greater": "1 - at_least({1}, {0})",
    "GreaterOrEqual": "at_least({0}, {1})",
    "HardSigmoid": lambda c: "max(0, min(1, times({0}, {1}) + {2}))".format(
        c[0], c.number("alpha", 0.2), c.number("beta", 0.5)),
    "HardSwish": "{0} * max(0, min(1, {0} / 6 + 0.5))",
    "Identity": "{0}",
    "LSTM": lstm,
    "LeakyRelu": lambda c: "max({0}, 0) + times(min({0}, 0), {1})".format(c[0], c.number("alpha", 0.01)),
    "Less": "1 - at_least({0}, {1})",
    "LessOrEqual": "at_least({1}, {0})",
    "Log": "log({0})",
    "LogSoftmax": along_axis("log_softmax"),
    "MatMul": matmul,
    "Max": fold("max(%s, %s)"),
    "Mean": lambda c: "times(%s, %s)" % (fold("(%s + %s)")(c), number(1 / len(c.tensors))),
    "Min": fold("min(%s, %s)"),
    "Mul": "{0} * {1}",
    "Neg": "neg({0})",
    "Not": "1 - {0}",
    "OneHot": one_hot,
    "Or": "max({0}, {1})",
    "PRelu": "max({0}, 0) + min({0}, 0) * {1}",
    "Pad": pad,
    "Pow": powers,
    "Range": numbers,
    "Reciprocal": "1 / {0}",
    "ReduceL1": reduction(lambda c, y: "sum_features(max(%s, -%s))" % (y, y)),
    "ReduceL2": reduction(lambda c, y: "sqrt(sum_features(square(%s)))" % y),
    "ReduceLogSum": reduction(lambda c, y: "log(sum_features(%s))" % y),
    "ReduceLogSumExp": reduction(log_sum_exp),
    "ReduceMax": reduction(over_features("max(%s, %s)")),
    "ReduceMean": reduction(mean),
    "ReduceMin": reduction(over_features("min(%s, %s)")),
    "ReduceProd": reduction(over_features("(%s * %s)")),
    "ReduceSum": reduction(lambda c, y: "sum_features(%s)" % y),
    "ReduceSumSquare": reduction(lambda c, y: "sum_features(square(%s))" % y),
    "Relu": "relu({0})",
    "Reshape": new_shape,
    "Selu": lambda c: "times(max({0}, 0) + times(exp(min({0}, 0)) - 1, {1}), {2})".format(
        c[0], c.number("alpha", 1.67326319217681884765625), c.number("gamma", 1.05070102214813232421875)),
    "Sigmoid": "sigmoid({0})",
    "Sign": "at_least({0}, 0) - at_least(0, {0})",
    "Slice": slices,
    "Softmax": along_axis("softmax"),
    "Softplus": "softplus({0})",
    "Softsign": "{0} / (1 + max({0}, -{0}))",
    "SpaceToDepth": space_to_depth,
    "Split": split,
    "Sqrt": "sqrt({0})",
    "Squeeze": squeeze,
    "Sub": "{0} - {1}",
    "Sum": fold("(%s + %s)"),
    "Tanh": "tanh({0})",
    "ThresholdedRelu": lambda c: "{0} * (1 - at_least({1}, {0}))".format(c[0], c.number("alpha", 1.0)),
    "Tile": tile,
    "Transpose": lambda c: permute(c[0], c.attr("perm", list(range(len(c[0].dims)))[::-1])),
    "Trilu": triangle,
    "Unsqueeze": unsqueeze,
    "Where": "{0} * {1} + (1 - {0}) * {2}",
    "Xor": "{0} + {1} - 2 * {0} * {1}",
}


def expression(case):
    """The text for `armc calc`."""
    rule = RULES[case.node.op]
    if isinstance(rule, str):
        made = rule.format(*case.every())
    else:
        made = str(rule(case))
    return "; ".join(case.statements + [made])
