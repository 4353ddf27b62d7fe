"""How quickly MNIST is learned in spikes, image by image, beside what else there is:

    python -m credit.spiking.speed --with ngclearn=PYTHON --with snntorch=PYTHON

PYTHON is an interpreter that has the library; without one its rows are left out. All ways have the
same network and as many steps an image. Every way is a process on one thread; rounds of all take
turns, and what is compared is CPU time, which other programs change less than time on the clock.
"""

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import brian2
import numpy as np
import pandas as pd
import torch

from credit import paths
from credit.spiking import event_driven, online, simulation
from credit.spiking.peers.rounds import answer
from credit.tasks import data

SIZES, STEPS, SILENT = (784, 1000, 10), 100, 20  # units; steps an image, the first without teacher
ROUNDS = 7
ONE_RUN = "here, many images in one run"
EVENTS, EACH, ONCE = "at every spike", "in every step", "once a batch, BPTT"
WAYS = {  # name: who, when weights change, images in a batch, in one call, in a round
    ONE_RUN: ("cpp_standalone", EVENTS, 1, 500, 500),
    "here, one run an image": ("cpp_standalone", EVENTS, 1, 1, 10),
    "here, one run an image, numpy": ("numpy", EVENTS, 1, 1, 10),
    "ngc-learn, feedback alignment": ("ngclearn", EACH, 1, 1, 20),
    "ngc-learn, feedback alignment, batch": ("ngclearn", EACH, 250, 250, 500),
    "snnTorch, surrogate gradient": ("snntorch", ONCE, 1, 1, 10),
    "snnTorch, surrogate gradient, batch": ("snntorch", ONCE, 100, 100, 200),
}
COLUMNS = ["way", "weights change", "batch", "one call", "images", "CPU ms/image"]
COLUMNS += ["ratio", "low", "high", "rounds"]
OURS = "import json, sys; from credit.spiking import speed; speed.ours(**json.loads(sys.argv[1]))"
PEERS = Path(__file__).parent / "peers"
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
ALONE |= {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
ALONE |= {"JAX_PLATFORMS": "cpu"}


@dataclass(frozen=True)
class Onward(event_driven.Setting):
    """A setting whose runs go on where the one before ended: so that many images in one run and one
    run an image are the same computation."""

    on: str | None = None  # code generator; None: the fastest
    profiled: bool = False

    def simulation(self):
        name = f"speed-{'-'.join(map(str, self.sizes))}-{self.chunk}{'-profiled' * self.profiled}"
        return simulation.Simulation(partial(build, self), name, on=self.on)


def build(setting: Onward) -> simulation.Model:
    """The model of event_driven, with what outlasts an image: phases of the input, last spikes."""
    if setting.profiled:
        brian2.get_device().build_options["profile"] = True
    model = event_driven.build(setting)
    model.read["x"] = (model.network["input"], "x")
    for name in lasting(setting):
        model.given[f"last {name}"] = model.network[name].lastspike
        model.read[f"last {name}"] = (model.network[name], "lastspike")
    return model


def lasting(setting: Onward) -> dict[str, int]:
    """{layer: its neurons}, of those that are refractory after a spike."""
    n = setting.sizes
    return {f"hidden{l}": m for l, m in enumerate(n[1:-1], 1)} | {"output": n[-1]}


class Learner(online.Learner):
    """As online.Learner, but a run goes on where the one before ended."""

    def __init__(self, setting: Onward, seed: int = 0):
        super().__init__(setting, seed)
        self.W["x"] = np.random.default_rng(seed).random(setting.sizes[0])
        self.W |= {f"last {name}": np.full(m, -1e4) for name, m in lasting(setting).items()}

    def learn(self, x: torch.Tensor, label: torch.Tensor) -> dict[str, float]:
        """Learn images [n, pixels] and labels [n]; returns {what: number per image}."""
        chunk, total = self.setting.chunk, Counter()
        for part, of in zip(x.split(chunk), label.split(chunk), strict=True):
            total.update(self.show(part, of, rate=1.0)[1])
            # the step beyond the last image, in which its score is read, is not part of the next
            last = part[-1].double().numpy() * self.setting.white * 1e-3
            self.W["x"] = (self.W["x"] - last) % 1
            for name in lasting(self.setting):
                self.W[f"last {name}"] -= chunk * self.setting.image * 1e-3
        return {what: number * chunk / len(x) for what, number in total.items()}


def setting(sizes, steps, silent, chunk, on=None, **more) -> Onward:
    return Onward(sizes=tuple(sizes), image=steps, settling=silent, chunk=chunk, on=on, **more)


def ours(images: str, sizes, batch: int, n: int, steps: int, silent: int, on: str):
    """Answer as the programs in peers do: a round is n images, batch of them in one run."""
    given = np.load(images)
    x, label = (torch.from_numpy(given[name][:n]) for name in ("pixels", "label"))
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        simulation.FOLDERS = Path(folder)
        learner = Learner(setting(sizes, steps, silent, batch, on))
        answer(lambda: learner.learn(x, label.argmax(1)), brian2=version("brian2"))


def profile(x: torch.Tensor, label: torch.Tensor, sizes=SIZES, steps=STEPS, silent=SILENT):
    """What a compiled run on these images computes: shares of its time in percent, as a Series, the
    largest first."""
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        simulation.FOLDERS = Path(folder)
        learner = Learner(setting(sizes, steps, silent, len(x), "cpp_standalone", profiled=True))
        learner.learn(x, label)
        program = learner.simulation
        seconds = program.device.network_get_profiling_info(program.model.network)
    spent = pd.Series({name.split("_codeobject")[0]: float(s) for name, s in seconds})
    return 100 * spent / spent.sum()


class Way:
    """A way to learn, as a process that waits to be asked.

    Raises OSError where it cannot be started, with the last line that it said.
    """

    def __init__(self, command: list[str], task: dict):
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed by end
        self.process = subprocess.Popen(
            [*command, json.dumps(task)], text=True, env=os.environ | ALONE,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
        )  # fmt: skip
        self.versions = self._answer()["versions"]

    def learn(self) -> float:
        """CPU seconds of one round; what else the program says of it stands in `said`."""
        print(file=self.process.stdin, flush=True)
        self.said = self._answer()
        return self.said["s"]

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            last = self.errors.read().strip().splitlines()[-1]
            self.end()
            raise OSError(last)
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def command(who: str, pythons: dict[str, str]) -> list[str]:
    """How a way is started: here in this interpreter, a library in the one named for it."""
    if who in simulation.TARGETS:
        return [sys.executable, "-c", OURS]
    return [pythons.get(who, sys.executable), str(PEERS / f"with_{who}.py")]


def start(ways: dict, pythons: dict[str, str], images: str, network: dict) -> dict[str, Way]:
    """{name: a way that is ready}; a library that cannot be started is left out with a line."""
    ready, missing = {}, set()
    for name, (who, _, _, call, n) in ways.items():
        here = who in simulation.TARGETS
        task = network | {"images": images, "batch": call, "n": n} | ({"on": who} if here else {})
        try:
            if who not in missing:
                ready[name] = Way(command(who, pythons), task)
        except OSError as error:
            if here:
                raise
            missing.add(who)
            print(f"{who} is left out ({error}): --with {who}=PYTHON names an interpreter that "
                  "has it", file=sys.stderr)  # fmt: skip
    return ready


def measure(pythons: dict[str, str], ways=WAYS, rounds=ROUNDS, **network) -> tuple[list, dict]:
    """The rows of the table, and for its head {library: version} and the spikes of one run.

    pythons  {library: interpreter that has it}
    network  sizes, steps, silent: as at the head of this module
    """
    network = {"sizes": SIZES, "steps": STEPS, "silent": SILENT} | network
    train, n = data.load("mnist").train, max(way[-1] for way in ways.values())
    label, seconds = data.one_hot(train.label[:n], network["sizes"][-1]), defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        images = str(Path(folder) / "images.npz")
        np.savez(images, pixels=train.x[:n].numpy(), label=label.numpy())
        ready = start(ways, pythons, images, network)
        for _, (name, way) in itertools.product(range(rounds), ready.items()):
            seconds[name].append(way.learn() / ways[name][-1])
    rows, facts = [], {}
    for name, way in ready.items():
        way.end()
        facts |= way.versions
        ratio = np.divide(seconds[name], seconds[ONE_RUN])  # round by round
        found = [1e3 * np.median(seconds[name]), np.median(ratio), ratio.min(), ratio.max(), rounds]
        rows.append(dict(zip(COLUMNS, [name, *ways[name][1:], *found], strict=True)))
    spikes = {layer: ready[ONE_RUN].said[layer] for layer in ("input", "hidden1", "output")}
    text = ", ".join(f"{number:.0f} {layer}" for layer, number in spikes.items())
    return rows, facts | {"spikes an image": text}


def main(argv: list[str] | None = None):
    """Print the table and keep it in data/results/spiking-speed.csv."""
    parser = argparse.ArgumentParser(prog="python -m credit.spiking.speed")
    parser.add_argument("--with", action="append", default=[], metavar="LIBRARY=PYTHON", dest="of")
    pythons = dict(pair.split("=", 1) for pair in parser.parse_args(argv).of)
    rows, facts = measure(pythons)
    train = data.load("mnist").train
    shares = profile(train.x[:500], train.label[:500])
    head = {
        "command": "python -m credit.spiking.speed",
        "network": f"{'-'.join(map(str, SIZES))}, {STEPS} steps an image, one thread",
        "ratio": f"CPU time an image over that of '{ONE_RUN}'; median, least and largest of rounds",
        "profile": ", ".join(f"{share:.0f} % {name}" for name, share in shares[:3].items()),
        **facts,
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "load": f"{os.getloadavg()[1]:.1f} programs at a time, these included",
    }
    text = "".join(f"# {key}: {value}\n" for key, value in head.items())
    text += pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False, float_format="%.4g")
    (paths.RESULTS / "spiking-speed.csv").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
