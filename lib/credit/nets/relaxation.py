"""Networks that settle: layers coupled both ways relax to a fixed point, free, clamped or nudged.

    a_l = h_{l-1} W_l^T + b_l + g h_{l+1} F_{l+1}                    1 <= l < L   (drive)
    a_L = h_{L-1} W_L^T + b_L + beta (d - h_L)                                    (nudge)
    h_l <- (1 - r) h_l + r phi(a_l)      or, projected,   phi((1 - r) h_l + r a_l) (step)

Time is in units of the membrane constant, so r = dt. F_l is W_l where the way back is symmetric,
or what stands in for it; g is its gain. Nothing comes back into the output. Rest is at
h_l = phi(a_l), in the projected form, Scellier & Bengio's, only where phi(phi(a)) = phi(a), as it
is for clipped units.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from credit.nets.channels import Channels
from credit.nets.networks import Trace
from credit.nets.plain import real, whole


@dataclass(frozen=True)
class Settling:
    """How the states move, and for how long.

    steps      at most so many
    rate       r, the share of the way that a step goes: dt over the membrane constant, 0 < r <= 1
    tolerance  enough when no unit moves further than this in a step; 0: take all the steps
    in_turn    layer after layer, each from the newest states below; else all from the same ones
    projected  which form of (step)
    check      the tolerance is looked at every so many steps
    """

    steps: int = 60
    rate: float = 0.5
    tolerance: float = 0.0
    in_turn: bool = False
    projected: bool = False
    check: int = 1

    def __post_init__(self):
        made = {name: whole(name, getattr(self, name)) for name in ("steps", "check")}
        made["rate"] = real("rate", self.rate, "above 0 and at most 1", lambda r: 0 < r <= 1)
        made["tolerance"] = real("tolerance", self.tolerance, "at least 0", lambda t: t >= 0)
        for name, value in made.items():
            object.__setattr__(self, name, value)


class Relaxation:
    """A network with these inputs [..., batch, n_0], to be settled in one phase or several.

    feedback  {l: F_l [..., n_l, n_{l-1}]} for l = 2..L
    gain      g
    There may be one leading axis of independent networks.
    """

    def __init__(self, ch: Channels, x: Tensor, feedback: dict[int, Tensor], gain: float = 1.0):
        self.x, self.L, self.gain = x, ch.L, gain
        self._phi = {l: ch.overwriting_phi(l) for l in range(1, ch.L + 1)}
        self._projects = {l: ch.projects(l) for l in self._phi}
        synapses = {l: ch.synapses(l) for l in range(1, ch.L + 1)}
        self.W = {l: W.mT for l, (W, _) in synapses.items()}
        self.F = feedback
        # what the input sends does not change while the rest settles
        self.given = {l: b.unsqueeze(-2) for l, (_, b) in synapses.items()}
        self.given[1] = ch.drive(1, x)
        self._add = torch.addmm if self.given[1].dim() == 2 else torch.baddbmm  # a + alpha h W

    def forward(self) -> dict[int, Tensor]:
        """The states that one pass forward gives, {0: x, 1: h_1, ...}: somewhere to start."""
        h = {0: self.x, 1: self._phi[1](self.given[1].clone())}
        for l in range(2, self.L + 1):
            h[l] = self._phi[l](self.given[l] + h[l - 1] @ self.W[l])
        return h

    def at(self, value: float) -> dict[int, Tensor]:
        """All states at one value: another place to start."""
        shape, units = self.given[1].shape[:-1], {l: W.shape[-1] for l, W in self.W.items()}
        return {0: self.x} | {
            l: self.given[1].new_full((*shape, n), value) for l, n in units.items()
        }

    def settle(
        self,
        start: dict[int, Tensor],
        how: Settling,
        target: Tensor | None = None,
        beta: float | None = None,
    ) -> Trace:
        """Settle from these states {0: x, 1: h_1, ...}, which are left as they are.

        target  None: the free phase. d [..., batch, n_L] otherwise, at which h_L is held or,
        beta    given, towards which it is drawn with this strength
        The projected form raises ValueError where phi(phi(a)) is not phi(a) in a layer that moves.
        """
        moving = range(1, self.L + (target is None or beta is not None))
        for l in moving:
            if how.projected and not self._projects[l]:
                raise ValueError(
                    "the projected form of settling needs units with phi(phi(a)) = phi(a), such as "
                    f"hard_sigmoid; layer {l} has others"
                )
        states = [dict(start), dict(start)]  # each step makes one from the other
        for h in states:
            h.update({l: self._room(l) for l in moving})
            if self.L not in moving:
                h[self.L] = target.expand_as(start[self.L])
        for l in moving:
            states[0][l].copy_(start[l])
        given = self.given
        if how.projected:
            given = {l: how.rate * b for l, b in given.items()}
        pull = 0.0 if target is None or beta is None else beta * (how.rate if how.projected else 1)
        if pull:
            given = given | {self.L: given[self.L] + pull * target}
        sweeps = [self._sweep(*pair, how, moving, given, pull) for pair in (states, states[::-1])]
        with torch.inference_mode():  # it costs less to call
            for step in range(1, how.steps + 1):
                for call in sweeps[(step - 1) % 2]:
                    call()
                if how.tolerance and step % how.check == 0 and _at_rest(*states, moving, how):
                    break
        return Trace(h=states[step % 2], a={}, steps=step)

    def _sweep(self, before, after, how, moving, given, pull) -> list[Callable]:
        """The calls that make one step, bound to the states that they read and write: the loop over
        them has nothing else to do."""
        share, kept = (how.rate, 1 - how.rate) if how.projected else (1.0, 0.0)
        below, calls = after if how.in_turn else before, []
        for l in moving:
            a, out, own = given[l], after[l], kept - (pull if l == self.L else 0)
            if own:
                calls.append(partial(torch.add, a, before[l], alpha=own, out=out))
                a = out
            if l > 1:
                calls.append(partial(self._add, a, below[l - 1], self.W[l], alpha=share, out=out))
                a = out
            if l < self.L:
                F, alpha = self.F[l + 1], share * self.gain
                calls.append(partial(self._add, a, before[l + 1], F, alpha=alpha, out=out))
            calls.append(partial(self._phi[l], out))
            if how.rate < 1 and not how.projected:
                calls.append(partial(out.lerp_, before[l], 1 - how.rate))
        return calls

    def _room(self, l: int) -> Tensor:
        return self.given[1].new_empty((*self.given[1].shape[:-1], self.W[l].shape[-1]))

    def drives(self, h: dict[int, Tensor]) -> dict[int, Tensor]:
        """{l: a_l} at these states, without a nudge."""
        a = {}
        for l in range(1, self.L + 1):
            a[l] = self.given[l]
            if l > 1:
                a[l] = self._add(a[l], h[l - 1], self.W[l])
            if l < self.L:
                a[l] = self._add(a[l], h[l + 1], self.F[l + 1], alpha=self.gain)
        return a


def _at_rest(h: dict, before: dict, moving: range, how: Settling) -> bool:
    return all(float((h[l] - before[l]).abs().max()) <= how.tolerance for l in moving)
