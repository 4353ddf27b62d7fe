"""A deep network of spiking neurons that learns by spikes alone, after Hunsberger 2018, chapter 5.

The output error is carried by populations of spiking neurons, one after the other, and reaches
every hidden layer through fixed random synapses (direct feedback alignment):

    x -> input -> hidden_1 .. hidden_N -> output -> error -> error_N -> .. -> error_1     (CHAIN)
                                           error_l -> hidden_l, through D B_l             (CREDIT)

    J = 1 + sum_i w_i s_i                 hidden neurons; s a spike train through an alpha synapse
    e = (y - y*) on                       what the error population encodes; y* alone is no spike
    dw = -eta kappa c gate                at a presynaptic spike, into a hidden neuron    (HIDDEN)
    dd = -eta / n e                       at a presynaptic spike, into the output         (PES)

c is the hidden neuron's credit, the decoded and filtered error times its column of B; gate = 1
while its filtered current is above threshold, a step in place of the slope; kappa is the height of
that step. D are decoders by least squares. Output and error populations have one ensemble per
dimension: the weights of a NEF connection are encoder times decoder, so the decoded value is
computed once for all neurons of an ensemble.
"""

import os
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from brian2 import (
    Network,
    NeuronGroup,
    Quantity,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    linked_var,
    ms,
    second,
)
from torch import Tensor

from credit.nets.streams import streams
from credit.spiking import nef
from credit.spiking.simulation import Model, Simulation, kept
from credit.tasks import data
from credit.tasks.dataset import Split

FEEDBACK = ("spikes", "none")
GATES = ("step", "open")
PARAMETERS = {
    "area": 0.024,  # of a spike: with the rates of these neurons, values near 1 (thesis' code)
    "tau_s": 3 * ms,  # alpha synapse, on every connection (thesis)
    "tau_g": 5 * ms,  # of the current that opens the gate (thesis' code)
    "kappa": 0.33 * 0.024 / 0.05,  # height of the step (thesis' code)
}
RATES = (100.0, 120.0)  # Hz, largest rates; thesis' code
INTERCEPTS = (-1.0, 0.9)  # of the output; thesis' code
T_REF = 0.002  # s
HIDDEN = f"""
J = 1 + g : 1 (constant over dt)
{nef.alpha("g", "f")}
{nef.alpha("c", "fc")}
dJf/dt = (J - Jf)/tau_g : 1
change = -eta*kappa*c*clip(int(Jf > 1) + always, 0, 1) : 1 (constant over dt)
eta : 1 (shared, constant)
always : 1 (shared, constant)
"""
# what each ensemble of a population encodes, one number; g is what the spikes before it say
SUMS = f"""
{nef.alpha("g", "f")}
x = (g + told)*(1 - is_error*dark) : 1
told : 1
is_error : 1 (constant)
dark = int(timestep(t, dt) % steps < blackout) : 1 (shared)
counts = int(timestep(t, dt) % steps >= settling) : 1 (shared)
score : 1
heard : 1 (linked)
change = -eta*heard : 1 (constant over dt)
eta : 1 (shared, constant)
"""


@dataclass(frozen=True)
class NefLearner:
    """How the error reaches the hidden neurons, and what gates their plasticity.

    feedback  "spikes": by populations of spiking neurons; "none": hidden synapses stay as they are,
              the shallow control
    shuffled  hidden neurons are told the errors for the target of another example: a control
    gate      "step": the neuron's current is above threshold; "open": always
    scale     standard deviation of B
    """

    feedback: str = "spikes"
    shuffled: bool = False
    gate: str = "step"
    scale: float = 1.7

    def __post_init__(self):
        for name, known in (("feedback", FEEDBACK), ("gate", GATES)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, expected one of {', '.join(known)}"
                )


