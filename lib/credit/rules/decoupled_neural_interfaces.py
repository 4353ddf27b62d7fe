"""Decoupled neural interfaces: every layer learns at once, from a gradient it predicts itself."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from credit.nets.networks import Init, Product, Trace
from credit.rules.base import Rule, Update


@dataclass(frozen=True)
class DecoupledNeuralInterfaces(Rule):
    """Layer l does not wait for the error: a small model M_l beside it predicts d loss / d h_l.

    ghat_l   = M_l(h_l, t) or M_l(h_l),   l < L                       (M)
    tau_l    = ghat_l,   tau_L = e                                    (SG)
    target_l = (tau_{l+1} phi'(a_{l+1})) W_{l+1},   target_{L-1} = e W_L      (T)
    M_l descends |ghat_l - target_l|^2 / 2, mean over the batch       (R)

    (T) is backprop across a single layer, and what it carries down is itself a prediction, as in
    temporal difference learning; it needs W_{l+1}. With (SG) blocks learn while the examples are
    still on their way up: `block` is all of it, and touches nothing above its layer.

    conditioned  M_l sees the label t too (cDNI); M_l maps [batch, n_l + n_L] or [batch, n_l] to n_l
    hidden       units of M_l's hidden layers, rectifiers; () is one linear map. Own parameters
                 A1, A2, ... {l: [out, in]} and c1, c2, ... {l: [out]}; the last starts at zero
    lam          BP(lambda): tau_l = (1 - lam) ghat_l + lam target_l; 1 is backprop, and waits
    p            probability that a block works on a batch: learns, and sends target_{l-1} down
    Jaderberg et al. 2017, BP(lambda) in its supplement A; Czarnecki et al. 2017.
    """

    conditioned: bool = True
    hidden: tuple[int, ...] = ()
    lam: float = 0.0
    p: float = 1.0

    name = "decoupled neural interfaces"
    short = "DNI"
    source = "jaderberg2017dni"

    def __post_init__(self):
        if not isinstance(self.conditioned, bool):
            raise ValueError(f"conditioned is {self.conditioned!r}, expected True or False")
        if not isinstance(self.hidden, tuple) or not all(
            isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in self.hidden
        ):
            raise ValueError(f"hidden is {self.hidden!r}, expected a tuple of whole numbers >= 1")
        if not 0 <= self.lam <= 1:
            raise ValueError(f"lam is {self.lam!r}, expected a number from 0 to 1")
        if not 0 < self.p <= 1:
            raise ValueError(f"p is {self.p!r}, expected a probability above 0, at most 1")

    @property
    def learned(self):
        return tuple(f"{kind}{k}" for k in range(1, len(self.hidden) + 2) for kind in "Ac")

    def draw(self, sizes, streams):
        own, last = {name: {} for name in self.learned}, len(self.hidden) + 1
        for l in range(1, len(sizes) - 1):
            widths = (sizes[l] + self.conditioned * sizes[-1], *self.hidden, sizes[l])
            for k, shape in enumerate(zip(widths[1:], widths[:-1], strict=True), start=1):
                # a random last layer would scramble the features before M_l has learned anything
                init = Init("zero") if k == last else Init("normal_fan_in", 2**0.5)
                own[f"A{k}"][l] = init.draw(shape, streams["feedback"])
                own[f"c{k}"][l] = torch.zeros(shape[0])
        return own

    def step(self, ch, x):
        if self.lam:  # needs the whole way up, and the whole way down again
            return super().step(ch, x)
        ch.meet(x)
        trace, update = Trace(h={0: x}, a={}), Update()
        for l in range(1, ch.L + 1):
            self.block(ch, l, trace, update)
        return trace, update

    def block(self, ch, l: int, trace: Trace, update: Update):
        """Block l forward and, at once, its learning: adds to trace and update."""
        trace.a[l] = ch.drive(l, trace.h[l - 1])
        trace.h[l] = ch.phi(l, trace.a[l])
        self._learn(ch, l, trace, self._hears(ch, l, trace), update)

    def predict(self, ch, l: int, trace: Trace):
        """ghat_l [..., batch, n_l]."""
        return self._model(ch, l, trace).h[len(self.hidden) + 1]

    def teach(self, ch, trace):
        teaching = {ch.L: ch.error(trace)}
        for l in range(ch.L - 1, 0, -1):
            teaching[l] = self._hears(ch, l, trace)
            if self.lam:
                target = self._target(ch, l + 1, trace, teaching[l + 1])
                teaching[l] = (1 - self.lam) * teaching[l] + self.lam * target
        return teaching

    def update(self, ch, trace, teaching):
        update = Update()
        for l in sorted(teaching):
            self._learn(ch, l, trace, teaching[l], update)
        return update

    def _hears(self, ch, l, trace):
        return ch.error(trace) if l == ch.L else self.predict(ch, l, trace)  # (SG)

    def _learn(self, ch, l, trace, tau, update):
        """What block l does with tau_l: its own update, and the lesson of M_{l-1} below."""
        if self.p < 1 and torch.rand((), generator=ch.rng("choice")) >= self.p:
            return
        delta = self.delta(ch, trace, {l: tau})[l]
        update.W[l], update.b[l] = ch.gradient(l, delta, trace.h[l - 1])
        if l > 1 and self.learned:
            self._regress(ch, l - 1, trace, self._target(ch, l, trace, tau), update)

    def _target(self, ch, l, trace, tau):
        """target_{l-1}, from tau_l across block l alone."""
        travels = tau if l == ch.L else tau * ch.slope_path(l, trace)
        return ch.back(l, travels, ch.W_back[l])  # (T): the weight transport is here

    def _model(self, ch, l, trace):
        """M_l's own pass, kept with the trace: h {0: its input, 1: ..., last: ghat_l}."""
        if f"M{l}" not in trace.phases:
            z = trace.h[l]
            if self.conditioned:
                t = ch.target()
                z = torch.cat([z, t.expand(*z.shape[:-1], t.shape[-1])], -1)
            m = trace.phases[f"M{l}"] = Trace(h={0: z}, a={})
            for k in range(1, len(self.hidden) + 2):
                A, c = ch.own[f"A{k}"][l], ch.own[f"c{k}"][l]
                z = functional.linear(z, A, c) if A.dim() == 2 else z @ A.mT + c.unsqueeze(-2)
                m.h[k] = z if k > len(self.hidden) else torch.relu(z)
                z = m.h[k]
        return trace.phases[f"M{l}"]

    def _regress(self, ch, l, trace, target, update):
        """Adds the gradient of (R) by every A_k and c_k of M_l."""
        m, last = self._model(ch, l, trace), len(self.hidden) + 1
        error = m.h[last] - target
        for k in range(last, 0, -1):
            update.own.setdefault(f"A{k}", {})[l] = Product(error, m.h[k - 1])
            update.own.setdefault(f"c{k}", {})[l] = error.mean(-2)
            if k > 1:  # M_l's inside is backprop's; the claim is about the way between layers
                error = (error @ ch.own[f"A{k}"][l]) * (m.h[k - 1] > 0)
