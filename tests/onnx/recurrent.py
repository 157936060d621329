#!/usr/bin/env python3
"""onnxruntime's published numbers for LSTM and GRU through `armc calc`: the cases that armc's scans can say. The program is
$ARMC (else ./armc). The last line tells how many there are; exit status 1: some failed.

The numbers are those of onnxruntime (deep_cpu_lstm_op_test.cc and deep_cpu_gru_op_test.cc in
onnxruntime/test/providers/cpu/rnn); each case has the name that it has there. Arrays are ONNX's: X (steps, examples, k),
Y (steps, directions, examples, h), states (directions, examples, h), W (g h, k), R (g h, h), B (2 g h: of W, of R), gates in
the orders i o f c and z r h. Both directions have the same weights. Shorter sequences are calls of their own. armc's scans
tell results and not the states behind them, so Y is compared and Y_c is not; nan stands for what isn't published, and for
-0.04350187 in the two cases of a sequence "InMiddle": a step of LSTM cells gives -0.0435632 there. The number is that of
OutputWrite, which has other functions; onnxruntime's tolerance doesn't see the difference.

Left out, for what armc's cells don't have: peepholes (ForwardPeepHole, BidirectionalBasic, ForwardNoBiasUsePeepholes,
Backward, SequenceLengthShorterThanInputSequenceLength with and without "NoP"), coupled gates (ForwardInputForget), clipping (LargeBatchWithClip,
ForwardClip), other functions (LSTMActivation, BatchReallocation, OutputWrite, LSTM's SequenceLengthAllZeros and PartialZeros,
GRUOpForwardActivation, ActivationAlphaBeta), and the reset gate before the product (GRUs of several steps without
linear_before_reset; of one step it makes no difference where R is diagonal)."""
import argparse
import collections
import math
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from nodes import ARMC, is_near, read_npy, write_npy

Array = collections.namedtuple("Array", "dims values size")
Net = collections.namedtuple("Net", "cell k h W R B")
GATES = {"lstm": [0, 2, 3, 1], "gru": [1, 0, 2]}  # armc's gates by their places in ONNX's order


def numbers(text):
    return [float(word) for word in text.split()]


# --- the nets ----------------------------------------------------------------------------------------------------------

LSTM_SIMPLE = Net("lstm", 1, 3, numbers(".1 .2 .3 .4 1 2 3 4 10 11 12 13"), [0.1] * 36, None)
LSTM_SMALL = Net("lstm", 1, 2, numbers(".1 .2 .3 .4 1 2 3 4"), [0.1] * 16, None)
LSTM_TWO = Net("lstm", 2, 2,
               numbers("""-0.494659 0.0453352 -0.487793 0.417264 -0.0175329 0.489074 -0.446013 0.414029
                          -0.0091708 -0.255364 -0.106952 -0.266717 -0.0888852 -0.428709 -0.283349 0.208792"""),
               numbers("""0.146626 -0.0620289 -0.0815302 0.100482 -0.219535 -0.306635 -0.28515 -0.314112
                          -0.228172 0.405972 0.31576 0.281487 -0.394864 0.42111 -0.386624 -0.390225"""),
               numbers("0.381619 0.0323954 -0.14449 0.420804 -0.258721 0.45056 -0.250755 0.0967895") + [0.0] * 8)
GRU_BIAS = Net("gru", 1, 3, numbers(".1 .2 .3 .2 .3 .1 .3 .1 .2"), [0.1] * 27,
               numbers("""-.01 .1 .01 -.2 -.02 .02 .3 -.3 -.3
                          -.03 .5 -.7 .05 -.7 .3 .07 -.03 .5"""))
GRU_TWO = Net("gru", 2, 2,
              numbers("""-0.494659 0.0453352 -0.487793 0.417264 -0.0091708 -0.255364 -0.106952 -0.266717
                         -0.0888852 -0.428709 -0.283349 0.208792"""),
              numbers("""0.146626 -0.0620289 -0.0815302 0.100482 -0.228172 0.405972 0.31576 0.281487
                         -0.394864 0.42111 -0.386624 -0.390225"""),
              numbers("0.381619 0.0323954 -0.258721 0.45056 -0.250755 0.0967895") + [0.0] * 6)
