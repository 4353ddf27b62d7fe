"""Event-driven learning in spiking neurons: errors travel as events, weights change at spikes.

Every hidden neuron integrates, apart from its membrane, a teaching variable T, as in a dendrite
that does not reach the soma. A weight changes when its presynaptic neuron fires, by what is there
in its postsynaptic neuron at that time (after Neftci et al. 2017, event-driven random
backpropagation):

    dw = -eta e      at the output,  e = r - r_target while the teacher speaks, else 0 (OUT)
    dw = -eta T gate below it,       gate = 1 while I_low < I < I_high                 (HIDDEN)
    dT/dt = -T / tau_T, and every error event of a neuron above adds +b or -b to T     (TEACH)
    dE/dt = e / tau_e;  E > 1: event `up`, E -= 1;  E < -1: event `down`, E += 1       (EVENT)

r is the neuron's own spike train, low-passed. Hidden neurons above the first layer have events
where the pathway goes layer by layer, with T gate in the place of e. How events come to T, and what
changes besides, is the pathway, one file each in `pathways`; TEACH is what most of them do.
"""

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from brian2 import (
    EventMonitor,
    Hz,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    mV,
)
from torch import Tensor

from credit.nets.networks import Init
from credit.nets.streams import streams
from credit.spiking import neurons
from credit.spiking.pathways import base as pathways
from credit.spiking.pathways.base import Parts, Pathway
from credit.spiking.pathways.direct import Direct
from credit.spiking.simulation import Model, Simulation, kept
from credit.tasks import data

EVENTS = """
dE/dt = {error} / tau_e : 1
"""
READOUT = """
dr/dt = -r / tau_r : 1
on = int(timestep(t, dt) % steps >= settling) : 1 (shared)
wanted : 1
told : 1
learning : 1 (shared, constant)
eta : volt (shared, constant)
change = -eta * error : volt (constant over dt)
spikes : 1
score = spikes + clip(v / v_th, 0, 0.999) : 1
"""
PARAMETERS = neurons.PARAMETERS | {
    "tau_T": 10 * ms,  # teaching variable of a hidden neuron
    "tau_r": 20 * ms,  # trace of an output neuron's spikes
    "I_low": 0 * mV,
    "I_high": 40 * mV,
}


