"""Recurrent backprop (Almeida, Pineda): the gradient at the state where a network rests."""

from dataclasses import dataclass

import torch

from credit.networks import Init, Product
from credit.rule import Rule, draw_feedback
from credit.settling import Relaxation, Settling


@dataclass(frozen=True)
class AlmeidaPineda(Rule):
    """An error that settles, too, through the transposes of all connections.

    a_k = h_{k-1} W_k^T + b_k + gain h_{k+1} V_{k+1},   h_k = phi(a_k) at rest
    tau_k = z_{k+1} W_{k+1} + gain z_{k-1} V_k^T,   z_k = tau_k * phi'(a_k)  at rest         (AP)
    z_L   = e, or with free output  e + (gain z_{L-1} V_L^T) * phi'(a_L)
    dW_k  = z_k^T h_{k-1},   dV_k = gain h_k^T z_{k-1},  both divided by the batch

    With a free output that is the gradient of the loss through the rest.

    feedback  V_k is "own", drawn at random and learned, or "tied", W_k itself, which then learns
              as both
    gain      of the feedback, 1
    held      whether the output's error is held at e, as by O'Reilly's comparison
    init      Init of V_k
    settling  of the states; the error takes as many steps at most, until it rests as well
    Almeida 1987 and Pineda 1987; the baseline of O'Reilly 1996.
    """

    feedback: str = "own"
    gain: float = 1.0
    held: bool = False
    init: Init = Init("normal_fan_in")
    settling: Settling = Settling(60, rate=0.5, tolerance=1e-4)

    name = "recurrent backprop"
    short = "Almeida-Pineda"
    source = "oreilly1996generec"

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

    def forward(self, ch, x):
        loop = Relaxation(ch, x, self._back(ch), self.gain)
        rest = loop.settle(loop.at(0.5), self.settling)
        rest.a = loop.drives(rest.h)
        return rest

    def teach(self, ch, trace):
        V, e, how = self._back(ch), ch.error(trace), self.settling
        z = {l: torch.zeros_like(trace.h[l]) for l in range(1, ch.L)} | {ch.L: e}
        enough = how.tolerance * float(e.abs().max())
        for _ in range(how.steps):
            tau, before = {}, z
            for l in range(1, ch.L):
                tau[l] = ch.back(l + 1, z[l + 1], ch.W_back[l + 1])
                if l > 1:
                    tau[l] = tau[l] + self.gain * z[l - 1] @ V[l].mT
            z = {l: torch.lerp(z[l], t * ch.slope_path(l, trace), how.rate) for l, t in tau.items()}
            z[ch.L] = e
            if not self.held:
                up = self.gain * before[ch.L - 1] @ V[ch.L].mT
                z[ch.L] = e + up * ch.slope_path(ch.L, trace)
            if all(float((z[l] - before[l]).abs().max()) <= enough for l in z):
                break
        return z

    def delta(self, ch, trace, teaching):
        return teaching

    def local(self, ch, trace, teaching):
        update = super().local(ch, trace, teaching)
        if self.feedback == "tied":
            for l in range(2, ch.L + 1):
                update.W[l] = update.W[l].dense() + self._of_back(trace, teaching, l)
        return update

    def update(self, ch, trace, teaching):
        update = self.local(ch, trace, teaching)
        if self.feedback == "own":
            update.own["V"] = {l: self._of_back(trace, teaching, l) for l in ch.own["V"]}
        return update

    def answer(self, ch, x):
        loop = Relaxation(ch, x, self._back(ch), self.gain)
        return loop.settle(loop.at(0.5), self.settling).h[ch.L]

    def _of_back(self, trace, z, l):
        """dV_l."""
        return self.gain * Product(trace.h[l], z[l - 1]).dense()

    def _back(self, ch) -> dict:
        V = ch.own["V"] if self.feedback == "own" else ch.W_back
        return {l: V[l] for l in range(2, ch.L + 1)}
