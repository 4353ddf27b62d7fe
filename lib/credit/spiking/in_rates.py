"""The network of event_driven in rates: the same weights, errors and pathways.

Its neurons fire at the closed form of their mean drive, and a pathway is a product for every image
and layer. The closed form is that of short steps; in steps of 1 ms neurons fire more, by a fifth at
40 mV.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from brian2 import mV, second

from credit.spiking import event_driven, neurons
from credit.spiking.event_driven import Setting
from credit.spiking.pathways.attention import Attention
from credit.spiking.pathways.base import Pathway
from credit.spiking.pathways.kickback import Kickback
from credit.spiking.pathways.kolen_pollack import KolenPollack
from credit.spiking.pathways.signs import Signs
from credit.spiking.pathways.symmetric import Symmetric
from credit.spiking.pathways.synthetic import Synthetic
from credit.spiking.pathways.weight_mirror import WeightMirror

# What changes weights besides what neurons are told, by pathway.
AT_REST = {KolenPollack: {"decay": 0.0}, WeightMirror: {"decay": 0.0, "eta_B": 0.0}}
LABEL_RATE = 200.0  # Hz, of the label's neurons in pathways.synthetic


@dataclass
class InRates:
    """The network of event_driven in rates, on many images.

    a     [images, neurons] of every layer, Hz
    gate  {l: [images, n_l], whether the mean current is in the window of HIDDEN}
    w     {l: [n_{l-1}, n_l], mV}
    e     [images, outputs], error of the output
    """

    a: list[np.ndarray]
    gate: dict[int, np.ndarray]
    w: dict[int, np.ndarray]
    e: np.ndarray

    @classmethod
    def of(cls, setting: Setting, W: dict, x: np.ndarray, label: np.ndarray):
        """At the weights W, as Learner.W; x [images, pixels], label [images]."""
        p, n = event_driven.PARAMETERS, setting.sizes
        a, gate, w = [setting.white * x], {}, {}
        for l in range(1, len(n)):
            w[l] = weights(setting, W, l)
            drive = p["tau_s"] / second * a[-1] @ w[l]
            gate[l] = (drive > p["I_low"] / mV) & (drive < p["I_high"] / mV)
            a.append(firing(drive, p))
        # the output's traces begin at 0; this is their mean, while errors are sent, over the end
        speaks = setting.settling
        if isinstance(setting.rule, Attention):  # after the choice
            speaks = (setting.settling + setting.image) // 2 + 1
        begin, end = (1e-3 * t / (p["tau_r"] / second) for t in (speaks, setting.image))
        risen = 1 - (math.exp(-begin) - math.exp(-end)) / (end - begin)
        e = p["tau_r"] / second * (risen * a[-1] - setting.target * np.eye(n[-1])[label])
        return cls(a, gate, w, e)

    @property
    def hidden(self) -> range:
        return range(1, len(self.a) - 1)

    def changes(self, T: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """{l: [n_{l-1}, n_l]}, of HIDDEN, all images together; T {l: [images, n_l]}."""
        return {l: -self.a[l - 1].T @ (self.gate[l] * T[l]) for l in self.hidden}

    def chain(self, back: dict[int, np.ndarray], e: np.ndarray) -> dict[int, np.ndarray]:
        """{l: T}, where events go down by back, {l: [n_{l+1}, n_l]}, one layer after the other."""
        T, sent = {}, e
        for l in reversed(self.hidden):
            T[l] = sent @ back[l]
            sent = self.gate[l] * T[l]
        return T

    def backprop(self) -> dict[int, np.ndarray]:
        """{l: T} through transposed weights, with the window in the place of the slope."""
        return self.chain({l: self.w[l + 1].T for l in self.hidden}, self.e)


def changes(setting: Setting, W: dict, x: np.ndarray, label: np.ndarray) -> tuple[dict, dict]:
    """What images ask of hidden weights by the pathway, and by transposed weights with the window
    in the place of the slope, backprop.

    Each  {l: [n_{l-1}, n_l]}; arguments as InRates.of
    """
    net = InRates.of(setting, W, x, label)
    return net.changes(by_pathway(setting, W, net, label)), net.changes(net.backprop())


def by_pathway(setting: Setting, W: dict, net: InRates, label: np.ndarray) -> dict[int, np.ndarray]:
    """{l: T} of a pathway in rates: what the neurons of hidden layer l are told, [images, n_l]."""
    rule, n, e = setting.rule, setting.sizes, net.e
    if isinstance(rule, Synthetic):
        said = LABEL_RATE * np.eye(n[-1])[label]
        return {
            l: net.a[l] @ W[f"of_layer{l}"].reshape(n[l], n[l])
            + said @ W[f"of_label{l}"].reshape(n[-1], n[l])
            for l in net.hidden
        }
    if isinstance(rule, Kickback):
        T = {}
        for l in net.hidden:
            k = np.arange(n[l + 1])
            active = (
                net.gate[l + 1] * (1 - 2 * (k // n[-1] % 2)) if l + 1 < len(n) - 1 else 1 + 0 * k
            )
            T[l] = e[:, np.arange(n[l]) % n[-1]] * (active @ net.w[l + 1].T)
        return T
    if isinstance(rule, Attention):
        e = e * np.eye(n[-1])[net.a[-1].argmax(1)]
    if isinstance(rule, Symmetric):
        through = np.sign if isinstance(rule, Signs) else np.asarray
        return net.chain({l: through(net.w[l + 1].T) for l in net.hidden}, e)
    back = {l: (W | setting.derived(W))[f"feedback{l}"] for l in net.hidden}
    if rule.chain:
        return net.chain({l: b.reshape(n[l + 1], n[l]) for l, b in back.items()}, e)
    return {l: e @ b.reshape(n[-1], n[l]) for l, b in back.items()}


def at_rest(rule: Pathway) -> Pathway:
    """A pathway of which nothing changes weights but what its neurons are told."""
    return replace(rule, **AT_REST.get(type(rule), {}))


def firing(drive: np.ndarray, parameters: dict) -> np.ndarray:
    """Hz, of neurons under a drive in mV, see neurons.rate."""
    known = {name: parameters[name] for name in ("tau_m", "t_ref", "v_th")}
    return np.asarray(neurons.rate(drive.ravel() * mV, **known)).reshape(drive.shape)


def weights(setting: Setting, W: dict, l: int) -> np.ndarray:
    """[n_{l-1}, n_l], mV, of the forward synapses into layer l; 0 where there is none."""
    n = setting.sizes
    i, j = np.indices((n[l - 1], n[l]))
    apart = l > 1 and setting.coherent
    w = np.zeros((n[l - 1], n[l]))
    w[i % n[-1] == j % n[-1] if apart else i >= 0] = 1e3 * W[f"w{l}"]
    return w