GRU_WIDE = Net("gru", 2, 32, [0.1] * 64 + [0.2] * 64 + [0.3] * 64,
               [0.1 + 0.1 * (i % every) if i == j else 0.0 for every in (2, 3, 5) for i in range(32) for j in range(32)],
               [0.1] * 32 + [0.2] * 32 + [0.3] * 32 + [0.0] * 96)

# --- the cases: name, net, directions, lengths of the examples, X, Y, h0, c0 -------------------------------------------

TWO_ROWS = "1 2 10 11"
TWO_STEPS = "-0.455351 -0.276391 -0.185934 -0.269585"
SAME_TWICE = "-0.455351 -0.276391 -0.455351 -0.276391 -0.185934 -0.269585 "
ONWARD = ("0.28828835 0.36581863 0.45679406 0.34526032 0.47220859 0.55850911",
          "0.84196719 0.89402526 0.91073048 0.85882828 0.90703777 0.92382453")
BACKWARD = ("0.55391603 0.69201493 0.82696019 0.64046413 0.82303363 0.91610711",
            "0.61249432 0.70678632 0.74094619 0.62759886 0.71640738 0.74624585")
LARGE = """0.90387899 0.9135572 0.91772245 0.90897038 0.92132433 0.92825467 0.91365823 0.92815113 0.93676105
    0.91799162 0.93406357 0.94344562 0.92199681 0.93912057 0.94859476 0.92569357 0.94340185 0.95250664
    0.92909964 0.94699686 0.95545127 0.93223207 0.94999634 0.95765468 0.93510761 0.9524867 0.95929726
    0.93774272 0.9545467 0.96051891 0.9401536 0.95624603 0.96142619 0.94235605 0.95764499 0.96209939
    0.94436539 0.95879495 0.96259862 0.94619635 0.95973921 0.96296872 0.94786299 0.96051397 0.96324302
    0.94937864 0.96114929 0.96344629 0.95075587 0.96167006 0.96359692 0.95200645 0.96209679 0.96370852
    0.95314133 0.9624464 0.9637912 0.95417069 0.96273278 0.96385246 0.95510395 0.96296733 0.96389785
    0.95594975 0.96315942 0.96393147 0.95671607 0.96331673 0.96395638 0.9574102 0.96344554 0.96397483
    0.9580388 0.96355102 0.9639885 0.95860795 0.96363739 0.96399863 0.95912322 0.96370811 0.96400613
    0.95958963 0.96376601 0.96401169 0.96001179 0.96381342 0.96401581 0.96039386 0.96385224 0.96401886
    0.96073964 0.96388402 0.96402112 0.96105254 0.96391004 0.96402279"""
WIDE = """0.40203814648622 0.416614999456787 0.426893838272102 0.438425099258723 0.449074949310697 0.405161353080481
    0.41381287883561 0.428113160854675 0.438710576166608 0.449253502147958 0.402300128581669 0.417112500336769
    0.425382986540999 0.439390099095881 0.450276939756071 0.404653232879823 0.414327989766397 0.428845403314675
    0.436736277602997 0.45043439079097 0.402560202956173 0.416113639384501 0.426141512516655 0.44034669402871
    0.447861672303443 0.40490822137737 0.414839135658386 0.42737488368901 0.437727744598091 0.451604294166264
    0.40203814648622 0.416614999456787"""

