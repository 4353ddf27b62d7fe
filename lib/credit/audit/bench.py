"""The audit's bench: a rule on random float64 networks, many of them side by side where it can."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import torch
from torch import Tensor

from credit.nets.channels import Channels
from credit.nets.networks import Dense, Init, Network, Trace, make_network
from credit.nets.relaxation import Settling
from credit.nets.streams import streams
from credit.rules.base import Rule, own_parameters

SIZES = (20, 30, 25, 20, 10)
EXAMPLES = 3  # few, so that no layer's units are all needed to tell the examples apart
STEPS = 2  # the second one sees what the first has left behind


@dataclass
class Trial:
    """A rule, the network on which it is tried, and everything else that a step needs.

    x, t     [batch, n_0], [batch, answers]
    replay   False: the stream from which the weights were drawn is another one, and so is `own`
             where it was drawn from that stream
    acting   the network that turns activities into activities, if it is not `network`
    """

    rule: Rule
    network: Network
    own: dict
    x: Tensor
    t: Tensor
    seed: int
    replay: bool = True
    acting: Network | None = None

    def chance(self) -> dict:
        """Its random streams, at their start."""
        return _streams(self.seed, self.replay)


@dataclass
class Outcome:
    """What a rule did in some steps in a row, without any descent in between.

    layers  {l: everything that it wants of W_l and b_l or wrote into them itself, [n]}
    beside  {name: what it wants of an own parameter or wrote into it; states that it kept, [n]}
    traces  one for each step
    """

    layers: dict[int, Tensor] = field(default_factory=dict)
    beside: dict[str, Tensor] = field(default_factory=dict)
    traces: list[Trace] = field(default_factory=list)

    @property
    def finite(self) -> bool:
        return all(bool(v.isfinite().all()) for v in (*self.layers.values(), *self.beside.values()))

    @property
    def at_rest(self) -> bool:
        """Whether every phase that settles came to rest before its last step."""
        return all(n < PATIENCE for trace in self.traces for n in trace.taken().values())


class Visited(Channels):
    """Channels to the same few examples again and again, their kept states in memory.

    acting  the network behind `drive`, if it is another one than behind all other channels
    """

    def __init__(self, trial: Trial):
        own = {name: {l: w.clone() for l, w in ws.items()} for name, ws in trial.own.items()}
        super().__init__(trial.network.copy(), own, trial.chance())
        self._acting = trial.acting or self._network
        self._batch = trial.x.shape[:-1]
        self.teach(trial.t)

    def drive(self, l, h):
        return self._acting.drive(l, h)

    def recall(self, l):
        return self._kept.get(l, torch.zeros(*self._batch, *self.W_own[l].shape[-2:-1]).double())

    def keep(self, l, h):
        self._kept[l] = h.clone()


def set_up(rule: Rule, seed: int = 0, batch: int = EXAMPLES, sizes: tuple[int, ...] = SIZES,
           replay: bool = True) -> Trial:  # fmt: skip
    """The audit's network, examples and labels for this seed.

    The nonlinearity is one whose slope a rule cannot rebuild from h, unless it asks for its own.
    What a rule learns and starts at zero gets random values, as if it had learned something.
    Clipped outputs get b_L = 1/2, the middle of their range, where a teacher can reach them. What
    settles has weights small enough to come to rest, and does so to the last digits.
    """
    scale = 0.3 if settling(rule) else 1.0
    asked = {"nonlinearity": "odd", "weights": Init("normal_fan_in", scale)} | rule.asks(sizes)
    network = make_network(seed=seed, dtype=torch.float64, **asked)
    if network.output.startswith("hard_sigmoid"):
        network.layers[network.L].b += 0.5
    chance = streams(seed)["noise"]
    drawn = own_parameters(rule, network.sizes, _streams(seed, replay), torch.float64)
    own = {
        name: ws if name in rule.state else {l: _woken(w, chance) for l, w in ws.items()}
        for name, ws in drawn.items()
    }
    x = torch.randn(batch, network.sizes[0], generator=chance, dtype=torch.float64)
    labels = labels_as_targets(network)
    label = torch.randint(len(labels), (batch,), generator=chance)
    return Trial(patient(rule), network, own, x, labels[label], seed, replay)


def _streams(seed: int, replay: bool) -> dict:
    return streams(seed) if replay else streams(seed) | {"weights": streams(seed + 1)["weights"]}


def _woken(w: Tensor, chance: torch.Generator) -> Tensor:
    return w if w.any() else 0.1 * torch.randn(w.shape, generator=chance, dtype=w.dtype)


PATIENCE = 3000  # steps


def patient(rule: Rule) -> Rule:
    """The same rule, every phase of which settles until nothing moves in float64."""
    rest = {"steps": PATIENCE, "tolerance": 1e-13, "check": 10}
    return replace(rule, **{name: replace(way, **rest) for name, way in settling(rule).items()})


def settling(rule: Rule) -> dict[str, Settling]:
    """Those of its fields that say how its network settles."""
    ways = {f.name: getattr(rule, f.name) for f in fields(rule)}
    return {name: way for name, way in ways.items() if isinstance(way, Settling)}


def labels_as_targets(network: Network) -> Tensor:
    """t of every label, one row each: one-hot or, for Kickback's one answer, -1 and 1."""
    if network.output == "pair" and network.answers == 1:
        return torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    return torch.eye(network.answers, dtype=torch.float64)


