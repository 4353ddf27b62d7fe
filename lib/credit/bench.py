"""Time and memory of a training step beside plain PyTorch's: `python -m credit.bench [rounds]`."""

import importlib.util
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from credit import rules
from credit.evidence import results
from credit.nets.channels import Channels
from credit.nets.networks import Network, make_network
from credit.nets.relaxation import Relaxation, Settling
from credit.nets.streams import streams
from credit.rules.base import Rule, own_parameters
from credit.runs.store import provenance, write_whole
from credit.tasks import data
from credit.training.descent import Descent
from credit.training.setting import Setting

NETWORKS = {"784-500-10": (784, 500, 10), "784-500-500-10": (784, 500, 500, 10)}
NETWORKS["784-7x240-10"] = (784, *7 * (240,), 10)
SETTLE = {f"784-{'500-' * n}10": (784, *n * (500,), 10) for n in (1, 2, 3)}
RULES = ("backprop", "feedback_alignment", "direct_feedback_alignment")
HARD = ("hard_sigmoid", "hard_sigmoid_squared")
BATCH, RATE, REPEATS, SEEDS = 128, 0.01, 5, range(50)
STEPS = 20  # of a network that settles
COLUMNS = ["network", "what", "ratio", "low", "high", "apart", "milliseconds", "rounds"]
REPEATED = 0.05  # a ratio has repeated where the halves of the rounds are no further apart
TRAIN = """import resource, torch; from credit import rules; from credit.training import run
torch.set_num_threads(1); rule = rules.rule("feedback_alignment")
run.run(run.Setting(rule, {sizes}, batch={batch}, examples=640, epochs=1), seed=0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"""
Step = Callable[[], object]


def our_step(rule: Rule, network: Network, own: dict, x: Tensor, label: Tensor) -> Step:
    """A training step of this library: forward, teach, update and plain gradient descent."""
    ch, t = Channels(network, own, streams(0)), data.one_hot(label, network.sizes[-1])
    descent = Descent(Setting(rule, network.sizes, learning_rate=RATE), network, own)
    return lambda: descent.apply(rule.step(ch.teach(t), x)[1])


def torch_model(network: Network, mode: str = "") -> nn.Sequential:
    """The same tanh network and weights in PyTorch; mode fa or dfa takes BioTorch's layers."""
    linear = importlib.import_module(f"biotorch.layers.{mode}").Linear if mode else nn.Linear
    if mode == "dfa":
        linear = partial(linear, output_dim=network.sizes[-1], layer_config={"type": mode})
    modules = []
    for layer in network.layers.values():
        modules += [linear(*layer.W.mT.shape), nn.Tanh()]
        modules[-2].load_state_dict({"weight": layer.W, "bias": layer.b}, strict=False)
    return nn.Sequential(*modules[:-1])


def torch_step(model: nn.Sequential, x: Tensor, label: Tensor) -> Step:
    """The step of a PyTorch program: autograd and torch.optim."""
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=RATE)
    direct = hasattr(model[0], "loss_gradient")  # BioTorch's DFA wants the error handed to it

    def share(e):
        for layer in model[::2]:
            layer.loss_gradient = e

    def step():
        optimiser.zero_grad()
        a = model(x)
        if direct:
            a.register_hook(share)
        nn.functional.cross_entropy(a, label).backward()
        optimiser.step()

    return step


def biotorch_modes() -> list[str]:
    """Those of BioTorch's layers that run here; one line is printed for what does not."""
    if importlib.util.find_spec("biotorch") is None:
        print("biotorch is not installed, left out: uv pip install -p .venv --no-deps biotorch")
        return []
    # its DFA rests on a hook that torch has deprecated
    warnings.filterwarnings("ignore", "Using a non-full backward hook", FutureWarning)
    working = []
    for mode in ("fa", "dfa"):
        try:
            model = torch_model(make_network((4, 3, 2)), mode)
            torch_step(model, torch.ones(1, 4), torch.tensor([0]))()
            working.append(mode)
        except Exception as error:  # old code on a new torch may fail in any way
            print(f"biotorch {mode} left out: {type(error).__name__}: {error}".splitlines()[0])
    return working


