"""The network of nef_learner without spikes: every neuron and every population by its rate.

Same neurons, same code of the error, same synapses and rates of learning; what is missing is the
noise of spikes and the time that they need. An example is one step:

    s = area r(x),  h = area r(1 + s W),  e = E(O(h D) - y*),  c = E(e) B
    dW = -eta_h kappa T s (c gate),  dD = -eta T / n  h e

E, O  what an error and an output population make of a value;  T  time with a teacher
"""

import numpy as np
import torch

from credit.nets.streams import streams
from credit.spiking import nef, nef_learner
from credit.spiking.nef_learner import PARAMETERS, RATES, T_REF, NefSetting
from credit.tasks import data

GRID = np.linspace(-3, 3, 1201)


def through(population: nef.Population):
    """What a population of one dimension makes of a value, as a function of arrays."""
    made = population.rates(GRID[:, None]) @ nef_learner.identity(population)
    return lambda value: np.interp(value, GRID, made)


def inputs(x: np.ndarray, tau_rc: float) -> np.ndarray:
    """Filtered spikes of the input neurons, on average, for values x [n, inputs], none negative."""
    fastest = np.random.default_rng(1).uniform(*RATES, x.shape[1])
    gain, bias = nef.gain_and_bias(fastest, 0.0, tau_rc, T_REF)
    return PARAMETERS["area"] * nef.rate(gain * x + bias, tau_rc, T_REF)


def run(setting: NefSetting, seed: int) -> list[dict]:
    """Train once, one example at a time; tidy rows of train, validation and test error, in %.

    For classifications with one hidden layer and inputs that are not negative.
    """
    if len(setting.sizes) != 3 or setting.signs:
        raise ValueError(f"sizes is {setting.sizes}, expected one hidden layer and signs=False")
    clock, dataset, random = nef_learner._cpu(), data.load(setting.dataset), streams(seed)
    area, tau = PARAMETERS["area"], setting.tau_rc
    kinds = nef_learner.populations(setting)
    output, error = through(kinds["output"]), through(kinds["error"])
    d0, n, d = setting.sizes

    def drawn(name, scale, *shape):
        return scale * torch.randn(shape, generator=random[name]).double().numpy()

    W = drawn("weights", setting.spread, d0, n)
    D = drawn("weights", setting.output_spread, n, d)
    B = drawn("feedback", setting.rule.scale, d, n)
    taught = (setting.image - setting.blackout) / 1000  # s
    below = setting.hidden_rate * PARAMETERS["kappa"] * (setting.rule.feedback != "none")

    def hidden(s):
        J = 1 + s @ W
        return J, area * nef.rate(J, tau, T_REF)

    x, label = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]
    target, missed, rows = np.eye(d), 0, []
    order = torch.randperm(len(x), generator=random["order"]).split(setting.chunk)
    for k, part in enumerate(order):
        rate = 1 - k / len(order) if setting.schedule == "linear" else 1.0
        eta, eta_hidden = rate * setting.learning_rate * taught / n, rate * below * taught
        for s, own in zip(inputs(x[part].numpy(), tau), label[part].tolist(), strict=True):
            J, h = hidden(s)
            y = output(h @ D)
            missed += int(y.argmax() != own)
            e = error(y - target[own])
            D -= eta * np.outer(h, e)
            if eta_hidden:
                on = s.nonzero()[0]
                gate = (J > 1) | (setting.rule.gate == "open")
                W[on] -= eta_hidden * s[on, None] * ((error(e) @ B) * gate)

    def record(metric, value, unit="%"):
        row = {"epoch": 1, "layer": 0, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    record("train error", 100 * missed / len(x))
    for name, shown in (("validation", setting.validated), ("test", setting.tested)):
        split = nef_learner._first(getattr(dataset, name), shown)
        if len(split):
            h = hidden(inputs(split.x.numpy(), tau))[1]
            answer = torch.from_numpy(output(h @ D)).argmax(1)
            record(f"{name} error", 100 * (answer != split.label).double().mean())
    record("firing rate", h.mean() / area, "Hz")
    record("cpu time", nef_learner._cpu() - clock, "s")
    return rows