CASES = [
    ("ForwardSimpleWeightsNoBiasTwoRows", LSTM_SIMPLE, "f", [2, 2], TWO_ROWS, " ".join(ONWARD), "", ""),
    ("ReverseSimpleWeightsNoBiasTwoRows", LSTM_SIMPLE, "r", [2, 2], TWO_ROWS, " ".join(BACKWARD), "", ""),
    ("BidirectionalSimpleWeightsNoBiasTwoRows", LSTM_SIMPLE, "fr", [2, 2], TWO_ROWS,
     " ".join([ONWARD[0], BACKWARD[0], ONWARD[1], BACKWARD[1]]), "", ""),
    ("MixedSequenceLengths", LSTM_SIMPLE, "f", [1, 2], TWO_ROWS, " ".join(ONWARD), "", ""),
    ("MixedSequenceLengths, swapped", LSTM_SIMPLE, "f", [2, 1], TWO_ROWS, " ".join(ONWARD), "", ""),
    ("MixedSequenceLengthsReverse", LSTM_SIMPLE, "r", [1, 2], TWO_ROWS,
     "0.28828844 0.36581877 0.45679423 0.64046413 0.82303363 0.91610711 0 0 0 0.62759886 0.71640738 0.74624585", "", ""),
    ("MixedSequenceLengthsReverse, swapped", LSTM_SIMPLE, "r", [2, 1], TWO_ROWS,
     "0.55391603 0.69201493 0.82696019 0.34526044 0.47220877 0.55850935 0.61249432 0.70678632 0.74094619 0 0 0", "", ""),
    ("BatchParallelFalseSeqLengthGreaterThanOne", LSTM_SMALL, "f", [2], "1 2",
     "0.27546653 0.29941525 0.50903179 0.57476457", "", ""),
    ("LargeBatchNoClipping", LSTM_SIMPLE, "f", [2] * 32, " ".join(map(str, range(1, 65))), "nan " * 96 + LARGE, "", ""),
    ("ONNXRuntime_TestLSTMBackward_gpu", LSTM_TWO, "r", [2], TWO_STEPS,
     "-0.033075746 0.074455738 -0.031248707 0.027853041", "", ""),
    ("ONNXRuntime_TestLSTMForwardHiddenState", LSTM_TWO, "f", [2], TWO_STEPS,
     "0.01797521 -0.07104912 -0.03174796 -0.0152949", "0.34 0.72", ""),
    ("ONNXRuntime_TestLSTMForwardCellState", LSTM_TWO, "f", [2], TWO_STEPS,
     "0.12797015 0.0097284 0.02716939 0.01842997", "0.34 0.72", "0.63 0.21"),
    ("ONNXRuntime_TestLSTMShorterSeqInMiddle", LSTM_TWO, "fr", [2, 1, 2],
     "-0.455351 -0.776391 0 0 0.348763 0.678345 -0.185934 -0.169585 0 0 0.078053 0.163457",
     """0.02907280 0.01765226 -0.06724346 0.02957184 -0.15355367 0.04701351
        0.01841230 0.04093486 -0.06724346 0.02957184 -0.17994503 0.07397783
        -0.02912546 0.04120104 0 0 -0.12768818 0.07457943 nan 0.03531464 0 0 -0.08877515 0.03413615""", "", ""),
    ("ONNXRuntime_TestLSTMZeroSeqInMiddle", LSTM_TWO, "fr", [2, 0, 1, 2],
     """-0.455351 -0.776391 0 0 0.348763 0.678345 0.877836 0.543859
        -0.185934 -0.169585 0 0 0.078053 0.163457 0.846098 0.987531""",
     """0.02907280 0.01765226 0 0 -0.15355367 0.04701351 -0.12951779 -0.00989562
        0.01841230 0.04093486 0 0 -0.15355367 0.04701351 -0.17956293 0.01607513
        -0.02912546 0.04120104 0 0 0 0 -0.22162350 0.03132058 nan 0.03531464 0 0 0 0 -0.17885581 0.01959856""", "", ""),
    ("ForwardDefaultActivationsSimpleWeightsWithBiasBatchParallelLinearBeforeReset", GRU_BIAS, "f", [2, 2], "-.1 .2 -.3 .4",
     """0.15024948 -0.11097029 -0.02121867 0.18887489 -0.09747667 0.02093463
        0.19538902 -0.19016478 -0.05644283 0.30856851 -0.15190377 0.05999807""", "", ""),
    ("ReverseDefaultActivationsSimpleWeightsWithBiasBatchParallelLinearBeforeReset", GRU_BIAS, "r", [2, 2], "-.1 .2 -.3 .4",
     """0.20910699 -0.18880953 -0.04005555 0.29700265 -0.15308119 0.04537245
        0.12252139 -0.12032216 -0.05064924 0.21249877 -0.08884402 0.04751285""", "", ""),
    ("ForwardDefaultActivationsSimpleWeightsWithBiasLinearBeforeReset", GRU_BIAS, "f", [2], "-.1 -.3",
     "0.15024948 -0.11097029 -0.02121867 0.19538902 -0.19016478 -0.05644283", "", ""),
    ("ReverseDefaultActivationsSimpleWeightsWithBiasLinearBeforeReset", GRU_BIAS, "r", [2], "-.1 -.3",
     "0.20910699 -0.18880953 -0.04005555 0.12252139 -0.12032216 -0.05064924", "", ""),
    ("ONNXRuntime_TestGRUOpForwardBatchLinearBeforeReset", GRU_TWO, "f", [2, 2], SAME_TWICE + "-0.185934 -0.269585",
     """0.253942400 -0.174207777 -0.0325528607 0.0774837881 0.0874997079 -0.0485242009 -0.0577347837 0.0796165839""",
     "0.5 -0.5 0 0", ""),
    ("ONNXRuntime_TestGRUOpGrowBatchSequenceLengthLinearBeforeReset, first", GRU_TWO, "f", [2], TWO_STEPS,
     "-0.0325528607 0.0774837881 -0.0577347837 0.0796165839", "0 0", ""),
    ("ONNXRuntime_TestGRUOpGrowBatchSequenceLengthLinearBeforeReset, second", GRU_TWO, "f", [2, 1], SAME_TWICE + "0 0",
     "0.253942400 -0.174207777 -0.0325528607 0.0774837881 0.0874997079 -0.0485242009 0 0", "0.5 -0.5 0 0", ""),
    ("ONNXRuntime_TestGRUOpSequenceLengthWithBidirectionalLinearBeforeResetB1", GRU_TWO, "fr", [2], TWO_STEPS,
     """-0.0325528607 0.0774837881 -0.0559310019 0.101836264 -0.0577347837 0.0796165839 -0.0456649922 0.0462125242""",
     "0 0 0 0", ""),
    ("ONNXRuntime_TestGRUOpSequenceLengthWithBidirectionalLinearBeforeResetB2", GRU_TWO, "fr", [2],
     "0.855351 0.676391 0.585934 0.669585",
     """-0.275918573 -0.0022855850 -0.385578573 0.0370728001 -0.382134795 0.0607641526 -0.248751760 0.0347689129""",
     "0 0 0 0", ""),
    ("ONNXRuntime_TestGRUOpSequenceLengthWithBidirectionalLinearBeforeReset", GRU_TWO, "fr", [2, 1],
     "-0.455351 -0.276391 0.855351 0.676391 -0.185934 -0.269585 0.585934 0.669585",
     """-0.0325528607 0.0774837881 -0.275918573 -0.00228558504 -0.0559310019 0.101836264 -0.275918573 -0.00228558504
        -0.0577347837 0.0796165839 0 0 -0.0456649922 0.0462125242 0 0""", "0 0 0 0 0 0 0 0", ""),
    ("ONNXRuntime_TestGRUOpSingleBatchMultipleHiddenThreads", GRU_WIDE, "f", [1], "0.1 -0.2", WIDE, "0.5 " * 32, ""),
    ("ONNXRuntime_TestGRUPositiveActivationClipping", GRU_WIDE, "f", [1, 1], "1000 2000 -1e20 -1e10",
     "0.25 " * 32 + "-1 " * 32, "0.25 " * 64, ""),
]

