#!/usr/bin/env python3
"""One training step (forward, backward, Adam) of binary NADE, 784 x 500, 100 examples: armc beside PyTorch.

    bench/nade.py PROGRAM SCRIPT     armc's side is `PROGRAM SCRIPT --threads N` (bench/step.c)
    bench/nade.py --torch-only       PyTorch's variants alone, on random weights and pixels

Every contestant is a process of its own that is asked over a pipe, one at a time, in rounds: a machine that slows down
slows all of them down. It answers each line with one line:

    (at start)    ready WORDS…                         name and version, the BLAS, the CPU's instruction set
    save PATH     ok                                   writes a safetensors file: the parameters, float32, and `batch`,
                                                       (B, D) float32, the examples that every step is made on
    step N        ms MEDIAN loss L peak_mb P           N steps: the median time of one; the loss (nats an example, mean
                                                       over the batch) that the first of them found before its update;
                                                       peak resident memory so far
    quit                                               ends

Adam: lr 1e-3, betas 0.9 and 0.999, epsilon 1e-8. The parameters are told apart by size: W and V have D x H entries, the
sites first, W standing before V in the file; c has H entries, b has D.
"""
import argparse
import json
import math
import os
import resource
import statistics
import struct
import subprocess
import sys
import time

D, H, B = 784, 500, 100
ROUNDS, STEPS, CHECKED = 7, 3, 4
SITES = 28  # sites in a compiled block
EXAMPLES = 10  # examples in a chunk

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


def read_weights(path):
    """batch (B,D), W (D,H), c (H), V (D,H), b (D) from a file of the contestants."""
    tensors = read_safetensors(path)
    batch = tensors.pop("batch")
    large = [t.reshape(D, H) for t in tensors.values() if t.numel() == D * H]
    (c,) = [t.reshape(H) for t in tensors.values() if t.numel() == H]
    (b,) = [t.reshape(D) for t in tensors.values() if t.numel() == D]
    if len(large) != 2 or batch.shape != (B, D):
        sys.exit(f"{path} does not hold a binary NADE of {D}x{H} and a batch of {B}")
    return batch, [large[0], c, large[1], b]


def write_random_weights(path):
    import torch

    torch.manual_seed(0)
    pixels = (torch.rand(B, D) < 0.2).float()
    weights = {"W": torch.randn(D, H) / math.sqrt(D), "V": torch.randn(D, H) / math.sqrt(H)}
    write_safetensors(path, {**weights, "c": torch.zeros(H), "b": torch.zeros(D), "batch": pixels})


# --- PyTorch's variants ------------------------------------------------------------------------------------------------
# Each gives a function that leaves the gradients of the mean loss in the parameters and returns the loss.
#   a_1 = c,  h_i = sigmoid(a_i),  logit_i = h_i . V_i + b_i,  a_(i+1) = a_i + x_i W_i


def nll(logits, x):
    import torch.nn.functional as F

    return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / B


def by_autograd(forward):
    """A variant from a function of (x, W, c, V, b) that gives the loss."""

    def prepare(x, parameters):
        def gradients():
            loss = forward(x, *parameters)
            loss.backward()
            return loss.detach()

        return gradients

    return prepare


def loop(x, W, c, V, b):
    """The usual loop."""
    import torch

    a, logits = c.expand(B, H), []
    for i in range(D):
        h = torch.sigmoid(a)
        logits.append(h @ V[i] + b[i])
        a = a + torch.outer(x[:, i], W[i])
    return nll(torch.stack(logits, 1), x)


def unbound(x, W, c, V, b):
    """Parameters unbound outside the loop: their gradients are stacked once, not added up in 784 whole arrays."""
    import torch

    a, logits = c.expand(B, H), []
    for x_i, W_i, V_i in zip(x.unbind(1), W.unbind(0), V.unbind(0)):
        logits.append(torch.sigmoid(a) @ V_i)
        a = torch.addr(a, x_i, W_i)
    return nll(torch.stack(logits, 1) + b, x)


def site_block(a, x, W, V):
    """Some sites, unrolled: the sum after them and their outputs."""
    import torch

    logits = []
    for i in range(x.shape[1]):
        logits.append((torch.sigmoid(a) * V[i]).sum(1))
        a = a + x[:, i : i + 1] * W[i]
    return a, torch.stack(logits, 1)


def compiled_sites():
    """The loop in compiled blocks of sites."""
    import torch

    block = torch.compile(site_block, dynamic=False)

    def forward(x, W, c, V, b):
        a, logits = c.expand(B, H).contiguous(), []
        parts = (t.split(SITES, d) for t, d in ((x, 1), (W, 0), (V, 0)))
        for x_s, W_s, V_s in zip(*parts):
            a, part = block(a, x_s, W_s, V_s)
            logits.append(part)
        return nll(torch.cat(logits, 1) + b, x)

    return forward


