"""One half of the error: what a control that is told other labels learns from, and what it does
not."""

from dataclasses import dataclass

from credit.spiking.pathways.base import ERROR
from credit.spiking.pathways.direct import Direct

MEAN = "full/classes"  # of what is told, over the classes
SENT = {"answer": f"(r - {MEAN})", "label": f"({MEAN} - told)"}


@dataclass(frozen=True)
class HalfOfError(Direct):
    """Hidden neurons are sent one half of e = r - r_target; the mean of r_target over the classes
    stands in the place of the other. The output still learns by all of e.

    half  answer: r, of the network itself, so that no label reaches hidden neurons; label: r_target
    """

    half: str = "answer"

    def __post_init__(self):
        if self.half not in SENT:
            raise ValueError(f"half is {self.half!r}, expected one of {', '.join(SENT)}")
        if self.shuffled and self.half == "answer":
            raise ValueError("the answer is no label that could be another image's")

    @property
    def short(self):
        return f"direct, {self.half} alone"

    @property
    def error(self):
        return ERROR.replace("(r - told)", SENT[self.half])

    def program(self):
        return type(self)(half=self.half)
