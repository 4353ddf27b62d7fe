"""The audit's probes: what a rule must know of the forward weights, and what of the target.

Nothing is read from a table. WT1 and WT2 move a rule into worlds with other weights and the same
activities; TG1 gives it all labels in turn. Each asks many seeds and says how many agree.

What a rule may read of the forward weights                                        (MAY READ)
  what they make of activities: h and a of every state that it visits; such a state stands in
      trace.phases, or the audit takes what comes of it for a reading of the weights
  W_l itself in the update of W_l, for a penalty or a decay
  for what it learns beside its layers, in `update` or `prepare`, also what `drive` makes of other
      inputs, such as noise: that is how a mirror learns
Everything else counts as weight transport, whichever door it takes and at whatever stage: W_back,
W_own, synapses, drive with a vector that reads weights out, private attributes; directly, by way
of the trace, of own parameters, of kept states, of the random stream that the weights came from.

What cannot be seen: a copy of the weights that waits, outside of all this (in a global variable,
say), for longer than the two steps of a trial; and `drive` in `update` used on one unit after the
other, which is a mirror whose noise is perfect. `mirrors` tells that a rule has a mirror; that its
feedback follows the weights at once and not over many updates, the weight angle of a training run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import inf, log2, nan

import torch
from torch import Tensor

from credit.audit.bench import EXAMPLES, Outcome, Trial, labels_as_targets, set_up, tried
from credit.audit.statements import SEEDS, Finding, Statement
from credit.audit.worlds import NoRoom, moved_into, silent_twin
from credit.nets.networks import Network
from credit.rules.base import Rule
from credit.rules.contract import check

INDEPENDENT, DEPENDS = 1e-9, 0.05  # bounds of s; between them a rule leaks
ALIKE = 1e-9  # two updates that differ by less than this share are one


def weight_transport(
    rule: Rule, seed: int = 0, seeds: int = SEEDS, same_signs: bool = False
) -> Statement:
    """WT1: does a hidden update change when other weights make the same activities?

    WT2, same_signs: the signs of the weights stay as they are.

    s = (|dW' - dW| / |dW|) / (|W' - W| / |W|), over the hidden layers, where dW_l is seen with W_l
    as it was and all others changed, or over what the rule learns beside, whichever is larger.
    """
    trials = [set_up(rule, s) for s in range(seed, seed + seeds)]
    here = tried(trials)
    hidden = range(1, trials[0].network.L)
    inside, outside, no_room = [], [], set()
    for i, (trial, outcome) in enumerate(zip(trials, here, strict=True)):
        if not outcome.finite:
            continue
        try:
            twins = {l: silent_twin(trial.network, outcome, l, same_signs) for l in (*hidden, None)}
        except NoRoom:
            no_room.add(i)
            continue
        inside += [(i, l, size, moved_into(trial, twin)) for l, (twin, size) in twins.items() if l]
        twin, size = twins[None]
        outside.append((i, size, moved_into(trial, twin, beside=True)))
    moved: dict[int, list[tuple[Tensor, Tensor]]] = {i: [] for i in range(len(trials))}
    s = dict.fromkeys(moved, nan)
    for (i, l, size, _), there in zip(inside, tried([w[-1] for w in inside]), strict=True):
        u = here[i].layers[l]
        moved[i].append((u, u + (there.layers[l] - u) / size))
    for (i, size, _), there in zip(outside, tried([w[-1] for w in outside]), strict=True):
        beside = _beside(here[i], there)
        s[i] = _largest([_relative(moved[i]), *(change / size for change in beside)])
    redrawn = [set_up(rule, trial.seed, replay=False) for trial in trials]
    for i, there in enumerate(tried(redrawn) if not same_signs else ()):
        replayed = _relative([(here[i].layers[l], there.layers[l]) for l in hidden])
        if replayed > INDEPENDENT:
            s[i] = _largest([s[i], replayed])
    findings = []
    for i, trial in enumerate(trials):
        if not here[i].finite:
            word = "not finite"
        elif not here[i].at_rest:
            word = "not at rest"
        else:
            word = "no room" if i in no_room else transport_word(s[i])
        probe = "WT2" if same_signs else "WT1"
        findings.append(Finding(probe, rule.short, trial.seed, s[i], word))
    return Statement(tuple(findings))


def _relative(pairs: list[tuple[Tensor, Tensor]]) -> float:
    """|v - u| / |u| over all pairs; nan where nothing changes, inf where only v does."""
    whole = sum(float(u.square().sum()) for u, _ in pairs) ** 0.5
    change = sum(float((v - u).square().sum()) for u, v in pairs) ** 0.5
    return change / whole if whole else (inf if change else nan)


def _beside(here: Outcome, there: Outcome) -> list[float]:
    return [_relative([(here.beside[name], there.beside[name])]) for name in here.beside]


def _largest(values: Iterable[float]) -> float:
    return max((v for v in values if v == v), default=nan)


def transport_word(s: float) -> str:
    """independent, leaks or depends; "no hidden update" where there is nothing to ask."""
    if s != s:
        return "no hidden update"
    return "independent" if s <= INDEPENDENT else "depends" if s >= DEPENDS else "leaks"


def transport(rule: Rule, seed: int = 0, seeds: int = SEEDS) -> tuple[Statement, Statement]:
    """What WT1 says and, if that is "depends", "signs only" where WT2 says "independent"; and WT2.

    Where WT1 says anything else, WT2 is not asked and the second is the first.
    """
    first = weight_transport(rule, seed, seeds)
    if "depends" not in first.counts:
        return first, first
    second = weight_transport(rule, seed, seeds, same_signs=True)
    return Statement(tuple(
        Finding(one.probe, one.rule, one.seed, one.value, "signs only")
        if (one.verdict, two.verdict) == ("depends", "independent") else one
        for one, two in zip(first.findings, second.findings, strict=True)
    )), second  # fmt: skip


def transport_verdict(rule: Rule, seed: int = 0, seeds: int = SEEDS) -> str:
    """What WT1 and WT2 say together: independent, signs only, leaks or depends."""
    return transport(rule, seed, seeds)[0].verdict


@cache
def audit(rule: Rule, seed: int = 0, seeds: int = SEEDS) -> tuple[Statement, Statement, Statement]:
    """Both statements of `transport` and that of `teacher`: asked once in a session. A rule that
    breaks its contract is refused with the contract's line."""
    trial = set_up(rule, seed)
    check(rule, trial.network, trial.own, trial.x, trial.t)
    return *transport(rule, seed, seeds), teacher(rule, seed, seeds)


