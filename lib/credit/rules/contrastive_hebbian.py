"""Contrastive Hebbian learning in a layered network with weak feedback: nearly backprop."""

from dataclasses import dataclass

from credit.nets.networks import Init
from credit.nets.relaxation import Relaxation, Settling
from credit.rules.base import draw_feedback
from credit.rules.phases import Contrastive

FEEDBACK = ("symmetric", "random")


@dataclass(frozen=True)
class ContrastiveHebbian(Contrastive):
    """Hebb with the output held at the target, minus Hebb with the network left to itself.

    a_k = h_{k-1} W_k^T + b_k + gamma h_{k+1} F_{k+1},   h_k = phi(a_k) at rest
    free     h_L = phi_L(h_{L-1} W_L^T + b_L);   clamped   h_L = d             (FREE, CLAMPED)
    change of W_k   eta gamma^(k-L) (hc_k^T hc_{k-1} - hf_k^T hf_{k-1}) / batch            (CHL)

    What is returned is the gradient, to be subtracted: the same with the two products exchanged.
    hf_k - hc_k is gamma^(L-k) times backprop's delta_k = d loss / d a_k, up to the next order of
    gamma: of the squared error with linear outputs, of the cross-entropy with logistic ones.

    gamma     gain of the feedback, 1
    feedback  F_k is "symmetric", W_k itself, or "random", a B_k that stays as it is drawn (rCHL)
    init      Init of B_k
    settling  both phases; the free one starts from a pass forward, the clamped one from the free.
              Its tolerance must lie far below gamma^(L-1), the size of the signal in layer 1
    Xie & Seung 2003; random: Detorakis, Bartley & Neftci 2019.
    """

    gamma: float = 0.05
    feedback: str = "symmetric"
    init: Init = Init("normal_fan_in")
    settling: Settling = Settling(100, rate=1.0, tolerance=1e-5, in_turn=True)

    name = "contrastive Hebbian learning"
    short = "CHL"
    source = "xie2003equivalence"

    def __post_init__(self):
        if not isinstance(self.gamma, int | float) or not self.gamma > 0:
            raise ValueError(f"gamma is {self.gamma!r}, expected a positive number")
        if self.feedback not in FEEDBACK:
            raise ValueError(
                f"feedback is {self.feedback!r}, expected one of {', '.join(FEEDBACK)}"
            )

    def asks(self, sizes):
        return {"sizes": sizes, "output": "linear"}

    def draw(self, sizes, streams):
        return {"B": draw_feedback(self.init, sizes, streams)} if self.feedback == "random" else {}

    def scale(self, l, L):
        return self.gamma ** (l - L)

    def forward(self, ch, x):
        loop = self._relaxation(ch, x)
        free = loop.settle(loop.forward(), self.settling)
        free.phases["minus"] = free.as_phase()
        free.phases["plus"] = loop.settle(free.h, self.settling, ch.target())
        return free

    def answer(self, ch, x):
        loop = self._relaxation(ch, x)
        return loop.settle(loop.forward(), self.settling).h[ch.L]

    def _relaxation(self, ch, x) -> Relaxation:
        F = ch.own["B"] if self.feedback == "random" else ch.W_back
        return Relaxation(ch, x, {l: F[l] for l in range(2, ch.L + 1)}, self.gamma)
