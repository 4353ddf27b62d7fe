"""SuperSpike's equations in torch, many nets or images at once.

Weights change only at the end of a block, so within it the traces of a synapse act on nothing: they
are computed after the neurons. `changes` steps them forward in time, one per synapse, as the rule
says. `reordered` sums the same products in another order: because filters are linear,

    sum_k e_k (alpha * (zt slope))_k = sum_k zt_k slope_k E_k,    E = alpha backwards in time * e

and no trace is left that belongs to a synapse: one matrix product does what n_pre n_post filters
did. That is no learning rule, as E comes from the future; it is a faster way to the same number.
Times are in ms, potentials and weights in mV. The order of operations within a step is that of
spiking.superspike.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Constants:
    """As in spiking.superspike.PARAMETERS."""

    dt: float = 0.1
    tau_m: float = 10.0
    tau_s: float = 5.0
    v_th: float = 10.0
    t_ref: float = 5.0
    tau_rise: float = 5.0
    tau_decay: float = 10.0
    width: float = 1.0

    @property
    def a(self) -> float:
        return self.dt / self.tau_decay

    @property
    def b(self) -> float:
        return 1 - self.dt / self.tau_rise

    def slope(self, v: Tensor) -> Tensor:
        """The surrogate derivative."""
        return 1 / (1 + (v - self.v_th).abs() / self.width).square()


def layer(J: Tensor, c: Constants) -> tuple[Tensor, Tensor]:
    """Leaky integrate-and-fire neurons.

    J        what the spikes of a step add to the current, [T, ..., n]
    Returns  v before the reset, and spikes 0 or 1, both [T, ..., n]
    """
    v, S = torch.empty_like(J), torch.empty_like(J)
    u, I, quiet = torch.zeros_like(J[0]), torch.zeros_like(J[0]), torch.full_like(J[0], 1e9)
    refractory, leak, decay = round(c.t_ref / c.dt), c.dt / c.tau_m, 1 - c.dt / c.tau_s
    for k in range(len(J)):
        free = (quiet >= refractory).to(u.dtype)
        u += free * (I - u) * leak
        v[k] = u
        S[k] = (u > c.v_th) * free
        I.mul_(decay).add_(J[k])
        u *= 1 - S[k]
        quiet.add_(1).mul_(1 - S[k]).add_(S[k])
    return v, S


def double(x: Tensor, c: Constants) -> Tensor:
    """The double exponential filter of impulses x, [T, ...]."""
    out, z, zt = torch.empty_like(x), torch.zeros_like(x[0]), torch.zeros_like(x[0])
    for k in range(len(x)):
        zt.lerp_(z, c.a)
        z.mul_(c.b).add_(x[k])
        out[k] = zt
    return out


def double_backwards(p: Tensor, c: Constants) -> Tensor:
    """Its adjoint: sum(p double(x)) = sum(double_backwards(p) x) for every x, [T, ...]."""
    out, z, zt = torch.empty_like(p), torch.zeros_like(p[0]), torch.zeros_like(p[0])
    for k in reversed(range(len(p))):
        out[k] = z
        zt += p[k]
        z.mul_(c.b).add_(zt, alpha=c.a)
        zt *= 1 - c.a
    return out


def changes(zt: Tensor, slope: Tensor, e: Tensor, c: Constants, second: bool = True) -> Tensor:
    """m = sum of e l dt, every synapse with its own eligibility, forward in time.

    zt       presynaptic trace [T, ..., n_pre];  slope, e  [T, ..., n_post]
    second   False: without the filter alpha in the eligibility, l = zt slope
    Returns  [..., n_pre, n_post]
    """
    m = zt.new_zeros(*zt.shape[1:], e.shape[-1])
    l, l1 = torch.zeros_like(m), torch.zeros_like(m)
    for zt_k, slope_k, heard in zip(zt, slope, _before(e), strict=True):
        product = zt_k.unsqueeze(-1) * slope_k.unsqueeze(-2)
        m += c.dt * (l if second else product) * heard.unsqueeze(-2)
        l += c.a * (l1 - l)
        l1 = l1 * c.b + c.dt * product
    return m


def expected_errors(e: Tensor, c: Constants) -> Tensor:
    """E of the reordered sum, [T, ..., n]."""
    E, heard = torch.empty_like(e), _before(e)
    l, l1 = torch.zeros_like(e[0]), torch.zeros_like(e[0])
    for k in reversed(range(len(e))):
        E[k] = l1
        l1.mul_(c.b).add_(l, alpha=c.a)
        l.mul_(1 - c.a).add_(heard[k], alpha=c.dt)
    return c.dt * E


def reordered(zt: Tensor, slope: Tensor, e: Tensor, c: Constants, second: bool = True) -> Tensor:
    """The same as `changes`, without any trace per synapse."""
    E = expected_errors(e, c) if second else c.dt * _before(e)
    return torch.einsum("t...i,t...j->...ij", zt, slope * E)


def _before(e: Tensor) -> Tensor:
    """The error that a synapse has heard of: that of the step before, as its eligibility is."""
    return torch.cat([torch.zeros_like(e[:1]), e[:-1]])


class RMaxProp:
    """A rate per parameter: s <- max(gamma s, g^2), w <- w + rate g / (sqrt(s) + epsilon)."""

    def __init__(self, w: Tensor, gamma: float, bound: float, epsilon: float = 1e-12):
        self.w, self.gamma, self.bound, self.epsilon = w, gamma, bound, epsilon
        self.s = torch.zeros_like(w)

    def step(self, g: Tensor, rate: float):
        torch.maximum(self.s.mul_(self.gamma), g * g, out=self.s)
        self.w.addcdiv_(g, self.s.sqrt() + self.epsilon, value=rate).clamp_(-self.bound, self.bound)
