"""Segregated dendrites: spiking neurons whose apical dendrites tell them what to learn, in Brian2.

    dV/dt = -gL V + gB (B + b - V) + gA (A - V) + I                                      (SOMA)
    dB/dt = (xB - B)/tauL,  dxB/dt = -xB/tauS,  xB += w/tauS at a spike from below      (BASAL)
    dA/dt = (xA - A)/tauL,  dxA/dt = -xA/tauS,  xA += y/tauS at a spike of the output  (APICAL)
    rate  = rate_max sigma(V);  alpha = sigma(mean of A at the end of a phase)        (PLATEAU)
    E     = k rate_max (alpha_t - alpha_f) sigma'(V_f)                         of hidden neurons
    E     = k rate_max (rate_t - rate_max sigma(V_f)) sigma'(V_f)              of output neurons
    dw    = eta P E s_f,  db = eta P E                                                (LEARNING)

f and t are means over the end of the forward and of the target phase; s is the presynaptic spike
train under the same two filters; I drives the output neurons towards the label in the target phase;
k = gB / (gL + gB + gA). Guerguiev, Lillicrap & Richards 2017, their numbers unless marked. Voltages
have no unit, rates and conductances are per ms, so that a weight w is in ms.
"""

import itertools
import os
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
import torch
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
)
from torch import Tensor

from credit.nets.plain import plain
from credit.nets.streams import streams
from credit.spiking.simulation import Model, Simulation, kept
from credit.tasks import data

FEEDBACK = ("random", "sparse", "symmetric", "none")
PARAMETERS = {
    "tauL": 10 * ms,  # leak, and decay of a postsynaptic potential
    "tauS": 3 * ms,  # its rise
    "gL": 0.1 / ms,
    "gB": 0.6 / ms,  # basal dendrite to soma, and dendrite to soma of the output
    "gE": 1.0 / ms,  # of the teacher
    "reversal": 8.0,  # of the teacher, excitatory; inhibitory -8
    "rate_max": 0.2 / ms,
    "dt_ms": 1 * ms,
}
PHASE, SETTLING = 50, 30  # ms; the paper adds a random time of 2 ms on average to each phase
STEPS, WINDOW = 2 * PHASE, PHASE - SETTLING  # of 1 ms: of an image; of what is averaged
RATE = 0.2  # per ms, rate_max as a number
P_HIDDEN, P_OUT = 20 / RATE, 20 / RATE**2
TRACE = """
ds/dt = (x - s)/tauL : 1                       # spikes per ms
dx/dt = -x/tauS : 1
dsf/dt = forward*s/window : 1
"""
CLOCK = """
k = timestep(t, dt_ms) % steps : integer (shared)
forward = int(k >= settling)*int(k < phase) : 1 (shared)
target = int(k >= phase + settling) : 1 (shared)
"""
TEACHES = "k == 0 and sf > 0"  # the event at which the synapses of a neuron learn
BODY = """
dB/dt = (xB - B)/tauL : 1
dxB/dt = -xB/tauS : 1
dVf/dt = forward*V/window : 1
b : 1
E : 1
eta : 1 (shared, constant)
sigma = 1/(1 + exp(-V)) : 1
"""
HIDDEN = """
dV/dt = -gL*V + gB*(B + b - V) + gA*(A - V)/ms : 1
dA/dt = (xA - A)/tauL : 1
dxA/dt = -xA/tauS : 1
dAf/dt = forward*A/window : 1
dAt/dt = target*A/window : 1
gA : 1 (shared, constant)
"""
OUTPUT = """
dV/dt = -gL*V + gB*(B + b - V) + told*gE*(reversal*(2*teacher(t, i) - 1) - V) : 1
dRt/dt = target*sigma/window : 1
dVt/dt = target*V/window : 1
told = int(k >= phase)*learning : 1 (shared)
learning : 1 (shared, constant)
"""
SLOPE = "slope = exp(-Vf)/(1 + exp(-Vf))**2"
HIDDEN_LEARNS = f"""
{SLOPE}
E = int(t > 0*ms)*gB/(gL + gB + gA/ms)*RATE*(1/(1 + exp(-At)) - 1/(1 + exp(-Af)))*slope
b += eta*P_HIDDEN*E
"""
OUTPUT_LEARNS = f"""
{SLOPE}
E = int(t > 0*ms)*gB/(gL + gB)*RATE**2*(Rt - 1/(1 + exp(-Vf)))*slope
b += eta*P_OUT*E
"""


