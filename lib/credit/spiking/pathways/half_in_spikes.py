"""Half of the errors in spikes, a control: those that the output learns by, or those it sends."""

from dataclasses import dataclass

from credit.spiking.pathways.two_populations import TwoPopulations

LINKS = {"output": ("trace",), "hidden": ("relay",)}  # by half


@dataclass(frozen=True)
class HalfInSpikes(TwoPopulations):
    """Error neurons speak to the output's own synapses, or to the hidden neurons; to the others the
    error is what it is without them:

        half    the output's synapses learn by    hidden neurons are told by
        output  spikes of error neurons           signed events of r - r_target
        hidden  the number r - r_target           spikes of error neurons
    """

    half: str = "output"

    in_spikes = ()

    def __post_init__(self):
        super().__post_init__()
        if self.half not in LINKS:
            raise ValueError(f"half is {self.half!r}, expected one of {', '.join(LINKS)}")

    @property
    def short(self):
        return f"{self.way.short}, {self.half} errors in spikes"

    @property
    def error(self):
        return super().error if self.half == "output" else self.way.error

    @property
    def counted(self):
        return self.way.counted if self.half == "output" else super().counted

    @property
    def links(self):
        return LINKS[self.half]
