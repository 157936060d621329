#!/usr/bin/env python3
"""Samples of pictures: armc beside PyTorch and beside its own forward pass, one table for each model.

    bench/sample.py PROGRAM [MODEL…]     armc's side is `PROGRAM CALL LEVELS --threads N` (bench/sample.c)

Contestants are processes that are asked over a pipe, as in bench/contest.py. All have the same random weights, those of
armc, and answer each line with one line:

    (at start)   ready WORDS…
    save PATH    ok                 armc: a safetensors file of the parameters and of `batch`, 100 samples that it drew
    load PATH    white W            armc: a checkpoint's parameters in place of the random ones; how much of its samples is white
    loss         loss L             -log p of the batch, nats a sample, by a forward pass of its own
    draw N       ms M cpu C peak_mb P …
                                    N samples: how long it takes to draw them, by the clock and of all processors. armc: `table` and `prepare` are what comes
                                    before; PyTorch: `loss` of what it drew (compiling and masking are not counted)
    forward N    ms M cpu C         armc: a fixed-order pass over N samples
    quit                            ends
"""
import argparse
import importlib
import math
import os
import resource
import statistics
import sys
import tempfile
import time

from contest import Contestant, compiled, nll, read_safetensors, row, warn_if_busy

FOLDER = os.path.dirname(os.path.abspath(__file__))
COUNTS, ROUNDS = (100, 1), 5
SITES = 28  # pixels in a compiled block
D, H = 784, 500
CALLS = {"nade": "nade hidden=500 read=real", "made": "made_net hidden=[500]", "pixel_lstm": "pixel_lstm hidden=128"}
LEVELS = {"nade": 2, "made": 2, "pixel_lstm": 10}
MEDIAN = statistics.median
# What is wanted: a time of armc's as a multiple of its forward pass; PyTorch's best as a multiple of armc's.
MOST_FORWARDS = {100: 2.5, 1: 4.0}
LEAST_RATIO = {"nade": 4, "made": 100, "pixel_lstm": 3}

# --- PyTorch's side ----------------------------------------------------------------------------------------------------
#   A variant takes the parameters and gives a function of the number of samples; that gives the samples (n,D).


def thresholds(n):
    """A pixel is white where its logit is above its threshold: all random numbers at once. (D,n)"""
    import torch

    return torch.logit(torch.rand(D, n))


def nade_loop(W, c, V, b):
    """The usual loop: pixel after pixel, the hidden units' sum goes along."""
    import torch

    def draw(n):
        a, x = c.repeat(n, 1), torch.empty(n, D)
        for i in range(D):
            p = torch.sigmoid(torch.sigmoid(a) @ V[i] + b[i])
            x[:, i] = torch.bernoulli(p)
            a += torch.outer(x[:, i], W[i])
        return x

    return draw


def nade_lean(W, c, V, b):
    """As few operations as there can be, in place: random numbers and biases first, rows unbound."""
    import torch

    rows = list(zip(W.unbind(0), V.unbind(0)))

    def draw(n):
        a, x, h, logit = c.repeat(n, 1), torch.empty(D, n), torch.empty(n, H), torch.empty(n)
        for (W_i, V_i), least, x_i in zip(rows, (thresholds(n) - b[:, None]).unbind(0), x.unbind(0)):
            torch.sigmoid(a, out=h)
            torch.mv(h, V_i, out=logit)
            torch.gt(logit, least, out=x_i)
            a.addr_(x_i, W_i)
        return x.t()

    return draw


def nade_step(a, W, V, least):
    import torch

    x = ((torch.sigmoid(a) * V).sum(1) > least).float()
    return a + x[:, None] * W, x


def nade_block(a, W, V, least):
    """Some pixels, unrolled."""
    import torch

    xs = []
    for i in range(SITES):
        a, x = nade_step(a, W[i], V[i], least[i])
        xs.append(x)
    return a, torch.stack(xs)


def made_step(a, W, V, least):
    import torch

    x = ((torch.relu(a) * V).sum(1) > least).float()
    return a + x[:, None] * W, x


def made_block(a, W, V, least):
    import torch

    xs = []
    for i in range(SITES):
        a, x = made_step(a, W[i], V[i], least[i])
        xs.append(x)
    return a, torch.stack(xs)


