"""GAIT-prop: small, slope-adjusted steps towards a target, sent down through exact inverses."""

from dataclasses import dataclass

import torch
from torch import Tensor

from credit.rules.base import Rule


@dataclass(frozen=True)
class GaitProp(Rule):
    """Each layer hands the one below a target that its own inverse finds.

    t_L     = the label; output units beyond it keep their own activity
    G_l     = gamma phi'(a_l)^2  (GAIT)     gamma  (ITP)     1  (TP)
    t_{l-1} = (phi^-1((1 - G_l) h_l + G_l t_l) - b_l) W_l^-T             (T)
    tau_l   = (h_l - t_l) / gamma^(L-l)  (GAIT, ITP)     h_l - t_l  (TP) (E)

    With gamma -> 0 the target's displacement itself travels, and no small difference is taken:
    tau_{l-1} = (tau_l * phi'(a_l)) W_l^-T,      ITP: (tau_l / phi'(a_l)) W_l^-T     (D)

    Where W_l is orthogonal W_l^-T is W_l and (D) is backprop; a penalty keeps it near that. Its
    gradient is added to the task's, g_l = (tau_l * phi'(a_l))^T h_{l-1} / batch:
    g_l + penalty dP_l/dW_l,   P_l = sum over i != j of (W_l^T W_l)_ij^2             (P)
    Both are gradients: what a weight changes by is minus the learning rate times their sum.

    target         "gait", "itp" or "tp"
    form           "displacement", (D), or "literal", (T) and (E), which needs float64; TP has no
                   increments and is always literal
    gamma          share of the way to the target, 1; in (E) and (T) alone
    penalty        the paper's lambda, 1; square layers only, 0 for none
    penalty_norms  whether P_l = |W_l^T W_l - 1|^2, which constrains the norms too
    inverse        "exact" or "transpose": W_l in place of W_l^-T, which makes (D) backprop
    Layers above the first must be square and their units invertible, the output's too.
    Ahmad, van Gerven & Ambrogioni 2020; (P) and gamma after their code.
    """

    target: str = "gait"
    form: str = "displacement"
    gamma: float = 1e-3
    penalty: float = 0.1
    penalty_norms: bool = False
    inverse: str = "exact"

    name = "GAIT-prop"
    short = "GAIT"
    source = "ahmad2020gaitprop"

    def __post_init__(self):
        for field, known in (
            ("target", ("gait", "itp", "tp")),
            ("form", ("displacement", "literal")),
            ("inverse", ("exact", "transpose")),
        ):
            if getattr(self, field) not in known:
                raise ValueError(
                    f"{field} is {getattr(self, field)!r}, expected {', '.join(known[:-1])} "
                    f"or {known[-1]}"
                )
        if not 0 < self.gamma <= 1:
            raise ValueError(f"gamma is {self.gamma!r}, expected above 0 and at most 1")
        if not self.penalty >= 0:
            raise ValueError(f"penalty is {self.penalty!r}, expected at least 0")
        if self.inverse == "transpose" and (self.target == "tp" or self.form == "literal"):
            raise ValueError("inverse is 'transpose', expected exact for targets sent literally")

    def asks(self, sizes):
        square = (sizes[0],) * len(sizes)
        return {"sizes": square, "nonlinearity": "leaky_relu", "output": "leaky_squared"}

    def teach(self, ch, trace):
        t = _output_target(ch, trace)
        literal = self.form == "literal" or self.target == "tp"
        tau, teaching, gain = trace.h[ch.L] - t, {ch.L: ch.error(trace)}, 1.0
        for l in range(ch.L, 1, -1):
            F = self._way_back(ch, l)
            if literal:
                b = ch.drive(l, torch.zeros_like(trace.h[l - 1][..., :1, :]))
                step = self._step(ch, trace, l)
                towards = (1 - step) * trace.h[l] + step * t
                t = ch.back(l, ch.phi_inverse(l, towards) - b, F)  # (T)
                gain = gain if self.target == "tp" else gain / self.gamma
                tau = gain * (trace.h[l - 1] - t)  # (E)
            else:
                slope = ch.slope_path(l, trace)
                tau = ch.back(l, tau * slope if self.target == "gait" else tau / slope, F)  # (D)
            teaching[l - 1] = tau
        return teaching

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        if self.penalty:
            update = update.dense()
            for l, dW in update.W.items():
                W = ch.W_own[l]
                if W.shape[-1] == W.shape[-2]:
                    overlap = W.mT @ W  # of the columns: of what two units below send
                    diagonal = overlap.diagonal(dim1=-2, dim2=-1)
                    diagonal -= 1 if self.penalty_norms else diagonal.clone()
                    update.W[l] = dW + 4 * self.penalty * (W @ overlap)  # (P)
        return update

    def _step(self, ch, trace, l) -> Tensor | float:
        """G_l."""
        if self.target == "gait":
            return self.gamma * ch.slope_path(l, trace).square()
        return self.gamma if self.target == "itp" else 1.0

    def _way_back(self, ch, l) -> Tensor:
        """W_l^-T, or W_l in its place, [..., n_l, n_{l-1}]."""
        W = ch.W_back[l]
        if W.shape[-1] != W.shape[-2]:
            raise ValueError(f"W_{l} is {W.shape[-2]} by {W.shape[-1]}, expected a square matrix")
        return torch.linalg.inv(W.mT) if self.inverse == "exact" else W


def _output_target(ch, trace) -> Tensor:
    """t_L, [..., batch, n_L]: the label's numbers first, then the spare units' own activity."""
    y, t = trace.h[ch.L], ch.target()
    return torch.cat([t.expand(*y.shape[:-1], -1), y[..., t.shape[-1] :]], -1)
