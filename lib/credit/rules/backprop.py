"""Backprop, written by hand: the reference of every other rule."""

from dataclasses import dataclass

from credit.rules.base import Rule, layer_by_layer


@dataclass(frozen=True)
class Backprop(Rule):
    """The error goes back through the transposed forward weights.

    tau_L = e
    tau_l = delta_{l+1} W_{l+1},   delta_l = tau_l * phi'(a_l)        (BP)

    Rumelhart, Hinton & Williams 1986.
    """

    name = "backprop"
    short = "BP"
    source = "rumelhart1986learning"

    def teach(self, ch, trace):
        return layer_by_layer(ch, trace, ch.W_back)  # (BP): the weight transport is this argument