def running(step, sites, transpose=False):
    """A compiled step, or block of steps, that takes the hidden units' sum along. MADE's only hidden layer has the same sum:
    masks are in the weights."""

    def prepare(W, c, V, b):
        import torch

        function = compiled(step)
        V = V.t().contiguous() if transpose else V
        W_s, V_s = (t.split(sites) if sites > 1 else t.unbind(0) for t in (W, V))

        def draw(n):
            a, least = c.repeat(n, 1), thresholds(n) - b[:, None]
            xs = []
            for W_i, V_i, least_i in zip(W_s, V_s, least.split(sites) if sites > 1 else least.unbind(0)):
                a, x = function(a, W_i, V_i, least_i)
                xs.append(x)
            return (torch.cat(xs) if sites > 1 else torch.stack(xs)).t()

        return draw

    return prepare


def nade_script(W, c, V, b):
    """The whole loop in TorchScript."""
    import torch

    @torch.jit.script
    def loop(a: torch.Tensor, W: torch.Tensor, V: torch.Tensor, least: torch.Tensor) -> torch.Tensor:
        x = torch.empty_like(least)
        for i in range(W.shape[0]):
            x[i] = torch.mv(torch.sigmoid(a), V[i]) > least[i]
            a.addr_(x[i], W[i])
        return x.t()

    return lambda n: loop(c.repeat(n, 1), W, V, thresholds(n) - b[:, None])


def made_passes(wrap=lambda function: function, one_output=False, linear=False):
    """A forward pass for each pixel; masks are in the weights. `one_output`: only the output that is wanted."""

    def prepare(W, c, V, b):
        import torch
        import torch.nn.functional as F

        columns = list(V.t().contiguous().unbind(0))
        W_t, V_t = W.t().contiguous(), V.t().contiguous()
        hidden = (lambda x: torch.relu(F.linear(x, W_t, c))) if linear else lambda x: torch.relu(torch.addmm(c, x, W))
        outputs = (lambda h: F.linear(h, V_t, b)) if linear else lambda h: torch.addmm(b, h, V)
        whole = wrap(lambda x: outputs(hidden(x)))
        one = wrap(lambda x, column: torch.mv(hidden(x), column))

        def draw(n):
            x, least = torch.zeros(n, D), thresholds(n)
            for i in range(D):
                logit = one(x, columns[i]) + b[i] if one_output else whole(x)[:, i]
                x[:, i] = logit > least[i]
            return x

        return draw

    return prepare


def made_lean(W, c, V, b):
    """Incremental: the sum of the hidden units goes along."""
    import torch

    rows = list(zip(W.unbind(0), V.t().contiguous().unbind(0)))

    def draw(n):
        a, x, h, logit = c.repeat(n, 1), torch.empty(D, n), torch.empty(n, H), torch.empty(n)
        for (W_i, V_i), least, x_i in zip(rows, (thresholds(n) - b[:, None]).unbind(0), x.unbind(0)):
            torch.clamp_min(a, 0, out=h)
            torch.mv(h, V_i, out=logit)
            torch.gt(logit, least, out=x_i)
            a.addr_(x_i, W_i)
        return x.t()

    return draw


def lstm_weights(W, U, b):
    """As nn.LSTMCell has them: (4H,1), (4H,H), (4H). The 1 that stdlib's lstm adds to the forget gates goes into the bias."""
    from pixel_lstm import remember

    return W.reshape(-1, 1), U.t().contiguous(), b + remember()


def lstm_loop(W, U, b, V, c):
    """The usual loop: a cell, a linear layer, a draw of the categorical distribution, pixel after pixel."""
    import torch

    W, U, b = lstm_weights(W, U, b)
    zeros = torch.zeros_like(b)

    def draw(n):
        h = s = torch.zeros(n, U.shape[1])
        x, read = torch.empty(n, D), torch.zeros(n, 1)
        for i in range(D):
            h, s = torch._VF.lstm_cell(read, (h, s), W, U, b, zeros)
            level = torch.multinomial(torch.softmax(torch.addmm(c, h, V), 1), 1)
            x[:, i:i + 1] = level
            read = level / (len(c) - 1)
        return x

    return draw


def gumbel(n, levels):
    """What added to logits makes the largest one a draw: all random numbers at once. (D,n,levels)"""
    import torch

    return -torch.log(torch.empty(D, n, levels).exponential_())


