"""Weight mirror: noise sent forward lets the feedback weights learn the forward weights."""

from dataclasses import dataclass

import torch

from credit.nets.networks import Init
from credit.nets.plain import real
from credit.rules.base import Rule, draw_feedback, layer_by_layer


@dataclass(frozen=True)
class WeightMirror(Rule):
    """In mirror mode every layer is fed noise and a Hebbian rule copies W_l into B_l.

    tau_l = delta_{l+1} B_{l+1}
    n ~ N(0, sigma^2),   r = phi(n W_l^T + b_l),   r centred over the batch
    dB_l = -(r^T n) / (batch sigma^2) + decay B_l                     (WM)

    In expectation r^T n / (batch sigma^2) is <phi'> W_l. Dividing by sigma^2 makes the learning
    rate of B, set beside that of W, free of the noise's size. One example alone is its own mean:
    nothing would be left to mirror, and B would decay to zero.
    sigma    standard deviation of the noise; decay pulls B_l back, so that it tracks W_l
    Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019.
    """

    feedback: Init = Init("uniform_fan_in")
    sigma: float = 1.0
    decay: float = 1.0

    name = "weight mirror"
    short = "WM"
    source = "akrout2019deep"
    learned = ("B",)
    smallest_batch = 2

    def __post_init__(self):
        real("sigma", self.sigma, "a positive number", lambda s: s > 0)
        real("decay", self.decay, "a number of at least 0", lambda d: d >= 0)

    def draw(self, sizes, streams):
        return {"B": draw_feedback(self.feedback, sizes, streams)}

    def teach(self, ch, trace):
        return layer_by_layer(ch, trace, ch.own["B"])

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        update.own["B"] = {
            l: self.decay * B - self._mirror(ch, l, trace.h[l - 1]) for l, B in ch.own["B"].items()
        }
        return update

    def _mirror(self, ch, l, like):
        """r^T n / (batch sigma^2) of layer l, from as many noise patterns as `like` has rows."""
        n = self.sigma * torch.randn(like.shape, generator=ch.rng("noise"), dtype=like.dtype)
        a = ch.drive(l, n)
        r = a if l == ch.L else ch.phi(l, a)  # the output is mirrored before its softmax
        r = r - r.mean(-2, keepdim=True)
        return r.mT @ n / (self.sigma**2 * n.shape[-2])