# --- in armc -----------------------------------------------------------------------------------------------------------


def cut(values, *dims):
    """A flat list as nested ones, (…, dims); the first dimension is what is left."""
    for n in reversed(dims):
        values = [values[i:i + n] for i in range(0, len(values), n)]
    return values


def parameters(net):
    """reading (k, g h), weight (1, h, g h), and the biases of both (g h), by armc's gates."""
    gates, h = GATES[net.cell], net.h
    sort = lambda rows: [row for g in gates for row in rows[g * h:(g + 1) * h]]
    turn = lambda rows: [value for column in zip(*rows) for value in column]
    n = len(gates) * h
    bias = net.B or [0.0] * (2 * n)
    return {"reading": Array([net.k, n], turn(sort(cut(net.W, net.k))), net.k * n),
            "weight": Array([1, h, n], turn(sort(cut(net.R, h))), h * n),
            "outer": Array([n], sort(bias[:n]), n), "inner": Array([n], sort(bias[n:]), n)}


def expression(net, has_start, reverse):
    rest = (", start" if has_start else "") + (", reverse=true" if reverse else "")
    if net.cell == "gru":  # the bias of R stands behind the reset gate, with its product
        return "gru_scan(matmul(x, reading) + outer, weight, inner%s)" % rest
    return "lstm_layer(x, reading, weight, outer + inner%s)" % rest


