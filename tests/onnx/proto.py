"""The few messages of ONNX that its node tests are made of, read without the onnx package: a message is a dictionary from
a field's number to the list of what stands there (numbers, or bytes). The numbers are those of onnx.proto."""
import math
import struct

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE, UINT32, UINT64 = range(1, 14)
# How a number of each type stands in raw_data.
RAW = {FLOAT: "f", UINT8: "B", INT8: "b", UINT16: "H", INT16: "h", INT32: "i", INT64: "q", BOOL: "?", FLOAT16: "e",
       DOUBLE: "d", UINT32: "I", UINT64: "Q"}
TENSOR_DATA = {FLOAT: 4, DOUBLE: 10, INT64: 7, UINT32: 11, UINT64: 11}  # the field of each type; the others: 5


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def message(data):
    """{number of a field: [numbers or bytes]}"""
    fields, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            value, at = data[at:at + size], at + size
        fields.setdefault(key >> 3, []).append(value)
    return fields


def integers(items):
    """A repeated integer, packed or not."""
    out = []
    for item in items:
        at = 0
        while isinstance(item, bytes) and at < len(item):
            value, at = varint(item, at)
            out.append(signed(value))
        if not isinstance(item, bytes):
            out.append(signed(item))
    return out


def reals(items, code):
    """A repeated float or double, packed or not."""
    data = b"".join(items)
    return list(struct.unpack("<%d%s" % (len(data) // struct.calcsize(code), code), data))


class Tensor:
    """.dims, .type, .values (a flat list of numbers; None for text and the like)"""

    def __init__(self, data):
        fields = message(data)
        self.dims = integers(fields.get(1, []))
        self.type = fields.get(2, [0])[0]
        self.size = math.prod(self.dims)
        self.values = self.read(fields) if self.type in RAW else None

    def read(self, fields):
        if 9 in fields:
            return list(struct.unpack("<%d%s" % (self.size, RAW[self.type]), fields[9][0]))
        items = fields.get(TENSOR_DATA.get(self.type, 5), [])
        if self.type in (FLOAT, DOUBLE):
            return reals(items, RAW[self.type])
        values = integers(items)
        if self.type == FLOAT16:  # its bits, as whole numbers
            return [struct.unpack("<e", struct.pack("<H", value))[0] for value in values]
        return values


def attribute(data):
    fields = message(data)
    value = None
    for number, read in ((2, lambda x: struct.unpack("<f", x[0])[0]), (3, lambda x: signed(x[0])),
                         (4, lambda x: x[0].decode()), (5, lambda x: Tensor(x[0])),
                         (7, lambda x: reals(x, "f")), (8, integers)):
        if number in fields:
            value = read(fields[number])
    return fields[1][0].decode(), value


class Node:
    """.op, .inputs and .outputs (names; "": not given), .attributes"""

    def __init__(self, data):
        fields = message(data)
        self.inputs = [name.decode() for name in fields.get(1, [])]
        self.outputs = [name.decode() for name in fields.get(2, [])]
        self.op = fields[4][0].decode()
        self.attributes = dict(attribute(item) for item in fields.get(5, []))


class Graph:
    """.nodes, .inputs (names)"""

    def __init__(self, model):
        fields = message(message(model)[7][0])
        self.nodes = [Node(item) for item in fields.get(1, [])]
        self.inputs = [message(item)[1][0].decode() for item in fields.get(11, [])]
