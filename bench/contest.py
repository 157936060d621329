#!/usr/bin/env python3
"""One training step (forward, backward, Adam) of some models: armc beside PyTorch, one table.

    bench/contest.py PROGRAM [MODEL…]          armc's side is `PROGRAM bench/MODEL.arm --threads N` (bench/step.c)
    bench/contest.py --torch-only [MODEL…]     PyTorch's variants alone, on random weights and pixels

A model is a file bench/MODEL.py beside a script bench/MODEL.arm. It says

    TITLE, STEPS       what it is; how many steps a round has
    read(tensors)      the batch and the parameters from a file of the contestants
    random()           such a file's tensors
    VARIANTS           {name: function that gives prepare(x, parameters)}; prepare gives a function that leaves the
                       gradients of the mean loss in the parameters (which it may replace) and returns the loss
    WHOLE              names of variants whose function makes the whole step, Adam included

Every contestant is a process of its own that is asked over a pipe, one at a time, in rounds: a machine that slows down
slows all of them down. It answers each line with one line:

    (at start)    ready WORDS…                         name and version, the BLAS, the CPU's instruction set
    save PATH     ok                                   writes a safetensors file: the parameters, float32, and `batch`,
                                                       (B, D) float32, the examples that every step is made on
    step N        ms MEDIAN loss L peak_mb P           N steps: the median time of one; the loss (nats an example, mean
                                                       over the batch) that the first of them found before its update;
                                                       peak resident memory so far
    quit                                               ends

Adam: lr 1e-3, betas 0.9 and 0.999, epsilon 1e-8.
"""
import argparse
import importlib
import json
import os
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time

MODELS = ["nade", "made", "pixel_lstm"]
ROUNDS, CHECKED = 7, 4
FOLDER = os.path.dirname(os.path.abspath(__file__))

# --- files -------------------------------------------------------------------------------------------------------------


def read_safetensors(path):
    """{name: float32 tensor} in the order of the data."""
    import torch

    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        if entry["dtype"] == "F32":
            flat = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
            tensors[name] = flat.reshape(entry["shape"])
    return tensors


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * 4
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.contiguous().numpy().tobytes())


# --- PyTorch's side ----------------------------------------------------------------------------------------------------


def nll(logits, x):
    """The mean over the examples of -log p of black and white pixels."""
    import torch.nn.functional as F

    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()


def by_autograd(forward):
    """A variant from a function of (x, parameters…) that gives the loss."""

    def prepare(x, parameters):
        def gradients():
            loss = forward(x, *parameters)
            loss.backward()
            return loss.detach()

        return gradients

    return prepare


def compiled(function):
    import torch

    return torch.compile(function, dynamic=False)


def adam_of(parameters):
    import torch

    return torch.optim.Adam(parameters, lr=1e-3, fused=True)


def prepare_step(model, name, x, parameters):
    """A function that makes a step and returns the loss before it."""
    gradients = model.VARIANTS[name]()(x, parameters)
    if name in model.WHOLE:
        return gradients
    gradients()  # compiles; the weights stay
    adam = adam_of(parameters)

    def step():
        adam.zero_grad()
        loss = gradients()
        adam.step()
        return loss

    return step


def answer(step):
    """Steps on command over standard input, until it says `quit`."""
    for line in sys.stdin:
        words = line.split()
        if words[0] == "quit":
            return
        times, losses = [], []
        for _ in range(int(words[1])):
            start = time.perf_counter()
            losses.append(step())
            times.append(1e3 * (time.perf_counter() - start))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"ms {statistics.median(times):.3f} loss {float(losses[0]):.6f} peak_mb {peak:.0f}", flush=True)


def worker(model, variant, threads, weights):
    """One of PyTorch's contestants: answers on standard output."""
    import torch

    torch.set_num_threads(threads)
    x, tensors = model.read(read_safetensors(weights))
    parameters = [t.clone().requires_grad_() for t in tensors]
    make_step = prepare_step(model, variant, x, parameters)
    print(f"ready PyTorch {torch.__version__}", flush=True)
    answer(make_step)


