"""SuperSpike: precisely timed spike trains learned forward in time by spiking neurons.

Gradient descent on the van Rossum distance between output and target trains, where the derivative
of a spike train is replaced by a surrogate sigma' of the membrane potential (Zenke and Ganguli
2018). alpha and eps are double exponentials, rise 5 ms and decay 10 ms:

    trace        zt_j = eps * S_j                                                            (PRE)
    eligibility  l_ij = alpha * (zt_j sigma'(v_i)),  sigma'(v) = 1 / (1 + |v - v_th| / width)^2
                                                                                             (ELI)
    error        e_i = alpha * (target_i - S_i) at the output,  e_j = sum_i b_ij e_i below   (ERR)
    change       g = mean of e_i l_ij over a block;  s <- max(gamma s, g^2)
                 w <- clip(w + rate g / (sqrt(s) + epsilon), -w_max, w_max)                  (RMAX)

Filters are linear, so (ERR) travels as spikes: each output spike delivers -b, each target +b, and
the hidden neuron filters what arrives.
"""

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
from brian2 import (
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

from credit.nets.streams import streams
from credit.spiking import neurons
from credit.spiking.simulation import Model, Simulation, kept

FEEDBACK = ("random", "symmetric", "uniform", "none")
LOOP = "phase = (timestep(t, dt) % steps)*dt : second (shared)"
TRACE = """
dz/dt = -z / tau_rise : 1
dzt/dt = (z - zt) / tau_decay : 1
"""
ERROR = """
dr/dt = -r / tau_rise : 1
derr/dt = (r - err) / tau_decay : 1
heard = err : 1 (constant over dt)                   # of the step before, as l is
slope = 1 / (1 + abs(v - v_th) / width)**2 : 1
"""
ELIGIBILITY = """
w : 1                                                # volts
dl1/dt = -l1 / tau_rise + zt_pre * slope_post / ms : 1 (clock-driven)
dl/dt = (l1 - l) / tau_decay : 1 (clock-driven)
dm/dt = l * heard_post / ms : 1 (clock-driven)
s : 1
"""
UPDATE = """
g = m*ms / block
s = clip(gamma*s, g*g, huge)
w = clip(w + rate(t)*g / (sqrt(s) + epsilon), -w_max, w_max)
m = 0
"""
PARAMETERS = neurons.PARAMETERS | {
    "t_ref": 5 * ms,  # Table 1 of the paper, as the membrane and the synaptic current
    "tau_rise": 5 * ms,  # of alpha and eps
    "tau_decay": 10 * ms,
    "width": 1 * mV,  # of the surrogate, 1 / beta
    "gamma": np.exp(-0.5 / 30),  # per block of 0.5 s, tau_rms = 30 s (authors' code)
    "epsilon": 1e-12,  # authors' code
    "w_max": 0.1,  # volts
    "huge": 1e300,
}
DT = 0.1  # ms
# int e^2 dt of one unmatched spike, ms: (b / (a - b))^2 (a / 2 + b / 2 - 2 a b / (a + b)) for
# a = tau_decay, b = tau_rise
ONE_SPIKE = 5 / 6


@dataclass(frozen=True)
class SuperSpike:
    """How the error reaches the hidden neurons.

    feedback  "random": b ~ N(0, 1), fixed; "symmetric": b = w, the forward weights as they are now;
              "uniform": b = 1; "none": hidden neurons hear nothing and stay as they are
    shuffled  hidden neurons are told the errors of another image: a control, for images alone
    """

    feedback: str = "random"
    shuffled: bool = False

    def __post_init__(self):
        if self.feedback not in FEEDBACK:
            raise ValueError(
                f"feedback is {self.feedback!r}, expected one of {', '.join(FEEDBACK)}"
            )


def label(setting) -> str:
    """Hidden neurons and how they are taught: "4 random"."""
    off = "" if setting.rate else ", plasticity off"
    if len(setting.sizes) == 2:
        return f"no hidden layer{off}"
    return f"{setting.sizes[1]} {setting.rule.feedback}{off}"


@dataclass(frozen=True)
class Setting:
    """One net that learns one train of output spikes from one frozen input, complete."""

    rule: SuperSpike = SuperSpike()
    sizes: tuple[int, ...] = (100, 4, 1)  # or without the hidden layer
    dataset: str = ""  # input and target are drawn by the run
    input_rate: float = 10.0  # Hz, of each Poisson input
    targets: int = 5  # equidistant spikes of every output in a trial
    trial: float = 500.0  # ms; nothing is reset between trials
    trials: int = 900
    rate: float = 1e-3  # volts, r_0
    falls: tuple[int, ...] = (600,)  # trials at which the rate is divided by ten
    spread: float = 0.05  # volts, standard deviation of the first weights times sqrt(fan-in)

    def __post_init__(self):
        if len(self.sizes) not in (2, 3):
            raise ValueError(f"sizes has one hidden layer or none, got {self.sizes}")
        if not self.rate >= 0:
            raise ValueError(f"rate is {self.rate!r}, expected at least 0")
        if not 0 < self.targets * 2 * float(PARAMETERS["t_ref"] / ms) < self.trial:
            raise ValueError(f"targets is {self.targets}: so many do not fit {self.trial:g} ms")

    @property
    def label(self) -> str:
        return label(self)

    @property
    def steps(self) -> int:
        """Of a trial."""
        return round(self.trial / DT)


def build(setting: Setting) -> Model:
    """The net of a setting, to be run for all of its trials at once."""
    defaultclock.dt = DT * ms
    n, trial = setting.sizes, setting.trial * ms

    def steps(name, columns):
        return TimedArray(np.zeros((setting.steps, columns)), dt=DT * ms, name=name)

    here = PARAMETERS | {
        "steps": setting.steps, "block": trial, "stimulus": steps("stimulus", n[0]),
        "target": steps("target", n[-1]),
        "rate": TimedArray(np.zeros(setting.trials), dt=trial, name="rate"),
    }  # fmt: skip
    inputs = {"threshold": "stimulus(phase, i) > 0.5", "reset": "z += 1"}
    euler = {"method": "euler", "namespace": here}
    layers = [NeuronGroup(n[0], LOOP + TRACE, **inputs, **euler, name="input")]
    if len(n) == 3:
        layers.append(taught(n[1], TRACE, here, "hidden", "z += 1"))
    more = LOOP + "\ndcost/dt = err**2 / ms : 1"
    told = {"told": "target(phase, i) > 0.5"}
    output = taught(n[-1], more, here, "output", "r -= 1", events=told)
    output.run_on_event("told", "r += 1", when="resets", order=1)
    layers.append(output)
    synapses = [forward(l, layers, here) for l in range(1, len(n))]
    trains = SpikeMonitor(output, name="trains")
    costs = StateMonitor(output, "cost", record=True, dt=trial, when="start", name="costs")
    network = Network(*layers, *synapses, trains, costs, name="superspike")
    # a spike acts on the currents in the step in which it happens, on the membrane in the next
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    given = {name: here[name] for name in ("stimulus", "target", "rate")}
    given |= {f"w{l}": s.w for l, s in enumerate(synapses, 1)}
    read = {f"{v}{l}": (s, v) for l, s in enumerate(synapses, 1) for v in ("w", "m", "l")}
    read |= {f"v_{g.name}": (g, "v") for g in layers[1:]}
    read |= {"costs": (costs, "cost"), "cost": (output, "cost")}
    read |= {"spike_i": (trains, "i"), "spike_t": (trains, "t")}
    if len(n) == 3:
        back = feedback(output, hidden := layers[1])
        count = SpikeMonitor(hidden, record=False, name="count_hidden")
        network.add(back, count)
        given |= {"b": back.b, "transported": synapses[1].transported}
        read |= {"e_hidden": (hidden, "err"), "count_hidden": (count, "count")}
    return Model(network, setting.trials * trial, given, read)


def taught(n: int, more: str, here: dict, name: str, sends: str, **given) -> NeuronGroup:
    """Neurons that learn.

    more   equations they have besides
    sends  what their spikes do besides
    """
    cell = neurons.MEMBRANE + neurons.CURRENT + ERROR + more
    spikes = neurons.SPIKES | {"reset": f"{neurons.SPIKES['reset']}; {sends}"}
    return NeuronGroup(n, cell, **spikes, **given, method="euler", namespace=here, name=name)


def forward(l: int, layers: list, here: dict, wrong: str = "1") -> Synapses:
    """The plastic synapses into layer l; `wrong` is the error of a spike sent back, its sign
    turned."""
    model, ways = ELIGIBILITY, {"on_pre": "I_post += w*volt"}
    if l == 2:  # weight transport, where there is any, is a synapse that is read backwards
        model += "\ntransported : 1 (shared, constant)"
        sent = f"r_pre -= transported*w*{wrong}"
        ways["on_post"] = {"sent": sent, "told": "r_pre += transported*w"}
        ways["on_event"] = {"pre": "spike", "sent": "spike", "told": "told"}
    synapses = Synapses(
        layers[l - 1], layers[l], model, **ways, method="euler", namespace=here,
        order=1, name=f"forward{l}",  # after the neurons that they read
    )  # fmt: skip
    synapses.connect()
    synapses.run_regularly(UPDATE.strip(), here["block"], when="start", order=-1, name=f"update{l}")
    return synapses


def feedback(output: NeuronGroup, hidden: NeuronGroup, wrong: str = "1") -> Synapses:
    """Fixed synapses that carry spikes and target spikes of the output back."""
    back = Synapses(
        output, hidden, "b : 1",
        on_pre={"sent": f"r_post -= b*{wrong}", "told": "r_post += b"},
        on_event={"sent": "spike", "told": "told"}, name="feedback",
    )  # fmt: skip
    back.connect()
    return back


def drawn(setting: Setting, seed: int) -> dict[str, np.ndarray]:
    """Everything of a run that is random, and its rates: {name in Model.given: values}."""
    n, random = setting.sizes, streams(seed)
    numbers = {name: np.random.default_rng(g.initial_seed()) for name, g in random.items()}
    chance = setting.input_rate * DT * 1e-3
    target = np.zeros((setting.steps, n[-1]))
    places = (np.arange(setting.targets) + 0.5) / setting.targets
    target[(places * setting.steps).astype(int)] = 1
    rate = setting.rate * np.ones(setting.trials)
    for trial in setting.falls:
        rate[trial:] /= 10
    values = {
        "stimulus": (numbers["noise"].random((setting.steps, n[0])) < chance).astype(float),
        "target": target,
        "rate": rate,
    }
    return values | weights(setting, numbers)


def weights(setting, numbers: dict[str, np.random.Generator]) -> dict[str, np.ndarray]:
    """First weights, and feedback of the setting's rule where there is a hidden layer."""
    n, values = setting.sizes, {}
    for l in range(1, len(n)):
        sigma = setting.spread / np.sqrt(n[l - 1])
        w = numbers["weights"].normal(0, sigma, n[l - 1] * n[l])
        values[f"w{l}"] = w.clip(-PARAMETERS["w_max"], PARAMETERS["w_max"])
    if len(n) == 3:
        b = {
            "random": numbers["feedback"].normal(0, 1, n[1] * n[2]),
            "uniform": np.ones(n[1] * n[2]),
        }
        values["b"] = b.get(setting.rule.feedback, np.zeros(n[1] * n[2]))
        values["transported"] = float(setting.rule.feedback == "symmetric")
    return values


@kept
def simulation(setting: Setting) -> Simulation:
    """The simulation of a setting, the one before if it serves."""
    name = f"superspike-{'-'.join(map(str, setting.sizes))}-{setting.trials}"
    return Simulation(partial(build, setting), name)


def learn(setting: Setting, seed: int) -> dict[str, np.ndarray]:
    """One run of the program: what the model reads, what was drawn, and `mismatch`, the cost of
    every trial as unmatched spikes per second and output, [trials]."""
    # what is only a value of a run asks for no other program
    plain = Setting(sizes=setting.sizes, trials=setting.trials, trial=setting.trial)
    values = drawn(setting, seed)
    got = simulation(plain).run(values)
    cost = np.append(got["costs"].mean(0), got["cost"].mean())
    got["mismatch"] = np.diff(cost) / ONE_SPIKE / (1e-3 * setting.trial)
    return got | {f"first_{name}": value for name, value in values.items()}


def run(setting: Setting, seed: int) -> list[dict]:
    """Learn once; returns tidy rows of epoch (the trial), layer, metric, value, unit.

    Metrics: mismatch, unmatched spikes per second and output, mean of ten trials; firing rate of
    each layer over the whole run; of a net with random feedback the share of hidden neurons whose
    outgoing weight has the sign of its feedback; synaptic events per trial; CPU time without
    that of the compiled program.
    """
    clock, got, n, rows = time.process_time(), learn(setting, seed), setting.sizes, []

    def record(epoch, metric, value, unit, layer=0):
        row = {"epoch": epoch, "layer": layer, "metric": metric}
        rows.append(row | {"value": float(value), "unit": unit})

    blocks = np.array_split(got["mismatch"], max(setting.trials // 10, 1))
    end = np.cumsum([len(b) for b in blocks])
    for trial, block in zip(end.tolist(), blocks, strict=True):
        record(trial, "mismatch", block.mean(), "Hz")
    spikes = [got["first_stimulus"].sum() * setting.trials, len(got["spike_t"])]
    if len(n) == 3:
        spikes.insert(1, got["count_hidden"].sum())
    for l, count in enumerate(spikes):
        rate = count / n[l] / setting.trials / (1e-3 * setting.trial)
        record(setting.trials, "rate", rate, "Hz", l)
    events = sum(count * n[l + 1] for l, count in enumerate(spikes[:-1]))
    record(setting.trials, "synaptic events", events / setting.trials, "per trial")
    if len(n) == 3 and setting.rule.feedback == "random":
        same = np.sign(got["w2"]) == np.sign(got["first_b"].reshape(n[2], n[1]).T.ravel())
        record(setting.trials, "signs that agree", 100 * same.mean(), "%")
        positive = (got["first_b"] > 0).mean()
        record(setting.trials, "positive feedback", 100 * positive, "%")
    record(setting.trials, "cpu time", time.process_time() - clock, "s")
    return rows