def products(network: Network, batch: int) -> Step:
    """The matrix products of a step of backprop alone, which no way of writing it saves."""
    n, calls = network.sizes, []
    h = [torch.rand(batch, units) for units in n]  # stands for the errors, too
    for l, layer in network.layers.items():
        calls.append((h[l - 1], layer.W.mT, torch.empty(batch, n[l])))
        calls.append((h[l - 1].mT, h[l], torch.empty(n[l - 1], n[l])))
        if l > 1:
            calls.append((h[l], layer.W, torch.empty(batch, n[l - 1])))
    return lambda: [torch.mm(a, b, out=out) for a, b, out in calls]


def candidates(sizes: tuple[int, ...], modes: list[str]) -> dict[str, Step]:
    """{name: step} on the same examples from the same weights, the measure of all first."""
    x, label = torch.rand(BATCH, sizes[0]), torch.randint(sizes[-1], (BATCH,))
    steps = {"autograd": torch_step(torch_model(make_network(sizes)), x, label)}
    for rule in map(rules.rule, RULES):
        own = own_parameters(rule, sizes, 0)
        steps[rule.name] = our_step(rule, make_network(sizes), own, x, label)
    for mode in modes:
        model = torch_model(make_network(sizes), mode)
        steps[f"biotorch {mode}"] = torch_step(model, x, label)
    return steps | {"matrix products alone": products(make_network(sizes), BATCH)}


def ensemble(sizes=(20, 30, 10), batch: int = 32) -> dict[str, Step]:
    """{name: step} of feedback alignment with many seeds, one after the other and at once."""
    rule = rules.rule("feedback_alignment")
    x, label = torch.rand(batch, sizes[0]), torch.randint(sizes[-1], (batch,))
    *alone, together = (
        our_step(rule, make_network(sizes, s), own_parameters(rule, sizes, s), x, label)
        for s in (*SEEDS, SEEDS)
    )
    return {"50 seeds in turn": lambda: [step() for step in alone], "50 seeds at once": together}


def settling(sizes: tuple[int, ...], batch: int) -> dict[str, Step]:
    """{name: step}: a network settles from zero, with and without the products of its steps, and
    these products alone.

    The drive from the input is a product, too, made once for all steps and in all times but those
    of the products. "leaky" takes half a step at a time, as equilibrium propagation does; the other
    kind goes all the way, as in CHL.
    """
    ch, x = Channels(make_network(sizes, 0, *HARD), {}, streams(0)), torch.rand(batch, sizes[0])
    feedback = {l: ch.W_back[l] for l in range(2, ch.L + 1)}

    def settled(how, products):
        loop = Relaxation(ch, x, feedback)
        if not products:
            loop._add = lambda a, h, W, alpha=1.0, out=None: out
        return loop.settle(loop.at(0.0), how)

    def drive():
        Relaxation(ch, x, feedback)

    h = [torch.rand(batch, units) for units in sizes]
    mm = [(h[l - 1], ch.W_own[l].mT, torch.empty_like(h[l])) for l in feedback]
    mm += [(h[l], ch.W_own[l], torch.empty_like(h[l - 1])) for l in feedback]

    def bare():
        for _ in range(STEPS):
            for a, b, out in mm:
                torch.mm(a, b, out=out)

    kinds = {"": Settling(STEPS, rate=1.0), ", leaky": Settling(STEPS, projected=True)}
    steps = {
        f"{STEPS} steps{kind}{without}": partial(settled, how, not without)
        for kind, how in kinds.items()
        for without in ("", ", without their products")
    }
    return steps | {f"products of {STEPS} steps alone": bare, "the drive from the input": drive}