# --- the run -----------------------------------------------------------------------------------------------------------


class Contestant:
    def __init__(self, name, threads, command, more=None):
        """`more`: what else stands in its environment."""
        self.name, self.threads, self.times, self.cpu, self.losses = name, threads, [], [], []
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), **(more or {})}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        self.ready = self.answer()

    def answer(self):
        line = self.process.stdout.readline().split()
        if not line:
            raise RuntimeError(f"{self.name}: ended with status {self.process.wait()}")
        return line

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.answer()

    def cpu_ms(self):
        """What its threads have computed so far: a measure that other work on the machine disturbs least."""
        folder, total = f"/proc/{self.process.pid}/task", 0
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        return total / 1e6

    def step(self, count):
        before = self.cpu_ms()
        words = self.ask(f"step {count}")
        self.cpu.append((self.cpu_ms() - before) / count)
        found = dict(zip(words[::2], words[1::2]))
        self.peak = float(found["peak_mb"])
        return float(found["ms"]), float(found["loss"])

    def quit(self):
        if self.process.poll() is None:
            self.process.stdin.write("quit\n")
            self.process.stdin.close()
            self.process.wait()


def warn_if_busy():
    """Threads that wait for each other by spinning lose most when another process has a processor: say so."""

    def ticks():
        with open("/proc/stat") as file:
            values = [int(word) for word in file.readline().split()[1:]]
        return sum(values), values[3] + values[4]

    try:
        before = ticks()
        time.sleep(2)
        after = ticks()
    except OSError:
        return
    busy = 1 - (after[1] - before[1]) / max(1, after[0] - before[0])
    if busy > 0.1:
        print(f"this machine is {100 * busy:.0f} % busy with other work: times, of 2 threads above all, say little")


def start(name, threads, command):
    """A contestant, or None with a line that says why not."""
    try:
        contestant = Contestant(name, threads, command)
    except (OSError, RuntimeError) as error:
        print(f"left out: {name}, {threads} threads: {error}", flush=True)
        return None
    contestant.losses = [contestant.step(1)[1] for _ in range(CHECKED)]  # also warms up
    return contestant


def torch_command(model, name, threads, weights):
    worker = ["--worker", name, "--threads", str(threads), "--weights", weights, model.__name__]
    return [sys.executable, os.path.join(FOLDER, "contest.py"), *worker]


def compete(model, names, threads, program, folder):
    """All contestants with so many threads, in interleaved rounds."""
    weights = os.path.join(folder, f"{model.__name__}.safetensors")
    contestants = []
    if program:
        script = os.path.join(FOLDER, model.__name__ + ".arm")
        ours = Contestant("armc", threads, [program, script, "--threads", str(threads)])
        contestants.append(ours)
        ours.ask(f"save {weights}")
        ours.losses = [ours.step(1)[1] for _ in range(CHECKED)]
    else:
        write_safetensors(weights, model.random())
    for name in names:
        contestants.append(start(name, threads, torch_command(model, name, threads, weights)))
    contestants = [c for c in contestants if c]
    for _ in range(ROUNDS):
        for contestant in contestants:
            slow = contestant.times and contestant.times[-1] > 400
            contestant.times.append(contestant.step(1 if slow else model.STEPS)[0])
    for contestant in contestants:
        contestant.quit()
        contestant.agrees = agrees(contestant, contestants[0])
    return contestants


def agrees(c, first):
    """Equal weights give equal losses; after a few updates, which amplify rounding, nearly equal ones."""
    return all(abs(a - b) < (1e-3 if i == 0 else 1e-4 * abs(b)) for i, (a, b) in enumerate(zip(c.losses, first.losses)))


# --- the table ---------------------------------------------------------------------------------------------------------


def row(cells):
    first, *others = cells
    return f"{first:44}" + "".join(f"{cell:>17}" for cell in others)


def times_of(contestant):
    """The median of the rounds and the fastest one."""
    if contestant is None:
        return "-"
    return f"{statistics.median(contestant.times):.2f} ({min(contestant.times):.2f})"


