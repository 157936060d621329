#!/usr/bin/env python3
"""One training step (forward, backward, Adam) of convolutional nets: armc beside PyTorch, in all the ways that might be its best.

    bench/conv.py PROGRAM PEAK [MODEL…]        PROGRAM: build/release/bench/step, PEAK: build/release/bench/peak
        --threads 1,2  --batches 16,128        which; a model says which batches it has
        --rounds 3                             of a heat; the final has three times as many (and 5 at least)
        --ways WORD                            only the ways of PyTorch whose names contain this

A model is a file bench/MODEL.py (its net by the layers of bench/conv_layers.py) beside a script bench/MODEL.arm. Contestants are
processes that are asked over pipes, as in bench/contest.py, one at a time, in rounds. There are more of them than memory: so
they come in heats, and armc, by its direct kernels and by BLAS, takes part in each. A time is told beside armc's in the same heat.
First come PyTorch's ways to compute with one malloc, then the best two with other mallocs, other Adams and a few examples at a
time, then the best two of all beside armc in the final. All start from the weights that armc saves, and are to find its losses.
(Without oneDNN PyTorch may miss them: with offsets of 0 the empty part of a picture stands where a ReLU bends, and inexact
zeros fall to either side.)

The peak of fp32 is measured between the steps (bench/peak.c). Live arithmetic is what the masks leave: forward and both
gradients, without taps outside of the picture. Memory is the peak while stepping, less what is mapped of data files.
"""
import argparse
import dataclasses
import importlib
import json
import os
import statistics
import sys
import tempfile

from contest import CHECKED, FOLDER, Contestant, answer, read_safetensors, warn_if_busy
from conv_layers import MALLOCS, Layers, Way

MODELS = ["pixelcnn_made", "gated_pixelcnn", "pixelcnn_rgb"]
HOPELESS = 1.4  # times as slow as the best with a small batch: not tried with a larger one
ROUND_MS = 300  # a round has as many steps as fit
COMPILED = "default", "max-autotune-no-cudagraphs"

LAYOUTS = "NCHW", "NHWC", "NHWC, 1x1 as linear"
WAYS = [
    *[Way(layout, mask) for layout in LAYOUTS for mask in ("weights", "gradients")],
    Way("NCHW", "gradients", mkldnn=False),
    *[Way(layout, "gradients", cut=True) for layout in LAYOUTS],
    *[Way(layout, mask, compiled="default") for layout in LAYOUTS for mask in ("weights", "gradients")],
    *[Way(layout, "gradients", cut=True, compiled="default") for layout in LAYOUTS],
    *[Way(layout, "gradients", compiled=COMPILED[1]) for layout in LAYOUTS],
]


def refined(way, batch):
    """What else could make a way faster."""
    yield from (way.but(malloc=malloc) for malloc in MALLOCS if malloc != way.malloc)
    yield from (way.but(adam=adam) for adam in ("foreach", "one by one"))
    yield from (way.but(chunk=chunk) for chunk in (2, 4, 16) if chunk < batch)


# --- PyTorch's side ----------------------------------------------------------------------------------------------------


def adam_of(way, parameters):
    import torch

    how = {"fused": {"fused": True}, "foreach": {"foreach": True}, "one by one": {"foreach": False}}[way.adam]
    return torch.optim.Adam(parameters, lr=1e-3, **how)


def prepare_step(net, way, layers, batch):
    """A function that makes a step and returns the loss before it."""
    import torch

    loss_of = net.build(layers)
    if way.compiled:
        loss_of = torch.compile(loss_of, dynamic=False, mode=None if way.compiled == "default" else way.compiled)
    chunks = [chunk.contiguous() for chunk in batch.split(way.chunk or len(batch))]
    adam = adam_of(way, layers.parameters)
    masked = [(p, m) for p, m in zip(layers.parameters, layers.masks) if m is not None and way.mask == "gradients"]

    def step():
        adam.zero_grad()
        total = 0.0
        for chunk in chunks:
            loss = loss_of(chunk) * (len(chunk) / len(batch))
            loss.backward()
            total += loss.detach()
        if masked:
            torch._foreach_mul_([p.grad for p, _ in masked], [m for _, m in masked])
        adam.step()
        return total

    return step


def check_malloc(library):
    """A library that can't be loaded before a program is left out without a word."""
    if not library:
        return
    with open("/proc/self/maps") as file:
        if library.split(".so")[0] not in file.read():
            sys.exit(f"{library} is not here (Debian: libjemalloc2, libtcmalloc-minimal4)")


def worker(net, way, threads, weights):
    """One of PyTorch's contestants: answers on standard output."""
    import torch

    check_malloc(MALLOCS[way.malloc].get("LD_PRELOAD"))
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.backends.mkldnn.enabled = way.mkldnn
    tensors = read_safetensors(weights)
    batch = tensors.pop("batch")
    layers = Layers(way, tensors.values(), net.SIDE)
    step = prepare_step(net, way, layers, batch)
    if list(layers.tensors):
        sys.exit("the file has more parameters than the net")
    print(f"ready PyTorch {torch.__version__} {layers.flops * len(batch)}", flush=True)
    answer(step)


