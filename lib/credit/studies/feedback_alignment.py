"""Feedback alignment: a cheat for the audit to find, and what moves from all-zero weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.base import Rule, layer_by_layer
from credit.rules.feedback_alignment import FeedbackAlignment


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