def cpu_of(contestant):
    return f"{cpu(contestant):.2f}" if contestant else "-"


def report(model, runs):
    """The model's part of the table; `runs`: threads -> contestants. What a loss is checked against is the first one's."""
    print(f"\n{model.TITLE}; rounds of {model.STEPS} steps (1 if slow)")
    heads = [f"{t} thread{'s' * (t > 1)}" for t in runs]
    print(row(["ms a step: median of rounds (fastest)", *heads, f"CPU, {min(runs)} thread", "peak MB", "loss"]))
    names = list(dict.fromkeys(c.name for contestants in runs.values() for c in contestants))
    for name in names:
        of = {c.threads: c for contestants in runs.values() for c in contestants if c.name == name}
        some = list(of.values())
        cells = [name, *[times_of(of.get(t)) for t in runs], cpu_of(of.get(min(runs)))]
        cells += [f"{max(c.peak for c in some):.0f}", f"{some[0].losses[0]:.4f}"]
        print(row(cells) + "".join("" if c.agrees else f"   {c.threads}: losses {c.losses}" for c in some))


def ratio(measure, best, mine):
    return measure(best.times) / measure(mine.times)


def conclude_cpu(contestants, threads):
    """By the time that the processor spent: fair on a machine that others use, where the clock is not."""
    least = {}
    for c in contestants:
        ours = c.name == "armc"
        if c.threads == threads and (ours not in least or cpu(c) < cpu(least[ours])):
            least[ours] = c
    if len(least) == 2:
        print(f"by CPU time, {threads} thread: {cpu(least[False]) / cpu(least[True]):.2f} times (against {least[False].name})")


def cpu(contestant):
    return statistics.median(contestant.cpu[-ROUNDS:])


def conclude(model, contestants, runs):
    """The ratio to PyTorch's fastest. Only of that one must the losses be ours: a compiled variant may round so differently
    that it misses by a hair."""
    best = min((c for c in contestants if c.name != "armc"), key=lambda c: statistics.median(c.times))
    ours = [c for c in contestants if c.name == "armc"]
    print(f"fastest of PyTorch: {best.name}, {best.threads} threads ({' '.join(best.ready[1:])})")
    if ours:
        mine = min(ours, key=lambda c: statistics.median(c.times))
        print(
            f"armc, {mine.threads} threads: {ratio(statistics.median, best, mine):.2f} times as fast by medians, "
            f"{ratio(min, best, mine):.2f} by the fastest rounds; {mine.peak:.0f} MB against {best.peak:.0f} MB"
        )
        conclude_cpu(contestants, min(runs))
    if not best.agrees:
        sys.exit(f"{model.TITLE}: the losses of PyTorch's fastest are not those of {runs[best.threads][0].name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="PROGRAM MODEL")
    parser.add_argument("--torch-only", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--weights", help=argparse.SUPPRESS)
    parser.add_argument("--threads", help="1,2 by default", default="1,2")
    parser.add_argument("--variants", help="only those of PyTorch's whose names contain this", default="")
    arguments = parser.parse_args()
    words = arguments.words
    if arguments.worker:
        return worker(importlib.import_module(words[0]), arguments.worker, int(arguments.threads), arguments.weights)
    if not words and not arguments.torch_only:
        parser.error("name armc's program, or --torch-only")
    program = None if arguments.torch_only else words.pop(0)
    threads = [int(word) for word in arguments.threads.split(",")]
    warn_if_busy()
    results = []
    for model in map(importlib.import_module, words or MODELS):
        names = [name for name in model.VARIANTS if arguments.variants in name]
        if not names:
            sys.exit(f"no variant of {model.__name__} has `{arguments.variants}` in its name: {', '.join(model.VARIANTS)}")
        with tempfile.TemporaryDirectory() as folder:
            results.append((model, {t: compete(model, names, t, program, folder) for t in threads}))
    for model, runs in results:
        report(model, runs)
        conclude(model, [c for contestants in runs.values() for c in contestants], runs)


if __name__ == "__main__":
    main()
