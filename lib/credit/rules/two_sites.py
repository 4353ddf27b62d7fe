"""Two sites of synaptic integration: single spikes carry activity, bursts carry the error."""

import math
from dataclasses import dataclass

import torch

from credit.nets.networks import Init
from credit.rules.base import Rule, draw_feedback

GAINS = ("derivative", "activity", "none")


@dataclass(frozen=True)
class TwoSites(Rule):
    """Basal synapses learn where bursts depart from their base rate, apical ones by the same.

    D_L = -e,  D_l = (D_{l+1} V_l) * gain(A_l),  gain = A (1 - A), the slope      (TS.1)
    D^ = Poisson(N (D0 + D)) / N - D0: what N events of a unit say of D           (TS.2)
    dW_l = D^_l A_{l-1},   dV_l = D^_{l+1} A_l: basal and apical get the same      (TS.3)

    With alpha, a mix at one site: dW_l = (D^_l + alpha A_l) A_{l-1}.
    gain      what a burst is worth at a unit: its slope; its activity, as where a burst is a share
              of the spikes; or nothing
    events    N, of a unit while an example is shown; inf: D arrives as it is
    base      D0, the burst rate that stands for no error; D below -D0 cannot be sent
    Körding & König 2001.
    """

    feedback: Init = Init("uniform_fan_in")
    gain: str = "derivative"
    alpha: float = 0.0
    events: float = math.inf
    base: float = 0.25

    name = "two sites of synaptic integration"
    short = "two sites"
    source = "kording2001supervised"
    learned = ("V",)

    def __post_init__(self):
        if self.gain not in GAINS:
            raise ValueError(f"gain is {self.gain!r}, expected one of {', '.join(GAINS)}")
        for name in ("events", "base"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected more than 0")

    def draw(self, sizes, streams):
        return {"V": draw_feedback(self.feedback, sizes, streams)}

    def teach(self, ch, trace):
        """-D^ of every layer: what its bursts say, the slope included."""
        said = {ch.L: self._bursts(ch, ch.error(trace))}
        for l in range(ch.L - 1, 0, -1):
            apical = ch.back(l + 1, said[l + 1], ch.own["V"][l + 1])
            said[l] = self._bursts(ch, apical * self._gain(ch, l, trace))  # (TS.1)
        return said

    def delta(self, ch, trace, teaching):
        return teaching

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        update.own["V"] = {l: update.W[l] for l in ch.own["V"]}  # (TS.3)
        if self.alpha:
            for l, delta in teaching.items():
                mixed = delta - self.alpha * trace.h[l]
                update.W[l], update.b[l] = ch.gradient(l, mixed, trace.h[l - 1])
        return update

    def _gain(self, ch, l, trace):
        if self.gain == "activity":
            return trace.h[l]
        return ch.slope_path(l, trace) if self.gain == "derivative" else 1.0

    def _bursts(self, ch, delta):
        """-D^ from -D: counted bursts in place of their rate (TS.2)."""
        if math.isinf(self.events):
            return delta
        expected = self.events * (self.base - delta).clamp(min=0)
        counted = torch.poisson(expected, generator=ch.rng("noise"))
        return self.base - counted / self.events
