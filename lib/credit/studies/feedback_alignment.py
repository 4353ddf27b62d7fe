"""Feedback alignment: a cheat for the audit to find, what moves from all-zero weights, and what the
weight mirror learns from noise alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.base import Rule, layer_by_layer
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.weight_mirror import WeightMirror
from credit.training.diagnostics import angle


@dataclass(frozen=True)
class LeakyFeedback(FeedbackAlignment):
    """A cheat for the audit to find: a share of the forward weights in the random feedback."""

    share: float = 0.01

    def teach(self, ch, trace):
        mixed = {l: B + self.share * ch.W_back[l] for l, B in ch.own["B"].items()}
        return layer_by_layer(ch, trace, mixed)


def moved_from_zero(
    rules: Sequence[Rule], steps: int, sizes: tuple[int, ...] = (8, 6, 6, 6, 3), seed: int = 0
) -> pd.DataFrame:
    """Which weights have left zero after each step, from all-zero weights and biases.

    Returns one row per rule and step; columns W1 .. WL and b_L hold "moved" or "0"
    """
    rows = []
    for rule in rules:
        zero = Init("zero")
        network = make_network(sizes, seed, "tanh", "softmax", zero, zero)
        random = streams(seed)
        ch = Channels(network, rule.draw(sizes, random), random)
        x = torch.randn(16, sizes[0], generator=random["noise"])
        label = torch.randint(sizes[-1], (16,), generator=random["noise"])
        ch.teach(torch.eye(sizes[-1])[label])
        for step in range(1, steps + 1):
            update = rule.step(ch, x)[1].dense()
            for l, layer in network.layers.items():
                layer.W -= 0.1 * update.W[l]
                layer.b -= 0.1 * update.b[l]
            weights = {f"W{l}": layer.W for l, layer in network.layers.items()}
            weights["output bias"] = network.layers[network.L].b
            moved = {name: "moved" if bool(w.any()) else "0" for name, w in weights.items()}
            rows.append({"rule": rule.short, "step": step, **moved})
    return pd.DataFrame(rows)


def mirrored(
    rules: dict[str, WeightMirror],
    rate: float,
    batches: int = 2000,
    every: int = 100,
    sizes: tuple[int, ...] = (100, 50, 10),
    seeds: Sequence[int] = (0, 1, 2),
) -> pd.DataFrame:
    """What noise alone does to the feedback weights: no image, no label, W stays as it is.

    rules    {name: a weight mirror}
    rate     of the mirror
    Returns  rows of method, seed, batch, metric, value, unit: the angle of B_L to W_L
    """
    rows = []
    for name, rule in rules.items():
        for seed in seeds:
            random = streams(seed)
            weights = Init("normal_fan_in")
            network = make_network(sizes, seed, "logistic", "logistic", weights, Init("zero"))
            ch = Channels(network, rule.draw(sizes, random), random)
            x = torch.zeros(128, sizes[0])  # read for the size of the batch alone
            B, W = ch.own["B"][network.L], network.layers[network.L].W
            for batch in range(batches + 1):
                if batch % every == 0:
                    turned = float(angle(B.flatten(), W.flatten()))
                    rows.append((name, seed, batch, "weight angle", turned, "deg"))
                B -= rate * rule.prepare(ch, x).own["B"][network.L]
    return pd.DataFrame(rows, columns=["method", "seed", "batch", "metric", "value", "unit"])