@dataclass(frozen=True)
class Setting:
    """One experiment in spikes, complete."""

    rule: Pathway = field(default_factory=Direct)
    sizes: tuple[int, ...] = (784, 200, 10)
    dataset: str = "mnist"
    input: str = "regular"  # or poisson
    white: float = 100.0  # Hz, rate of a white pixel
    image: int = 60  # ms, how long an image is shown
    settling: int = 15  # ms of them before the teacher speaks and spikes count
    target: float = 200.0  # Hz, rate of the neuron of the right class
    learning_rate: float = 0.005  # mV, of the output's synapses
    hidden_rate: float = 0.03  # mV, of the others
    events: float = 200.0  # Hz per unit of error, rate of error events
    spread: float = 50.0  # mV, standard deviation of the first weights times sqrt(fan-in)
    schedule: str = "linear"  # of the rates, down to 0, in steps of a chunk; or constant
    epochs: int = 2
    examples: int | None = None  # of the training split; None: all
    chunk: int = 2500  # images in one run of the network

    def __post_init__(self):
        if len(self.sizes) < 3:
            raise ValueError(f"sizes needs at least one hidden layer, got {self.sizes}")
        for name, known in (("input", neurons.INPUTS), ("schedule", ("linear", "constant"))):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, expected one of {', '.join(known)}"
                )
        if not 0 <= self.settling < self.image:
            raise ValueError(
                f"settling is {self.settling} ms, expected less than an image's {self.image} ms"
            )
        for name in ("learning_rate", "hidden_rate"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected at least 0")

    @property
    def label(self) -> str:
        """Hidden layers and how they are taught: "200 direct"."""
        told = ", shuffled" if self.rule.shuffled else ""
        return f"{'-'.join(map(str, self.sizes[1:-1]))} {self.rule.short}{told}"


def build(setting: Setting) -> Model:
    """The network of a setting, to be run on one chunk of images."""
    L, K, n = len(setting.sizes) - 1, setting.chunk, setting.sizes
    defaultclock.dt = 1 * ms
    image = setting.image * ms
    here = PARAMETERS | {
        "white": setting.white * Hz,
        "image": image,
        "steps": setting.image,
        "settling": setting.settling,
        "tau_e": 1 / (setting.events * Hz),
        "pixels": TimedArray(np.zeros((K, n[0])), dt=image, name="pixels"),
        "label": TimedArray(np.zeros((K, n[L])), dt=image, name="label"),
        "teacher": TimedArray(np.zeros((K, n[L])), dt=image, name="teacher"),
    }
    parts = Parts(n, [neurons.input_layer(n[0], setting.input, here)], here)
    layers = parts.layers
    layers += [_layer(l, setting, here) for l in range(1, L + 1)]
    parts.forward |= {l: _forward(l, layers, setting, here) for l in range(1, L + 1)}
    added, forward = setting.rule.add(parts), parts.forward
    counts = [SpikeMonitor(g, record=False, name=f"count_{g.name}") for g in layers]
    events = [
        EventMonitor(g, event, record=False, name=f"count_{event}_{g.name}")
        for g in layers[1:]
        for event in g.events
        if event != "spike"
    ]
    # an image's score is read at the beginning of the next, just before all come to rest
    scores = StateMonitor(
        layers[L], "score", record=True, dt=image, when="before_start", order=-2, name="scores"
    )
    network = Network(
        *layers, *forward.values(), *added, *counts, *events, scores, name="event_driven"
    )
    # a spike acts on the currents in the step in which it happens, on the membrane in the next
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    given = {"pixels": here["pixels"], "label": here["label"], "teacher": here["teacher"]}
    given |= {f"w{l}": s.w for l, s in forward.items()} | parts.given
    given |= {f"eta{l}": layers[l].eta for l in range(1, L + 1)}
    given["learning"] = layers[L].learning
    if setting.input == "regular":
        given["x"] = layers[0].x
    read = {f"w{l}": (s, "w") for l, s in forward.items()} | parts.read
    read["scores"] = (scores, "score")
    read |= {m.name: (m, "count") for m in counts + events}
    return Model(network, (K * setting.image + 1) * ms, given, read, layers[0])


def _layer(l: int, setting: Setting, here: dict) -> NeuronGroup:
    """The neurons of layer l, at rest when an image appears."""
    last = l == len(setting.sizes) - 1
    name = "output" if last else f"hidden{l}"
    way = setting.rule
    equations = neurons.MEMBRANE + neurons.CURRENT
    equations += READOUT + way.error if last else way.teaching
    events = {}
    if way.sends and (last or (way.chain and l > 1)):
        equations += EVENTS.format(error="sent" if last else "T*gate")
        events = {"up": "E > 1", "down": "E < -1"}
    if not last:
        events |= way.corrects
    spikes = dict(neurons.SPIKES)
    after = "r += 1; spikes += on" if last else way.spiked
    spikes["reset"] += f"; {after}" if after else ""
    group = NeuronGroup(
        setting.sizes[l], equations, **spikes, events=events, method="euler",
        namespace=here, name=name,
    )  # fmt: skip
    resets = {"up": "E -= 1", "down": "E += 1", "more": "D -= 1", "less": "D += 1"}
    for event, change in resets.items():
        if event in events:
            group.run_on_event(event, change)
    rest = "v = 0*mV; I = 0*mV"
    rest += "".join(
        f"; {x} = 0" for x in sorted(group.equations.diff_eq_names - {"v", "I", *way.lasting})
    )
    if last:
        rest += "; spikes = 0; wanted = full*label(t, i); told = full*teacher(t, i)"
        group.namespace["full"] = float(setting.target * Hz * here["tau_r"])
    # before `change` is computed, which then holds for the step
    group.run_regularly(
        rest.replace("; ", "\n"),
        here["image"],
        when="before_start",
        order=-1,
        name=f"{name}_rest",
    )
    return group


def _forward(l: int, layers: list, setting: Setting, here: dict) -> Synapses:
    """The plastic synapses into layer l."""
    model, ways = "w : volt", {"on_pre": "I_post += w; w += change_post"}
    besides = setting.rule.through(l) if l > 1 else {}
    if "on_post" in besides:
        ways |= {"on_post": besides["on_post"], "on_event": {"pre": "spike"} | pathways.EVENTS}
    model += "\n" + besides.get("model", "")
    synapses = Synapses(layers[l - 1], layers[l], model, **ways, name=f"forward{l}", namespace=here)
    synapses.connect()
    return synapses


@kept
def _simulation(setting: Setting) -> Simulation:
    """The simulation of a setting, the one before if it serves: most of a series asks for one."""
    shape = "-".join(map(str, setting.sizes))
    name = f"event-driven-{shape}-{setting.rule.short.replace(' ', '-')}-{setting.input}"
    return Simulation(partial(build, setting), name)


class Learner:
    """A network between its runs: the weights, and what a run of the network says.

    W  {name: weights}: w_l [n_{l-1}, n_l] in volts and those of the pathway, flat, in SI
    """

    def __init__(self, setting: Setting, seed: int):
        self.setting, self.random = setting, streams(seed)
        # whatever is only a value of a run, or a number of runs, asks for no other program
        same = {
            "epochs": 1,
            "examples": None,
            "learning_rate": 1.0,
            "hidden_rate": 1.0,
            "schedule": "linear",
        }
        # nor does a field of the pathway: all are values of a run
        self.simulation = _simulation(
            replace(setting, rule=type(setting.rule)(), spread=1.0, **same)
        )
        weights, n = Init("normal_fan_in", setting.spread * 1e-3), setting.sizes
        self.W = {
            f"w{l}": weights.draw((n[l], n[l - 1]), self.random["weights"]).T.numpy().ravel()
            for l in range(1, len(n))
        }
        self.W |= setting.rule.draw(n, self.random)

    def show(self, x: Tensor, label: Tensor, rate: float = 0.0, teacher: Tensor | None = None):
        """Show images, one after the other, in runs of the network of one chunk each.

        x        [n, pixels], n a multiple of the chunk
        label    [n], heard only where rate > 0
        rate     of learning, in units of the setting's; 0 is without teacher and plasticity
        teacher  [n], the labels of which the hidden neurons hear; by default the same
        Returns  the answers [n] and {what: number per image}
        """
        setting, answers, total = self.setting, [], Counter()
        L, chunk, classes = len(setting.sizes) - 1, setting.chunk, setting.sizes[-1]
        etas = {f"eta{l}": 1e-3 * rate * setting.hidden_rate for l in range(1, L)}
        etas |= {f"eta{L}": 1e-3 * rate * setting.learning_rate, "learning": float(rate > 0)}
        if not setting.rule.sends:
            etas |= {f"eta{l}": 0.0 for l in range(1, L)}
        teacher = label if teacher is None else teacher
        for start in range(0, len(x), chunk):
            part = slice(start, start + chunk)
            values = {
                "pixels": x[part].numpy(),
                "label": data.one_hot(label[part], classes).numpy(),
                "teacher": data.one_hot(teacher[part], classes).numpy(),
            }
            if setting.input == "regular":
                values["x"] = torch.rand(setting.sizes[0], generator=self.random["noise"]).numpy()
            values |= setting.rule.values(rate, chunk, setting.sizes, self.random)
            seed = int(torch.randint(2**31 - 1, (), generator=self.random["noise"]))
            got = self.simulation.run(values | etas | self.W, seed)
            answers.append(torch.from_numpy(got["scores"][:, 1:].argmax(0)))
            if rate > 0:
                self.W |= {name: got[name] for name in got if name in self.W}
            total.update({name: got[name].sum() for name in got if name.startswith("count_")})
        return torch.cat(answers), {
            name.removeprefix("count_"): count / len(x) for name, count in total.items()
        }


def run(setting: Setting, seed: int) -> list[dict]:
    """Train once, online, one image at a time; returns tidy rows of epoch, layer, metric, value,
    unit.

    Metrics: train error (of answers given while the teacher speaks) and validation error after
    each epoch; test error after the last; spikes and synaptic events per image, of the test
    images without learning and of the training images with it; the CPU time of the whole run,
    its program included. Nothing is chosen by the test error.
    """
    clock, dataset, learner = cpu_time(), data.load(setting.dataset), Learner(setting, seed)
    x, label = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]
    random, rows, n = learner.random, [], setting.sizes
    for split in (label, dataset.validation, dataset.test):
        if len(split) % setting.chunk:
            raise ValueError(
                f"chunk is {setting.chunk} images, expected a divisor of {len(split)}, the number "
                "of images to be shown"
            )
    chunks = len(x) // setting.chunk
    total = chunks * setting.epochs

    def record(epoch, metric, value, unit="%", layer=0):
        row = {"epoch": epoch, "layer": layer, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    def error(split):
        answers, counts = learner.show(split.x, split.label)
        return 100 * (answers != split.label).double().mean(), counts

    def energy(counts, when):
        spikes = [counts[name] for name in ("input", *_hidden(setting), "output")]
        for l, count in enumerate(spikes):
            record(epoch, f"spikes, {when}", count, "per image", l)
        events = sum(count * n[l + 1] for l, count in enumerate(spikes[:-1]))
        record(epoch, f"synaptic events, {when}", events, "per image")
        sent = sum(count for name, count in counts.items() if "_" in name)
        record(epoch, f"error events, {when}", sent, "per image")

    for epoch in range(1, setting.epochs + 1):
        missed, counts = 0, Counter()
        order = torch.randperm(len(x), generator=random["order"]).split(setting.chunk)
        for k, index in enumerate(order):
            step = (epoch - 1) * chunks + k
            rate = 1 - step / total if setting.schedule == "linear" else 1.0
            teacher = label[index]
            if setting.rule.shuffled:
                teacher = teacher[torch.randperm(len(index), generator=random["choice"])]
            answers, count = learner.show(x[index], label[index], rate, teacher)
            missed += (answers != label[index]).sum()
            counts.update({name: c / chunks for name, c in count.items()})
        record(epoch, "train error", 100 * missed / len(x))
        energy(counts, "learning")
        record(epoch, "validation error", error(dataset.validation)[0])
    test, counts = error(dataset.test)
    record(epoch, "test error", test)
    energy(counts, "test")
    record(epoch, "cpu time", cpu_time() - clock, "s")
    return rows


def _hidden(setting: Setting) -> list[str]:
    return [f"hidden{l}" for l in range(1, len(setting.sizes) - 1)]


def cpu_time() -> float:
    """CPU seconds of this process and of the programs that it has run."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system