def mirrors(rule: Rule, seed: int = 0) -> float:
    """By how much the lessons of own parameters change where other inputs than the examples are
    sent through other weights: 0 for a rule whose feedback learns from the examples alone."""
    trial = set_up(rule, seed)
    here = tried([trial])[0]
    twin, size = silent_twin(trial.network, here)
    return _largest(c / size for c in _beside(here, tried([moved_into(trial, twin)])[0]))


@dataclass(frozen=True)
class Teaching(Finding):
    """TG1 for one seed: of several examples, the one that hears most.

    value    how many different updates the labels cause
    numbers  how many numbers the teacher sends: the dimension that these updates span, which a rule
             that tells every unit the same number cannot make larger than one
    """

    numbers: int = 0

    @property
    def bits(self) -> float:
        """What an update says of the label at most."""
        return log2(self.value) if self.value else 0.0


def teacher(rule: Rule, seed: int = 0, seeds: int = SEEDS) -> Statement:
    """TG1: with x and chance the same, what do all possible targets do to the update of one
    example? Examples whose outputs no teacher can move hear nothing, hence several.

    no teacher      one update, whatever the target
    reward          two updates of more than two targets: one bit, right or wrong
    scalar          more than two, all on one line: one number, the same for all units
    full target     they span as many dimensions as the targets do
    partial target  anything else
    A network with one output gets ten values as targets, and no rule can hear more than a scalar.
    """
    trials, answers = [], 0
    for s in range(seed, seed + seeds):
        trial = set_up(rule, s)
        targets = possible_targets(trial.network)
        answers = len(targets)
        for x in trial.x.split(1):
            trials += [
                Trial(trial.rule, trial.network, trial.own, x, t, s) for t in targets.split(1)
            ]
    outcomes = tried(trials, steps=1)
    findings, per_seed = [], EXAMPLES * answers
    for i in range(seeds):
        own = outcomes[i * per_seed : (i + 1) * per_seed]
        updates = torch.stack([torch.cat([*o.layers.values()]) for o in own])
        count, numbers, word = 0, 0, "not finite"
        if not all(o.at_rest for o in own):
            word = "not at rest"
        elif all(o.finite for o in own):
            examples = updates.split(answers)
            count = max(_different(u) for u in examples)
            numbers = max(_dimension(u) for u in examples)
            word = teacher_word(count, numbers, targets)
        findings.append(Teaching("TG1", rule.short, seed + i, count, word, numbers))
    return Statement(tuple(findings))


def possible_targets(network: Network) -> Tensor:
    """t of every label, or ten values where the network answers with one number; a row each."""
    if network.answers == 1:
        return torch.linspace(-1, 1, 10, dtype=torch.float64).unsqueeze(-1)
    return labels_as_targets(network)


def _different(updates: Tensor) -> int:
    """How many of these rows [n, ..] are different ones."""
    near = torch.cdist(updates, updates) <= ALIKE * updates.norm(dim=-1).max()
    return int((~near.tril(-1).any(-1)).sum())


def _dimension(updates: Tensor) -> int:
    """Of the flat in which these rows [n, ..] lie."""
    size = torch.linalg.svdvals(updates[1:] - updates[0])
    whole = float(updates.norm(dim=-1).max())
    return int((size > max(1e-6 * float(size.max()), ALIKE * whole)).sum()) if whole else 0


def teacher_word(count: int, numbers: int, targets: Tensor) -> str:
    """The word for so many updates in so many dimensions, see teacher."""
    if count == 1:
        return "no teacher"
    if numbers == 1:
        return "reward" if count == 2 < len(targets) else "scalar"
    return "full target" if numbers >= _dimension(targets) else "partial target"
