"""Kickback: the error of a network with one output, times a unit's influence one layer up."""

from dataclasses import dataclass

from credit.rules.base import Rule


@dataclass(frozen=True)
class Kickback(Rule):
    """Every unit hears one scalar for the whole network and the units that it drives.

    beta = y - t                                                     [..., batch, 1]
    tau_L = e
    tau_l = beta * (phi'(a_{l+1}) W_{l+1}),   l < L                  (KB)

    phi' of a signed rectifier is s_k where unit k fired and 0 where it did not, so the bracket is
    the effect of one unit on the ACTIVE units that it drives, for each example. Backprop follows
    it on to the output; here it ends after one layer, and nothing is fed through layers.
    In a coherent network, s_l W_l >= 0 for l >= 2, it has backprop's sign. tau stands in for
    d loss / d h_l, so delta_l^T h_{l-1} is a gradient: minus the learning rate times it is added.

    Balduzzi, Vanchinathan & Buhmann 2015. One scalar output per network; several values are
    several networks side by side.
    """

    name = "Kickback"
    short = "Kickback"
    source = "balduzzi2015kickback"

    def asks(self, sizes):
        return {"sizes": (*sizes[:-1], 2), "nonlinearity": "signed_relu", "output": "pair"}

    def teach(self, ch, trace):
        beta = ch.mismatch(trace)
        if beta.shape[-1] != 1:
            raise ValueError(f"Kickback teaches networks of one answer, got {beta.shape[-1]}")
        influence = {
            l: ch.back(l + 1, ch.slope_path(l + 1, trace), ch.W_back[l + 1]) for l in range(1, ch.L)
        }
        hidden = {l: beta * tau for l, tau in influence.items()}  # (KB)
        return {**hidden, ch.L: ch.error(trace)}
