"""No way at all, the shallow control: hidden synapses stay as they are."""

from dataclasses import dataclass

from credit.spiking.pathways.base import Pathway


@dataclass(frozen=True)
class Fixed(Pathway):
    """Only the output learns."""

    short = "none"
    sends = False
