#!/usr/bin/env python3
"""ONNX's published node tests of operators that armc has, or that can be written in its own, through `armc calc`. The
program is $ARMC (else ./armc), the tests are in $ONNX_TESTS (else where Debian's libonnx-testdata puts them). The last
line is "N cases, M not expressible: reasons". Exit status 1: some failed; 77: there are no tests here."""
import argparse
import ast
import collections
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from proto import Graph, Tensor
from rules import RULES, Case, Inexpressible, check_array, expression

TESTS = pathlib.Path(os.environ.get("ONNX_TESTS", "/usr/share/libonnx-testdata/data/node"))
ARMC = os.environ.get("ARMC", "./armc")
TOLERANCE = 1e-5  # of the number, and beside it


def read_tensors(folder, what):
    files = sorted(folder.glob(what + "_*.pb"), key=lambda path: int(path.stem.split("_")[1]))
    return [Tensor(path.read_bytes()) for path in files]


def write_npy(path, tensor):
    dims = "(%s)" % "".join("%d, " % n for n in tensor.dims)
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % dims
    header = header.ljust(-(len(header) + 11) % 64 + len(header)) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                     struct.pack("<%df" % tensor.size, *map(float, tensor.values)))


def read_npy(path):
    data = path.read_bytes()
    length, = struct.unpack("<H", data[8:10])
    header = ast.literal_eval(data[10:10 + length].decode().strip())
    code = {"<f4": "f", "<f8": "d"}[header["descr"]]  # the double build writes f8
    return list(header["shape"]), struct.unpack("<%d%s" % (math.prod(header["shape"]), code), data[10 + length:])


def is_near(found, expected):
    if math.isnan(expected) or math.isinf(expected):
        return found == expected or (math.isnan(expected) and math.isnan(found))
    return abs(found - expected) <= TOLERANCE * (1 + abs(expected))


def difference(path, expected):
    """What is wrong with a result; "": nothing."""
    dims, values = read_npy(path)
    if dims != (expected.dims or [1]):
        return "shape %s, not %s" % (dims, expected.dims)
    wrong = [i for i in range(expected.size) if not is_near(values[i], expected.values[i])]
    if wrong:
        i = wrong[0]
        return "entry %d is %.9g, not %.9g; %d of %d are wrong" % (i, values[i], expected.values[i], len(wrong),
                                                                   expected.size)
    return ""


def calculate(case, text, expected):
    """What is wrong; "": nothing."""
    with tempfile.TemporaryDirectory() as folder:
        outs = [pathlib.Path(folder, "y%d.npy" % i) for i in range(len(expected))]
        words = [ARMC, "calc", text, "--quiet", "--out", ",".join(map(str, outs))]
        for i, name in case.arrays.items():
            path = pathlib.Path(folder, "x%d.npy" % i)
            write_npy(path, case.tensor(i))
            words += ["--in", "%s=%s" % (name, path)]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            return "exit status %d\n%s" % (done.returncode, done.stdout + done.stderr)
        return next(filter(None, map(difference, outs, expected)), "")


def run_set(graph, folder):
    """(expression, what is wrong) of one set of arrays."""
    given, expected = read_tensors(folder, "input"), read_tensors(folder, "output")
    if len(graph.nodes) != 1:
        raise Inexpressible("several nodes")
    for tensor in expected:
        check_array(tensor)
    tensors = dict(zip(graph.inputs, given))
    case = Case(graph.nodes[0], [tensors.get(name) for name in graph.nodes[0].inputs])
    text = expression(case)
    return text, calculate(case, text, expected)


def run_case(name, graph, verbose):
    """Whether all its sets of arrays come out right."""
    good = True
    for folder in sorted((TESTS / name).glob("test_data_set_*")):
        text, wrong = run_set(graph, folder)
        good = good and not wrong
        if wrong:
            print("%s: FAILED: %s\n    %s" % (name, wrong, text))
        elif verbose:
            print("%s: %s" % (name, text))
    return good


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbose", action="store_true", help="each case with its expression, or why there is none")
    parser.add_argument("--counts", metavar="FILE", help='write "PASSED FAILED" there')
    parser.add_argument("cases", nargs="*", metavar="CASE", help="test_add, ...; all if none is named")
    return parser.parse_args()


def main():
    asked = arguments()
    if not TESTS.is_dir():
        print("Debian's libonnx-testdata is not installed (make deps)")
        return 77
    reasons, passed, failed = collections.Counter(), 0, 0
    for name in asked.cases or sorted(path.name for path in TESTS.glob("test_*")):
        graph = Graph((TESTS / name / "model.onnx").read_bytes())
        if not all(node.op in RULES for node in graph.nodes):
            continue
        try:
            good = run_case(name, graph, asked.verbose)
            passed, failed = passed + good, failed + (not good)
        except Inexpressible as reason:
            reasons[str(reason)] += 1
            if asked.verbose:
                print("%s: not expressible: %s" % (name, reason))
    if asked.counts:
        pathlib.Path(asked.counts).write_text("%d %d\n" % (passed, failed))
    excused = sum(reasons.values())
    told = ", ".join("%d %s" % (n, reason) for reason, n in reasons.most_common())
    print("%d cases, %d not expressible%s" % (passed + failed + excused, excused, ": " + told if told else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
