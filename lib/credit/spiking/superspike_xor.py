"""SuperSpike on an exclusive or of spike patterns (Figure 5).

Three sets of inputs, each neuron with a fixed time within 10 ms: one set fires in every pattern, as
a time reference, A and B in two of the four each. One output neuron stands for A or B alone, the
other for both or neither. The right one may fire, as often as it will, within a window from the
beginning of a pattern to 15 ms after its end. Any other output spike is wrong and sends an error at
once; if the window closes without an answer, a target spike arrives. Between windows inputs fire at
random.

    error  e_i = alpha * (missed_i - wrong_i),  e_j = sum_i b_ij e_i below                   (XOR)

Traces, eligibilities and changes are those of `superspike`, without the axonal delay of 0.8 ms as
there. Not printed in the paper and ours: how many inputs a set has, the first weights, the length
of the pauses, that no input fires at random in a window, that right spikes after the first are not
wrong, and how many patterns are shown, at a constant rate.
"""

import time
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    TimedArray,
    defaultclock,
    ms,
)

from credit.nets.streams import streams
from credit.spiking.simulation import Model, Simulation, kept
from credit.spiking.superspike import (
    DT,
    PARAMETERS,
    TRACE,
    SuperSpike,
    feedback,
    forward,
    label,
    taught,
    weights,
)

PATTERNS = ((1, 0, 0), (1, 1, 1), (1, 1, 0), (1, 0, 1))  # which sets fire
CLASSES = (0, 0, 1, 1)
SHOWN = """
now = timestep(t, dt) % slot : integer (shared)
inside = int(now >= onset(t)) * int(now < onset(t) + window) : 1 (shared)
"""
INPUT = """
set : integer (constant)
time : integer (constant)                            # steps from the beginning of a pattern
"""
FIRES = "(now == onset(t) + time and shown(t, set) > 0.5) or (inside < 0.5 and rand() < chance)"
OUTPUT = """
wrong = 1 - inside*int(i == right(t)) : 1 (constant over dt)
closing = int(now == onset(t) + window)*int(i == right(t)) : 1 (constant over dt)
answers : 1
wrongs : 1
misses : 1
"""
SENDS = "r -= wrong; wrongs += wrong; answers += 1 - wrong"
PATTERN, GRACE, SLOT, JITTER, BLOCK = 10.0, 15.0, 80.0, 10.0, 500.0  # ms


@dataclass(frozen=True)
class Setting:
    """One net that learns to tell patterns apart, complete."""

    rule: SuperSpike = field(default_factory=SuperSpike)
    sizes: tuple[int, ...] = (100, 4, 2)  # or without the hidden layer
    dataset: str = ""  # patterns are drawn by the run
    patterns: int = 4000  # shown one after the other, with pauses of 45 to 65 ms
    background: float = 4.0  # Hz, of each input in the pauses
    rate: float = 1e-3  # volts, r_0
    spread: float = 0.05  # volts, standard deviation of the first weights times sqrt(fan-in)

    def __post_init__(self):
        if len(self.sizes) not in (2, 3) or self.sizes[-1] != 2:
            raise ValueError(
                f"sizes is {self.sizes}, expected one hidden layer or none, and two outputs"
            )
        if not self.rate >= 0:
            raise ValueError(f"rate is {self.rate!r}, expected at least 0")

    @property
    def label(self) -> str:
        return label(self)


def steps(duration: float) -> int:
    """Of so many ms."""
    return round(duration / DT)


