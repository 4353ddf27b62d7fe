"""How a rule's updates compare with backprop's, layer by layer, on one batch."""

import torch
from torch import Tensor

from credit.nets.channels import Channels
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


def alignment(rule: Rule, ch: Channels, x: Tensor) -> list[dict]:
    """Per hidden layer that learns: how far the rule is from backprop in the same network.

    Backprop goes forward once; a rule whose network settles does that instead.

    x  [batch, n_0], the teacher set in `ch`. Returns rows (layer, metric, value, unit):
        delta angle      delta_l against backprop's, mean over examples              deg
        gradient angle   the batch's dW_l against backprop's                         deg
        norm ratio       |dW_l| / |dW_l of backprop|                                 1
        weight angle     B_l against W_l, where the rule owns a B_l of W_l's shape   deg
    A quantity that does not exist (backprop's own delta is zero, say) gives no row.
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
    for l, B in ch.own.get("B", {}).items():
        W = ch.W_back[l]
        if B.shape == W.shape:
            rows.append((l, "weight angle", float(angle(B.flatten(), W.flatten())), "deg"))
    columns = ("layer", "metric", "value", "unit")
    return [dict(zip(columns, row, strict=True)) for row in sorted(rows) if row[2] == row[2]]