@dataclass(frozen=True)
class NefSetting:
    """One experiment, complete."""

    rule: NefLearner = NefLearner()
    sizes: tuple[int, ...] = (30, 80, 80, 10)
    dataset: str = "linear-30-10"
    signs: bool = True  # two input neurons for each input, one for each sign of it
    ensemble: int = 40  # neurons for each dimension of the output, and of every error population
    intercepts: tuple[float, float] = (0.0, 0.8)  # of error neurons, drawn evenly between (thesis)
    tau_rc: float = 0.05  # s, membrane
    image: int = 220  # ms, how long an example is shown
    settling: int = 110  # ms of them before the answer counts
    blackout: int = 0  # ms of them without a teacher
    learning_rate: float = 0.05  # of the output's synapses
    hidden_rate: float = 0.05  # of the others
    schedule: str = "constant"  # of both, or linear: down to 0, in steps of a chunk
    spread: float = 4.4e-4  # standard deviation of the first weights into hidden neurons
    output_spread: float = 4.4e-4  # and into the output
    epochs: int = 1
    examples: int | None = None  # of the training split; None: all
    validated: int | None = None  # of the validation split
    tested: int | None = None  # of the test split; 0 where rates are chosen
    chunk: int = 500  # examples in one run of the network

    def __post_init__(self):
        if len(self.sizes) < 3:
            raise ValueError(f"sizes needs at least one hidden layer, got {self.sizes}")
        if self.schedule not in ("constant", "linear"):
            raise ValueError(f"schedule is {self.schedule!r}, expected one of constant, linear")
        for name in ("settling", "blackout"):
            if not 0 <= getattr(self, name) < self.image:
                raise ValueError(
                    f"{name} is {getattr(self, name)} ms, expected less than an example's "
                    f"{self.image} ms"
                )
        low, high = self.intercepts
        if not -1 <= low < high < 1:
            raise ValueError(f"intercepts is {self.intercepts}, expected low < high in [-1, 1)")
        for name in ("learning_rate", "hidden_rate"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected at least 0")

    @property
    def label(self) -> str:
        """Hidden layers and how they are taught: "80-80 spikes"."""
        told = ", shuffled" * self.rule.shuffled + ", open gate" * (self.rule.gate == "open")
        return f"{'-'.join(map(str, self.sizes[1:-1]))} {self.rule.feedback}{told}"


def populations(setting: NefSetting) -> dict[str, nef.Population]:
    """The ensemble of one dimension by kind, the same for all dimensions and seeds."""
    random, shape = np.random.default_rng(2), (setting.tau_rc, T_REF)
    intercepts = {"output": INTERCEPTS, "error": setting.intercepts}
    return {
        kind: nef.one_dimensional(setting.ensemble, RATES, each, random, *shape)
        for kind, each in intercepts.items()
    }


def identity(population: nef.Population) -> np.ndarray:
    """Decoders of the value itself, [n], per Hz."""
    x = np.linspace(-1, 1, 201)[:, None]
    return population.decoders(x, x)[:, 0]


def chain(setting: NefSetting) -> list[str]:
    """The populations in the order of (CHAIN): output, error, and one for each hidden layer."""
    return ["output", "error", *(f"error{l}" for l in reversed(range(1, len(setting.sizes) - 1)))]


def build(setting: NefSetting) -> Model:
    """The network of a setting, to be run on one chunk of examples."""
    K, n, d, names = setting.chunk, setting.sizes, setting.sizes[-1], chain(setting)
    defaultclock.dt = 1 * ms
    image = setting.image * ms
    here = PARAMETERS | {
        "values": TimedArray(np.zeros((K, n[0])), dt=image, name="values"),
        "teacher": TimedArray(np.zeros((K, len(names) * d)), dt=image, name="teacher"),
        "steps": setting.image,
        "settling": setting.settling,
        "blackout": setting.blackout,
        "window": setting.image - setting.settling,
        "kick": float(1 * second / PARAMETERS["tau_s"]),
    }
    how = {"namespace": here, "method": "exact"}
    source = _input(setting, here, image)
    hidden = nef.lif(sum(n[1:-1]), HIDDEN, "hidden", setting.tau_rc, T_REF, **how)
    sums = NeuronGroup(len(names) * d, SUMS, **how, name="sums")
    sums.is_error = np.repeat(np.array(names) == "error", d)
    # the output hears the error by the same spikes and filter as the next population of the chain
    sums.heard = linked_var(sums, "g", index=(np.arange(len(sums)) + 2 * d) % len(sums))
    sums.run_regularly("told = teacher(t, i)\nscore = 0", image, when="before_start", order=-1,
                       name="teacher_show")  # fmt: skip
    sums.run_regularly("score += g*counts/window", when="end", name="score_add")
    group = _whole(setting).neurons("x : 1 (linked)", "population", **how)
    group.x = linked_var(sums, "x", index=np.repeat(np.arange(len(sums)), setting.ensemble))

    layers = [source, *_parts(hidden, n[1:-1]), sums]
    forward = [_forward(l, layers, d, here) for l in range(1, len(n))]
    decoded = _synapses("decoded", group, sums, "f_post += kick*w", here, *_next(setting))
    decoded.w = np.concatenate([np.tile(w, d) for w in _decoders(setting)[:-1]])
    feedback = _synapses("feedback", group, hidden, "fc_post += kick*w", here, *_down(setting))
    counts = [
        SpikeMonitor(g, record=False, name=f"count_{g.name}") for g in (source, hidden, group)
    ]
    # an example's score is read at the beginning of the next
    scores = StateMonitor(
        sums, "score", record=True, dt=image, when="before_start", order=-2, name="scores"
    )
    network = Network(source, hidden, sums, group, *forward, decoded, feedback, *counts, scores,
                      name="nef_learner")  # fmt: skip
    # a spike acts on synapses in the step in which it happens, on membranes from the next one on
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    given = {name: here[name] for name in ("values", "teacher")}
    given |= {f"w{l}": s.w for l, s in enumerate(forward, 1)} | {"feedback": feedback.w}
    given |= {"eta_hidden": hidden.eta, "always": hidden.always, "eta": sums.eta, "v": source.v}
    read = {f"w{l}": (s, "w") for l, s in enumerate(forward, 1)} | {"scores": (scores, "score")}
    read |= {m.name: (m, "count") for m in counts}
    return Model(network, (K * setting.image + 1) * ms, given, read)


def _parts(group: NeuronGroup, widths) -> list:
    ends = np.cumsum(widths)
    return [group[end - width : end] for end, width in zip(ends, widths, strict=True)]


def _input(setting: NefSetting, here: dict, image: Quantity) -> NeuronGroup:
    """Neurons that encode the inputs, each with its sign: silent at 0, at RATES at 1."""
    n = setting.sizes[0]
    signs = np.repeat([1.0, -1.0], n) if setting.signs else np.ones(n)
    fastest = np.random.default_rng(1).uniform(*RATES, len(signs))
    gain, bias = nef.gain_and_bias(fastest, 0.0, setting.tau_rc, T_REF)
    population = nef.Population(signs[:, None], gain * signs, bias, setting.tau_rc, T_REF)
    group = population.neurons("x : 1", "input", method="exact", namespace=here)
    group.run_regularly(f"x = values(t, i % {n})", image, when="before_start", order=-1,
                        name="input_show")  # fmt: skip
    return group


def _whole(setting: NefSetting) -> nef.Population:
    """All populations of the chain in one, an ensemble for every dimension of each."""
    kinds = _kinds(setting)
    gain, bias = (
        np.concatenate([np.tile(part(population), setting.sizes[-1]) for population in kinds])
        for part in (lambda p: p.gain * p.encoders[:, 0], lambda p: p.bias)
    )
    return nef.Population(np.ones((len(gain), 1)), gain, bias, setting.tau_rc, T_REF)


def _kinds(setting: NefSetting) -> list[nef.Population]:
    known = populations(setting)
    return [known["output" if name == "output" else "error"] for name in chain(setting)]


def _decoders(setting: NefSetting) -> list[np.ndarray]:
    return [identity(population) for population in _kinds(setting)]


def _next(setting: NefSetting) -> tuple[np.ndarray, np.ndarray]:
    """From every neuron of the chain but the last population to the sum of its dimension in the
    next population."""
    d, E = setting.sizes[-1], setting.ensemble
    i = np.arange((len(chain(setting)) - 1) * d * E)
    return i, i // E + d


def _down(setting: NefSetting) -> tuple[np.ndarray, np.ndarray]:
    """From every neuron of error_l to every neuron of hidden_l, the highest layer first."""
    each, widths = setting.sizes[-1] * setting.ensemble, setting.sizes[1:-1]
    ends, i, j = np.cumsum(widths), [], []
    for place, l in enumerate(reversed(range(len(widths))), 2):
        here = np.meshgrid(
            np.arange(place * each, (place + 1) * each),
            np.arange(ends[l] - widths[l], ends[l]), indexing="ij",
        )  # fmt: skip
        i.append(here[0].ravel())
        j.append(here[1].ravel())
    return np.concatenate(i), np.concatenate(j)


def _forward(l: int, layers: list, outputs: int, here: dict) -> Synapses:
    """The plastic synapses into layer l; those into the sums of the output hold decoders."""
    pre, post = layers[l - 1], layers[l]
    last = l == len(layers) - 1
    # the trace of a presynaptic spike has this area, whatever its time constant
    share = f"area/{len(pre)}" if last else "area"
    change = f"f_post += kick*area*w; w += {share}*change_post"
    i, j = np.indices((len(pre), outputs if last else len(post))).reshape(2, -1)
    return _synapses(f"forward{l}", pre, post, change, here, i, j)


def _synapses(name: str, pre, post, on_pre: str, here: dict, i, j) -> Synapses:
    """Synapses of weight w for the pairs i, j."""
    made = Synapses(pre, post, "w : 1", on_pre=on_pre, namespace=here, name=name)
    made.connect(i=i, j=j)
    return made


@kept
def _simulation(setting: NefSetting) -> Simulation:
    """The simulation of a setting, the one before if it serves: most of a series asks for one."""
    sizes = "-".join(map(str, (*setting.sizes, setting.ensemble, setting.intercepts[0])))
    return Simulation(partial(build, setting), f"nef-{sizes}")


class Learner:
    """A network between its runs: the weights, and what a run of the network says.

    W  {name: weights}: w_l [n_{l-1}, n_l] and feedback, as the simulation gives them
    """

    def __init__(self, setting: NefSetting, seed: int, on: str | None = None):
        self.setting, self.random = setting, streams(seed)
        # whatever is only a value of a run, or a number of runs, asks for no other program
        plain = {"learning_rate": 1.0, "hidden_rate": 1.0, "schedule": "constant"}
        plain |= {"spread": 1.0, "output_spread": 1.0, "epochs": 1, "dataset": ""}
        plain |= dict.fromkeys(("examples", "validated", "tested"))
        bare = replace(setting, rule=NefLearner(), **plain)
        self.simulation = _simulation(bare) if on is None else Simulation(
            partial(build, bare), "nef", on
        )  # fmt: skip
        n, d = list(setting.sizes), setting.sizes[-1]
        n[0] *= 2 if setting.signs else 1
        self.W = {}
        for l in range(1, len(n)):
            spread = setting.spread if l < len(n) - 1 else setting.output_spread
            w = spread * torch.randn((n[l - 1], n[l]), generator=self.random["weights"])
            self.W[f"w{l}"] = w.double().numpy().ravel()
        D, parts = identity(populations(setting)["error"]), []
        for width in reversed(n[1:-1]):
            B = setting.rule.scale * torch.randn((d, width), generator=self.random["feedback"])
            # decode and project, in one synapse
            parts.append(np.repeat(B.double().numpy(), len(D), axis=0) * np.tile(D, d)[:, None])
        self.W["feedback"] = np.concatenate([part.ravel() for part in parts])

    def show(self, x: Tensor, t: Tensor, rate: float = 0.0, told: Tensor | None = None):
        """Show examples, one after the other, in runs of the network of one chunk each.

        x        [n, inputs], n a multiple of the chunk
        t        [n, outputs], heard by the error population; it teaches only where rate > 0
        rate     of learning, in units of the setting's
        told     [n, outputs], the targets that hidden neurons hear of; by default the same
        Returns  the answers [n, outputs] and {what: number per example}
        """
        setting, answers, total = self.setting, [], Counter()
        d, chunk, learns = setting.sizes[-1], setting.chunk, setting.rule.feedback != "none"
        values = {"eta": rate * setting.learning_rate}
        values |= {"eta_hidden": rate * setting.hidden_rate * learns}
        values |= {"always": float(setting.rule.gate == "open")}
        teacher = torch.zeros(chunk, len(chain(setting)) * d, dtype=torch.float64)
        for start in range(0, len(x), chunk):
            part = slice(start, start + chunk)
            teacher[:, d : 2 * d] = -t[part]
            # the output's synapses keep hearing the true error: what is told is added behind it
            teacher[:, 2 * d : 3 * d] = 0 if told is None else t[part] - told[part]
            n = setting.sizes[0] * (2 if setting.signs else 1)
            values |= {"values": x[part].double().numpy(), "teacher": teacher.numpy()}
            values["v"] = torch.rand(n, generator=self.random["noise"]).double().numpy()
            got = self.simulation.run(values | self.W)
            scores = torch.from_numpy(got["scores"][:, 1:].T.copy())
            answers.append(scores[:, d : 2 * d])
            if rate > 0:
                self.W |= {name: got[name] for name in got if name.startswith("w")}
            for name, count in self._counted(got).items():
                total[name] += count / len(x)
        return torch.cat(answers), dict(total)

    def _counted(self, got: dict) -> dict[str, int]:
        """Spikes by layer and population."""
        widths, names = self.setting.sizes[1:-1], chain(self.setting)
        counts = {"input": got["count_input"].sum()}
        layers = np.split(got["count_hidden"], np.cumsum(widths)[:-1])
        counts |= {f"hidden{l}": part.sum() for l, part in enumerate(layers, 1)}
        parts = np.split(got["count_population"], len(names))
        return counts | {name: part.sum() for name, part in zip(names, parts, strict=True)}


def normalised_error(y: Tensor, t: Tensor) -> float:
    """Mean over examples of the root mean square error, in units of the target's: 1 for y = 0.

    y, t  [n, outputs]
    """
    return float((y - t).square().mean(1).sqrt().mean() / t.square().mean(1).sqrt().mean())


def run(setting: NefSetting, seed: int) -> list[dict]:
    """Train once, online, one example at a time; returns tidy rows of epoch, layer, metric, value,
    unit.

    Of a classification: train error (of answers given while the teacher speaks) and validation
    error after each epoch, test error after the last. Of a regression: the normalised error of
    answers given while learning, "online error", after every chunk, of validation and test examples
    at the end. Spikes per example by population, and synaptic events; the CPU time of the whole
    run, its program included. Nothing is chosen by the test error.
    """
    clock, dataset, learner = _cpu(), data.load(setting.dataset), Learner(setting, seed)
    random, rows, regression = learner.random, [], dataset.regression
    classes = len(dataset.classes)

    def targets(split):
        return split.label if regression else data.one_hot(split.label, classes)

    def error(y, t):
        if regression:
            return normalised_error(y, t)
        return 100 * float((y.argmax(1) != t.argmax(1)).double().mean())

    x, t = dataset.train.x[: setting.examples], targets(dataset.train)[: setting.examples]
    splits = {
        "validation": _first(dataset.validation, setting.validated),
        "test": _first(dataset.test, setting.tested),
    }
    for n in (len(x), *map(len, splits.values())):
        if n % setting.chunk:
            raise ValueError(
                f"chunk is {setting.chunk} examples, expected a divisor of {n}, the number to be "
                "shown"
            )
    chunks, unit = len(x) // setting.chunk, "1" if regression else "%"
    total = chunks * setting.epochs

    def record(epoch, metric, value, unit=unit, layer=0):
        row = {"epoch": epoch, "layer": layer, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    for epoch in range(1, setting.epochs + 1):
        missed = []
        order = torch.randperm(len(x), generator=random["order"]).split(setting.chunk)
        for k, index in enumerate(order):
            step = (epoch - 1) * chunks + k
            rate = 1 - step / total if setting.schedule == "linear" else 1.0
            told = t[index]
            if setting.rule.shuffled:
                told = told[torch.randperm(len(index), generator=random["choice"])]
            y, counts = learner.show(x[index], t[index], rate, told)
            missed.append(error(y, t[index]))
            if regression:
                record((step + 1) / chunks, "online error", missed[-1])
        record(epoch, "train error", np.mean(missed))
        if not regression:
            answers, _ = learner.show(splits["validation"].x, targets(splits["validation"]))
            record(epoch, "validation error", error(answers, targets(splits["validation"])))
    seen = {"learning": counts}
    for name, split in splits.items():
        if len(split) and (name == "test" or regression):
            answers, seen[name] = learner.show(split.x, targets(split))
            record(epoch, f"{name} error", error(answers, targets(split)))
    seen.pop("validation", None)
    for when, each in seen.items():
        for name, count in each.items():
            record(epoch, f"spikes of {name}, {when}", count, "per example")
        record(epoch, f"synaptic events, {when}", _events(setting, each), "per example")
    record(epoch, "cpu time", _cpu() - clock, "s")
    return rows


def _first(split: Split, n: int | None) -> Split:
    return Split(split.x[:n], split.label[:n])


def _events(setting: NefSetting, spikes: dict[str, float]) -> float:
    """Spikes times the synapses that each one reaches; an ensemble's sum counts as one."""
    n = setting.sizes
    layers = ["input", *(f"hidden{l}" for l in range(1, len(n) - 1))]
    whole = sum(spikes[name] * n[l] for l, name in enumerate(layers, 1))
    whole += sum(spikes[name] for name in chain(setting)[:-1])
    return whole + sum(spikes[f"error{l}"] * n[l] for l in range(1, len(n) - 1))


def _cpu() -> float:
    """CPU seconds of this process and of the programs that it has run."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system
