"""Coherent networks side by side, one for every class, each with one output.

Neuron i of a layer belongs to network i mod K, K the number of classes; in its network signs
s = +1, -1 alternate, and the output's is +1. Above the first layer synapses stay in a network, with

    s_j s_k w_jk >= 0                                                                 (COHERENT)

A neuron excites those of its own sign and inhibits the others, so that whatever way a spike goes
it helps the output where s_j = 1 and hinders it where s_j = -1. Pixels have no sign: the synapses
from them are free. With one hidden layer this is Dale's law.
Balduzzi, Vanchinathan & Buhmann 2015; there a neuron of sign -1 has negative values, here all fire.
"""

import numpy as np

SIGN = """
s = 1 - 2*((i // classes) % 2) : 1
"""
JOINED = "i % classes == j % classes"
KEPT = "w *= int(s_pre*s_post*w > 0*volt)"


def first(w: np.ndarray, classes: int) -> np.ndarray:
    """Weights [n_{l-1}, n_l] of a network of any kind in a coherent one: those of its synapses."""
    i, j = np.indices(w.shape)
    sign = 1 - 2 * ((i // classes + j // classes) % 2)
    # fewer synapses, as much stronger
    return (sign * np.abs(w) * np.sqrt(classes))[i % classes == j % classes]
