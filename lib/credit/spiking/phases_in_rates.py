"""The network of two_phases in rates: the same weights, teacher and time.

A neuron fires at the closed form of its drive,

    tau_s dI/dt = -I + tau_s (sum w r + gain sum b r)        from below and from above
    r = f(drive),

from rest in each phase, for as long and in the same steps as with spikes: what comes back from
above has no more time to settle. Rates late in a phase stand for counts. That the membrane follows
its drive with a lag of its own is left out: among neurons that fire already, spikes follow faster.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import mV, second

from credit.spiking import two_phases
from credit.spiking.contrasts.base import NUDGED
from credit.spiking.in_rates import firing
from credit.spiking.two_phases import Setting

STEP = 1e-3  # s
AT_ONCE = 25  # images, of which every synapse has its own change


@dataclass
class InRates:
    """The network of two_phases in rates, on many images.

    minus, plus  [images, neurons] of every layer, late in the free and in the taught phase; 1 is
                 the target's rate
    """

    minus: list[np.ndarray]
    plus: list[np.ndarray]

    @classmethod
    def of(cls, setting: Setting, W: dict, x: np.ndarray, label: np.ndarray):
        """At the weights W, as Learner.W; x [images, pixels], label [images]."""
        wanted = np.eye(setting.sizes[-1])[label]
        return cls(_phase(setting, W, x), _phase(setting, W, x, wanted))

    def contrast(self, rule: str, l: int) -> np.ndarray:
        """[n_{l-1}, n_l], all images together, of a contrast at the synapses into layer l."""
        total = 0.0
        for k in range(0, len(self.minus[0]), AT_ONCE):
            part = slice(k, k + AT_ONCE)
            of = {
                f"{phase}_{end}": getattr(self, phase)[l + back][part][at]
                for phase in ("minus", "plus")
                for end, back, at in (("pre", -1, np.s_[:, :, None]), ("post", 0, np.s_[:, None]))
            }
            total += eval(rule, {}, of).sum(0)  # as Brian2 reads it
        return total


def changes(setting: Setting, W: dict, x: np.ndarray, label: np.ndarray) -> tuple[dict, dict]:
    """What images ask of hidden weights by the rule, and by transposed weights with whether a
    neuron fires in the place of the slope, backprop.

    Each  {l: [n_{l-1}, n_l]}; arguments as InRates.of
    """
    net, top = InRates.of(setting, W, x, label), len(setting.sizes) - 1
    own = {l: net.contrast(setting.rule.into(l, top), l) for l in range(1, top)}
    sent, backprop = net.minus[top] - np.eye(setting.sizes[-1])[label], {}
    for l in range(top - 1, 0, -1):
        sent = (net.minus[l] > 0) * (sent @ weights(setting, W, l + 1).T)
        backprop[l] = -net.minus[l - 1].T @ sent
    return own, backprop


def weights(setting: Setting, W: dict, l: int) -> np.ndarray:
    """[n_{l-1}, n_l], mV, of the forward synapses into layer l."""
    return 1e3 * np.asarray(W[f"w{l}"]).reshape(setting.sizes[l - 1 : l + 1])


def _phase(setting: Setting, W: dict, x, wanted: np.ndarray | None = None) -> list[np.ndarray]:
    """[images, neurons] of every layer, in units of the target's rate; wanted [images, outputs] or
    None, the free phase."""
    p, rule, n, top = two_phases.PARAMETERS, setting.rule, setting.sizes, len(setting.sizes) - 1
    tau_s, tau_r = (p[name] / second for name in ("tau_s", "tau_r"))
    up = {l: weights(setting, W, l) for l in range(1, top + 1)}
    down, given = {}, rule.values(n)
    for l in range(1, top):
        back = up[l + 1].T
        if rule.apart:
            back = 1e3 * np.asarray(W[f"feedback{l}"]).reshape(n[l + 1], n[l])
        down[l] = given.get(f"gain{l}", 0.0) * back
    strong = float(two_phases.drive_for(setting.target / second) / mV)
    pixels = setting.white * np.asarray(x, dtype=float)
    r = [pixels] + [np.zeros((len(x), m)) for m in n[1:]]
    current, late = ([0 * a for a in r] for _ in range(2))
    steady, trace = pixels @ up[1], 0 * r[top]
    for step in range(setting.phase):
        for l in range(1, top):
            r[l] = firing(current[l] + setting.bias, p)
        drive = current[top]
        if wanted is not None and rule.teacher == NUDGED:
            lacks = wanted - trace / (setting.target * tau_r)
            drive = drive + given["beta"] * strong * lacks
        elif wanted is not None:
            drive = strong * (2 * wanted - 1)
        r[top] = firing(drive, p)
        for l in range(1, top + 1):
            arrives = steady if l == 1 else r[l - 1] @ up[l]
            if l < top:
                arrives = arrives + r[l + 1] @ down[l]
            current[l] = current[l] + STEP * (arrives - current[l] / tau_s)
        trace = trace + STEP * (r[top] - trace / tau_r)
        if step >= setting.settling:
            late = [a + b for a, b in zip(late, r, strict=True)]
    return [a / (setting.phase - setting.settling) / setting.target for a in late]
