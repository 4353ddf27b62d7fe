"""How a rule's updates compare with backprop's, layer by layer, on one batch."""

from dataclasses import replace

import torch
from torch import Generator, Tensor

from credit.nets.channels import Channels
from credit.nets.networks import Dense, Network
from credit.rules.backprop import Backprop
from credit.rules.base import Rule

NAN = float("nan")


def angle(u: Tensor, v: Tensor, dim: int = -1) -> Tensor:
    """Angle along `dim` in degrees, 0 to 180; nan where one of the two is zero."""
    norms = u.norm(dim=dim) * v.norm(dim=dim)
    cosine = (u * v).sum(dim) / norms.where(norms > 0, NAN)
    return torch.rad2deg(torch.acos(cosine.clamp(-1, 1)))


def mean_angle(u: Tensor, v: Tensor) -> float:
    """Mean over the rows [..., n] of their angle, leaving out rows that have none."""
    return float(angle(u, v).nanmean())


def _told(rule: Rule, ch: Channels, x: Tensor) -> tuple[dict, dict]:
    """({l: delta_l}, {l: dW_l}) of the teaching signals on these examples."""
    trace = rule.forward(ch, x)
    teaching = rule.teach(ch, trace)
    return rule.delta(ch, trace, teaching), rule.local(ch, trace, teaching).dense().W


def _partners(ch: Channels) -> dict[int, tuple[Tensor, Tensor]]:
    """{l: B_l and the weights whose place it takes}; only feedback layer by layer has a B_L."""
    B, stands_for = ch.own.get("B", {}), ch.W_back
    if ch.L not in B:
        stands_for, product = {}, ch.W_back[ch.L]
        for l in range(ch.L - 1, 0, -1):
            stands_for[l], product = product, product @ ch.W_back[l]
    return {l: (B[l], stands_for[l]) for l in B if l in stands_for}


def in_double(
    network: Network, own: dict, chance: dict[str, Generator], target: Tensor
) -> Channels:
    """Channels of the same weights in double precision: what a rule says there is free of the
    rounding of differences that are nearly zero.

    chance  the streams that a rule draws from;  target [batch, n_L], in double precision too
    """
    layers = {l: Dense(layer.W.double(), layer.b.double()) for l, layer in network.layers.items()}
    own = {name: {l: w.double() for l, w in ws.items()} for name, ws in own.items()}
    return Channels(replace(network, layers=layers), own, chance).teach(target)


def alignment(rule: Rule, ch: Channels, x: Tensor) -> list[dict]:
    """Per hidden layer that learns: how far the rule is from backprop in the same network.

    Backprop goes forward once; a rule whose network settles does that instead.

    x  [batch, n_0], the teacher set in `ch`. Returns rows (layer, metric, value, unit):
        delta angle      delta_l against backprop's, mean over examples              deg
        gradient angle   the batch's dW_l, what learns, against backprop's           deg
        norm ratio       |dW_l| / |dW_l of backprop|                                 1
        weight angle     B_l, where the rule owns one, against what it stands in for deg
    That is W_l or, of a B_l [n_L, n_l] straight from the output, W_L ... W_{l+1}. A quantity that
    does not exist (backprop's own delta is zero, say) gives no row.
    """
    (ours, updates), (theirs, references) = (_told(r, ch, x) for r in (rule, Backprop()))
    rows = []
    for l in range(1, ch.L):
        if l in ours:
            dW, reference = updates[l], references[l]
            norm = float(reference.norm())
            rows += [
                (l, "delta angle", mean_angle(ours[l], theirs[l]), "deg"),
                (l, "gradient angle", float(angle(dW.flatten(), reference.flatten())), "deg"),
                (l, "norm ratio", float(dW.norm()) / norm if norm else NAN, "1"),
            ]
    for l, (B, W) in _partners(ch).items():
        if B.shape == W.shape:
            rows.append((l, "weight angle", float(angle(B.flatten(), W.flatten())), "deg"))
    columns = ("layer", "metric", "value", "unit")
    return [dict(zip(columns, row, strict=True)) for row in sorted(rows) if row[2] == row[2]]
