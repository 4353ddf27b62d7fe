"""Bases of the rules whose networks settle: a learned feedback pathway, two phases compared."""

from dataclasses import dataclass

import torch
from torch import Tensor

from credit.nets.channels import Channels
from credit.nets.networks import Init, Product
from credit.nets.relaxation import Relaxation, Settling
from credit.rules.base import Rule, Update, draw_feedback


@dataclass(frozen=True, kw_only=True)
class Recurrent(Rule):
    """The base of rules whose networks are fully recurrent, the way back being learned as well.

    a_k = h_{k-1} W_k^T + b_k + gain h_{k+1} V_{k+1},   h_k = phi(a_k) at rest

    feedback  V_k is "own", drawn at random and learned, or "tied", W_k itself
    gain      of the feedback; 1 in the papers
    init      Init of V_k
    settling  of every phase; the first starts with all units at one half
    Outputs are logistic ones.
    """

    feedback: str = "own"
    gain: float = 1.0
    init: Init = Init("normal_fan_in")
    settling: Settling = Settling(60, rate=0.5, tolerance=1e-4)

    def __post_init__(self):
        if self.feedback not in ("own", "tied"):
            raise ValueError(f"feedback is {self.feedback!r}, expected own or tied")
        if not isinstance(self.gain, int | float) or not self.gain > 0:
            raise ValueError(f"gain is {self.gain!r}, expected a positive number")

    @property
    def learned(self):
        return ("V",) if self.feedback == "own" else ()

    def asks(self, sizes):
        return {"sizes": sizes, "output": "logistic"}

    def draw(self, sizes, streams):
        return {"V": draw_feedback(self.init, sizes, streams)} if self.feedback == "own" else {}

    def back(self, ch: Channels) -> dict[int, Tensor]:
        """{l: V_l}."""
        V = ch.own["V"] if self.feedback == "own" else ch.W_back
        return {l: V[l] for l in range(2, ch.L + 1)}

    def relaxation(self, ch: Channels, x: Tensor) -> Relaxation:
        return Relaxation(ch, x, self.back(ch), self.gain)

    def answer(self, ch, x):
        loop = self.relaxation(ch, x)
        return loop.settle(loop.at(0.5), self.settling).h[ch.L]


class Contrastive(Rule):
    """The base of rules that compare two states: `forward` leaves phases "minus" and "plus", the
    one nearer to the target.

    tau_l = c_l (h-_l - h+_l), which has phi' in it already
    dW_l  = c_l (h-_l^T h-_{l-1} - h+_l^T h+_{l-1}) / batch,   db_l = mean of tau_l
    """

    def scale(self, l: int, L: int) -> float:
        """c_l."""
        return 1.0

    def teach(self, ch, trace):
        minus, plus = trace.phases["minus"].h, trace.phases["plus"].h
        return {l: self.scale(l, ch.L) * (minus[l] - plus[l]) for l in range(1, ch.L + 1)}

    def delta(self, ch, trace, teaching):
        return teaching

    def local(self, ch, trace, teaching):
        minus, plus = trace.phases["minus"].h, trace.phases["plus"].h
        W = {l: contrast(teaching[l], minus, plus, l, self.scale(l, ch.L)) for l in teaching}
        return Update(W, {l: tau.mean(-2) for l, tau in teaching.items()})


def contrast(tau: Tensor, minus: dict, plus: dict, l: int, scale: float) -> Product:
    """dW_l of Contrastive, as tau_l^T h+_{l-1} + c_l h-_l^T (h-_{l-1} - h+_{l-1}), which does not
    subtract two large products; the second term is zero where the input is below."""
    if l == 1:
        return Product(tau, plus[0])
    below = scale * (minus[l - 1] - plus[l - 1])
    # both products as one over twice the batch, whose mean is taken
    return Product(torch.cat([2 * tau, 2 * minus[l]], -2), torch.cat([plus[l - 1], below], -2))