def lstm_lean(W, U, b, V, c):
    """As few operations as there can be: random numbers first, biases with the products, the level's gates by a table."""
    import torch

    W, U, b = lstm_weights(W, U, b)
    U = U.t().contiguous()
    table = torch.outer(torch.arange(len(c)) / (len(c) - 1), W[:, 0]) + b  # gates' sums by the level that is read

    def draw(n):
        H = U.shape[0]
        h, s, levels = torch.zeros(n, H), torch.zeros(n, H), torch.zeros(n, dtype=torch.long)
        x, logits = torch.empty(D, n), torch.empty(n, len(c))
        for x_i, noise in zip(x.unbind(0), (gumbel(n, len(c)) + c).unbind(0)):
            gates = torch.addmm(table[levels], h, U)
            i, f, g, o = gates.chunk(4, 1)
            s = torch.addcmul(f.sigmoid_() * s, i.sigmoid_(), g.tanh_())
            h = o.sigmoid_() * torch.tanh(s)
            torch.addmm(noise, h, V, out=logits)
            levels = logits.argmax(1)
            x_i.copy_(levels)
        return x.t()

    return draw


def lstm_block(h, s, read, W, U, b, V, noise):
    """Some pixels, unrolled."""
    import torch

    xs = []
    for noise_i in noise.unbind(0):
        i, f, g, o = (read * W[:, 0] + b + h @ U).chunk(4, 1)
        s = torch.sigmoid(f) * s + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(s)
        x = (h @ V + noise_i).argmax(1).float()
        read = x[:, None] / (noise.shape[2] - 1)
        xs.append(x)
    return h, s, read, torch.stack(xs)


def lstm_compiled(sites):
    def prepare(W, U, b, V, c):
        import torch

        W, U, b = lstm_weights(W, U, b)
        U, function = U.t().contiguous(), compiled(lstm_block)

        def draw(n):
            h = s = torch.zeros(n, U.shape[0])
            read, xs = torch.zeros(n, 1), []
            for noise in (gumbel(n, len(c)) + c).split(sites):
                h, s, read, x = function(h, s, read, W, U, b, V, noise)
                xs.append(x)
            return torch.cat(xs).t()

        return draw

    return prepare


INCREMENTAL = "incremental"  # at the beginning of a name: not what MADE is compared with
VARIANTS = {
    "nade": {
        "loop over pixels": lambda: nade_loop,
        "loop, fewest operations": lambda: nade_lean,
        "loop in TorchScript": lambda: nade_script,
        "loop, step compiled": lambda: running(nade_step, 1),
        f"loop, compiled by {SITES} pixels": lambda: running(nade_block, SITES),
    },
    "pixel_lstm": {
        "loop over cells": lambda: lstm_loop,
        "loop, fewest operations": lambda: lstm_lean,
        "loop, step compiled": lambda: lstm_compiled(1),
        f"loop, compiled by {SITES} pixels": lambda: lstm_compiled(SITES),
    },
    "made": {
        "784 passes": lambda: made_passes(),
        "784 passes, (out, in)": lambda: made_passes(linear=True),
        "784 passes, compiled": lambda: made_passes(compiled),
        "784 passes, one output": lambda: made_passes(one_output=True),
        "784 passes, one output, compiled": lambda: made_passes(compiled, one_output=True),
        f"{INCREMENTAL}, fewest operations": lambda: made_lean,
        f"{INCREMENTAL}, step compiled": lambda: running(made_step, 1, transpose=True),
        f"{INCREMENTAL}, compiled by {SITES} pixels": lambda: running(made_block, SITES, transpose=True),
    },
}


def lstm_losses(x, W, U, b, V, c):
    import torch
    import torch.nn.functional as F

    W, U, b = lstm_weights(W, U, b)
    start = torch.zeros(1, len(x), U.shape[1])
    read = torch.cat([torch.zeros(len(x), 1), x[:, :-1] / (len(c) - 1)], 1)[:, :, None]
    h, _, _ = torch._VF.lstm(read, (start, start), [W, U, b, torch.zeros_like(b)], True, 1, 0.0, False, False, True)
    return F.cross_entropy((h @ V + c).flatten(0, 1), x.reshape(-1).long(), reduction="sum") / len(x)


def losses(model, x, *parameters):
    """-log p of the samples by a plain forward pass."""
    return lstm_losses(x, *parameters) if model == "pixel_lstm" else binary_losses(model, x, *parameters)


def binary_losses(model, x, W, c, V, b):
    """-log p of the samples by a plain forward pass. NADE: as many examples at a time as fit."""
    import torch

    if model == "made":
        return nll(torch.addmm(b, torch.relu(torch.addmm(c, x, W)), V), x)
    parts = []
    for chunk in x.split(10):
        products = chunk.t()[:, :, None] * W[:, None, :]  # (D,n,H)
        a = c + torch.cumsum(products, 0) - products
        parts.append(nll(torch.einsum("dbh,dh->bd", torch.sigmoid(a), V) + b, chunk) * len(chunk))
    return sum(parts) / len(x)


