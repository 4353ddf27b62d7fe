"""Event-driven learning in spiking neurons: errors travel as events, weights change at spikes.

Every hidden neuron integrates, apart from its membrane, a teaching variable T, as in a dendrite
that does not reach the soma. A weight changes when its presynaptic neuron fires, by what is there
in its postsynaptic neuron at that time (after Neftci et al. 2017, event-driven random
backpropagation):

    dw = -eta e      at the output,  e = r - r_target while the teacher speaks, else 0 (OUT)
    dw = -eta T gate below it,       gate = 1 while I_low < I < I_high                 (HIDDEN)
    dT/dt = -T / tau_T, and every error event of a neuron above adds +b or -b to T     (TEACH)
    dE/dt = e / tau_e;  E >= 1: event `up`, E -= 1;  E <= -1: event `down`, E += 1     (EVENT)

r is the neuron's own spike train, low-passed. Hidden neurons above the first layer have events
where the pathway goes layer by layer, with T gate in the place of e. How events come to T, and what
changes besides, is the pathway, one file each in `pathways`; TEACH is what most of them do.
"""

from dataclasses import dataclass, field
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

from credit.nets.plain import flag, one_of, real, whole
from credit.spiking import coherent, neurons, online
from credit.spiking.online import Online
from credit.spiking.pathways import base as pathways
from credit.spiking.pathways.base import Parts, Pathway
from credit.spiking.pathways.direct import Direct
from credit.spiking.simulation import Model, Simulation, kept
from credit.tasks import data

DARK = """
white = brightness * int(timestep(t, dt) % steps >= dark) : Hz (shared)
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
class Setting(Online):
    """One experiment by events, complete."""

    rule: Pathway = field(default_factory=Direct)
    coherent: bool = False  # a network for every class, see credit.spiking.coherent
    input: str = "regular"  # or poisson
    image: int = 60  # ms, how long an image is shown
    settling: int = 15  # ms of them before the teacher speaks and spikes count
    target: float = 200.0  # Hz, rate of the neuron of the right class
    events: float = 200.0  # Hz per unit of error, rate of error events

    def __post_init__(self):
        super().__post_init__()
        flag("coherent", self.coherent)
        one_of("input", self.input, neurons.INPUTS)
        for name in ("target", "events"):
            real(name, getattr(self, name), "more than 0 Hz", lambda v: v > 0)
        if not whole("settling", self.settling, 0) < whole("image", self.image):
            raise ValueError(
                f"settling is {self.settling} ms, expected less than an image's {self.image} ms"
            )
        if self.rule.coherent and not self.coherent:
            raise ValueError(f"{self.rule.short} teaches coherent networks only")

    @property
    def form(self):
        return ", coherent" if self.coherent and not self.rule.coherent else ""

    def simulation(self):
        return _simulation(self.program())

    def first(self, l, w):
        return coherent.first(w, self.sizes[-1]) if self.coherent and l > 1 else w

    def values(self, x, label, teacher, rate, random):
        L, classes = len(self.sizes) - 1, self.sizes[-1]
        values = {
            "pixels": x.numpy(),
            "label": data.one_hot(label, classes).numpy(),
            "teacher": data.one_hot(teacher, classes).numpy(),
            "learning": float(rate > 0),
        }
        below = self.hidden_rate if self.rule.sends else 0.0
        values |= {f"eta{l}": 1e-3 * rate * below for l in range(1, L)}
        values[f"eta{L}"] = 1e-3 * rate * self.learning_rate
        if self.input == "regular":
            values["x"] = torch.rand(self.sizes[0], generator=random["noise"]).numpy()
        return values | self.rule.values(rate, self.chunk, self.sizes, random)

    def derived(self, W):
        return self.rule.derived(W, self.sizes)

    def answers(self, scores, rate):
        # the first is read before the first image
        return super().answers(scores[:, 1:], rate)


def build(setting: Setting) -> Model:
    """The network of a setting, to be run on one chunk of images."""
    L, K, n = len(setting.sizes) - 1, setting.chunk, setting.sizes
    defaultclock.dt = 1 * ms
    dark = setting.rule.dark
    steps = dark + setting.image
    image = steps * ms
    here = PARAMETERS | {
        "brightness" if dark else "white": setting.white * Hz,
        "classes": n[L],
        "image": image,
        "steps": steps,
        "dark": dark,
        "settling": dark + setting.settling,
        "tau_e": 1 / (setting.events * Hz),
        "pixels": TimedArray(np.zeros((K, n[0])), dt=image, name="pixels"),
        "label": TimedArray(np.zeros((K, n[L])), dt=image, name="label"),
        "teacher": TimedArray(np.zeros((K, n[L])), dt=image, name="teacher"),
    }
    pixels = neurons.input_layer(n[0], setting.input, here, variables=DARK if dark else "")
    parts = Parts(n, [pixels], here)
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
    return Model(network, (K * steps + 1) * ms, given, read, layers[0])


def _layer(l: int, setting: Setting, here: dict) -> NeuronGroup:
    """The neurons of layer l, at rest when an image appears."""
    last = l == len(setting.sizes) - 1
    name = "output" if last else f"hidden{l}"
    way = setting.rule
    equations = neurons.MEMBRANE + neurons.CURRENT
    equations += READOUT + way.error if last else way.teaching
    equations += coherent.SIGN if setting.coherent else ""
    events = {}
    if way.sends and (last or (way.chain and l > 1)):
        equations += way.counted if last else way.passed
        events = {"up": "E >= 1", "down": "E <= -1"}
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
    linked = {name for name, x in group.equations.items() if "linked" in x.flags}
    for event, change in resets.items():
        if event in events and change[0] not in linked:  # E may be another's
            group.run_on_event(event, change)
    states = group.equations.diff_eq_names | ({"E"} & group.equations.names - linked)
    rest = "v = 0*mV; I = 0*mV"
    rest += "".join(f"; {x} = 0" for x in sorted(states - {"v", "I", *way.lasting}))
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
    apart = setting.coherent and l > 1
    ways["on_pre"] += f"; {coherent.KEPT}" if apart else ""
    if "on_post" in besides:
        ways |= {"on_post": besides["on_post"], "on_event": {"pre": "spike"} | pathways.EVENTS}
    model += "\n" + besides.get("model", "")
    synapses = Synapses(layers[l - 1], layers[l], model, **ways, name=f"forward{l}", namespace=here)
    synapses.connect(condition=coherent.JOINED if apart else None)
    return synapses


@kept
def _simulation(setting: Setting) -> Simulation:
    """The simulation of a setting, the one before if it serves: most of a series asks for one."""
    shape = "-".join(map(str, setting.sizes))
    name = f"event-driven-{shape}-{setting.rule.short.replace(' ', '-')}-{setting.input}"
    name += "-coherent" if setting.coherent else ""
    return Simulation(partial(build, setting), name)


def run(setting: Setting, seed: int) -> list[dict]:
    """One run of an experiment; see online.run."""
    return online.run(setting, seed)