def cumulative(x, W, c, V, b):
    """All sites at once: the sums by cumsum."""
    import torch

    products = x.t()[:, :, None] * W[:, None, :]  # (D,B,H)
    a = c + torch.cumsum(products, 0) - products
    return nll(torch.einsum("dbh,dh->bd", torch.sigmoid(a), V) + b, x)


def blocked(x, W, c, V, b):
    """All sites at once: sums within blocks of sites by a product with a triangular matrix, between blocks by cumsum."""
    import torch

    n, rows = D // SITES, x.shape[0]
    x_s, W_s = x.view(rows, n, SITES).transpose(0, 1), W.view(n, SITES, H)
    whole = torch.bmm(x_s, W_s)  # (n,rows,H): what a block adds
    before = c + torch.cumsum(whole, 0) - whole
    lower = torch.ones(SITES, SITES).tril(-1) * x_s[:, :, None, :]  # (n,rows,SITES,SITES)
    within = torch.bmm(lower.reshape(n, rows * SITES, SITES), W_s).view(n, rows, SITES, H)
    h = torch.sigmoid(before[:, :, None, :] + within)
    logits = (h * V.view(n, 1, SITES, H)).sum(3)  # (n,rows,SITES)
    return nll(logits.transpose(0, 1).reshape(rows, D) + b, x)


def in_chunks(forward):
    """A variant that takes a few examples through forward and backward before the next."""

    def prepare(x, parameters):
        chunks = [chunk.contiguous() for chunk in x.split(EXAMPLES)]

        def gradients():
            total = 0.0
            for chunk in chunks:
                loss = forward(chunk, *parameters)
                loss.backward()
                total += loss.detach()
            return total

        return gradients

    return prepare


def backward_block(a, d, x, W, V, e):
    """The way back through some sites: a is their last sum, d its gradient, e that of their logits."""
    import torch

    dW, dV = [], []
    for i in reversed(range(x.shape[1])):
        x_i, e_i = x[:, i : i + 1], e[:, i : i + 1]
        dW.append((x_i * d).sum(0))
        a = a - x_i * W[i]
        h = torch.sigmoid(a)
        dV.append((e_i * h).sum(0))
        d = d + e_i * V[i] * h * (1 - h)
    return a, d, torch.stack(dW[::-1]), torch.stack(dV[::-1])


def by_hand(wrap, sites):
    """A variant with the backward pass written by hand: nothing is kept, the sums are taken back on the way."""

    def prepare(x, parameters):
        import torch

        forward, backward = wrap(site_block), wrap(backward_block)
        x_s = [part.contiguous() for part in x.split(sites, 1)]

        @torch.no_grad()
        def gradients():
            W, c, V, b = parameters
            W_s, V_s = W.split(sites), V.split(sites)
            a, logits = c.expand(B, H).contiguous(), []
            for s in range(len(x_s)):
                a, part = forward(a, x_s[s], W_s[s], V_s[s])
                logits.append(part)
            logits = torch.cat(logits, 1) + b
            loss = nll(logits, x)
            e = (torch.sigmoid(logits) - x) / B
            e_s = [part.contiguous() for part in e.split(sites, 1)]
            d, dW, dV = torch.zeros(B, H), [], []
            for s in reversed(range(len(x_s))):
                a, d, dW_s, dV_s = backward(a, d, x_s[s], W_s[s], V_s[s], e_s[s])
                dW.append(dW_s)
                dV.append(dV_s)
            W.grad, V.grad = torch.cat(dW[::-1]), torch.cat(dV[::-1])
            c.grad, b.grad = d.sum(0), e.sum(0)
            return loss

        return gradients

    return prepare


def compiled(function):
    import torch

    return torch.compile(function, dynamic=False)


VARIANTS = {
    "loop over pixels": lambda: by_autograd(loop),
    "loop, parameters unbound": lambda: by_autograd(unbound),
    f"loop, compiled by {SITES} sites": lambda: by_autograd(compiled_sites()),
    "cumsum": lambda: by_autograd(cumulative),
    f"cumsum, {EXAMPLES} examples at a time": lambda: in_chunks(cumulative),
    f"cumsum, {EXAMPLES} at a time, compiled": lambda: in_chunks(compiled(cumulative)),
    "triangular blocks": lambda: by_autograd(blocked),
    "triangular blocks, compiled": lambda: by_autograd(compiled(blocked)),
    f"triangular blocks, {EXAMPLES} at a time, compiled": lambda: in_chunks(compiled(blocked)),
    "backward by hand": lambda: by_hand(lambda function: function, SITES),
    f"backward by hand, compiled by {SITES} sites": lambda: by_hand(compiled, SITES),
}


