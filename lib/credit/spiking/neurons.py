"""The leaky integrate-and-fire neuron, input from images, and what they do in closed form."""

import numpy as np
from brian2 import NeuronGroup, Quantity, ms, mV

MEMBRANE = """
dv/dt = (I - v) / tau_m : volt (unless refractory)   # above rest
"""
CURRENT = """
dI/dt = -I / tau_s : volt                            # R * current; a spike of weight w adds w
"""
PARAMETERS = {
    "tau_m": 10 * ms,  # membrane
    "tau_s": 5 * ms,  # synaptic current
    "v_th": 10 * mV,  # above rest
    "t_ref": 2 * ms,
}
SPIKES = {"threshold": "v > v_th", "reset": "v = 0*mV", "refractory": "t_ref"}
INPUTS = ("poisson", "regular")


def rate(drive, tau_m, t_ref, v_th):
    """Firing rate under a constant drive R * I above rest:

        1 / (t_ref + tau_m ln(D / (D - v_th))), and 0 up to threshold

    drive  [n], with a unit, like all others
    """
    above = drive > v_th
    period = t_ref + tau_m * np.log(drive[above] / (drive[above] - v_th))
    rates = np.zeros(len(drive))
    rates[above] = 1 / np.asarray(period)
    return Quantity(rates, dim=(1 / tau_m).dim)


def potential(t, w, tau_m, tau_s):
    """Membrane potential t after one spike of weight w into a resting neuron:

    w tau_s / (tau_m - tau_s) (exp(-t / tau_m) - exp(-t / tau_s))
    """
    return w * tau_s / (tau_m - tau_s) * (np.exp(-t / tau_m) - np.exp(-t / tau_s))


def input_layer(
    n: int, kind: str, parameters: dict, name: str = "input", variables: str = "", spiked: str = "",
    pixel: str = "pixels(t, i)",
) -> NeuronGroup:  # fmt: skip
    """Neurons that fire at the rate pixel * white.

    kind        "poisson": by chance; "regular": evenly, as an integrator without a leak does, each
                from a phase x of its own
    parameters  white, the rate of a white pixel; pixels, a TimedArray [images, n]; image, how long
                one is shown
    variables   that they have besides
    spiked      what their spikes do besides
    pixel       of a neuron, where it is not only what is shown
    """
    if kind not in INPUTS:
        raise ValueError(f"input is {kind!r}, expected one of {', '.join(INPUTS)}")
    how = {
        "poisson": {"model": "", "threshold": "rand() < pixel*white*dt"},
        "regular": {"model": "dx/dt = pixel*white : 1", "threshold": "x > 1", "reset": "x -= 1"},
    }[kind]
    if spiked:
        how["reset"] = "\n".join(filter(None, (how.get("reset"), spiked)))
    model = how.pop("model") + "\npixel : 1\nseed : integer (shared, constant)\n" + variables
    group = NeuronGroup(n, model, **how, method="euler", namespace=parameters, name=name)
    # looked up once an image, not in every step
    group.run_regularly(f"pixel = {pixel}", parameters["image"], name=f"{name}_show")
    return group