# --- contestants -------------------------------------------------------------------------------------------------------


def forget_peak(pid):
    """Linux: the peak of memory is now what is used now; compiling is not to count."""
    try:
        with open(f"/proc/{pid}/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def peak_mb(pid):
    """The peak less what is mapped of files that are no programs and no libraries."""
    with open(f"/proc/{pid}/status") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    sizes, code, path = {}, set(), ""
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            words = line.split(maxsplit=5)
            if not words[0].endswith(":"):
                path = words[5].strip() if len(words) == 6 else ""
                code |= {path} if "x" in words[1] else set()
            elif words[0] == "Rss:" and path.startswith("/"):
                sizes[path] = sizes.get(path, 0) + int(words[1])
    return (peak - sum(size for path, size in sizes.items() if path not in code)) / 1024


class Runner(Contestant):
    """A contestant that is ready, has warmed up, and found the losses of its first steps."""

    def __init__(self, name, threads, command, environment, way=None, weights=None):
        super().__init__(name, threads, command, environment)
        self.way, self.ratio = way, None
        if weights:
            self.ask(f"save {weights}")
        self.losses = [self.step(1)[1] for _ in range(CHECKED)]
        forget_peak(self.process.pid)
        self.begin_heat()

    def begin_heat(self):
        self.times, self.cpu = [], []

    def round(self):
        steps = max(1, int(ROUND_MS / self.times[-1])) if self.times else 1
        self.times.append(self.step(steps)[0])
        self.peak = peak_mb(self.process.pid)

    def median(self):
        return statistics.median(self.times)

    def cpu_median(self):
        return statistics.median(self.cpu)


class Peak(Contestant):
    """Measures fp32's peak when it is its turn."""

    def __init__(self, program, threads):
        super().__init__("peak", threads, [program, str(threads)])
        self.gflops = 0.0

    def round(self):
        self.gflops = max(self.gflops, float(self.ask("step 5")[1]))


def agrees(losses, ours):
    """Equal weights give equal losses, but for rounding; after updates, which amplify it, nearly equal ones."""
    return all(abs(a - b) <= (1e-6 if i == 0 else 1e-4) * abs(b) for i, (a, b) in enumerate(zip(losses, ours)))


class Contest:
    """One model, one batch, one number of threads; `ways`: PyTorch's that take part."""

    def __init__(self, arguments, name, batch, threads, ways, folder):
        self.net, self.name, self.batch, self.threads = importlib.import_module(name), name, batch, threads
        self.rounds, self.program = arguments.rounds, arguments.program
        self.weights = os.path.join(folder, "weights.safetensors")
        self.script = [os.path.join(FOLDER, name + ".arm"), "--threads", str(threads), f"batch={batch}"]
        if hasattr(self.net, "pictures"):
            self.net.pictures(os.path.join(folder, "pictures.npy"))
            self.script.append(f"data={folder}/pictures.npy")
        self.ways, self.results, self.flops = ways, {}, 0.0
        self.ours = [self.armc("direct", self.weights), self.armc("blas", None)]
        self.peak = Peak(arguments.peak, threads)

    def armc(self, conv, weights):
        return Runner(f"armc, {conv}", self.threads, [self.program, *self.script], {"ARMC_CONV": conv}, weights=weights)

    def torch(self, way):
        """A contestant of PyTorch's, or None with a line that says why not."""
        given = [json.dumps(dataclasses.asdict(way)), "--threads", str(self.threads), "--weights", self.weights, self.name]
        command = [sys.executable, os.path.join(FOLDER, "conv.py"), "--worker", *given]
        cache = os.path.join(tempfile.gettempdir(), f"bench-inductor-{os.getuid()}-{self.threads}")
        environment = {**MALLOCS[way.malloc], "TORCHINDUCTOR_CACHE_DIR": cache}
        try:
            return Runner(str(way), self.threads, command, environment, way)
        except (OSError, RuntimeError) as error:
            print(f"left out: {error}", flush=True)
            return None

    def heat(self, runners, rounds):
        """Rounds of these beside armc."""
        everyone = [self.peak, *self.ours, *runners]
        for runner in everyone[1:]:
            runner.begin_heat()
        for _ in range(rounds):
            for runner in everyone:
                runner.round()
        for runner in runners:
            runner.ratio = runner.median() / self.ours[0].median()
            self.flops = float(runner.ready[3])
            print(self.line(runner), flush=True)

    def heats(self, ways):
        """Each way in one heat; the memory says how many at a time."""
        together = 3 if self.batch <= 32 else 1
        for i in range(0, len(ways), together):
            runners = [runner for runner in map(self.torch, ways[i : i + together]) if runner]
            self.heat(runners, self.rounds)
            for runner in runners:
                runner.quit()
                self.results[runner.way] = runner

    def best(self, count):
        """The fastest that find armc's losses."""
        right = [runner for runner in self.results.values() if agrees(runner.losses, self.ours[0].losses)]
        if not right:
            sys.exit(f"{self.title()}: no way of PyTorch finds armc's losses {self.ours[0].losses}")
        return sorted(right, key=lambda runner: runner.ratio)[:count]

    def promising(self):
        """The ways that were not hopeless here: those for a larger batch."""
        limit = HOPELESS * self.best(1)[0].ratio
        return [way for way in self.ways if way in self.results and self.results[way].ratio < limit]

    def title(self):
        return f"{self.net.TITLE}, batch {self.batch}, {self.threads} thread{'s' * (self.threads > 1)}"

    def line(self, runner):
        of_armc = f"{runner.ratio:.2f}" if runner.ratio else ""
        times = f"{runner.median():.1f} ({min(runner.times):.1f})"
        cells = [runner.name, times, f"{runner.cpu_median():.1f}", f"{runner.peak:.0f}", of_armc, f"{runner.losses[0]:.3f}"]
        right = agrees(runner.losses, self.ours[0].losses)
        return table_row(cells) + ("" if right else f"   other losses: {runner.losses}")

    def run(self):
        print(f"\n{self.title()}")
        print(table_row(["heats", "ms median (fastest)", "CPU ms", "peak MB", "x armc direct", "loss"]), flush=True)
        self.heats(self.ways)
        more = [way for runner in self.best(2) for way in refined(runner.way, self.batch)]
        self.heats([way for way in more if way not in self.results])
        finalists = [runner for runner in map(self.torch, [runner.way for runner in self.best(2)]) if runner]
        print("final", flush=True)
        self.heat(finalists, max(5, 3 * self.rounds))
        self.conclude(finalists)
        for runner in [*finalists, *self.ours, self.peak]:
            runner.quit()

    def share(self, ms):
        """Of fp32's peak, the live arithmetic of a step in so many milliseconds."""
        speed = self.flops / 1e6 / ms
        return f"{speed:.0f} GFLOP/s = {100 * speed / self.peak.gflops:.0f} %"

    def conclude(self, finalists):
        best = min(finalists, key=Runner.median)
        print(f"the baseline: {best.name} ({' '.join(best.ready[1:3])})")
        for ours in self.ours:
            print(self.line(ours))
        for ours in self.ours:
            print(
                f"{ours.name}: {best.median() / ours.median():.2f} times as fast by medians, "
                f"{min(best.times) / min(ours.times):.2f} by the fastest rounds, {best.cpu_median() / ours.cpu_median():.2f} by "
                f"CPU time; memory 1/{best.peak / ours.peak:.1f}; live arithmetic {self.share(min(ours.times))} in the fastest "
                f"round, {self.share(ours.cpu_median() / self.threads)} by CPU time; the peak is {self.peak.gflops:.0f} GFLOP/s"
            )
        frugal = min([*finalists, *self.results.values()], key=lambda runner: runner.peak)
        print(f"least memory of PyTorch: {frugal.peak:.0f} MB, {frugal.name}; one step is {self.flops / 1e9:.2f} live GFLOP")
        if not all(agrees(runner.losses, self.ours[0].losses) for runner in [*finalists, *self.ours]):
            sys.exit(f"{self.title()}: the losses are not the same")


def table_row(cells):
    first, *others = cells
    return f"{first:78}" + "".join(f"{cell:>{width}}" for cell, width in zip(others, (22, 10, 10, 14, 11)))


def numbers(text):
    return [int(word) for word in text.split(",")]


def contests(arguments, name, threads):
    """All batches of a model, the smallest first."""
    batches = importlib.import_module(name).BATCHES
    ways = [way for way in WAYS if arguments.ways in str(way)]
    for batch in [b for b in batches if b in (arguments.batches or batches)]:
        with tempfile.TemporaryDirectory() as folder:
            contest = Contest(arguments, name, batch, threads, ways, folder)
            contest.run()
            ways = contest.promising()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--weights", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--batches", type=numbers)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", default="")
    parser.add_argument("words", nargs="+", metavar="PROGRAM PEAK MODEL")
    arguments = parser.parse_args()
    if arguments.worker:
        net = importlib.import_module(arguments.words[0])
        return worker(net, Way(**json.loads(arguments.worker)), arguments.threads[0], arguments.weights)
    if len(arguments.words) < 2:
        parser.error("name armc's program and the one for the peak")
    arguments.program, arguments.peak, *models = arguments.words
    warn_if_busy()
    for name in models or MODELS:
        for threads in arguments.threads:
            contests(arguments, name, threads)


if __name__ == "__main__":
    main()
