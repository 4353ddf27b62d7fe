"""Kolen-Pollack: the feedback weights get the same increments as the forward weights."""

from dataclasses import dataclass

from credit.nets.networks import Init
from credit.rules.base import Rule, draw_feedback, layer_by_layer


@dataclass(frozen=True)
class KolenPollack(Rule):
    """B_l starts random and learns with W_l; with decay the two become equal.

    tau_l = delta_{l+1} B_{l+1}
    W_l <- lam W_l - eta dW_l,  B_l <- lam B_l - eta dW_l             (KP)
    so that W_l - B_l = lam^t (W_l - B_l at the start)

    The decay lam = 1 - eta * weight_decay is the optimiser's, the same for W and B.
    Kolen & Pollack 1994; Akrout et al. 2019.
    """

    feedback: Init = Init("uniform_fan_in")

    name = "Kolen-Pollack"
    short = "KP"
    source = "akrout2019deep"
    learned = ("B",)

    def draw(self, sizes, streams):
        return {"B": draw_feedback(self.feedback, sizes, streams)}

    def teach(self, ch, trace):
        return layer_by_layer(ch, trace, ch.own["B"])

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        update.own["B"] = {l: update.W[l] for l in ch.own["B"]}  # (KP)
        return update
