"""The soft LIF rate, which has a slope everywhere, and the noise that stands for spikes.

    j = gamma ln(1 + e^(x / gamma)),  f(x) = amplitude / (t_ref + tau_rc ln(1 + 1 / j))    (SOFT)

x is the current above threshold. For gamma -> 0 this is the LIF neuron. Networks are trained on f
by ordinary backprop, with noise on their rates, and run as spiking neurons afterwards: Hunsberger
and Eliasmith 2015, 2016.
"""

import numpy as np


def rate(x, gamma: float, tau_rc: float = 0.02, t_ref: float = 0.002, amplitude: float = 1.0):
    """(SOFT) at currents x above threshold."""
    j = gamma * np.logaddexp(0, np.asarray(x, dtype=float) / gamma)
    with np.errstate(divide="ignore", over="ignore"):
        return amplitude / (t_ref + tau_rc * np.log1p(1 / j))


def slope(x, gamma: float, tau_rc: float = 0.02, t_ref: float = 0.002, amplitude: float = 1.0):
    """df/dx of (SOFT) in closed form."""
    x = np.asarray(x, dtype=float)
    j = gamma * np.logaddexp(0, x / gamma)
    period = t_ref + tau_rc * np.log1p(1 / j)
    return amplitude * tau_rc / (period**2 * j * (j + 1) * (1 + np.exp(-x / gamma)))


def filtered_alpha(t, period: float, tau_s: float):
    """A regular train of spikes, `period` apart, through an alpha synapse, t after a spike; t
    drawn evenly in [0, period) gives the noise around the rate 1 / period."""
    q = np.exp(-period / tau_s)
    return np.exp(-t / tau_s) / tau_s**2 * (t / (1 - q) + period * q / (1 - q) ** 2)


def filtered_alpha_membrane(t, period: float, tau_s: float, tau_rc: float):
    """The same, further filtered by a membrane of time constant tau_rc."""
    d, q = tau_rc - tau_s, np.exp(-period / tau_s)
    slow = np.exp(-t / tau_rc) / -np.expm1(-period / tau_rc) - np.exp(-t / tau_s) / (1 - q)
    fast = np.exp(-t / tau_s) * (t * (1 - q) + period * q) / (d * tau_s * (1 - q) ** 2)
    return tau_rc / d**2 * slow - fast


def noisy(x, sigma: float, random: np.random.Generator, **shape):
    """The rate in training: Gaussian noise on neurons that fire, never on silent ones (x <= 0)."""
    clean = rate(x, **shape)
    noise = shape.get("amplitude", 1.0) * sigma * random.standard_normal(np.shape(x))
    return np.where(np.asarray(x) > 0, np.maximum(clean + noise, 0), clean)
