"""Backprop through time with surrogate derivatives, by autograd: what SuperSpike is held against.

Nothing of SuperSpike's own is used here but the constants and the surrogate.
"""

import torch
from torch import Tensor

from credit.spiking.superspike_torch import Constants

RESETS = ("not in the gradient", "cuts the past", "differentiated")


class Spike(torch.autograd.Function):
    """A step whose derivative is the surrogate."""

    @staticmethod
    def forward(context, v: Tensor, c: Constants) -> Tensor:
        context.save_for_backward(v)
        context.c = c
        return (v > c.v_th).to(v.dtype)

    @staticmethod
    def backward(context, grad: Tensor):
        (v,) = context.saved_tensors
        return grad * context.c.slope(v), None


def neurons(J: Tensor, c: Constants, reset: str) -> Tensor:
    """Spikes of leaky integrate-and-fire neurons, differentiable, [T, ..., n].

    J      what the spikes of a step add to the current, [T, ..., n]
    reset  one of RESETS. The spikes are the same; "not in the gradient" differentiates the membrane
           as if it were a linear filter of its input, "cuts the past" as it is, with the spike in
           the reset held constant, "differentiated" with that spike, too
    """
    if reset not in RESETS:
        raise ValueError(f"reset is {reset!r}, expected one of {', '.join(RESETS)}")
    u = linear = I = torch.zeros_like(J[0])  # linear: the membrane that no spike resets
    quiet, spikes = torch.full_like(J[0], 1e9), []
    for J_k in J:
        free = (quiet >= round(c.t_ref / c.dt)).to(J.dtype)
        u = u + free * (I - u) * (c.dt / c.tau_m)
        linear = linear + (I - linear) * (c.dt / c.tau_m)
        v = linear + (u - linear).detach() if reset == "not in the gradient" else u
        S = Spike.apply(v, c)
        if reset == "differentiated":
            S = S * free
        fired = (S * free).detach()
        S = S + (fired - S).detach()  # silent while refractory, in value
        spikes.append(S)
        I = I * (1 - c.dt / c.tau_s) + J_k
        u = u * (1 - (S if reset == "differentiated" else fired))
        quiet = torch.where(fired > 0, torch.ones_like(quiet), quiet + 1)
    return torch.stack(spikes)


def filtered(x: Tensor, c: Constants) -> Tensor:
    """The double exponential, differentiable, [T, ...]."""
    z = zt = torch.zeros_like(x[0])
    out = []
    for x_k in x:
        zt = zt + c.dt / c.tau_decay * (z - zt)
        z = z * (1 - c.dt / c.tau_rise) + x_k
        out.append(zt)
    return torch.stack(out)


def changes(W: list[Tensor], x: Tensor, target: Tensor, c: Constants, reset: str) -> list[Tensor]:
    """Minus the gradient of half the squared van Rossum distance.

    W        [..., n_pre, n_post] each, mV;  x, target  spikes [T, ..., n]
    Returns  as W
    """
    W = [w.clone().requires_grad_() for w in W]
    S = x
    for w in W:
        S = neurons(torch.einsum("t...i,...ij->t...j", S, w), c, reset)
    e = filtered(target - S, c)[:-1]  # the last step of a block is heard in the next
    loss = 0.5 * e.square().sum() * c.dt
    return [-g for g in torch.autograd.grad(loss, W)]
