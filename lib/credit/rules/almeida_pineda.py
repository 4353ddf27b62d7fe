"""Recurrent backprop (Almeida, Pineda): the gradient at the state where a network rests."""

from dataclasses import dataclass

import torch

from credit.nets.networks import Product
from credit.rules.phases import Recurrent


@dataclass(frozen=True)
class AlmeidaPineda(Recurrent):
    """An error that settles, too, through the transposes of all connections.

    a_k = h_{k-1} W_k^T + b_k + gain h_{k+1} V_{k+1},   h_k = phi(a_k) at rest
    tau_k = z_{k+1} W_{k+1} + gain z_{k-1} V_k^T,   z_k = tau_k * phi'(a_k)  at rest         (AP)
    z_L   = e, or with free output  e + (gain z_{L-1} V_L^T) * phi'(a_L)
    dW_k  = z_k^T h_{k-1},   dV_k = gain h_k^T z_{k-1},  both divided by the batch

    With a free output that is the gradient of the loss through the rest.

    held  whether the output's error is held at e, as by O'Reilly's comparison
    Almeida 1987 and Pineda 1987; the baseline of O'Reilly 1996. The other fields are those of
    phases.Recurrent: a W_k that is tied learns as both, and the error takes as many steps as the
    states at most, until it rests as well.
    """

    held: bool = False

    name = "recurrent backprop"
    short = "Almeida-Pineda"
    source = "oreilly1996generec"

    def forward(self, ch, x):
        loop = self.relaxation(ch, x)
        rest = loop.settle(loop.at(0.5), self.settling)
        rest.a = loop.drives(rest.h)
        return rest

    def teach(self, ch, trace):
        V, e, how = self.back(ch), ch.error(trace), self.settling
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

    def _of_back(self, trace, z, l):
        """dV_l."""
        return self.gain * Product(trace.h[l], z[l - 1]).dense()