def build(setting: Setting) -> Model:
    """The net of a setting, to be run for all of its patterns at once."""
    defaultclock.dt = DT * ms
    n, shown = setting.sizes, setting.patterns

    def one_a_pattern(name, *columns):
        return TimedArray(np.zeros((shown, *columns)), dt=SLOT * ms, name=name)

    given = {name: one_a_pattern(name) for name in ("onset", "right")}
    given["shown"] = one_a_pattern("shown", len(PATTERNS[0]))
    given["rate"] = TimedArray(np.zeros(1), dt=SLOT * shown * ms, name="rate")
    here = PARAMETERS | given | {
        "slot": steps(SLOT), "window": steps(PATTERN + GRACE), "block": BLOCK * ms,
        "chance": setting.background * Hz * DT * ms,
    }  # fmt: skip
    euler = {"method": "euler", "namespace": here}
    inputs = NeuronGroup(
        n[0], SHOWN + INPUT + TRACE + "seed : integer (shared, constant)",
        threshold=FIRES, reset="z += 1", **euler, name="input",
    )  # fmt: skip
    told = {"told": "closing > 0.5 and answers < 0.5"}
    output = taught(n[-1], SHOWN + OUTPUT, here, "output", SENDS, events=told)
    output.run_on_event("told", "r += 1; misses += 1", when="resets", order=1)
    output.run_regularly("answers = 0", SLOT * ms, when="start", name="asked")
    hidden = [taught(n[1], TRACE, here, "hidden", "z += 1")] if len(n) == 3 else []
    layers = [inputs, *hidden, output]
    synapses = [forward(l, layers, here, wrong="wrong_post") for l in range(1, len(n))]
    counts = StateMonitor(
        output, ["wrongs", "misses"], record=True, dt=SLOT * ms, when="start", name="counts"
    )
    fired = [SpikeMonitor(group, record=False, name=f"count_{group.name}") for group in layers]
    network = Network(*layers, *synapses, counts, *fired, name="superspike_xor")
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    given |= {"set": inputs.set, "time": inputs.time}
    given |= {f"w{l}": s.w for l, s in enumerate(synapses, 1)}
    read = {f"w{l}": (s, "w") for l, s in enumerate(synapses, 1)}
    read |= {f"count_{group.name}": (m, "count") for group, m in zip(layers, fired, strict=True)}
    for what in ("wrongs", "misses"):
        read |= {f"{what}_before": (counts, what), what: (output, what)}
    if hidden:
        back = feedback(output, *hidden, wrong="wrong_pre")
        network.add(back)
        given |= {"b": back.b, "transported": synapses[1].transported}
    return Model(network, SLOT * shown * ms, given, read, inputs)


def drawn(setting: Setting, seed: int) -> dict[str, np.ndarray]:
    """Everything of a run that is random but the background, and its rate."""
    n, random = setting.sizes, streams(seed)
    numbers = {name: np.random.default_rng(g.initial_seed()) for name, g in random.items()}
    kinds = numbers["noise"].integers(len(PATTERNS), size=setting.patterns)
    values = {
        "shown": np.array(PATTERNS, dtype=float)[kinds],
        "right": np.array(CLASSES, dtype=float)[kinds],
        "onset": numbers["noise"].integers(steps(JITTER), size=setting.patterns).astype(float),
        "set": np.arange(n[0]) % len(PATTERNS[0]),
        "time": numbers["noise"].integers(steps(PATTERN), size=n[0]),
        "rate": np.array([setting.rate]),
    }
    return values | weights(setting, numbers)


@kept
def simulation(setting: Setting) -> Simulation:
    """The simulation of a setting, the one before if it serves."""
    name = f"superspike-xor-{'-'.join(map(str, setting.sizes))}-{setting.patterns}"
    return Simulation(partial(build, setting), f"{name}-{setting.background:g}")


def learn(setting: Setting, seed: int) -> dict[str, np.ndarray]:
    """One run of the program: what the model reads, what was drawn, and for every pattern whether
    each output neuron's spikes were `wrong` and its answer `missed`, [patterns, 2]."""
    # what is only a value of a run asks for no other program
    plain = Setting(sizes=setting.sizes, patterns=setting.patterns, background=setting.background)
    values = drawn(setting, seed)
    got = simulation(plain).run(values, seed)
    for name, what in (("wrong", "wrongs"), ("missed", "misses")):
        counted = np.column_stack([got[f"{what}_before"], got[what]])
        got[name] = np.diff(counted).T > 0.5
    return got | {f"first_{name}": value for name, value in values.items()}


def run(setting: Setting, seed: int) -> list[dict]:
    """Learn once; returns tidy rows of epoch (patterns shown), layer, metric, value, unit.

    Metrics: pattern error, the share of the last 100 patterns with a missed answer or a wrong
    spike; missed, the share with a missed answer; firing rate of each layer over the whole run;
    synaptic events per pattern; CPU time without that of the compiled program.
    """
    clock, got, n, rows = time.process_time(), learn(setting, seed), setting.sizes, []

    def record(epoch, metric, value, unit, layer=0):
        row = {"epoch": epoch, "layer": layer, "metric": metric}
        rows.append(row | {"value": float(value), "unit": unit})

    missed = got["missed"].any(1)
    failed = missed | got["wrong"].any(1)
    for end in range(100, setting.patterns + 1, 100):
        for metric, of in (("pattern error", failed), ("missed", missed)):
            record(end, metric, 100 * of[end - 100 : end].mean(), "%")
    names = ("input", "hidden", "output") if len(n) == 3 else ("input", "output")
    spikes = [got[f"count_{name}"].sum() for name in names]
    for l, count in enumerate(spikes):
        record(setting.patterns, "rate", count / n[l] / setting.patterns / (1e-3 * SLOT), "Hz", l)
    events = sum(count * n[l + 1] for l, count in enumerate(spikes[:-1]))
    record(setting.patterns, "synaptic events", events / setting.patterns, "per pattern")
    record(setting.patterns, "cpu time", time.process_time() - clock, "s")
    return rows