@dataclass(frozen=True)
class SegregatedDendrites:
    """How hidden neurons are taught.

    feedback  "random": fixed weights from the output to every apical dendrite; "sparse": four of
              five of them absent, the others five times as strong; "symmetric": the product of the
              forward weights above, a reference; "none": hidden synapses stay as they are, the
              shallow control
    apical    gA, per ms: from the apical dendrite to the soma; 0 is segregated
    shuffled  the teacher tells the label of another image: a control
    """

    feedback: str = "random"
    apical: float = 0.0
    shuffled: bool = False

    def __post_init__(self):
        if self.feedback not in FEEDBACK:
            raise ValueError(
                f"feedback is {self.feedback!r}, expected one of {', '.join(FEEDBACK)}"
            )
        if not self.apical >= 0:
            raise ValueError(f"apical is {self.apical!r}, expected at least 0")


@dataclass(frozen=True)
class Setting:
    """One experiment, complete."""

    rule: SegregatedDendrites = SegregatedDendrites()
    sizes: tuple[int, ...] = (784, 500, 10)
    dataset: str = "mnist"
    learning_rate: float | tuple[float, ...] = 0.21  # one, or one per layer
    area: float = 1.0  # of a postsynaptic potential; the authors' code keeps 0.51 of it
    epochs: int = 5
    examples: int | None = None  # of the training split; None: all
    curve: int = 5000  # images between two points of the training curve
    validated: int = 2000  # images of the validation split, after each epoch
    tested: int | None = None  # images of the test split, after the last epoch; None: all
    watched: int = 500  # images of it on which angles are measured; 0: none are
    chunk: int = 1000  # images in one run of Brian2

    def __post_init__(self):
        for f in fields(self):
            object.__setattr__(self, f.name, plain(getattr(self, f.name), f.type))
        if len(self.sizes) < 2:
            raise ValueError(f"sizes needs an input and an output, got {self.sizes}")
        if not 0 < self.area <= 1:
            raise ValueError(f"area is {self.area!r}, expected more than 0 and at most 1")
        if len(self.rates) != len(self.sizes) - 1 or not all(r >= 0 for r in self.rates):
            raise ValueError(
                f"learning_rate is {self.learning_rate!r}, expected a number of at least 0, or "
                f"one for each of {len(self.sizes) - 1} layers"
            )

    @property
    def rates(self) -> tuple[float, ...]:
        """Of each layer; those of hidden layers that are not taught are zero."""
        given = self.learning_rate
        given = given if isinstance(given, tuple) else (given,) * (len(self.sizes) - 1)
        return (*(0.0,) * (len(given) - 1), given[-1]) if self.rule.feedback == "none" else given

    @property
    def label(self) -> str:
        """The network, how it is taught and what is not as usual: "784-500-10, random, gA 0.05"."""
        rule = self.rule
        told = f", {rule.feedback}" if len(self.sizes) > 2 else ""
        told += f", gA {rule.apical:g}" * (rule.apical > 0) + ", shuffled teacher" * rule.shuffled
        told += f", area {self.area:g}" * (self.area != 1)
        return "-".join(map(str, self.sizes)) + told


