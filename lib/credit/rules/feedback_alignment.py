"""Feedback alignment: backprop with fixed random matrices in its feedback pathway."""

from dataclasses import dataclass

from credit.nets.networks import Init
from credit.rules.base import Rule, draw_feedback, layer_by_layer


@dataclass(frozen=True)
class FeedbackAlignment(Rule):
    """The error goes back through B_l [n_l, n_{l-1}], drawn once and never changed.

    tau_L = e
    tau_l = delta_{l+1} B_{l+1},   delta_l = tau_l * phi'(a_l)        (FA)

    feedback  Init of B_l
    Lillicrap, Cownden, Tweed & Akerman 2016, in the shapes of this library: "B = W" is backprop.
    """

    feedback: Init = Init("uniform_fan_in")

    name = "feedback alignment"
    short = "FA"
    source = "lillicrap2016random"

    def draw(self, sizes, streams):
        return {"B": draw_feedback(self.feedback, sizes, streams)}

    def teach(self, ch, trace):
        return layer_by_layer(ch, trace, ch.own["B"])  # (FA)
