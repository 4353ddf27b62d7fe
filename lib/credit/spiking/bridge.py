"""From spikes to rates: the change that one image makes in a network of two phases, beside that of
the same rule in rates, in phases of any length."""

from functools import partial

import numpy as np
import torch
from brian2 import mV, second

from credit.nets.streams import streams
from credit.spiking import neurons, two_phases
from credit.spiking.segregated_in_time import angle
from credit.spiking.simulation import Simulation
from credit.spiking.two_phases import PARAMETERS, Setting

MEAN, SPREAD = (1.0, 0.8), (0.6, 1.5)  # mV, of the weights of both layers
STEPS = 300  # towards rest, a tenth of the way each


def at_rest(setting: Setting, w1, w2, pixels, right: int | None = None) -> tuple:
    """Rates in Hz of input, hidden and output neurons of the network in rates: y = f(drive), the
    firing rate of neurons.rate, at rest with itself.

    w1, w2  [pixels, hidden] and [hidden, outputs], mV
    right   the class that is taught; None is the free phase
    """
    p = PARAMETERS
    f = partial(neurons.rate, **{name: p[name] for name in ("tau_m", "t_ref", "v_th")})
    tau, bias, gain = p["tau_s"] / second, setting.bias, setting.rule.gain
    x, h, y = pixels * setting.white, np.zeros(w1.shape[1]), np.zeros(w2.shape[1])
    taught = None if right is None else setting.target * np.eye(len(y))[right]
    for _ in range(STEPS):
        hidden = np.asarray(f((tau * (x @ w1 + gain * w2 @ y) + bias) * mV))
        output = np.asarray(f(tau * (h @ w2) * mV)) if taught is None else taught
        h, y = h + 0.1 * (hidden - h), y + 0.1 * (output - y)
    return x, h, y


def run(setting: Setting, seed: int) -> list[dict]:
    """One image in a random network of one hidden layer; rows of epoch, layer, metric, value, unit.

    Metrics, of the hidden synapses: gradient angle, between the change by the spikes of two phases
    and x+ y+ - x- y- of the rates; angle for other classes, the mean over the same with another
    class taught in rates, a control.
    """
    n, random = setting.sizes, streams(seed)["weights"]
    w1, w2 = (
        (mean + spread * torch.randn(shape, generator=random)).numpy()
        for mean, spread, shape in zip(MEAN, SPREAD, (n[:2], n[1:]), strict=True)
    )
    pixels, first = torch.rand(2, n[0], generator=random).numpy()
    right = seed % n[2]
    simulation = Simulation(partial(two_phases.build, setting), "bridge", "numpy")
    given = {"pixels": np.stack([pixels, pixels]), "label": np.eye(n[2])[[right]], "learning": 1.0}
    given |= {"w1": 1e-3 * w1.ravel(), "w2": 1e-3 * w2.ravel(), "first": first}
    given |= {"eta1": 1e-3 * setting.hidden_rate, "eta2": 0.0} | setting.rule.values(n)
    change = torch.from_numpy(simulation.run(given, seed)["w1"].reshape(w1.shape) - 1e-3 * w1)
    x, free, _ = at_rest(setting, w1, w2, pixels)
    angles = {
        k: angle(
            change, torch.from_numpy(np.outer(x, at_rest(setting, w1, w2, pixels, k)[1] - free))
        )
        for k in range(n[2])
    }
    own = angles.pop(right)
    measured = {"gradient angle": own, "angle for other classes": np.mean(list(angles.values()))}
    return [
        {"epoch": 0, "layer": 1, "metric": metric, "value": float(value), "unit": "degrees"}
        for metric, value in measured.items()
    ]
