"""Sign symmetry: feedback knows the sign of every forward weight, not its size."""

from dataclasses import dataclass

from credit.nets.networks import Init
from credit.rules.base import Rule, draw_feedback, layer_by_layer


@dataclass(frozen=True)
class SignSymmetry(Rule):
    """The error goes back through matrices that share the signs of the forward weights.

    F_l = s_l sign(W_l)        uniform magnitudes   (uSF)
    F_l = |M_l| * sign(W_l)    M_l redrawn at every step (brSF) or drawn once (frSF)
    tau_l = delta_{l+1} F_{l+1}

    magnitude  "uniform", "redrawn" or "fixed"
    feedback   Init of M_l; with uniform magnitudes s_l is the root mean square of one draw of it
    Liao, Leibo & Poggio 2016; names after Sanfiz & Akrout 2021.
    """

    magnitude: str = "uniform"
    feedback: Init = Init("uniform_fan_in")

    name = "sign symmetry"
    short = "SS"
    source = "liao2016important"

    def __post_init__(self):
        if self.magnitude not in ("uniform", "redrawn", "fixed"):
            raise ValueError(f"magnitude is {self.magnitude!r}, expected uniform, redrawn or fixed")

    def draw(self, sizes, streams):
        M = draw_feedback(self.feedback, sizes, streams)
        if self.magnitude == "uniform":  # the size of the initialiser, at every synapse
            M = {l: m.square().mean().sqrt().expand_as(m) for l, m in M.items()}
        return {"M": {l: m.abs() for l, m in M.items()}}

    def teach(self, ch, trace):
        M = ch.own["M"]
        if self.magnitude == "redrawn":
            M = {l: self._redraw(m, ch.rng("noise")) for l, m in M.items()}
        return layer_by_layer(ch, trace, {l: m * ch.W_back[l].sign() for l, m in M.items()})

    def _redraw(self, m, generator):
        return self.feedback.draw(m.shape, generator, m.shape[-2:], m.dtype).abs()
