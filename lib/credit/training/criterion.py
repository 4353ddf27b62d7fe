"""Epochs to criterion: many networks side by side learn a small task until they have it right."""

from collections import Counter
from dataclasses import dataclass

import torch

from credit.nets.channels import Channels
from credit.nets.networks import make_network
from credit.nets.plain import whole
from credit.nets.streams import streams
from credit.rules.base import own_parameters
from credit.rules.contract import check
from credit.tasks import data
from credit.training.arithmetic import without_denormals
from credit.training.descent import Descent
from credit.training.setting import PRECISIONS, Setting


@dataclass(frozen=True)
class ToCriterion(Setting):
    """A small task, learned by many networks, each with a seed and an order of patterns of its own.

    networks   how many; the seeds are those from `seed` on
    symmetric  the rule's own feedback V_l starts as a copy of W_l instead of as it is drawn
    blocks     ((inputs, units), ...): that many inputs reach only that many units of layer 1, and
               so on; () for all reach all
    """

    networks: int = 50
    symmetric: bool = False
    blocks: tuple[tuple[int, int], ...] = ()

    def __post_init__(self):
        super().__post_init__()
        whole("networks", self.networks, 2)
        if self.blocks and [sum(n) for n in zip(*self.blocks, strict=True)] != [*self.sizes[:2]]:
            raise ValueError(f"blocks {self.blocks} do not add up to {self.sizes[:2]}")


@without_denormals()
def run(setting: ToCriterion, seed: int) -> list[dict]:
    """Train every network for setting.epochs or until all have reached the criterion.

    A network has reached it after the first epoch in which every output was on its target's side of
    one half for every pattern, while the weights changed. Returns for every network, with its own
    `seed`: "solved", 1 or 0, "epochs to criterion" of those that did, and "diverged", the epoch, of
    those whose weights are no longer finite, which have not; and with the first seed the mean
    "steps" of each phase of a network that settles.
    """
    seed = whole("seed", seed, 0, "a non-negative integer")
    train = data.load(setting.dataset).train
    x, t = train.x, train.label
    if setting.sizes[0] != x.shape[1] or setting.sizes[-1] != t.shape[1]:
        raise ValueError(
            f"sizes {setting.sizes} do not fit {setting.dataset}: expected {x.shape[1]} inputs and "
            f"{t.shape[1]} outputs"
        )
    dtype, n = PRECISIONS[setting.precision], setting.networks
    x, t, seeds = x.to(dtype), t.to(dtype), range(seed, seed + n)
    network = make_network(
        setting.sizes, seeds, setting.nonlinearity, setting.output, setting.weights,
        setting.biases, dtype,
    )  # fmt: skip
    mask = torch.block_diag(*(torch.ones(units, inputs) for inputs, units in setting.blocks))
    own = own_parameters(setting.rule, setting.sizes, seeds, dtype)
    if setting.symmetric:
        for l, V in own["V"].items():
            V.copy_(network.layers[l].W)
    few = (patterns[: setting.batch].expand(n, -1, -1) for patterns in (x, t))
    check(setting.rule, network, own, *few)
    parameters = [*network.parameters(), *(w for ws in own.values() for w in ws.values())]
    order = streams(seed)["order"]
    ch, descent = Channels(network, own, streams(seed)), Descent(setting, network, own)
    reached, diverged = torch.zeros(2, n, dtype=torch.long)
    settled, updates = Counter(), 0
    for epoch in range(1, setting.epochs + 1):
        right = torch.ones(n, dtype=torch.bool)
        orders = torch.arange(len(x)).expand(n, -1)
        if setting.shuffled:
            orders = torch.rand(n, len(x), generator=order).argsort(-1)
        for index in orders.split(setting.batch, -1):
            if setting.blocks:
                network.layers[1].W.mul_(mask)
            trace, update = setting.rule.step(ch.teach(t[index]), x[index])
            right &= ((trace.h[network.L] > 0.5) == (t[index] > 0.5)).all(-1).all(-1)
            descent.apply(update)
            settled.update(trace.taken())
            updates += 1
        left = (reached == 0) & (diverged == 0)
        sound = torch.stack([p.isfinite().flatten(1).all(1) for p in parameters]).all(0)
        reached[left & sound & right] = epoch
        diverged[left & ~sound] = epoch
        if (reached + diverged).all():
            break

    def row(member, metric, value):
        row = {"seed": member, "epoch": float(epoch), "layer": 0, "metric": metric}
        return {**row, "value": float(value), "unit": "1"}

    rows = []
    for member, at, lost in zip(seeds, reached.tolist(), diverged.tolist(), strict=True):
        rows.append(row(member, "solved", at > 0))
        if at:
            rows.append(row(member, "epochs to criterion", at))
        if lost:
            rows.append(row(member, "diverged", lost))
    return rows + [row(seed, f"steps, {name}", n / updates) for name, n in settled.items() if n]
