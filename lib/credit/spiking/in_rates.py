"""The network of event_driven in rates: the same weights, errors and pathways.

Its neurons fire at the closed form of their mean drive, and a pathway is a product for every image
and layer, in the pathway's own file. The closed form is that of short steps; in steps of 1 ms
neurons fire more, by a fifth at 40 mV.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from brian2 import mV, second

from credit.spiking import event_driven, neurons
from credit.spiking.event_driven import Setting


@dataclass
class InRates:
    """The network of event_driven in rates, on many images.

    a     [images, neurons] of every layer, Hz
    gate  {l: [images, n_l], whether the mean current is in the window of HIDDEN}
    w     {l: [n_{l-1}, n_l], mV}
    e     [images, outputs], error of the output
    label [images, outputs], 1 for the right class, else 0
    """

    a: list[np.ndarray]
    gate: dict[int, np.ndarray]
    w: dict[int, np.ndarray]
    e: np.ndarray
    label: np.ndarray

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
        ends = setting.rule.speaks(setting), setting.image
        begin, end = (1e-3 * t / (p["tau_r"] / second) for t in ends)
        risen = 1 - (math.exp(-begin) - math.exp(-end)) / (end - begin)
        wanted = np.eye(n[-1])[label]
        e = p["tau_r"] / second * (risen * a[-1] - setting.target * wanted)
        return cls(a, gate, w, e, wanted)

    @property
    def n(self) -> list[int]:
        """Neurons of every layer."""
        return [a.shape[1] for a in self.a]

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
    told = setting.rule.in_rates(net, W | setting.derived(W))
    return net.changes(told), net.changes(net.backprop())


def where_wrong(setting: Setting, W: dict, x: np.ndarray, label: np.ndarray) -> dict:
    """As the first of `changes`, of the images that the network in rates answers wrongly."""
    net = InRates.of(setting, W, x, label)
    wrong = net.a[-1].argmax(1) != label
    net = replace(net, e=net.e * wrong[:, None])
    return net.changes(setting.rule.in_rates(net, W | setting.derived(W)))


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
