"""Neurons with two sites of synaptic integration: the apical site gates the basal synapses.

A unit is an ensemble of neurons with two kinds of events, single spikes and bursts:

    A = 1/(1 + exp(-basal)),  rate of single spikes r A                             (BASAL)
    D = (apical + [output] (t - A)) A (1 - A),  rate of bursts r (D0 + D)          (APICAL)
    basal = sum_j w_j A^_j,   apical = sum_k v_k (D^_k - D0)                      (PATHWAYS)
    dw = beta (D^_post + alpha A^_post) A^_pre,   dv = beta A^_post D^_pre           (LEARN)

A^ and D^ are what the ensembles' spikes and bursts say: filtered counts on the way to other units,
means over the last part of a presentation in (LEARN), which happens at its end. D0 is the burst
rate that stands for no error, so that D may be negative. The rule is that of Körding & König 2001,
who simulated rates and print no sizes, biases or coding: ensembles, coding, error and a constant
input are a reconstruction.
"""

import math
import os
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from brian2 import (
    EventMonitor,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    linked_var,
    ms,
)

from credit.spiking.simulation import Model, Simulation, kept
from credit.tasks import data

APICAL = ("own", "shuffled", "off")
FIRING = ("rates", "regular", "poisson")
UNITS = """
A = held*shown + (1 - held)/(1 + exp(-basal)) : 1
D = (1 - held)*(apical + output*(wanted - A))*A*(1 - A) : 1
basal : 1
apical : 1
dA_heard/dt = -A_heard/tau : 1                    # filtered counts: what other units hear
dD_heard/dt = -D_heard/tau : 1
dA_mean/dt = measured*A_heard/window : 1          # over the end of a presentation: what is learned
dD_mean/dt = measured*(D_heard - base)/window : 1
measured = int(timestep(t, dt) % steps >= steps - steps_measured) : 1 (shared)
D_before : 1                                      # of the presentation before
shown : 1
wanted : 1
held : 1 (constant)
output : 1 (constant)
"""
NEURONS = """
A : 1 (linked)
D : 1 (linked)
dx/dt = regular*A*r : 1
dy/dt = regular*clip(base + D, 0, inf)*r : 1
r : Hz (shared, constant)
regular : 1 (shared, constant)
seed : integer (shared, constant)
"""
SINGLE = "x > 1 or rand() < (1 - regular)*A*r*dt"
BURST = "y > 1 or rand() < (1 - regular)*clip(base + D, 0, inf)*r*dt"
BASAL = """
w : 1
beta : 1 (constant)
alpha : 1 (shared, constant)
basal_post = w*A_heard_pre : 1 (summed)
"""
APICAL_SYNAPSES = """
v : 1
beta : 1 (shared, constant)
now : 1 (shared, constant)
before : 1 (shared, constant)
apical_post = v*(now*(D_heard_pre - base) + before*D_before_pre) : 1 (summed)
"""
PARAMETERS = {
    "tau": 10 * ms,  # of the counts that travel; this and all below are choices, none is published
    "base": 0.25,  # D0; |D| of an output is 4/27 at most
    "presentation": 80 * ms,
    "window": 40 * ms,  # at its end
    "neurons": 50,  # of an ensemble
}
DT = 1 * ms
CHUNK = 1500  # presentations in one run of the network


