"""Learning by the difference of two phases: no errors are sent, the same spikes carry it all.

Every image is shown twice, from rest and with the same input spikes. In the first phase the network
is free; in the second a current teaches the output neurons. Spikes run both ways through all
synapses between hidden and output neurons, so in the second phase hidden neurons feel the teacher
through the spikes of those above. Neurons count their spikes late in each phase,

    x-, x+ = spikes / (target * window)       free, taught                                (COUNT)

and when the image is over a synapse changes by what its two neurons, the sender x and the receiver
y, have counted:

    dw = eta contrast(x-, x+, y-, y+)                                                     (CONTRAST)

The contrast, how the teacher acts and what feedback carries are the rule, one file each in
`contrasts`. A neuron that nobody told anything fires in both phases alike, spike by spike, so with
no feedback no hidden synapse changes.
"""

import math
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    Quantity,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    mV,
)

from credit.nets.plain import real, whole
from credit.spiking import neurons, online
from credit.spiking.contrasts.base import Contrast
from credit.spiking.contrasts.contrastive_hebbian import ContrastiveHebbian
from credit.spiking.online import Online
from credit.spiking.simulation import Model, Simulation, kept
from credit.tasks import data

COUNT = """
late = int(timestep(t, dt) % steps >= settling) : 1 (shared)
n : 1                                                      # spikes late in this phase
minus : 1                                                  # x-
plus = n/full : 1                                          # x+, when the image is over
"""
NEURON = """
dv/dt = (drive - v) / tau_m : volt (unless refractory)
eta : volt (shared, constant)
"""
HIDDEN = """
drive = I + bias : volt
"""
OUTPUT = """
dr/dt = -r / tau_r : 1
wanted : 1
learning : 1 (shared, constant)
beta : 1 (shared, constant)
teaches = learning*int(timestep(t, dt) % (2*steps) >= steps) : 1 (shared)
score = n + clip(v / v_th, 0, 0.999) : 1
"""
PARAMETERS = neurons.PARAMETERS | {
    # Longer than in other networks here: spikes that run both ways can raise each other.
    "t_ref": 3 * ms,
    "tau_r": 20 * ms,  # trace of an output neuron's spikes
}


@dataclass(frozen=True)
class Setting(Online):
    """One experiment in two phases, complete."""

    rule: Contrast = field(default_factory=ContrastiveHebbian)
    phase: int = 60  # ms
    settling: int = 15  # ms of them before spikes count
    target: float = 200.0  # Hz, taught rate of the neuron of the right class; 1 in all traces
    bias: float = 5.0  # mV, constant drive of hidden neurons

    def __post_init__(self):
        super().__post_init__()
        for name in ("target", "bias"):
            real(name, getattr(self, name), "a number", lambda v: True)
        if not whole("settling", self.settling, 0) < whole("phase", self.phase):
            raise ValueError(
                f"settling is {self.settling} ms, expected less than a phase's {self.phase} ms"
            )
        if not 0 < self.target * PARAMETERS["t_ref"] / Hz**-1 < 1:
            raise ValueError(
                f"target is {self.target} Hz, expected one that a neuron with a refractory time of "
                f"{PARAMETERS['t_ref']} can reach"
            )
        if self.rule.reconstructs and self.sizes != (*self.sizes[:2], self.sizes[0]):
            raise ValueError(f"{self.rule.short} needs sizes n-m-n, got {self.sizes}")

    def simulation(self):
        return _simulation(self.program())

    def images(self, rate):
        return self.chunk if rate > 0 else 2 * self.chunk  # untaught, each phase has its own

    def values(self, x, label, teacher, rate, random):
        L, told = len(self.sizes) - 1, label[: self.chunk]
        if self.rule.reconstructs:
            again, told = teacher, told * self.white / self.target
        else:
            again, told = x, data.one_hot(told, self.sizes[-1])
        values = {
            "pixels": (torch.stack((x, again), 1).flatten(0, 1) if rate > 0 else x).numpy(),
            "label": told.numpy(),
            "learning": float(rate > 0),
        }
        values |= {f"eta{l}": 1e-3 * rate * self.hidden_rate for l in range(1, L)}
        values[f"eta{L}"] = 1e-3 * rate * self.learning_rate
        values["first"] = torch.rand(self.sizes[0], generator=random["noise"]).numpy()
        return values | self.rule.values(self.sizes)

    def answers(self, scores, rate):
        scores = scores[:, 1::2] if rate > 0 else scores[:, 1:]  # taught answers are none
        if not self.rule.reconstructs:
            return super().answers(scores, rate)
        return torch.from_numpy(scores.T * 1000 / (self.white * (self.phase - self.settling)))


