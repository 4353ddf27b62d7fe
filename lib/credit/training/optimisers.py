"""Optimisers of published code that torch does not have."""

from functools import partial

import torch


class GravesRMSprop(torch.optim.Optimizer):
    """Centred RMSprop with momentum, in the form of Graves 2013, eqs. 38-41, as in Theano code.

        n <- 0.95 n + 0.05 g^2,   m <- 0.95 m + 0.05 g
        v <- 0.9 v - lr g / sqrt(n - m^2 + 0.001),   w <- w + v

    torch.optim.RMSprop(centered=True) adds its epsilon after the root; here 0.001 is under it, and
    with the small gradients of a mean loss it is most of what is there.
    """

    def __init__(self, params, lr: float, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is None:
                    continue
                g = w.grad.add(w, alpha=group["weight_decay"]) if group["weight_decay"] else w.grad
                state = self.state[w]
                if not state:
                    state.update({name: torch.zeros_like(w) for name in "nmv"})
                n, m, v = (state[name] for name in "nmv")
                n.mul_(0.95).addcmul_(g, g, value=0.05)
                m.lerp_(g, 0.05)
                root = torch.addcmul(n, m, m, value=-1).add_(0.001).sqrt_()
                v.mul_(0.9).addcdiv_(g, root, value=-group["lr"])
                w.add_(v)


OPTIMISERS = {  # by torch, except plain gradient descent
    "sgd": None,
    "rmsprop": torch.optim.RMSprop,
    "graves": GravesRMSprop,
    "adam": torch.optim.Adam,
    "adam99": partial(torch.optim.Adam, betas=(0.9, 0.99)),
}