def weights(fan_in: int, shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    """First weights as in the authors' code, for voltages of 3 +- 3 at rates of rate_max / 4; the
    factor 3.465 makes the spread twice what was meant. float64."""
    n, nu, v, b = fan_in, RATE / 4, 3.0, 0.8
    mean = (v - b) / (nu * n * v)
    square = 18 + nu**2 * (n - n * n) * mean**2 * v**2 - 2 * n * nu * b * v * mean - b * b
    spread = (square / (n * nu**2 * 18) - mean**2) ** 0.5
    return mean + 3.465 * spread * _uniform(shape, random)


def _uniform(shape, random) -> Tensor:
    return 2 * torch.rand(shape, generator=random, dtype=torch.float64) - 1


def draw(setting: Setting, random: dict[str, torch.Generator]) -> dict[str, Tensor]:
    """W_l [n_{l-1}, n_l], b_l [n_l] and Y_l [n_out, n_l] of a network that has not learned.

    Returns  {"w1": ..., "b1": ..., "y1": ...}; there is no y_l of symmetric feedback
    """
    n, L, given = setting.sizes, len(setting.sizes) - 1, {}
    for l in range(1, L + 1):
        given[f"w{l}"] = weights(n[l - 1], (n[l - 1], n[l]), random["weights"])
        given[f"b{l}"] = 0.8 + 0.003465 * _uniform((n[l],), random["weights"])
    for l in range(1, L) if setting.rule.feedback != "symmetric" else ():
        y = weights(n[l], (n[L], n[l]), random["feedback"])
        if setting.rule.feedback == "sparse":
            y *= 5 * (torch.rand(y.shape, generator=random["feedback"]) < 0.2)
        given[f"y{l}"] = y * (setting.rule.feedback != "none")
    return given


def build(setting: Setting) -> Model:
    """The network of a setting, to be run on one chunk of images, one after the other."""
    n, L, K = setting.sizes, len(setting.sizes) - 1, setting.chunk
    if setting.rule.feedback == "symmetric" and L > 2:
        raise ValueError(
            "symmetric feedback to several hidden layers is a product of weights, which no synapse "
            "has: expected one hidden layer, or the torch form"
        )
    defaultclock.dt = 1 * ms
    image = STEPS * ms
    here = PARAMETERS | {
        "image": image, "steps": STEPS, "phase": PHASE, "settling": SETTLING, "window": WINDOW * ms,
        "area": setting.area, "RATE": RATE, "P_HIDDEN": P_HIDDEN, "P_OUT": P_OUT,
        "pixels": TimedArray(np.zeros((K, n[0])), dt=image, name="pixels"),
        "teacher": TimedArray(np.zeros((K, n[L])), dt=image, name="teacher"),
    }  # fmt: skip
    same = {"method": "euler", "namespace": here}
    source = NeuronGroup(
        n[0], TRACE + CLOCK + "pixel : 1\nseed : integer (shared, constant)",
        threshold="rand() < pixel*rate_max*dt", reset="x += area*ms/tauS", name="input",
        events={"learn": TEACHES}, **same,
    )  # fmt: skip
    at_once(source, "pixel = pixels(t, i)\nx = 0\ns = 0", "show")
    at_once(source, "sf = 0", "input_rest", when="end")
    layers = [source]
    spikes = {"threshold": "rand() < rate_max*dt*sigma"}
    for l in range(1, L):
        group = NeuronGroup(
            n[l], HIDDEN + BODY + TRACE + CLOCK, **spikes, reset="x += area*ms/tauS",
            name=f"hidden{l}", events={"learn": TEACHES}, **same,
        )  # fmt: skip
        at_once(group, HIDDEN_LEARNS + "x = 0\ns = 0", f"hidden{l}_learns")
        at_once(group, "sf = 0\nVf = 0\nAf = 0\nAt = 0", f"hidden{l}_rest", when="end")
        layers.append(group)
    top = NeuronGroup(n[L], OUTPUT + BODY + CLOCK, **spikes, name="output", **same)
    at_once(top, OUTPUT_LEARNS, "output_learns")
    at_once(top, "Vf = 0\nVt = 0\nRt = 0", "output_rest", when="end")
    layers.append(top)
    forward, back = _forward(layers, setting, here), _feedback(layers, setting, here)
    counts = [SpikeMonitor(g, record=False, name=f"count_{g.name}") for g in layers]
    scores = StateMonitor(
        top, ("Vf", "Vt"), record=True, dt=image, when="before_start", order=-2, name="scores"
    )
    network = Network(*layers, *forward, *back, *counts, scores, name="segregated_dendrites")
    # a spike is heard in the step after it; what an image taught, before the next one's first spike
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    given = {"pixels": here["pixels"], "teacher": here["teacher"], "learning": top.learning}
    given |= {s.name: s.w for s in forward} | {s.name: s.y for s in back}
    given |= {f"b{l}": layers[l].b for l in range(1, L + 1)}
    given |= {f"eta{l}": layers[l].eta for l in range(1, L + 1)}
    given |= {f"gA{l}": layers[l].gA for l in range(1, L)}
    read = {s.name: (s, "w") for s in forward}
    read |= {f"b{l}": (layers[l], "b") for l in range(1, L + 1)}
    read |= {m.name: (m, "count") for m in counts}
    read |= {"Vf": (scores, "Vf"), "Vt": (scores, "Vt")}
    return Model(network, K * image + 1 * ms, given, read, source)


def at_once(group: NeuronGroup, code: str, name: str, when: str = "before_start"):
    """Code that a group runs when an image begins."""
    group.run_regularly(code, group.namespace["image"], when=when, name=name)


def _forward(layers: list, setting: Setting, here: dict) -> list[Synapses]:
    """The plastic synapses, which learn where their presynaptic neuron has fired at all."""
    found = []
    for l, (pre, post) in enumerate(itertools.pairwise(layers), 1):
        on_post = {}
        if l > 1 and setting.rule.feedback == "symmetric":
            on_post = {"on_post": {"back": "xA_pre += w*area*ms/tauS"}}
        P = "P_OUT" if post is layers[-1] else "P_HIDDEN"
        made = Synapses(
            pre, post, "w : 1",
            on_pre={"learn": f"w += eta_post*{P}*E_post*sf_pre", "up": "xB_post += w*area*ms/tauS"},
            on_event={"learn": "learn", "up": "spike", "back": "spike"}, **on_post,
            name=f"w{l}", namespace=here,
        )  # fmt: skip
        made.connect()
        made.learn.order = -1
        found.append(made)
    return found


def _feedback(layers: list, setting: Setting, here: dict) -> list[Synapses]:
    """The fixed synapses from the output to every apical dendrite."""
    if setting.rule.feedback == "symmetric":
        return []
    found = []
    for l in range(1, len(layers) - 1):
        made = Synapses(
            layers[-1], layers[l], "y : 1", on_pre="xA_post += y*area*ms/tauS",
            name=f"y{l}", namespace=here,
        )  # fmt: skip
        made.connect()
        found.append(made)
    return found


@kept
def _simulation(setting: Setting) -> Simulation:
    """The simulation of a setting, the one before if it serves: most of a series asks for one."""
    kind = "symmetric" if setting.rule.feedback == "symmetric" else "fixed"
    return Simulation(
        partial(build, setting), f"segregated-{'-'.join(map(str, setting.sizes))}-{kind}"
    )


class Learner:
    """A network between its runs: its weights, and what a run of the network says."""

    def __init__(self, setting: Setting, seed: int):
        self.setting, self.random = setting, streams(seed)
        # whatever is only a value of a run, or a number of runs, asks for no other program
        fixed = setting.rule.feedback != "symmetric"
        rule = SegregatedDendrites("random" if fixed else "symmetric")
        program = Setting(rule, setting.sizes, setting.dataset, area=setting.area)
        self.simulation = _simulation(replace(program, chunk=setting.chunk))
        self.W = {
            name: w.numpy().ravel()
            for name, w in draw(setting, self.random).items()
            if name in self.simulation.model.given
        }

    def show(self, x: Tensor, label: Tensor, learning: bool) -> tuple[Tensor, dict[str, float]]:
        """Show images, one after the other, in runs of the network of one chunk each.

        x         [n, pixels], n a multiple of the chunk
        label     [n], told by the teacher while there is learning
        Returns   the answers [n], before the teacher spoke, or without one from the whole time;
                  and spikes per image of each group of neurons
        """
        setting, answers, counts = self.setting, [], {}
        given = {f"eta{l}": learning * rate for l, rate in enumerate(setting.rates, 1)}
        given |= {f"gA{l}": setting.rule.apical for l in range(1, len(setting.sizes) - 1)}
        given["learning"] = float(learning)
        for start in range(0, len(x), setting.chunk):
            part = slice(start, start + setting.chunk)
            told = data.one_hot(label[part], setting.sizes[-1]).numpy()
            values = {"pixels": x[part].numpy(), "teacher": told}
            seed = int(torch.randint(2**31 - 1, (), generator=self.random["noise"]))
            got = self.simulation.run(values | given | self.W, seed)
            score = got["Vf"] if learning else got["Vf"] + got["Vt"]
            answers.append(torch.from_numpy(score[:, 1:].argmax(0)))
            if learning:
                self.W |= {name: got[name] for name in self.W if name in got}
            for name in (name for name in got if name.startswith("count_")):
                group = name.removeprefix("count_")
                counts[group] = counts.get(group, 0) + got[name].sum() / len(x)
        return torch.cat(answers), counts


def run(setting: Setting, seed: int) -> list[dict]:
    """Train once in Brian2, online, one image at a time; returns tidy rows of epoch, layer, metric,
    value, unit.

    Metrics: train error, of answers given before the teacher spoke, of each part of the training
    curve; test error after the last epoch, from two times 20 ms of an image; spikes and synaptic
    events per image; the CPU time of the whole run, its program included.
    """
    clock, dataset, learner = cpu(), data.load(setting.dataset), Learner(setting, seed)
    x, label = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]
    tested = slice(setting.tested)
    for n in (len(x), setting.curve, len(dataset.test.label[tested])):
        if n % setting.chunk:
            raise ValueError(
                f"chunk is {setting.chunk} images, expected a divisor of {n}, the number of images "
                "to be shown"
            )
    rows = Rows()
    for epoch in range(setting.epochs):
        order = torch.randperm(len(x), generator=learner.random["order"])
        for k, index in enumerate(order.split(setting.curve), 1):
            teacher = told(label[index], setting, learner.random)
            answers, counts = learner.show(x[index], teacher, learning=True)
            rows.epoch = epoch + min(k * setting.curve / len(x), 1)
            rows.add("train error", 100 * (answers != label[index]).double().mean())
            rows.energy(list(counts.values()), setting.sizes, "learning")
    answers, counts = learner.show(dataset.test.x[tested], dataset.test.label[tested], False)
    rows.add("test error", 100 * (answers != dataset.test.label[tested]).double().mean())
    rows.energy(list(counts.values()), setting.sizes, "test")
    rows.add("cpu time", cpu() - clock, "s")
    return rows.all


def told(label: Tensor, setting: Setting, random: dict[str, torch.Generator]) -> Tensor:
    """What the teacher says of images with these labels."""
    if not setting.rule.shuffled:
        return label
    return label[torch.randperm(len(label), generator=random["choice"])]


class Rows:
    """Tidy rows of one run."""

    def __init__(self):
        self.all, self.epoch = [], 0.0

    def add(self, metric: str, value: float, unit: str = "%", layer: int = 0):
        row = {"epoch": self.epoch, "layer": layer, "metric": metric}
        self.all.append({**row, "value": float(value), "unit": unit})

    def energy(self, spikes: list[float], sizes: tuple[int, ...], when: str):
        """Spikes per image by layer, and how often they arrive at a forward synapse."""
        for l, count in enumerate(spikes):
            self.add(f"spikes, {when}", count, "per image", l)
        events = sum(count * n for count, n in zip(spikes, sizes[1:], strict=False))
        self.add(f"synaptic events, {when}", events, "per image")


def cpu() -> float:
    """CPU seconds of this process and of the programs that it has run."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system