def build(setting: Setting) -> Model:
    """The network of a setting, to be run on one chunk of images."""
    L, K, n, rule = len(setting.sizes) - 1, setting.chunk, setting.sizes, setting.rule
    defaultclock.dt = 1 * ms
    window = (setting.phase - setting.settling) * ms
    here = PARAMETERS | {
        "white": setting.white * Hz,
        "bias": setting.bias * mV,
        "phase": setting.phase * ms,
        "image": 2 * setting.phase * ms,
        "steps": setting.phase,
        "settling": setting.settling,
        "full": float(setting.target * Hz * window),
        "strong": drive_for(setting.target * Hz),
        "r_full": float(setting.target * Hz * PARAMETERS["tau_r"]),
        "blank": setting.target / setting.white,
        "pixels": TimedArray(np.zeros((2 * K, n[0])), dt=setting.phase * ms, name="pixels"),
        "label": TimedArray(np.zeros((K, n[L])), dt=2 * setting.phase * ms, name="label"),
    }
    layers = [_input(setting, here)] + [_layer(l, setting, here) for l in range(1, L + 1)]
    forward = {l: _forward(l, layers, setting, here) for l in range(1, L + 1)}
    back = {l: _back(l, layers, setting, here) for l in range(1, L) if rule.apart}
    counts = [SpikeMonitor(g, record=False, name=f"count_{g.name}") for g in layers]
    scores = StateMonitor(
        layers[L], "score", record=True, dt=here["phase"], when="before_start", order=-2,
        name="scores",
    )  # fmt: skip
    network = Network(
        *layers, *forward.values(), *back.values(), *counts, scores, name="two_phases"
    )
    # a spike acts on the currents in the step in which it happens, on the membrane in the next
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    given = {name: here[name] for name in ("pixels", "label")}
    given |= {f"w{l}": s.w for l, s in forward.items()}
    given |= {f"feedback{l}": s.b for l, s in back.items()}
    if rule.apart or rule.returns:
        given |= {f"gain{l}": (back[l] if rule.apart else forward[l + 1]).gain for l in range(1, L)}
    given |= {f"eta{l}": layers[l].eta for l in range(1, L + 1)}
    given |= {"learning": layers[L].learning, "beta": layers[L].beta, "first": layers[0].first}
    given |= rule.add(layers)
    read = {f"w{l}": (s, "w") for l, s in forward.items()}
    read |= {f"feedback{l}": (s, "b") for l, s in back.items()}
    read["scores"] = (scores, "score")
    read |= {m.name: (m, "count") for m in counts}
    return Model(network, (2 * K * setting.phase + 1) * ms, given, read, layers[0])


def drive_for(rate: Quantity) -> Quantity:
    """The constant drive under which a neuron fires at this rate; neurons.rate the other way."""
    p = PARAMETERS
    return p["v_th"] / (1 - math.exp(-(1 / rate - p["t_ref"]) / p["tau_m"]))


def _input(setting: Setting, here: dict) -> NeuronGroup:
    """Input neurons; their spikes are the same in both phases of an image."""
    group = neurons.input_layer(
        setting.sizes[0], "regular", here | {"image": here["phase"]},
        variables=COUNT + "first : 1\n" + setting.rule.senses, spiked="n += late",
        pixel=setting.rule.pixel,
    )  # fmt: skip
    _begin(group, here, "x = first")
    return group


def _layer(l: int, setting: Setting, here: dict) -> NeuronGroup:
    """The neurons of layer l, at rest when a phase begins."""
    last = l == len(setting.sizes) - 1
    name = "output" if last else f"hidden{l}"
    equations = NEURON + neurons.CURRENT + COUNT
    equations += OUTPUT + setting.rule.teacher if last else HIDDEN
    spikes = dict(neurons.SPIKES)
    spikes["reset"] += "; n += late; r += 1" if last else "; n += late"
    group = NeuronGroup(
        setting.sizes[l], equations, **spikes, method="euler", namespace=here, name=name
    )
    rest = "v = 0*mV\nI = 0*mV\nlastspike = -1e4*second"  # nor is a neuron refractory any more
    _begin(group, here, rest + ("\nr = 0\nwanted = label(t, i)" if last else ""))
    return group


def _begin(group: NeuronGroup, here: dict, rest: str):
    """When a phase begins: what was counted is kept, everything else comes to rest."""
    group.run_regularly(
        f"minus = n/full\nn = 0\n{rest}", here["phase"], when="before_start", order=-1,
        name=f"{group.name}_rest",
    )  # fmt: skip


def _forward(l: int, layers: list, setting: Setting, here: dict) -> Synapses:
    """The synapses into layer l; spikes return through them, unless feedback is apart."""
    model, ways = "w : volt", {"on_pre": "I_post += w"}
    if l > 1 and setting.rule.returns and not setting.rule.apart:
        model += "\ngain : 1 (shared, constant)"
        ways["on_post"] = "I_pre += gain*w"
    synapses = Synapses(layers[l - 1], layers[l], model, **ways, name=f"forward{l}", namespace=here)
    return _learning(synapses, "w", l, setting, here)


def _back(l: int, layers: list, setting: Setting, here: dict) -> Synapses:
    """Feedback synapses into layer l that are apart from the forward ones."""
    synapses = Synapses(
        layers[l + 1], layers[l], "b : volt\ngain : 1 (shared, constant)",
        on_pre="I_post += gain*b", name=f"feedback{l}", namespace=here,
    )  # fmt: skip
    return _learning(synapses, "b", l, setting, here)


def _learning(synapses: Synapses, weight: str, l: int, setting: Setting, here: dict) -> Synapses:
    synapses.connect()
    contrast = setting.rule.into(l, len(setting.sizes) - 1)
    synapses.run_regularly(
        f"{weight} += eta_post*({contrast})", here["image"], when="before_start",
        order=-3, name=f"learn_{synapses.name}",
    )  # fmt: skip
    return synapses


@kept
def _simulation(setting: Setting) -> Simulation:
    """The simulation of a setting, the one before if it serves: most of a series asks for one."""
    shape = "-".join(map(str, setting.sizes))
    name = f"two-phases-{shape}-{setting.rule.short.replace(' ', '-')}"
    return Simulation(partial(build, setting), name)


def run(setting: Setting, seed: int) -> list[dict]:
    """One run of an experiment; see online.run."""
    if setting.rule.reconstructs != data.load(setting.dataset).reconstruction:
        what = (
            ("reconstructs images", "has classes")
            if setting.rule.reconstructs
            else ("answers with classes", "is to be reconstructed")
        )
        raise ValueError(f"{setting.rule.short} {what[0]}, {setting.dataset} {what[1]}")
    return online.run(setting, seed)
