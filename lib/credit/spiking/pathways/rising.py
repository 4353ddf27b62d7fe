"""A control: direct feedback of errors against a target that rises as the trace of spikes does."""

from dataclasses import dataclass

from credit.spiking.pathways.direct import Direct

RISING = """
dm/dt = (wanted - m) / tau_r : 1
dn/dt = (told - n) / tau_r : 1
hears = on * learning : 1
error = (r - m) * hears : 1
sent = (r - n) * hears : 1
"""


@dataclass(frozen=True)
class Rising(Direct):
    """Direct feedback whose target begins every image at 0, as the trace r of an output neuron
    does, and rises with the same time constant: who fires at the target's rate from the beginning
    has no error. With a constant target it has one at the beginning of every image.

    scale  standard deviation of B
    """

    short = "direct, rising target"
    error = RISING