@dataclass(frozen=True)
class TwoSites:
    """What the apical site hears, and which synapses learn.

    apical   "own"; "shuffled": hidden neurons hear what was sent in the presentation before; "off"
    hidden   whether the hidden neurons' basal synapses learn
    v        apical synapses: "learned"; "fixed"; "mirrored", equal to the basal ones: backprop
    alpha    how much of the activity gets into the learning of basal synapses: 0 is two sites
    signed   whether a burst rate below the base can be sent; rates only
    gain     A (1 - A), "derivative", of a hidden neuron's bursts, or A, "activity"; rates only
    """

    apical: str = "own"
    hidden: bool = True
    v: str = "learned"
    alpha: float = 0.0
    signed: bool = True
    gain: str = "derivative"

    def __post_init__(self):
        for name, known in (
            ("apical", APICAL),
            ("v", ("learned", "fixed", "mirrored")),
            ("gain", ("derivative", "activity")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, expected one of {', '.join(known)}"
                )


@dataclass(frozen=True)
class Setting:
    """One experiment, complete: XOR, one pattern after the other.

    firing         "rates": A and D as they are; "regular": neurons that fire evenly; "poisson"
    events         of a unit of rate one within the window, its ensemble taken together
    presentations  a multiple of the chunk where neurons fire
    """

    rule: TwoSites = TwoSites()
    sizes: tuple[int, ...] = (2, 4, 1)
    firing: str = "poisson"
    events: float = 200.0
    beta: float = 2.0  # Körding & König 2001
    presentations: int = 6000
    dataset: str = "xor"

    def __post_init__(self):
        if self.firing not in FIRING:
            raise ValueError(f"firing is {self.firing!r}, expected one of {', '.join(FIRING)}")
        if len(self.sizes) < 3:
            raise ValueError(f"sizes needs at least one hidden layer, got {self.sizes}")
        if self.firing != "rates" and self.presentations % CHUNK:
            raise ValueError(
                f"presentations is {self.presentations}, expected a multiple of {CHUNK}"
            )
        own = replace(self.rule, signed=True, gain="derivative")
        if self.firing != "rates" and (own != self.rule or own.v == "mirrored"):
            raise ValueError("signed, gain and v = 'mirrored' are for rates")
        if not (self.events > 0 and self.beta > 0):
            raise ValueError(f"events {self.events} and beta {self.beta} must be more than 0")

    @property
    def label(self) -> str:
        return f"{'-'.join(map(str, self.sizes))} {self.firing}"


def draw(setting: Setting, seed: int):
    """Weights and the order of the patterns: all uniform in [0, 1), as in the paper.

    Returns  W {l: [n_l, n_{l-1} + 1]}, the last column from the constant input; V {l: [n_l,
             n_{l+1}]} of the hidden layers; the number of the pattern shown in each presentation
    """
    random, n = np.random.default_rng(seed), setting.sizes
    W = {l: random.random((n[l], n[l - 1] + 1)) for l in range(1, len(n))}
    V = {l: random.random((n[l], n[l + 1])) for l in range(1, len(n) - 1)}
    patterns = len(data.load(setting.dataset).train.x)
    return W, V, random.integers(patterns, size=setting.presentations)


# rates


def step(W: dict, V: dict, x, t, rule: TwoSites, beta: float, told: dict | None = None):
    """One presentation in rates; changes W and V in place.

    told     D [n_l] of the layers above, as the hidden ones hear it; None: what is sent now
    Returns  A {l: [n_l]}, D {l: [n_l]}
    """
    L, A, D = len(W), {0: x}, {}
    for l in W:
        A[l] = 1 / (1 + np.exp(-W[l] @ np.append(A[l - 1], 1.0)))
    D[L] = (t - A[L]) * A[L] * (1 - A[L])
    for l in range(L - 1, 0, -1):
        sent = (D if told is None else told)[l + 1]
        sent = sent if rule.signed else np.maximum(sent, 0)
        apical = (W[l + 1][:, :-1].T if rule.v == "mirrored" else V[l]) @ sent
        D[l] = apical * A[l] * ((1 - A[l]) if rule.gain == "derivative" else 1)
        if rule.apical == "off":
            D[l] = 0 * D[l]
    for l in W:
        if l == L or rule.hidden:
            W[l] += beta * np.outer(D[l] + rule.alpha * A[l], np.append(A[l - 1], 1.0))
        if l < L and rule.v == "learned":
            V[l] += beta * np.outer(A[l], D[l + 1])
    return A, D


def _rates(setting: Setting, W: dict, V: dict, order) -> np.ndarray:
    """A of the outputs in every presentation, [presentations, n_L]."""
    train = data.load(setting.dataset).train
    x, t = train.x.numpy().astype(float), train.label.numpy().astype(float)
    zero = {l: np.zeros(n) for l, n in enumerate(setting.sizes)}
    answers, before = [], zero
    for k in order:
        told = before if setting.rule.apical == "shuffled" else None
        A, before = step(W, V, x[k], t[k], setting.rule, setting.beta, told)
        answers.append(A[len(W)])
    return np.array(answers)


# spikes


def units(sizes: tuple[int, ...]) -> list[slice]:
    """Where the units of each layer stand; the last unit of all is the constant input."""
    ends = np.cumsum([0, *sizes])
    return [slice(a, b) for a, b in pairwise(ends)]


def wiring(sizes: tuple[int, ...]):
    """(pre, post) numbers of units of all basal synapses, in the order of the W, and of all apical
    ones, in that of the V."""
    place, constant = units(sizes), sum(sizes)
    basal, apical = [], []
    for l in range(1, len(sizes)):
        pre = [*range(place[l - 1].start, place[l - 1].stop), constant]
        basal += [(j, i) for i in range(place[l].start, place[l].stop) for j in pre]
    for l in range(1, len(sizes) - 1):
        above = range(place[l + 1].start, place[l + 1].stop)
        apical += [(k, i) for i in range(place[l].start, place[l].stop) for k in above]
    return np.array(basal).T, np.array(apical).T


def build(sizes: tuple[int, ...], chunk: int = CHUNK) -> Model:
    """The network of these sizes, to be run on one chunk of presentations."""
    defaultclock.dt = DT
    n, many = sum(sizes) + 1, PARAMETERS["neurons"]
    here = PARAMETERS | {
        "steps": int(PARAMETERS["presentation"] / DT),
        "steps_measured": int(PARAMETERS["window"] / DT),
        "stimulus": TimedArray(np.zeros((chunk, n)), PARAMETERS["presentation"], name="stimulus"),
        "teacher": TimedArray(np.zeros((chunk, n)), PARAMETERS["presentation"], name="teacher"),
    }
    each, place = PARAMETERS["presentation"], units(sizes)
    U = NeuronGroup(n, UNITS, method="euler", namespace=here, name="units")
    U.held, U.output = 0, 0
    U.held[: place[0].stop], U.held[n - 1 :] = 1, 1
    U.output[place[-1]], U.D_heard = 1, PARAMETERS["base"]
    E = NeuronGroup(
        n * many, NEURONS, threshold=SINGLE, reset="x = clip(x - 1, 0, inf)", method="euler",
        events={"burst": BURST}, namespace=here, name="neurons",
    )  # fmt: skip
    E.run_on_event("burst", "y = clip(y - 1, 0, inf)")
    E.A = linked_var(U, "A", index=np.arange(n * many) // many)
    E.D = linked_var(U, "D", index=np.arange(n * many) // many)
    heard = Synapses(
        E, U, on_pre={"single": "A_heard_post += 1/(neurons*r_pre*tau)",
                      "burst": "D_heard_post += 1/(neurons*r_pre*tau)"},
        on_event={"single": "spike", "burst": "burst"}, namespace=here, name="heard",
    )  # fmt: skip
    heard.connect(i=np.arange(n * many), j=np.arange(n * many) // many)
    below, above = wiring(sizes)
    W = Synapses(U, U, BASAL, namespace=here, name="basal")
    W.connect(i=below[0], j=below[1])
    V = Synapses(U, U, APICAL_SYNAPSES, namespace=here, name="apical")
    V.connect(i=above[0], j=above[1])
    # at the end of a presentation, which is the beginning of the next
    W.run_regularly(
        "w += beta*(D_mean_post + alpha*A_mean_post)*A_mean_pre", each, order=1, name="learn_w"
    )
    V.run_regularly("v += beta*A_mean_post*D_mean_pre", each, order=1, name="learn_v")
    U.run_regularly(
        "D_before = D_mean\nA_mean = 0\nD_mean = 0\nshown = stimulus(t, i)\nwanted = teacher(t, i)",
        each, order=2, name="next",
    )  # fmt: skip
    said = StateMonitor(
        U, "A_mean", record=range(place[-1].start, place[-1].stop), dt=each, when="before_start",
        name="said",
    )  # fmt: skip
    singles = SpikeMonitor(E, record=False, name="singles")
    bursts = EventMonitor(E, "burst", record=False, name="bursts")
    network = Network(U, E, heard, W, V, said, singles, bursts, name="two_sites")
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    given = {"stimulus": here["stimulus"], "teacher": here["teacher"], "w": W.w, "v": V.v}
    given |= {"beta": W.beta, "alpha": W.alpha, "beta_v": V.beta, "now": V.now, "before": V.before}
    given |= {"r": E.r, "regular": E.regular, "x": E.x, "y": E.y}
    read = {"w": (W, "w"), "v": (V, "v"), "said": (said, "A_mean")}
    read |= {"singles": (singles, "count"), "bursts": (bursts, "count")}
    return Model(network, chunk * each + DT, given, read, E)


def values(setting: Setting, W: dict, V: dict, order, random) -> dict:
    """What a run of the network is given for these presentations."""
    train, n, place = data.load(setting.dataset).train, sum(setting.sizes) + 1, units(setting.sizes)
    stimulus, teacher = np.zeros((2, len(order), n))
    stimulus[:, place[0]], stimulus[:, -1] = train.x.numpy()[order], 1
    teacher[:, place[-1]] = train.label.numpy()[order]
    rule, last = setting.rule, len(W)
    beta = {l: setting.beta * (l == last or rule.hidden) for l in W}
    rate = setting.events / (PARAMETERS["neurons"] * float(PARAMETERS["window"]))
    ensemble = n * PARAMETERS["neurons"]
    return {
        "stimulus": stimulus,
        "teacher": teacher,
        "w": np.concatenate([w.ravel() for w in W.values()]),
        "v": np.concatenate([v.ravel() for v in V.values()]),
        "beta": np.concatenate([np.full(w.size, beta[l]) for l, w in W.items()]),
        "alpha": rule.alpha,
        "beta_v": setting.beta * (rule.v == "learned"),
        "now": float(rule.apical == "own"),
        "before": float(rule.apical == "shuffled"),
        "r": rate,
        "regular": float(setting.firing == "regular"),
        # evenly spread phases in an ensemble, in an order of its own
        "x": _phases(random, ensemble),
        "y": _phases(random, ensemble),
    }


def _phases(random, n: int) -> np.ndarray:
    many = PARAMETERS["neurons"]
    # off the multiples of 1/many, at which a rounding would decide
    return np.concatenate([(random.permutation(many) + 0.4) / many for _ in range(n // many)])


@kept
def _simulation(sizes: tuple[int, ...]) -> Simulation:
    """The compiled network of these sizes, the one before if it serves."""
    return Simulation(partial(build, sizes), f"two-sites-{'-'.join(map(str, sizes))}")


def _spikes(setting: Setting, W: dict, V: dict, order, seed: int):
    """A of the outputs as their ensembles say it, and the events of all units per presentation."""
    random, simulation = np.random.default_rng([seed, 1]), _simulation(setting.sizes)
    answers, events = [], {"singles": 0.0, "bursts": 0.0}
    for start in range(0, setting.presentations, CHUNK):
        given = values(setting, W, V, order[start : start + CHUNK], random)
        got = simulation.run(given, int(random.integers(2**31 - 1)))
        _unravel(got["w"], W)
        _unravel(got["v"], V)
        answers.append(got["said"][:, 1:].T)
        for kind in events:
            events[kind] += got[kind].sum() / setting.presentations
    return np.concatenate(answers), events


def _unravel(flat: np.ndarray, weights: dict):
    """Write weights, one after the other, back into their matrices."""
    for part, w in zip(np.split(flat, np.cumsum([w.size for w in weights.values()])[:-1]),
                       weights.values(), strict=True):  # fmt: skip
        w[...] = part.reshape(w.shape)


# runs

TENTHS = 10


def learn(setting: Setting, seed: int):
    """Learn online. Returns the answers [presentations, n_L], the targets, W, V, and the events of
    all units per presentation where neurons fire."""
    W, V, order = draw(setting, seed)
    t = data.load(setting.dataset).train.label.numpy()[order]
    if setting.firing == "rates":
        return _rates(setting, W, V, order), t, W, V, {}
    y, events = _spikes(setting, W, V, order, seed)
    return y, t, W, V, events


def run(setting: Setting, seed: int) -> list[dict]:
    """Learn once; returns tidy rows of epoch, layer, metric, value, unit, an epoch being a tenth.

    Metrics: loss, the mean of (t - y)^2 / 2; wrong answers, on the other side of one half;
    of the last tenth the same as test error, since the teacher does not reach what a neuron
    answers; weight angle between V and W above each hidden layer at the end; single spikes, bursts
    and the synaptic events that they make per presentation; CPU time.
    """
    clock = _cpu()
    y, t, W, V, events = learn(setting, seed)
    rows = []

    def record(epoch, metric, value, unit, layer=0):
        row = {"epoch": float(epoch), "layer": layer, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    for k, part in enumerate(np.array_split(np.arange(len(y)), TENTHS), 1):
        squared = (t[part] - y[part]) ** 2
        record(k, "loss", squared.mean() / 2, "1")
        wrong = 100 * ((y[part] > 0.5) != (t[part] > 0.5)).mean()
        record(k, "wrong answers", wrong, "%")
    record(TENTHS, "test error", wrong, "%")
    for l, v in V.items():
        w = W[l + 1][:, :-1].T
        cosine = (v * w).sum() / math.sqrt((v**2).sum() * (w**2).sum())
        record(TENTHS, "weight angle", math.degrees(math.acos(np.clip(cosine, -1, 1))), "deg", l)
    for kind, count in events.items():
        record(TENTHS, kind, count, "per presentation")
    record(TENTHS, "cpu time", _cpu() - clock, "s")
    return rows


def _cpu() -> float:
    """CPU seconds of this process and of the programs that it has run."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system
