"""What SuperSpike must know: the six problems of backprop, executed on nets of spiking neurons.

The probes of `audit` know rate networks alone. These ask the same of the rule's equations in torch,
which tests hold to the Brian2 model: one thing is exchanged, all activities stay, and the change
of the hidden layer's synapses is looked at. What the rule does not read leaves it as it was.
"""

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd
import torch
from torch import Tensor

from credit.audit.probes import ALIKE, teacher_word, transport_word
from credit.spiking import superspike_torch as fast
from credit.spiking.superspike import SuperSpike
from credit.spiking.superspike_images import Learner, Setting

SMALL = Setting(sizes=(16, 6, 4), batch=5, spread=(120.0, 80.0))
SEEDS = 20
CONTROL = "backprop's feedback"


class Downstream(Learner):
    """A control: feedback through the slopes of the neurons above, as backprop has it."""

    def changes(self, shown: tuple, label: Tensor, told: Tensor) -> list[Tensor]:
        pixels, states = shown
        v, S = states[-1]
        e = self.c.slope(v) * self.error(told, S)
        return [self.of_pixels(pixels, states[0][0], self.below(e))]


def net(feedback: str, seed: int) -> tuple[Learner, tuple, Tensor]:
    """A learner in float64, what it is shown, and the labels; with CONTROL a Downstream."""
    kind, way = (Downstream, "symmetric") if feedback == CONTROL else (Learner, feedback)
    learner = kind(replace(SMALL, rule=SuperSpike(way)), seed)
    learner.W, learner.b = [w.double() for w in learner.W], learner.b.double()
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(SMALL.batch, SMALL.sizes[0], generator=g)
    label = torch.randint(SMALL.sizes[-1], (SMALL.batch,), generator=g)
    return learner, learner.show(x), label


def relative(a: Tensor, b: Tensor) -> float:
    """|b - a| / |a|"""
    return float((b - a).norm() / a.norm())


def hidden(learner: Learner, shown: tuple, label: Tensor) -> Tensor:
    return learner.changes(shown, label, label)[0]


def weight_transport(learner: Learner, shown: tuple, label: Tensor) -> float:
    """The output's weights are exchanged among its synapses, behind activities that stay."""
    before, W = hidden(learner, shown, label), learner.W[-1]
    learner.W[-1] = W.flatten().roll(1).view_as(W)
    after, size = hidden(learner, shown, label), relative(W, learner.W[-1])
    learner.W[-1] = W
    return relative(before, after) / size


def derivative_transport(learner: Learner, shown: tuple, label: Tensor) -> float:
    """The output neurons' potentials are exchanged among images, their spikes stay."""
    pixels, (below, (v, S)) = shown
    size = relative(learner.c.slope(v), learner.c.slope(v.roll(1, 1)))
    exchanged = pixels, [below, (v.roll(1, 1), S)]
    return relative(hidden(learner, shown, label), hidden(learner, exchanged, label)) / size


def linear_feedback(learner: Learner, shown: tuple, label: Tensor, bent=lambda e: e) -> float:
    """How far the change for a sum of two errors, one of them negative, is from the sum of changes;
    `bent` is done to every error before it is sent: a control."""
    pixels, ((v, _), (_, S)) = shown

    def change(e):
        return learner.of_pixels(pixels, v, learner.below(bent(e)))

    one, other = learner.error(label, S), -0.5 * learner.error(label.roll(1), S.roll(1, 1))
    return relative(change(one) + change(other), change(one + other))


def spiking(learner: Learner, shown: tuple, label: Tensor) -> tuple[float, int]:
    """How far the error sent as spikes and filtered in the hidden neuron is from the one filtered
    above and sent as a number, and how many values one step of one sender can have."""
    S = shown[1][-1][1]
    sent = (learner.target(label) - S).double()
    arrived = fast.double(learner.below(sent), learner.c)
    values = torch.cat([sent.unique(), *(layer.unique() for _, layer in shown[1])]).unique()
    return relative(learner.below(learner.error(label, S)), arrived), len(values)