def calculate(text, batched, shared):
    """The result's numbers; None after a message."""
    with tempfile.TemporaryDirectory() as folder:
        words = [ARMC, "calc", text, "--quiet", "--batch", ",".join(batched), "--out", folder + "/y.npy", "--in"]
        for name, array in {**batched, **shared}.items():
            write_npy(pathlib.Path(folder, name + ".npy"), array)
            words.append("%s=%s/%s.npy" % (name, folder, name))
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            print(text + "\n" + done.stdout + done.stderr)
            return None
        return read_npy(pathlib.Path(folder, "y.npy"))[1]


def start_of(net, direction, examples, everyone, h0, c0):
    """An array of the states before the first step, by example; {} where there is none."""
    if not h0:
        return {}
    states = [cut(numbers(text) or [0.0] * len(numbers(h0)), everyone, net.h)[direction] for text in (h0, c0)]
    rows = [states[0][e] + (states[1][e] if net.cell == "lstm" else []) for e in examples]
    return {"start": Array([len(rows), 1, len(rows[0])], sum(rows, []), len(rows) * len(rows[0]))}


def is_right(case, direction, length):
    """The examples of one length, in one direction."""
    _, net, directions, lengths, x, y, h0, c0 = case
    examples = [e for e, n in enumerate(lengths) if n == length]
    x, y = cut(numbers(x), len(lengths), net.k), cut(numbers(y), len(directions), len(lengths), net.h)
    values = [value for e in examples for step in x[:length] for value in step[e]]
    expected = [value for e in examples for step in y[:length] for value in step[direction][e]]
    batched = {"x": Array([len(examples), length, net.k], values, len(values)),
               **start_of(net, direction, examples, len(lengths), h0, c0)}
    text = expression(net, "start" in batched, directions[direction] == "r")
    found = calculate(text, batched, parameters(net))
    return found is not None and len(found) == len(expected) and all(
        math.isnan(b) or is_near(a, b) for a, b in zip(found, expected))  # nan: not published


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", metavar="FILE", help='write "PASSED FAILED" there')
    asked = parser.parse_args()
    failed = 0
    for case in CASES:
        parts = [(d, n) for d in range(len(case[2])) for n in sorted(set(case[3])) if n > 0]
        if not all([is_right(case, *part) for part in parts]):
            print("%s: FAILED" % case[0])
            failed += 1
    if asked.counts:
        pathlib.Path(asked.counts).write_text("%d %d\n" % (len(CASES) - failed, failed))
    print("%d of onnxruntime's recurrent cases, %d wrong" % (len(CASES), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
