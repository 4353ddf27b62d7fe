"""Generalized recirculation: an expectation, an outcome, and the difference between the two."""

from dataclasses import dataclass

from credit.nets.networks import Product
from credit.rules.base import Update
from credit.rules.phases import Contrastive, Recurrent

FORMS = ("plain", "midpoint", "symmetric", "contrastive")


@dataclass(frozen=True)
class GeneralizedRecirculation(Recurrent, Contrastive):
    """Settle on an expectation, then on the outcome; h- and h+, D_k = h-_k - h+_k, D_0 = 0.

    a_k = h_{k-1} W_k^T + b_k + gain h_{k+1} V_{k+1},   h_k = phi(a_k) at rest
    minus    only the input is given;   plus   the output is held at the target too

    plain         dW_k = D_k^T h-_{k-1}                   dV_k = h-_k^T D_{k-1}                (GR)
    midpoint      dW_k = D_k^T (h-_{k-1} + h+_{k-1})/2    dV_k = ((h-_k + h+_k)/2)^T D_{k-1}  (MID)
    symmetric     dW_k = dV_k = D_k^T h-_{k-1} + h-_k^T D_{k-1}                               (SYM)
    contrastive   dW_k = dV_k = h-_k^T h-_{k-1} - h+_k^T h+_{k-1},  both at once              (CHL)

    all divided by the batch; db_k = mean of D_k. These are estimates of gradients: a learning rate
    times them is subtracted. Where the differences are small and V is W, D_k is what recurrent
    backprop (Almeida, Pineda) calls the error.

    form      one of the four; the plus phase starts where the minus phase ends
    O'Reilly 1996. The other fields are those of phases.Recurrent.
    """

    form: str = "midpoint"

    name = "generalized recirculation"
    short = "GeneRec"
    source = "oreilly1996generec"

    def __post_init__(self):
        super().__post_init__()
        if self.form not in FORMS:
            raise ValueError(f"form is {self.form!r}, expected one of {', '.join(FORMS)}")

    def forward(self, ch, x):
        loop = self.relaxation(ch, x)
        minus = loop.settle(loop.at(0.5), self.settling)
        minus.phases["minus"] = minus.as_phase()
        minus.phases["plus"] = loop.settle(minus.h, self.settling, ch.target())
        return minus

    def local(self, ch, trace, teaching):
        if self.form == "contrastive":
            return super().local(ch, trace, teaching)
        update = Update(b={l: D.mean(-2) for l, D in teaching.items()})
        for l in teaching:
            update.W[l], back = self._products(trace, teaching, l)
            if self.form == "symmetric" and l > 1:
                update.W[l] = update.W[l].dense() + back.dense()
        return update

    def update(self, ch, trace, teaching):
        update = self.local(ch, trace, teaching)
        if self.feedback == "own":
            alike = self.form in ("symmetric", "contrastive")
            update.own["V"] = {
                l: update.W[l] if alike else self._products(trace, teaching, l)[1]
                for l in ch.own["V"]
            }
        return update

    def _products(self, trace, D, l) -> tuple[Product, Product | None]:
        """(dW_l, dV_l) of the plain and the midpoint form."""
        send = trace.phases["minus"].h
        if self.form == "midpoint":
            plus = trace.phases["plus"].h
            send = {k: (send[k] + plus[k]) / 2 for k in (l - 1, l)}
        return Product(D[l], send[l - 1]), Product(send[l], D[l - 1]) if l > 1 else None