def worker(model, variant, threads, weights):
    """One of PyTorch's contestants: answers on standard output."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    batch, parameters = importlib.import_module(model).read(read_safetensors(weights))
    with torch.inference_mode():
        draw = VARIANTS[model][variant]()(*parameters)
        for n in COUNTS:
            draw(n)  # compiles
        print(f"ready PyTorch {torch.__version__}", flush=True)
        for line in sys.stdin:
            words = line.split()
            if words[0] == "quit":
                return
            if words[0] == "loss":
                print(f"loss {float(losses(model, batch, *parameters)):.6f}", flush=True)
                continue
            start, began = time.perf_counter(), time.process_time()
            x = draw(int(words[1]))
            took, cpu = 1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - began)
            loss = float(losses(model, x.contiguous(), *parameters))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"ms {took:.4f} cpu {cpu:.4f} peak_mb {peak:.0f} loss {loss:.3f}", flush=True)


# --- the run -----------------------------------------------------------------------------------------------------------


class Sampler(Contestant):
    def __init__(self, name, threads, command):
        super().__init__(name, threads, command)
        self.found = {}  # what it said to a line: {name: numbers}
        self.loss = math.nan

    def tell(self, line):
        words = self.ask(line)
        for name, number in zip(words[::2], words[1::2]):
            self.found.setdefault(line, {}).setdefault(name, []).append(float(number))
        return float(words[1])

    def measure(self, line):
        """Once, and a few times more where that takes no time."""
        if self.tell(line) < 50:
            for _ in range(4):
                self.tell(line)

    def numbers(self, line, name="ms"):
        return self.found[line][name]

    def median(self, line, name="ms"):
        return statistics.median(self.numbers(line, name))

    def peak(self):
        return max(number for line in self.found.values() for number in line.get("peak_mb", [0]))


def start(name, threads, command):
    """A contestant, or None with a line that says why not."""
    try:
        return Sampler(name, threads, command)
    except (OSError, RuntimeError) as error:
        print(f"left out: {name}, {threads} threads: {error}", flush=True)
        return None


def compete(model, threads, program, folder, arguments):
    """All contestants with so many threads, in interleaved rounds. armc comes first."""
    weights = os.path.join(folder, f"{model}.safetensors")
    ours = Sampler("armc", threads, [program, CALLS[model], str(LEVELS[model]), "--threads", str(threads)])
    if model in arguments.trained:
        white = float(ours.ask(f"load {arguments.trained[model]}")[1])
        print(f"{model}: {arguments.trained[model]}, {white:.1%} of what it draws is white", flush=True)
    ours.ask(f"save {weights}")
    contestants = [ours]
    for name in VARIANTS[model]:
        command = [sys.executable, os.path.abspath(__file__), "--worker", name, "--weights", weights]
        if arguments.variants in name:
            contestants.append(start(name, threads, [*command, "--threads", str(threads), model]))
    contestants = [c for c in contestants if c]
    for contestant in contestants:
        contestant.loss = float(contestant.ask("loss")[1])
    for _ in range(arguments.rounds):
        for contestant in contestants:
            for n in COUNTS:
                contestant.measure(f"draw {n}")
                if contestant is ours:
                    contestant.measure(f"forward {n}")
    for contestant in contestants:
        contestant.quit()
    return contestants


# --- the table ---------------------------------------------------------------------------------------------------------


def times(contestant, line):
    return f"{contestant.median(line):.2f} ({min(contestant.numbers(line)):.2f})"


def whole(ours, n):
    """With the timetable and the preparation, which one process needs once."""
    found = ours.found[f"draw {n}"]
    sums = [sum(parts) for parts in zip(found["ms"], found["table"], found["prepare"])]
    return f"{statistics.median(sums):.2f} ({min(sums):.2f})"


def cpu(contestant, line):
    return f"{contestant.median(line, 'cpu'):.2f}"


def report(model, runs):
    """The table of a model; `runs`: threads -> contestants."""
    print(f"\n{CALLS[model]}, {D} pixels of {LEVELS[model]} levels; medians (fastest) in ms, CPU time of {COUNTS[0]}")
    heads = [f"{n} sample{'s' * (n > 1)}, {t} thr." for t in runs for n in COUNTS]
    print(row(["", *heads, f"CPU, {min(runs)} thr.", "peak MB", "loss"]))
    ours = [contestants[0] for contestants in runs.values()]
    last = [f"{max(c.peak() for c in ours):.0f}", f"{ours[0].loss:.3f}"]
    line = f"draw {COUNTS[0]}"
    print(row(["armc", *[times(c, f"draw {n}") for c in ours for n in COUNTS], cpu(ours[0], line), *last]))
    print(row(["  with timetable and preparation", *[whole(c, n) for c in ours for n in COUNTS]]))
    forwards = [times(c, f"forward {n}") for c in ours for n in COUNTS]
    print(row(["  one forward pass of as many", *forwards, cpu(ours[0], f"forward {COUNTS[0]}")]))
    for name in VARIANTS[model]:
        found = {t: c for t, contestants in runs.items() for c in contestants if c.name == name}
        if not found:
            continue
        cells = [times(found[t], f"draw {n}") if t in found else "-" for t in runs for n in COUNTS]
        some = list(found.values())
        cells.append(cpu(some[0], line))
        print(row([name, *cells, f"{max(c.peak() for c in some):.0f}", f"{some[0].loss:.3f}"]))


def by(measure, a, b, n, name="ms"):
    return measure(b.numbers(f"draw {n}", name)) / measure(a.numbers(f"draw {n}", name))


def conclude(model, runs):
    """armc beside its forward pass; PyTorch's best with any number of threads beside armc's."""
    for threads, (ours, *_) in runs.items():
        for n in COUNTS:
            draw, forward = f"draw {n}", f"forward {n}"
            least = min(ours.numbers(draw)) / min(ours.numbers(forward))
            ratio = ours.median(draw) / ours.median(forward)
            by_cpu = ours.median(draw, "cpu") / ours.median(forward, "cpu")
            print(
                f"armc, {threads} threads: {n} drawn take {ratio:.2f} forward passes (fastest: {least:.2f}, CPU: {by_cpu:.2f}; "
                f"wanted: {MOST_FORWARDS[n]:g} at most)"
            )
    everyone = [c for contestants in runs.values() for c in contestants]
    mine = min((c for c in everyone if c.name == "armc"), key=lambda c: c.median("draw 100"))
    for plain in (True, False):
        others = [c for c in everyone if c.name != "armc" and c.name.startswith(INCREMENTAL) != plain]
        if others:
            best = min(others, key=lambda c: c.median("draw 100"))
            wanted = f"; wanted: {LEAST_RATIO[model]}" if plain else ""
            hundred, fastest, one = (by(m, mine, best, n) for m, n in ((MEDIAN, 100), (min, 100), (MEDIAN, 1)))
            print(
                f"PyTorch's fastest: {best.name}, {best.threads} threads: 100 samples take {hundred:.1f} times as long as armc's "
                f"(fastest: {fastest:.1f}, CPU: {by(MEDIAN, mine, best, 100, 'cpu'):.1f}{wanted}), one {one:.1f} times"
            )


def check(model, runs):
    """Everyone finds the same likelihood of armc's samples, and draws samples of the same likelihood, as far as 100 tell."""
    wrong = []
    for contestants in runs.values():
        ours = contestants[0].loss
        for c in contestants[1:]:
            if not abs(c.loss - ours) <= 1e-3 * ours:
                wrong.append(f"{c.name}: {c.loss} nats for armc's samples, not {ours}")
            if not abs(c.median("draw 100", "loss") - ours) <= 2e-2 * ours:
                wrong.append(f"{c.name}: its samples have {c.median('draw 100', 'loss')} nats, armc's {ours}")
    if wrong:
        sys.exit(f"{model}: " + "; ".join(wrong))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="+", metavar="PROGRAM MODEL")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--weights", help=argparse.SUPPRESS)
    parser.add_argument("--threads", help="1,2 by default", default="1,2")
    parser.add_argument("--variants", help="only those of PyTorch's whose names contain this", default="")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--trained", nargs=1, action="extend", metavar="MODEL=CHECKPOINT", default=[], help="its weights, not random ones")
    arguments = parser.parse_args()
    arguments.trained = dict(word.split("=", 1) for word in arguments.trained)
    if arguments.worker:
        return worker(arguments.words[0], arguments.worker, int(arguments.threads), arguments.weights)
    program, *models = arguments.words
    warn_if_busy()
    for model in models or CALLS:
        with tempfile.TemporaryDirectory() as folder:
            threads = [int(word) for word in arguments.threads.split(",")]
            runs = {t: compete(model, t, program, folder, arguments) for t in threads}
        report(model, runs)
        conclude(model, runs)
        check(model, runs)


if __name__ == "__main__":
    main()
