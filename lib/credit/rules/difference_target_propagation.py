"""Difference target propagation: learned inverses carry targets from layer to layer."""

import math
from dataclasses import dataclass

import torch

from credit.nets.networks import Init, Product, Trace
from credit.rules.base import Rule, Update

_CHOICES = {
    "top": ("gradient", "label", "nudge"),
    "learning": ("alternating", "parallel"),
    "inverse": ("denoising", "jacobian"),
}


@dataclass(frozen=True)
class DifferenceTargetPropagation(Rule):
    """Every hidden layer is told an activity t_l that would have been better, and moves towards it.

    g_l(u)  = phi(u V_l + c_l),   V_l [n_l, n_{l-1}], from layer l to l-1      (G)
    t_{L-1} = h_{L-1} - eta dloss/dh_{L-1},   tau_L = e                        (T1)
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)                                    (DTP)
    tau_l   = 2 (h_l - t_l):  the gradient of |h_l - t_l|^2, to be subtracted  (T2)

    V_l and c_l descend, with r_l = h_{l-1} + N(0, sigma^2) and f_l the forward layer,
    |g_l(f_l(r_l)) - r_l|^2                                                    (INV)
    in a pass of their own before each epoch (alternating) or in the same step (parallel).

    difference  False: t_{l-1} = g_l(t_l), plain target propagation (TP)
    eta         per example; where a paper steps along a batch's mean loss, its step / batch
    top         gradient: (T1), the one place that reads a forward weight, W_L. With g_L there is
                label: t_L = the label, from y (SDTP); nudge: t_L = a_L - eta e, from a_L
    inverse     denoising: (INV); jacobian: both r = noise around h and noise at layer l make the
                Jacobian of g_l that of f_l transposed (L-DRL, Ernoult et al. 2022):
                -2 <r_l - h_{l-1}, g_l(f_l(r_l)) - g_l(h_l)> + |g_l(h_l + N) - g_l(h_l)|^2
    Lee, Zhang, Fischer & Bengio 2015; SDTP: Bartunov et al. 2018.
    """

    feedback: Init = Init("orthogonal")
    sigma: float = 0.36
    eta: float = 0.0033
    difference: bool = True
    top: str = "gradient"
    learning: str = "alternating"
    inverse: str = "denoising"

    name = "difference target propagation"
    short = "DTP"
    source = "lee2015dtp"
    learned = ("V", "c")

    def __post_init__(self):
        for field, known in _CHOICES.items():
            if (value := getattr(self, field)) not in known:
                raise ValueError(f"{field} is {value!r}, expected one of {', '.join(known)}")
        for field in ("sigma", "eta"):
            if not (value := getattr(self, field)) >= 0:
                raise ValueError(f"{field} is {value!r}, expected a number of at least 0")

    @property
    def prepares(self):
        return math.inf if self.learning == "alternating" else 0

    def draw(self, sizes, streams):
        top = len(sizes) - (2 if self.top == "gradient" else 1)  # the highest layer with a g
        shapes = {l: (sizes[l], sizes[l - 1]) for l in range(2, top + 1)}
        V = {l: self.feedback.draw(shape, streams["feedback"]) for l, shape in shapes.items()}
        return {"V": V, "c": {l: torch.zeros(shape[1]) for l, shape in shapes.items()}}

    def prepare(self, ch, x):
        return Update(own=self._inverses(ch, self.forward(ch, x)))

    def teach(self, ch, trace):
        e, L, h = ch.error(trace), ch.L, dict(trace.h)
        if self.top == "gradient":
            t = {L - 1: h[L - 1] - self.eta * ch.back(L, e, ch.W_back[L])}  # (T1)
        elif self.top == "label":
            t = {L: ch.target()}
        else:
            h[L] = trace.a[L]
            t = {L: h[L] - self.eta * e}
        for l in range(max(t), 1, -1):
            t[l - 1] = self._g(ch, l, t[l]).h[l - 1]  # (TP)
            if self.difference:  # exactly h where t_l = h_l: the two terms are then the same
                t[l - 1] = h[l - 1] + (t[l - 1] - self._g(ch, l, h[l]).h[l - 1])  # (DTP)
        return {l: 2 * (h[l] - t[l]) for l in range(1, L)} | {L: e}  # (T2)

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        if self.learning == "parallel":
            update.own = self._inverses(ch, trace)
        return update

    def _f(self, ch, l, h):
        """Layer l at h, as g_l receives it."""
        a = ch.drive(l, h)
        return a if l == ch.L and self.top == "nudge" else ch.phi(l, a)

    def _g(self, ch, l, u) -> Trace:
        """(G), as a trace: r = h[l-1] and its a[l-1], [..., batch, n_{l-1}]."""
        u = u if l == ch.L else ch.sent(u)
        a = ch.back(l, u, ch.own["V"][l]) + ch.own["c"][l].unsqueeze(-2)
        return Trace(h={l: u, l - 1: ch.phi(l - 1, a)}, a={l - 1: a})

    def _inverses(self, ch, trace) -> dict:
        """Updates of every V_l and c_l."""
        learn = self._denoising if self.inverse == "denoising" else self._jacobian
        own = {"V": {}, "c": {}}
        for l in ch.own["V"]:
            # what each g_l did, and 1/2 d(loss)/dr of its output there
            parts = learn(ch, l, trace)
            u = torch.cat([g.h[l].expand_as(parts[0][0].h[l]) for g, _ in parts], -2)
            delta = torch.cat([r * ch.slope_own(l - 1, g) for g, r in parts], -2)
            delta = 2 * len(parts) * delta  # Product and mean divide by all rows
            own["V"][l], own["c"][l] = Product(u, delta), delta.mean(-2)
        return own

    def _denoising(self, ch, l, trace):
        r = _noisy(ch, trace.h[l - 1], self.sigma)
        g = self._g(ch, l, self._f(ch, l, r))
        return [(g, g.h[l - 1] - r)]  # (INV)

    def _jacobian(self, ch, l, trace):
        h, u = trace.h[l - 1], self._f(ch, l, trace.h[l - 1])
        r = _noisy(ch, h, self.sigma)
        at, moved = self._g(ch, l, u), self._g(ch, l, self._f(ch, l, r))
        shaken = self._g(ch, l, _noisy(ch, u, self.sigma))
        change = shaken.h[l - 1] - at.h[l - 1]
        return [(at, r - h - change), (moved, h - r), (shaken, change)]


def _noisy(ch, h, sigma):
    return h + sigma * torch.randn(h.shape, generator=ch.rng("noise"), dtype=h.dtype)
