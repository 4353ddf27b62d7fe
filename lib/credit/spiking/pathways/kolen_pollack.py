"""Kolen-Pollack: feedback synapses change as their forward partners do, and both decay."""

from dataclasses import dataclass, replace

from brian2 import Synapses

from credit.spiking.pathways.base import EVENTS, Pathway, draw_back, hidden


@dataclass(frozen=True)
class KolenPollack(Pathway):
    """T_j += +-scale b_ij at every event of neuron i; b starts at random, independent of w.

    A spike of j changes w_ji by what is there in i. It arrives in j as well, and j's other synapse
    with i changes by the same amount:  db_ij = dw_ji [mV].  With every image both lose the share
    `decay`, and with it what was different at the start.

    Akrout et al. 2019, in events. In rates weights decay at every step, and here at every image.
    """

    decay: float = 3e-5
    spread: float = 10.0  # mV, of b at the start, times sqrt(fan-in); of w it is 50

    short = "Kolen-Pollack"
    chain = True
    not_spikes = ("one change at two synapses, and the decay of both at every image",)

    def draw(self, n, random):
        b = draw_back(n, random)
        drawn = {f"feedback{l}": b[f"feedback{l}"] * self.spread / n[l] ** 0.5 for l in hidden(n)}
        return drawn | {f"scale{l}": self.scale for l in hidden(n)}

    def values(self, rate, images, n, random):
        lost = self.decay if rate > 0 else 0.0
        names = [f"{way}{l}" for l in hidden(n) for way in ("lost_back", "lost")]
        return dict.fromkeys(names, lost)

    def at_rest(self):
        return replace(self, decay=0.0)

    def through(self, l):
        return {"model": "lost : 1 (shared, constant)"}

    def add(self, parts):
        return [self._feedback(l, parts) for l in hidden(parts.sizes)]

    def _feedback(self, l: int, parts) -> Synapses:
        back = Synapses(
            parts.layers[l + 1], parts.layers[l],
            "b : 1\nscale : 1 (shared, constant)\nlost : 1 (shared, constant)",
            on_pre={"up": "T_post += scale*b", "down": "T_post -= scale*b"},
            on_post={"partner": "b += change_pre/mV"},
            on_event=EVENTS | {"partner": "spike"}, name=f"feedback{l}",
        )  # fmt: skip
        back.connect()
        forward = parts.forward[l + 1]
        back.run_regularly("b *= (1 - lost)", parts.here["image"], name=f"decay_back{l}")
        forward.run_regularly("w *= (1 - lost)", parts.here["image"], name=f"decay{l}")
        parts.given |= {f"feedback{l}": back.b, f"scale{l}": back.scale}
        parts.given |= {f"lost_back{l}": back.lost, f"lost{l}": forward.lost}
        parts.read[f"feedback{l}"] = (back, "b")
        return back
