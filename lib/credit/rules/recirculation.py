"""Recirculation, GeneRec's ancestor: an autoencoder sends its reconstruction around once more."""

from dataclasses import dataclass

from credit.nets.networks import Product, Trace
from credit.rules.base import Rule, Update


@dataclass(frozen=True)
class Recirculation(Rule):
    """Visible v, hidden h; W_1 leads up, W_2 back down: sizes n-m-n, where the input is the target.

    v0 = x,                                    h1 = phi(v0 W_1^T + b_1)
    v2 = lam v0 + (1-lam) y(h1 W_2^T + b_2),   h3 = lam h1 + (1-lam) phi(v2 W_1^T + b_1)
    dW_2 = (v2 - v0)^T h1,   dW_1 = (h3 - h1)^T v2,   both to be subtracted               (RECIRC)

    Each synapse multiplies what comes in by how the receiver's activity changes.

    lam   how much of the first pass stays, "regression"
    Hinton & McClelland 1988.
    """

    lam: float = 0.75

    name = "recirculation"
    short = "recirculation"
    source = "hinton1988recirculation"

    def __post_init__(self):
        if not isinstance(self.lam, int | float) or not 0 <= self.lam < 1:
            raise ValueError(f"lam is {self.lam!r}, expected at least 0 and less than 1")

    def asks(self, sizes):
        n, m = sizes[0], sizes[1]
        return {"sizes": (n, m, n), "output": "logistic"}

    def forward(self, ch, x):
        trace = super().forward(ch, x)
        h1, y, stay = trace.h[1], trace.h[2], self.lam
        v2 = stay * x + (1 - stay) * y
        h3 = stay * h1 + (1 - stay) * ch.phi(1, ch.drive(1, v2))
        trace.phases["again"] = Trace(h={0: v2, 1: h3}, a={})
        return trace

    def teach(self, ch, trace):
        again = trace.phases["again"].h
        return {1: again[1] - trace.h[1], 2: again[0] - ch.target()}

    def delta(self, ch, trace, teaching):
        return teaching

    def local(self, ch, trace, teaching):
        W = {
            1: Product(teaching[1], trace.phases["again"].h[0]),
            2: Product(teaching[2], trace.h[1]),
        }
        return Update(W, {l: d.mean(-2) for l, d in teaching.items()})
