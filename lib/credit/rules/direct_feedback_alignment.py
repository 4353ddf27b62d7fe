"""Direct feedback alignment: the output error goes straight to every hidden layer."""

from dataclasses import dataclass

from credit.nets.networks import Init
from credit.rules.base import Rule, draw_feedback


@dataclass(frozen=True)
class DirectFeedbackAlignment(Rule):
    """Each hidden layer hears e through a matrix of its own, B_l [n_L, n_l], drawn once.

    tau_L = e
    tau_l = e B_l,   l < L                                            (DFA)

    feedback  Init of B_l; uniform_fan_in is U(+-1/sqrt(n_l)), n_l the receiving layer's width
    Nøkland 2016. With one hidden layer this is feedback alignment.
    """

    feedback: Init = Init("uniform_fan_in")

    name = "direct feedback alignment"
    short = "DFA"
    source = "nokland2016direct"

    def draw(self, sizes, streams):
        return {"B": draw_feedback(self.feedback, sizes, streams, direct=True)}

    def teach(self, ch, trace):
        e = ch.error(trace)
        hidden = {l: ch.direct(e, ch.own["B"][l]) for l in range(1, ch.L)}  # (DFA)
        return {**hidden, ch.L: e}
