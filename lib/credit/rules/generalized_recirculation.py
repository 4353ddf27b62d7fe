"""Generalized recirculation: an expectation, an outcome, and the difference between the two."""

from dataclasses import dataclass

from credit.networks import Init, Product
from credit.rule import Update, draw_feedback
from credit.settling import Contrastive, Relaxation, Settling

FORMS = ("plain", "midpoint", "symmetric", "contrastive")
FEEDBACK = ("own", "tied")


@dataclass(frozen=True)
class GeneralizedRecirculation(Contrastive):
    """Settle on an expectation, then on the outcome; h- and h+, D_k = h-_k - h+_k, D_0 = 0.

    a_k = h_{k-1} W_k^T + b_k + gain h_{k+1} V_{k+1},   h_k = phi(a_k) at rest
    minus    only the input is given;   plus   the output is held at the target too

    plain         dW_k = D_k^T h-_{k-1}                   dV_k = h-_k^T D_{k-1}                (GR)
    midpoint      dW_k = D_k^T (h-_{k-1} + h+_{k-1})/2    dV_k = ((h-_k + h+_k)/2)^T D_{k-1}  (MID)
    symmetric     dW_k = dV_k = D_k^T h-_{k-1} + h-_k^T D_{k-1}                               (SYM)
    contrastive   dW_k = dV_k = h-_k^T h-_{k-1} - h+_k^T h+_{k-1},  both at once              (CHL)

    all divided by the batch, descent directions; db_k = mean of D_k. Where the differences are
    small and V is W, D_k is what recurrent backprop (Almeida, Pineda) calls the error.

    form      one of the four
    feedback  V_k is "own", drawn at random and learned, or "tied", W_k itself
    gain      of the feedback; 1 in the paper
    init      Init of V_k
    settling  both phases; the minus phase starts with all units at one half, the plus phase from it
    O'Reilly 1996. Outputs are logistic ones.
    """

    form: str = "midpoint"
    feedback: str = "own"
    gain: float = 1.0
    init: Init = Init("normal_fan_in")
    settling: Settling = Settling(60, rate=0.5, tolerance=1e-4)

    name = "generalized recirculation"
    short = "GeneRec"
    source = "oreilly1996generec"

    def __post_init__(self):
        for field, known in (("form", FORMS), ("feedback", FEEDBACK)):
            if getattr(self, field) not in known:
                raise ValueError(
                    f"{field} is {getattr(self, field)!r}, expected one of {', '.join(known)}"
                )
        if not isinstance(self.gain, int | float) or not self.gain > 0:
            raise ValueError(f"gain is {self.gain!r}, expected a positive number")

    @property
    def learned(self):
        return ("V",) if self.feedback == "own" else ()

    def asks(self, sizes):
        return {"sizes": sizes, "output": "logistic"}

    def draw(self, sizes, streams):
        return {"V": draw_feedback(self.init, sizes, streams)} if self.feedback == "own" else {}

    def forward(self, ch, x):
        loop = self._relaxation(ch, x)
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

    def answer(self, ch, x):
        loop = self._relaxation(ch, x)
        return loop.settle(loop.at(0.5), self.settling).h[ch.L]

    def _products(self, trace, D, l) -> tuple[Product, Product | None]:
        """(dW_l, dV_l) of the plain and the midpoint form."""
        send = trace.phases["minus"].h
        if self.form == "midpoint":
            plus = trace.phases["plus"].h
            send = {k: (send[k] + plus[k]) / 2 for k in (l - 1, l)}
        return Product(D[l], send[l - 1]), Product(send[l], D[l - 1]) if l > 1 else None

    def _relaxation(self, ch, x) -> Relaxation:
        F = ch.own["V"] if self.feedback == "own" else ch.W_back
        return Relaxation(ch, x, {l: F[l] for l in range(2, ch.L + 1)}, self.gain)
