"""Weight mirror: in the dark neurons fire at random, and feedback synapses see who answers."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from brian2 import Synapses

from credit.spiking.pathways.base import ERROR, EVENTS, TEACHING, Pathway, draw_back, hidden
from credit.spiking.pathways.in_the_dark import DARK, TRACE, in_the_dark


@dataclass(frozen=True)
class WeightMirror(Pathway):
    """T_j += +-scale b_ij at every event of neuron i one layer above; b starts at random.

    Before every image it is dark, and one hidden layer after the other, image by image, fires at
    random. The layer above answers, through w_ji. At every answer, a spike of i,

        db_ij = eta_B x_j        x_j: low-passed spikes of j, less as many as chance lets expect

    which is on average in proportion to w_ji: a spike of j is likelier before one that it helped to
    bring about. With every image b loses the share `decay`.

    eta_B   mV; eta_B / decay is such that b comes to be about as large as w
    noise   Hz, of the spikes in the dark
    spread  mV, of b at the start, times sqrt(fan-in); of w it is 50
    Akrout et al. 2019, in spikes. There mirroring has epochs or batches of its own and noise is a
    number; the bias is not in it, nor layers that take turns.
    """

    eta_B: float = 1.0
    decay: float = 1e-3
    noise: float = 10.0
    spread: float = 10.0

    short = "weight mirror"
    chain = True
    mirrors = True
    dark: ClassVar[int] = 20
    teaching = TEACHING + TRACE + DARK
    error = ERROR + DARK
    not_spikes = (
        "the noise that makes neurons fire in the dark, and a bias that lets others answer",
        "the clock of light and dark",
        "a decay at every image",
    )

    def draw(self, n, random):
        b = draw_back(n, random)
        drawn = {f"feedback{l}": b[f"feedback{l}"] * self.spread / n[l] ** 0.5 for l in hidden(n)}
        drawn |= {f"bias{l + 1}": np.zeros(n[l + 1]) for l in hidden(n)}
        return drawn | {f"scale{l}": self.scale for l in hidden(n)}

    def values(self, rate, images, n, random):
        learns = float(rate > 0)
        values = {f"eta_B{l}": self.eta_B * learns for l in hidden(n)}
        values |= {f"lost_back{l}": self.decay * learns for l in hidden(n)}
        return values | {f"noise{l}": self.noise * learns for l in range(1, len(n))}

    def at_rest(self):
        return replace(self, decay=0.0, eta_B=0.0)

    def add(self, parts):
        in_the_dark(parts)
        return [self._feedback(l, parts) for l in hidden(parts.sizes)]

    def _feedback(self, l: int, parts) -> Synapses:
        back = Synapses(
            parts.layers[l + 1], parts.layers[l],
            "b : 1\nscale : 1 (shared, constant)\nlost : 1 (shared, constant)\n"
            "eta_B : 1 (shared, constant)",
            on_pre={
                "above": f"b += eta_B*x_post*int(noisy_post == {l})",
                "up": "T_post += scale*b", "down": "T_post -= scale*b",
            },
            on_event=EVENTS | {"above": "spike"}, name=f"feedback{l}", namespace=parts.here,
        )  # fmt: skip
        back.connect()
        back.run_regularly("b *= (1 - lost)", parts.here["image"], name=f"decay_back{l}")
        parts.given |= {f"feedback{l}": back.b, f"scale{l}": back.scale}
        parts.given |= {f"eta_B{l}": back.eta_B, f"lost_back{l}": back.lost}
        parts.read[f"feedback{l}"] = (back, "b")
        return back