def tried(trials: Sequence[Trial], steps: int = STEPS) -> list[Outcome]:
    """What the rule does in each of these trials, whose networks have one shape.

    They are run as one ensemble where the rule gives the same there as alone: where it draws as
    many random numbers for all as for one, and the first and the last trial come out the same.
    Otherwise, one by one.
    """
    if not trials:
        return []
    first, last = (_alone(trial, steps) for trial in (trials[0], trials[-1]))
    together = _together(trials, steps, first[1]) if len(trials) > 2 else None
    if together is not None:
        pairs = zip((first[0], last[0]), (together[0], together[-1]), strict=True)
        if all(_alike(a, b) for a, b in pairs):
            return together
    return [first[0], *(_alone(trial, steps)[0] for trial in trials[1:-1]), last[0]][: len(trials)]


def _alone(trial: Trial, steps: int) -> tuple[Outcome, dict]:
    """The outcome, and where the random streams have got to."""
    ch, outcome, seen = Visited(trial), Outcome(), []
    rule, before = trial.rule, trial.network
    if rule.prepares:
        seen.append(rule.prepare(ch, trial.x).dense())
    for _ in range(steps):
        trace, update = rule.step(ch, trial.x)
        outcome.traces.append(trace)
        seen.append(update.dense())
    lead = before.layers[1].W.shape[:-2]
    for l, layer in ch._network.layers.items():
        parts = [u[l] for update in seen for u in (update.W, update.b) if l in u]
        parts += [layer.W - before.layers[l].W, layer.b - before.layers[l].b]
        outcome.layers[l] = _flat(parts, lead)
    for name, ws in ch.own.items():
        parts = [u for update in seen for u in update.own.get(name, {}).values()]
        parts += [w - trial.own[name][l] for l, w in ws.items() if l in trial.own.get(name, {})]
        outcome.beside[name] = _flat(parts, lead)
    if ch._kept:
        outcome.beside["kept states"] = _flat(list(ch._kept.values()), lead)
    return outcome, {name: g.get_state() for name, g in ch._streams.items()}


def _flat(parts: list[Tensor], lead: tuple[int, ...]) -> Tensor:
    return torch.cat([p.reshape(*lead, -1) for p in parts], -1)


def _together(trials: Sequence[Trial], steps: int, drew: dict) -> list[Outcome] | None:
    """The outcomes of all trials as one ensemble; None where the rule does not go with that."""
    stacked = replace(
        trials[0],
        network=_stacked([t.network for t in trials]),
        own={
            name: {l: torch.stack([t.own[name][l] for t in trials]) for l in ws}
            for name, ws in trials[0].own.items()
        },
        x=torch.stack([t.x for t in trials]),
        t=torch.stack([t.t for t in trials]),
        acting=trials[0].acting and _stacked([t.acting for t in trials]),
    )
    try:
        outcome, chance = _alone(stacked, steps)
    except (RuntimeError, ValueError, IndexError, TypeError):
        return None
    if not all(torch.equal(chance[name], drew[name]) for name in drew) or not outcome.at_rest:
        return None
    return [
        Outcome(
            {l: v[i] for l, v in outcome.layers.items()},
            {name: v[i] for name, v in outcome.beside.items()},
            [_member(trace, i, len(trials)) for trace in outcome.traces],
        )
        for i in range(len(trials))
    ]


def _stacked(networks: Sequence[Network]) -> Network:
    layers = {
        l: Dense(*(torch.stack([getattr(n.layers[l], p) for n in networks]) for p in "Wb"))
        for l in networks[0].layers
    }
    return replace(networks[0], layers=layers)


def _member(trace: Trace, i: int, of: int) -> Trace:
    h = {l: v[i] for l, v in trace.h.items() if v.dim() == 3 and len(v) == of}
    phases = {name: _member(phase, i, of) for name, phase in trace.phases.items()}
    return Trace(h, {}, {}, phases, trace.steps)


def _alike(a: Outcome, b: Outcome) -> bool:
    return a.finite and all(
        u.shape == v.shape and torch.allclose(u, v, rtol=1e-6, atol=1e-9 * float(u.norm()))
        for ours, theirs in ((a.layers, b.layers), (a.beside, b.beside))
        for u, v in ((ours[k], theirs[k]) for k in ours)
    )
