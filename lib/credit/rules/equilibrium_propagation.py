"""Equilibrium propagation: settle, draw the output a little towards the target, settle on."""

from dataclasses import dataclass

import torch

from credit.nets.relaxation import Relaxation, Settling
from credit.rules.phases import Contrastive

ESTIMATES = ("random", "positive", "symmetric")


@dataclass(frozen=True)
class EquilibriumPropagation(Contrastive):
    """The state's own relaxation carries the error: two fixed points differ by the gradient.

    a_l = h_{l-1} W_l^T + b_l + h_{l+1} W_{l+1},   a_L = h_{L-1} W_L^T + b_L + beta (d - h_L)
    h^0    the fixed point with beta = 0, h^beta that with the nudge                (FREE, NUDGED)
    the change:  Delta W_l = eta (h^beta_l^T h^beta_{l-1} - h^0_l^T h^0_{l-1}) / beta     (EP)

    What is returned is the gradient, to be subtracted: the same with the two products exchanged.
    As beta -> 0 it is that of |h^0_L - d|^2 / 2 at the free fixed point. Integrated over the nudged
    phase (EP) is also pre * (rate of change of post), summed over both directions: STDP.

    beta        strength of the nudge, 1
    estimate    "random": the sign of beta is drawn for every batch; "positive": always beta;
                "symmetric": the difference of the states at beta and -beta, over 2 beta
    free        the free phase, from zero or from where the same examples were left
    nudged      the second phase, from the free state
    tested      the free phase of a network that is only asked
    persistent  whether the free state of every training example is kept until its next turn
    Scellier & Bengio 2017; units are clipped to [0, 1], where their rho' is 1.
    """

    beta: float = 1.0
    estimate: str = "random"
    free: Settling = Settling(20, projected=True)
    nudged: Settling = Settling(4, projected=True)
    tested: Settling = Settling(200, projected=True, tolerance=1e-3, check=5)
    persistent: bool = True

    name = "equilibrium propagation"
    short = "EqProp"
    source = "scellier2017equilibrium"

    def __post_init__(self):
        if not isinstance(self.beta, int | float) or not self.beta > 0:
            raise ValueError(f"beta is {self.beta!r}, expected a positive number")
        if self.estimate not in ESTIMATES:
            raise ValueError(
                f"estimate is {self.estimate!r}, expected one of {', '.join(ESTIMATES)}"
            )

    def asks(self, sizes):
        hard = {"nonlinearity": "hard_sigmoid", "output": "hard_sigmoid_squared"}
        return {"sizes": sizes, **hard}

    def scale(self, l, L):
        return 1 / (2 * self.beta) if self.estimate == "symmetric" else 1 / self.beta

    def forward(self, ch, x):
        loop = self._relaxation(ch, x)
        free = loop.settle(self._start(ch, loop), self.free)
        if self.persistent:
            for l in range(1, ch.L + 1):
                ch.keep(l, free.h[l])
        d, rest = ch.target(), free.as_phase()
        up = self.estimate != "random" or torch.rand((), generator=ch.rng("noise")) < 0.5
        down = self.estimate == "symmetric" or not up
        free.phases["plus"] = loop.settle(free.h, self.nudged, d, self.beta) if up else rest
        free.phases["minus"] = loop.settle(free.h, self.nudged, d, -self.beta) if down else rest
        return free

    def answer(self, ch, x):
        loop = self._relaxation(ch, x)
        return loop.settle(loop.at(0.0), self.tested).h[ch.L]

    @staticmethod
    def _relaxation(ch, x) -> Relaxation:
        return Relaxation(ch, x, {l: ch.W_back[l] for l in range(2, ch.L + 1)})

    def _start(self, ch, loop) -> dict:
        rest = loop.at(0.0)
        if not self.persistent or ch.recall(1) is None:
            return rest
        return {0: loop.x} | {l: ch.recall(l) for l in range(1, ch.L + 1)}
