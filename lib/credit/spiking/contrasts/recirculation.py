"""Recirculation: an image and its reconstruction, sent around one after the other."""

from dataclasses import dataclass

from brian2 import linked_var

from credit.spiking.contrasts.base import Contrast


@dataclass(frozen=True)
class Recirculation(Contrast):
    """The output neurons answer for the pixels, one each. An image x goes up in the first phase and
    the spikes that come back down are its reconstruction y; in the second the pixels fire at

        v = lam x + (1 - lam) y                                                       (AGAIN)

    and every synapse multiplies what comes in by how its receiver's activity changes from pass to
    pass, where the next pass of a pixel is its reconstruction:

        dw = eta h- (x - y-)     back down,        dw = eta v+ (h- - h+)     up        (RECIRC)

    No synapse carries an error, none is used backwards, and nobody is told a label. Factors 1 - lam
    are in eta: a hidden neuron's second activity is not mixed with its first here, nor that of a
    pixel while it is compared.
    Hinton & McClelland 1988, whose pixels are one population that is driven and then let go.

    lam       how much of the image stays in the second pass, "regression"
    shuffled  the second pass is mixed with another image: a control
    """

    lam: float = 0.75
    shuffled: bool = False

    short = "recirculation"
    teacher = "drive = I : volt\n"
    returns = False
    reconstructs = True
    senses = """
    made : 1 (linked)
    learns : 1 (linked)
    lam : 1 (shared, constant)
    again = learns*int(timestep(t, dt) % (2*steps) >= steps) : 1 (shared)
    """
    pixel = "pixels(t, i) + again*(1 - lam)*(blank*made - pixels(t, i))"
    in_spikes = ("label",)
    not_spikes = (
        "the pixel with which its reconstruction is compared, a number",
        "the rate of a pixel in the second pass, computed from a count of spikes",
    )

    def __post_init__(self):
        if not isinstance(self.lam, int | float) or not 0 <= self.lam < 1:
            raise ValueError(f"lam is {self.lam!r}, expected at least 0 and less than 1")

    def values(self, n):
        return super().values(n) | {"lam": self.lam}

    def into(self, l, top):
        if l == top:
            return "minus_pre*(wanted_post - minus_post)"
        return "plus_pre*(minus_post - plus_post)"

    def add(self, layers):
        pixels, made = layers[0], layers[-1]
        pixels.made = linked_var(made, "minus")
        pixels.learns = linked_var(made, "learning")
        return {"lam": pixels.lam}