def settling_table(measured: pd.DataFrame) -> pd.DataFrame:
    """Of the rows of `settling` in data/results/bench.csv: how quickly networks settle.

    Returns columns network, batch, kind; steps/s; bound, the share of that speed in what the bare
    products would do; products, the share of the products in the time, drive included
    """
    rows = measured[measured["network"].str.contains("settling")]
    times, table = rows.set_index(["network", "what"])["milliseconds"], []
    for name in rows["network"].unique():
        ms, (network, batch) = times[name], name.split(" settling, batch ")
        drive, bare = ms["the drive from the input"], ms[f"products of {STEPS} steps alone"]
        for kind, what in (("whole steps", ""), ("half steps", ", leaky")):
            all_of_it, rest = (
                ms[f"{STEPS} steps{what}{w}"] for w in ("", ", without their products")
            )
            steps = all_of_it - drive
            share = (all_of_it - rest + drive) / all_of_it
            table.append((network, int(batch), kind, 1000 * STEPS / steps, bare / steps, share))
    return pd.DataFrame(table, columns=["network", "batch", "kind", "steps/s", "bound", "products"])


def interleave(steps: dict[str, Step], rounds: int) -> dict[str, np.ndarray]:
    """Milliseconds per step on one thread, {name: [rounds]}: A B C, A B C, ...

    A turn is one step that brings the caches back and REPEATS that are timed.
    """
    times, threads = {name: [] for name in steps}, torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(rounds):
            for name, step in steps.items():
                step()
                start = time.perf_counter()
                for _ in range(REPEATS):
                    step()
                times[name].append(1000 * (time.perf_counter() - start) / REPEATS)
    finally:
        torch.set_num_threads(threads)
    return {name: np.array(ms) for name, ms in times.items()}


def compare(network: str, steps: dict[str, Step], rounds: int) -> list[tuple]:
    """Rows of COLUMNS: ratios to the first step in the same round, median, 10 and 90 %; and how far
    apart the medians of the earlier and the later half of the rounds are, as a share."""
    times = interleave(steps, rounds)
    first, rows = next(iter(times.values())), []
    for what, ms in times.items():
        ratio = ms / first
        spread = np.quantile(ratio, (0.5, 0.1, 0.9))
        early, late = (np.median(h) if len(h) else np.nan for h in np.array_split(ratio, 2))
        rows.append((network, what, *spread, abs(late / early - 1), np.median(ms), rounds))
    return rows


def repeated(table: pd.DataFrame) -> str:
    """In words whether the ratios repeat, and which do not."""
    lost = table[~(table["apart"] <= REPEATED)]
    names = "; ".join(f"{row.network}, {row.what}" for row in lost.itertuples())
    kept = f"{len(table) - len(lost)} of {len(table)} ratios within {100 * REPEATED:g} %"
    return f"{kept}, earlier rounds against later ones" + (f"; not {names}" if names else "")


def peak_memory(sizes: Sequence[int]) -> float:
    """The most that a process held that trained one epoch, MB (10^6 bytes)."""
    code = [sys.executable, "-c", TRAIN.format(sizes=tuple(sizes), batch=BATCH)]
    peak = int(subprocess.run(code, stdout=subprocess.PIPE, check=True).stdout)
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def main(rounds: int = 60):
    """Print the table and keep it in data/results/bench.csv."""
    head = {"command": "python -m credit.bench", **provenance(), "threads": 1, "batch": BATCH}
    for name, sizes in NETWORKS.items():  # before this process grows: a child starts with its peak
        used = f"{peak_memory(sizes):.0f} MB, Python, torch, MNIST and the training"
        head[f"peak memory {name}"] = used
    modes, rows = biotorch_modes(), compare("20-30-10", ensemble(), rounds)
    for name, sizes in NETWORKS.items():
        rows += compare(name, candidates(sizes, modes), rounds)
    for name, sizes in SETTLE.items():
        for batch in (20, 64, BATCH):
            rows += compare(f"{name} settling, batch {batch}", settling(sizes, batch), rounds)
    table = pd.DataFrame(rows, columns=COLUMNS)
    head["repeated"] = repeated(table)
    text = "".join(f"# {key}: {value}\n" for key, value in head.items())
    write_whole(results.path("bench"), text + table.to_csv(index=False, float_format="%.4g"))
    print(text + table.round(3).to_string(index=False))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
