"""No feedback: hidden neurons are not told what the output neurons are taught. A control."""

from dataclasses import dataclass

from credit.spiking.contrasts.base import Contrast


@dataclass(frozen=True)
class Untold(Contrast):
    """Everything else is as in contrastive Hebbian learning. Both phases being the same below the
    output, hidden synapses stay as they are, and those of the output follow the delta rule."""

    gain: float = 0.0

    short = "untold"