def timing(learner: Learner, shown: tuple, label: Tensor, summed=fast.changes) -> float:
    """What the second half of the targets does to the change made in the first half: with the
    traces stepped forward nothing, with the same sum in another order (fast.reordered) much."""
    (pixels, ((v, _), (_, S))), c, half = shown, learner.c, SMALL.steps // 2
    target, later = learner.target(label), learner.target(label.roll(1))
    later[:half] = target[:half]
    x = torch.zeros(SMALL.steps, len(label), SMALL.sizes[0], dtype=torch.float64)
    x[pixels] = 1
    zt, slope = fast.double(x, c), c.slope(v)
    full = [learner.below(fast.double(t - S, c)) for t in (target, later)]
    if summed is fast.changes:
        return relative(*(summed(zt[:half], slope[:half], e[:half], c) for e in full))
    # the part of the reordered sum that belongs to the first half
    E = [fast.expected_errors(e, c)[:half] for e in full]
    return relative(*(torch.einsum("t...i,t...j->...ij", zt[:half], slope[:half] * x) for x in E))


def teacher(learner: Learner, shown: tuple, label: Tensor, layers=slice(None)) -> str:
    """What all labels in turn do to the change of these layers, for the first image. Words as in
    audit.probes.teacher."""
    (step, image, pixel), states = shown
    own = image == 0
    first = (step[own], image[own], pixel[own]), [(v[:, :1], S[:, :1]) for v, S in states]
    told = torch.arange(SMALL.sizes[-1]).split(1)
    changes = [torch.cat([m.flatten() for m in learner.changes(first, k, k)[layers]]) for k in told]
    updates = torch.stack(changes)
    whole = float(updates.norm(dim=-1).max())
    near = torch.cdist(updates, updates) <= ALIKE * whole
    count = int((~near.tril(-1).any(-1)).sum())
    size = torch.linalg.svdvals(updates[1:] - updates[0])
    rank = int((size > max(1e-6 * float(size.max()), ALIKE * whole)).sum()) if whole else 0
    return teacher_word(count, rank, torch.eye(len(told), dtype=torch.float64))


PROBES = {
    "weight transport": lambda *net: transport_word(weight_transport(*net)),
    "derivative transport": lambda *net: transport_word(derivative_transport(*net)),
    "linear feedback": lambda *net: "linear" if linear_feedback(*net) < ALIKE else "not linear",
    "spiking": lambda *net: "spikes" if spiking(*net)[0] < ALIKE else "numbers",
    "timing": lambda *net: "forward" if timing(*net) == 0 else "from the future",
    "target": teacher,
    "target, hidden layer": lambda *net: teacher(*net, layers=slice(1)),
}


# of these the control differs from the rule; the others look at a feedback that it does not have
OF_CONTROL = ("weight transport", "derivative transport")


def audit(ways: Iterable[str] = ("random", "symmetric", "uniform", CONTROL), seed: int = 0,
          seeds: int = SEEDS) -> pd.DataFrame:  # fmt: skip
    """Every probe on so many nets: columns problem, feedback, seed, word."""
    rows = []
    for way in ways:
        for s in range(seed, seed + seeds):
            one = net(way, s)
            asked = OF_CONTROL if way == CONTROL else PROBES
            rows += [{"problem": problem, "feedback": way, "seed": s, "word": PROBES[problem](*one)}
                     for problem in asked]  # fmt: skip
    return pd.DataFrame(rows)


def in_words(found: pd.DataFrame) -> pd.DataFrame:
    """One row per problem, one column per feedback: what most nets say, with the count where not
    all do."""

    def cell(words):
        counts = words.value_counts()
        few = "" if len(counts) == 1 else f" ({counts.iloc[0]} of {len(words)})"
        return counts.index[0] + few

    table = found.groupby(["problem", "feedback"], sort=False)["word"].agg(cell).unstack(sort=False)
    return table.fillna("not asked").reset_index()
