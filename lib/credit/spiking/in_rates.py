"""Spiking networks beside their own rules in rates, in the course of learning.

The weights that a spiking network has come to make a network in rates, too: its neurons fire at
the closed form of their mean drive, and a rule is a product for every image and layer. How far the
change by spikes is from that, from what it were for other labels, and from that of transposed
weights, is an angle. The closed form is that of short steps; in steps of 1 ms neurons fire more, by
a fifth at 40 mV.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from brian2 import mV, second

from credit.nets.streams import streams
from credit.spiking import event_driven, neurons
from credit.spiking.event_driven import Setting
from credit.spiking.online import Learner
from credit.spiking.pathways.attention import Attention
from credit.spiking.pathways.kickback import Kickback
from credit.spiking.pathways.kolen_pollack import KolenPollack
from credit.spiking.pathways.signs import Signs
from credit.spiking.pathways.symmetric import Symmetric
from credit.spiking.pathways.synthetic import Synthetic
from credit.spiking.pathways.weight_mirror import WeightMirror
from credit.spiking.segregated_in_time import angle
from credit.tasks import data

AFTER = (0, 2500, 10_000)  # images learned, when angles are measured, and at the end
WATCHED = 2500  # images of the validation set by which they are
SLOW = 1e-6  # of the rates then: weights stay as they are while their changes add up
# and what changes weights besides has a rest
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
            w[l] = _weights(setting, W, l)
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


def firing(drive: np.ndarray, parameters: dict) -> np.ndarray:
    """Hz, of neurons under a drive in mV, see neurons.rate."""
    known = {name: parameters[name] for name in ("tau_m", "t_ref", "v_th")}
    return np.asarray(neurons.rate(drive.ravel() * mV, **known)).reshape(drive.shape)


def _weights(setting: Setting, W: dict, l: int) -> np.ndarray:
    """[n_{l-1}, n_l], mV, of the forward synapses into layer l; 0 where there is none."""
    n = setting.sizes
    i, j = np.indices((n[l - 1], n[l]))
    apart = l > 1 and setting.coherent
    w = np.zeros((n[l - 1], n[l]))
    w[i % n[-1] == j % n[-1] if apart else i >= 0] = 1e3 * W[f"w{l}"]
    return w


def run(setting: Setting, seed: int) -> list[dict]:
    """Learn online, once, and meanwhile measure angles in degrees, of every hidden layer, between
    changes that WATCHED images ask for; rows of epoch, layer, metric, value, unit.

    Metrics: angle of the change by spikes to that of the same rule in rates; to the latter where
    the labels are those of other images, a control; and to that of transposed weights in rates,
    backprop with the window in the place of the slope. Where a rule asks for no change there is no
    angle, as of predictions that are all zero.
    """
    if setting.epochs != 1:
        raise ValueError(f"epochs is {setting.epochs}, expected 1")
    dataset, learner = data.load(setting.dataset), Learner(setting, seed)
    train, watched = dataset.train, dataset.validation
    x, label = watched.x[:WATCHED], watched.label[:WATCHED]
    other = label[torch.randperm(len(label), generator=streams(seed)["choice"])]
    length = setting.examples or len(train.x)
    rows, done = [], 0

    def measure():
        by_spikes, named = _asked(learner, x, label), {}
        for what, of in (("the rule in rates", label), ("it for other labels", other)):
            net = InRates.of(setting, learner.W, x.numpy(), of.numpy())
            named[what] = net.changes(by_pathway(setting, learner.W, net, of.numpy()))
            if of is label:
                named["backprop in rates"] = net.changes(net.backprop())
        for what, changes in named.items():
            for l, change in changes.items():
                if change.any() and named["the rule in rates"][l].any():
                    row = {"epoch": done / length, "layer": l, "metric": f"angle to {what}"}
                    rows.append(
                        row
                        | {
                            "value": angle(*map(torch.from_numpy, (by_spikes[l], change))),
                            "unit": "degrees",
                        }
                    )

    order = torch.randperm(length, generator=learner.random["order"])
    for after in [min(after, length) for after in AFTER if after < length] + [length]:
        for index in order[done:after].split(setting.chunk) if after else ():
            rate = 1 - done / length if setting.schedule == "linear" else 1.0
            learner.show(train.x[index], train.label[index], rate)
            done += len(index)
        measure()
    return rows


def _asked(learner: Learner, x, label) -> dict[int, np.ndarray]:
    """{l: [n_{l-1}, n_l]}, the change of hidden weights that images ask for by spikes."""
    setting, random, before = learner.setting, learner.random, dict(learner.W)
    still = AT_REST.get(type(setting.rule), {})
    learner.setting = replace(setting, rule=replace(setting.rule, **still))
    learner.random = streams(0)  # learning goes on as if nothing had been measured
    learner.show(x, label, SLOW)
    after, learner.W, learner.setting, learner.random = learner.W, before, setting, random
    return {
        l: _weights(setting, after, l) - _weights(setting, before, l)
        for l in range(1, len(setting.sizes) - 1)
    }
