"""Attention-gated learning: the chosen action sends attention down, one reward error does the rest.

Q-AGREL and BrainProp, two names of one rule with different feedback weights.
"""

from dataclasses import dataclass

import torch

from credit.nets.networks import Init
from credit.rules.base import Rule, draw_feedback, layer_by_layer

FEEDBACK = ("symmetric", "reciprocal", "random")


@dataclass(frozen=True)
class AttentionGated(Rule):
    """Each example is one trial: choose an output unit s, be told only whether it was right.

    q = h_L,  s = argmax q, with probability epsilon s ~ softmax(q);  z = onehot(s)     (CHOICE)
    f_L = z
    f_l = (f_{l+1} * phi'(a_{l+1})) V_{l+1},   no slope at the linear output       (ATTENTION)
    delta = r - q_s,   r = 1 where the choice was right, else 0; one scalar per example    (RPE)
    tau_l = -delta f_l                                                                (GATE)

    so that dW_l, a descent direction, is minus pre * attention * delta. What travels down is by how
    much a unit was involved in the choice; sign and size of the error come from the scalar.

    epsilon   how often the choice explores
    feedback  V_l is: "symmetric", W_l itself (BrainProp); "reciprocal", a B_l that starts random
              and receives dB_l = dW_l (Q-AGREL); "random", a B_l that stays as it is drawn
    init      Init of B_l
    Pozzi, Bohté & Roelfsema 2018, 2020. The network is theirs: linear outputs, mostly no biases.
    """

    epsilon: float = 0.02
    feedback: str = "symmetric"
    init: Init = Init("normal_fan_in")

    name = "attention-gated learning"
    short = "BrainProp"
    source = "pozzi2020brainprop"

    def __post_init__(self):
        if self.feedback not in FEEDBACK:
            raise ValueError(
                f"feedback is {self.feedback!r}, expected one of {', '.join(FEEDBACK)}"
            )
        if not isinstance(self.epsilon, int | float) or not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon is {self.epsilon!r}, expected a probability from 0 to 1")

    @property
    def learned(self):
        return ("B",) if self.feedback == "reciprocal" else ()

    def asks(self, sizes):
        return {"sizes": sizes, "output": "linear"}

    def draw(self, sizes, streams):
        if self.feedback == "symmetric":
            return {}
        return {"B": draw_feedback(self.init, sizes, streams)}

    def teach(self, ch, trace):
        q = trace.h[ch.L]
        s = self._choice(q, ch.rng("choice"))
        z = torch.zeros_like(q).scatter_(-1, s.unsqueeze(-1), 1.0)
        V = ch.W_back if self.feedback == "symmetric" else ch.own["B"]
        f = layer_by_layer(ch, trace, V, top=z)  # (ATTENTION)
        delta = ch.reward(s) - q.gather(-1, s.unsqueeze(-1))  # (RPE)
        return {l: -delta * f_l for l, f_l in f.items()}  # (GATE)

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        if self.feedback == "reciprocal":  # pre and post of the two ways are the same two units
            update.own["B"] = {l: update.W[l] for l in ch.own["B"]}
        return update

    def _choice(self, q, chance):
        """s [..., batch] by (CHOICE). Coin and competition are drawn for every trial, so that the
        chance of one trial does not depend on the outcome of another."""
        # the largest of q - log(exponential) is a draw from softmax(q)
        race = q - torch.empty_like(q).exponential_(generator=chance).log()
        explores = torch.rand(q.shape[:-1], generator=chance, dtype=q.dtype) < self.epsilon
        return torch.where(explores, race.argmax(-1), q.argmax(-1))
