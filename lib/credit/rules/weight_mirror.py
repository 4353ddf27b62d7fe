"""Weight mirror: noise sent forward lets the feedback weights learn the forward weights."""

from dataclasses import dataclass

import torch

from credit.nets.networks import Init
from credit.nets.plain import real, whole
from credit.rules.base import Rule, Update, draw_feedback, layer_by_layer

TOP = ("drive", "activity")


@dataclass(frozen=True)
class WeightMirror(Rule):
    """In mirror mode every layer is fed noise and a Hebbian rule copies W_l into B_l.

    tau_l = delta_{l+1} B_{l+1}
    n ~ N(0, sigma^2),   r = phi(n W_l^T + b_l),   r centred over the batch
    B_l  <-  B_l + eta_B (r^T n / (batch sigma^2) - decay B_l)        (WM)

    In expectation r^T n / (batch sigma^2) is <phi'> W_l; where the output's drive is mirrored, W_L
    itself. Dividing by sigma^2 makes the learning rate of B, set beside that of W, free of the
    noise's size. One example alone is its own mean: nothing would be left to mirror, and B would
    decay to zero.

    sigma    standard deviation of the noise
    decay    pulls B_l back, so that it tracks W_l; without one B_l keeps growing
    top      what the output layer mirrors: its "drive" a_L, or its "activity" h_L
    centred  whether the batch's mean is taken from r
    before   epochs of mirroring alone, before each of the first epochs of training
    Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019, who do not centre. Their code has no decay,
    mirrors the activity, and begins with one epoch of mirroring.
    """

    feedback: Init = Init("uniform_fan_in")
    sigma: float = 1.0
    decay: float = 1.0
    top: str = "drive"
    centred: bool = True
    before: int = 0

    name = "weight mirror"
    short = "WM"
    source = "akrout2019deep"
    learned = ("B",)
    smallest_batch = 2

    def __post_init__(self):
        if self.top not in TOP:
            raise ValueError(f"top is {self.top!r}, expected one of {', '.join(TOP)}")
        whole("before", self.before, 0, "a non-negative integer")
        real("sigma", self.sigma, "a positive number", lambda s: s > 0)
        real("decay", self.decay, "a number of at least 0", lambda d: d >= 0)

    def draw(self, sizes, streams):
        return {"B": draw_feedback(self.feedback, sizes, streams)}

    def teach(self, ch, trace):
        return layer_by_layer(ch, trace, ch.own["B"])

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        update.own = self._mirror(ch, trace)
        return update

    @property
    def prepares(self):
        return self.before

    def prepare(self, ch, x):
        return Update(own=self._mirror(ch, self.forward(ch, x)))

    def _mirror(self, ch, trace) -> dict:
        """(WM) of every layer, from as many noise patterns as there are examples."""
        dB = {}
        for l, B in ch.own["B"].items():
            like = trace.h[l - 1]
            n = self.sigma * torch.randn(like.shape, generator=ch.rng("noise"), dtype=like.dtype)
            r = ch.drive(l, n)
            if l < ch.L or self.top == "activity":
                r = ch.phi(l, r)
            if self.centred:
                r = r - r.mean(-2, keepdim=True)
            dB[l] = self.decay * B - r.mT @ n / (self.sigma**2 * n.shape[-2])
        return {"B": dB}