def worker(variant, threads, weights):
    """One of PyTorch's contestants: answers on standard output."""
    import torch

    torch.set_num_threads(threads)
    x, tensors = read_weights(weights)
    parameters = [t.clone().requires_grad_() for t in tensors]
    adam = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    gradients = VARIANTS[variant]()(x, parameters)
    gradients()  # compiles; the weights stay
    print(f"ready PyTorch {torch.__version__}", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "quit":
            return
        times, losses = [], []
        for _ in range(int(words[1])):
            start = time.perf_counter()
            adam.zero_grad()
            losses.append(gradients())
            adam.step()
            times.append(1e3 * (time.perf_counter() - start))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"ms {statistics.median(times):.3f} loss {float(losses[0]):.6f} peak_mb {peak:.0f}", flush=True)


# --- the run -----------------------------------------------------------------------------------------------------------


class Contestant:
    def __init__(self, name, threads, command):
        self.name, self.threads, self.times, self.losses = name, threads, [], []
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
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

    def step(self, count):
        words = self.ask(f"step {count}")
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


def torch_command(name, threads, weights):
    return [sys.executable, __file__, "--worker", name, "--threads", str(threads), "--weights", weights]


def compete(threads, program, folder):
    """All contestants with so many threads, in interleaved rounds."""
    weights = os.path.join(folder, "weights.safetensors")
    contestants = []
    if program:
        ours = Contestant("armc", threads, program + ["--threads", str(threads)])
        contestants.append(ours)
        ours.ask(f"save {weights}")
        ours.losses = [ours.step(1)[1] for _ in range(CHECKED)]
    else:
        write_random_weights(weights)
    for name in VARIANTS:
        contestants.append(start(name, threads, torch_command(name, threads, weights)))
    contestants = [c for c in contestants if c]
    for _ in range(ROUNDS):
        for contestant in contestants:
            slow = contestant.times and contestant.times[-1] > 400
            contestant.times.append(contestant.step(1 if slow else STEPS)[0])
    for contestant in contestants:
        contestant.quit()
    return contestants


def agrees(c, first):
    """Equal weights give equal losses; after a few updates, which amplify rounding, nearly equal ones."""
    return all(abs(a - b) < (1e-3 if i == 0 else 1e-4 * abs(b)) for i, (a, b) in enumerate(zip(c.losses, first.losses)))


def report(threads, contestants):
    """The table; notes in each contestant whether its losses are those of the first."""
    first = contestants[0]
    print(f"\n{threads} thread{'s' if threads > 1 else ''}  " + " ".join(first.ready[1:]))
    print(f"{'':48}{'ms':>9}{'fastest-slowest':>20}{'peak MB':>10}{'loss':>12}")
    for c in contestants:
        spread = f"{min(c.times):.1f}-{max(c.times):.1f}"
        line = f"{c.name:48}{statistics.median(c.times):9.1f}{spread:>20}{c.peak:10.0f}{c.losses[0]:12.4f}"
        c.agrees = agrees(c, first)
        print(line + ("" if c.agrees else f"   differs from {first.name}: {c.losses} {first.losses}"))


def conclude(tables):
    """The ratio to PyTorch's fastest, whatever its number of threads. Only of that one must the losses be ours: a compiled
    variant may round so differently that it misses by a hair."""
    rows = [c for table in tables for c in table]
    others = [c for c in rows if c.name != "armc"]
    ours = [c for c in rows if c.name == "armc"]
    best = min(others, key=lambda c: statistics.median(c.times))
    version = " ".join(best.ready[1:])
    print(f"\nfastest of PyTorch: {best.name}, {best.threads} threads ({version})")
    if ours:
        mine = min(ours, key=lambda c: statistics.median(c.times))
        ratio = statistics.median(best.times) / statistics.median(mine.times)
        print(f"armc, {mine.threads} threads: {ratio:.2f} times as fast; {mine.peak:.0f} MB against {best.peak:.0f} MB")
    if not best.agrees:
        sys.exit("its losses are not those of the others")


def main():
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="*")
    parser.add_argument("--torch-only", action="store_true")
    parser.add_argument("--worker", choices=list(VARIANTS), help=argparse.SUPPRESS)
    parser.add_argument("--weights", help=argparse.SUPPRESS)
    parser.add_argument("--threads", help="1,2 by default", default="1,2")
    arguments = parser.parse_args()
    if arguments.worker:
        return worker(arguments.worker, int(arguments.threads), arguments.weights)
    if not arguments.program and not arguments.torch_only:
        parser.error("name armc's program and script, or --torch-only")
    print(f"binary NADE {D}x{H}, {B} examples: forward, backward, Adam; median of {ROUNDS} rounds of {STEPS} steps (1 if slow)")
    warn_if_busy()
    with tempfile.TemporaryDirectory() as folder:
        tables = [(t, compete(t, arguments.program, folder)) for t in map(int, arguments.threads.split(","))]
    for threads, table in tables:
        report(threads, table)
    conclude([table for _, table in tables])


if __name__ == "__main__":
    main()
