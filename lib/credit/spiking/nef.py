"""The Neural Engineering Framework: populations of spiking neurons that represent a vector.

    J_i = gain_i (e_i . x) + bias_i                     neuron i with encoder e_i         (ENCODE)
    tau_rc dv/dt = -v + J;  v > 1: a spike, v <- 0, and held there for t_ref             (LIF)
    x^ = sum_i d_i s_i                                  s_i its spikes, filtered          (DECODE)
    D = argmin |A D - Y|^2 + m (rho max A)^2 |D|^2      A rates at m points [m, n]        (SOLVE)

Eliasmith and Anderson 2003. A spike's time within its step is computed, as the package nengo does:
so rates are right at steps of 1 ms.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import NeuronGroup, Quantity, ms

PARAMETERS = {  # nengo's own
    "tau_rc": 20 * ms,  # membrane
    "t_ref": 2 * ms,
}
MEMBRANE = """
v : 1
left : second                                    # of the time in which it is held
"""
# what is left of the step after the refractory period moves the membrane
STEP = """
left -= dt
v = clip(v - (J - v)*expm1(-clip(dt - left, 0*ms, dt)/tau_rc), 0, 1e9)
"""
RESET = """
left = t_ref + dt + tau_rc*log1p(-(v - 1)/(J - 1))
v = 0
"""


def rate(J: np.ndarray, tau_rc: float, t_ref: float) -> np.ndarray:
    """Firing rate in Hz under a constant current: 1 / (t_ref + tau_rc ln(1 + 1 / (J - 1))) for
    J > 1, else 0.

    tau_rc, t_ref  in seconds
    """
    J = np.asarray(J, dtype=float)
    over = np.where(J > 1, J - 1, 1.0)
    return np.where(J > 1, 1 / (t_ref + tau_rc * np.log1p(1 / over)), 0.0)


def gain_and_bias(max_rate, intercept, tau_rc: float, t_ref: float):
    """The neuron that begins to fire at e . x = intercept and reaches max_rate Hz at e . x = 1.

    max_rate must be below 1 / t_ref
    """
    max_rate, intercept = np.asarray(max_rate, float), np.asarray(intercept, float)
    if (max_rate >= 1 / t_ref).any():
        raise ValueError(f"max_rate is {max_rate.max():g} Hz, expected less than {1 / t_ref:g}")
    J = 1 / -np.expm1((t_ref - 1 / max_rate) / tau_rc)  # at e . x = 1
    gain = (1 - J) / (intercept - 1)
    return gain, 1 - gain * intercept


@dataclass(frozen=True)
class Population:
    """Neurons that represent a vector.

    encoders  [n, d], gain and bias [n]; tau_rc and t_ref in seconds
    """

    encoders: np.ndarray
    gain: np.ndarray
    bias: np.ndarray
    tau_rc: float = 0.02
    t_ref: float = 0.002

    def rates(self, x: np.ndarray) -> np.ndarray:
        """A in Hz, [m, n], at the points x [m, d]."""
        return rate(self.gain * (x @ self.encoders.T) + self.bias, self.tau_rc, self.t_ref)

    def decoders(self, x: np.ndarray, y: np.ndarray, regularisation: float = 0.1) -> np.ndarray:
        """D [n, k] for the values y [m, k] wanted at the points x [m, d]."""
        return solve(self.rates(x), y, regularisation)

    def neurons(self, equations: str, name: str, **given) -> NeuronGroup:
        """These neurons; `equations` define x : 1, what is encoded along each one's encoder."""
        group = lif(
            len(self.gain), f"J = gain*x + bias : 1 (constant over dt)\n{equations}"
            "\ngain : 1 (constant)\nbias : 1 (constant)",
            name, tau_rc=self.tau_rc, t_ref=self.t_ref, **given,
        )  # fmt: skip
        group.gain, group.bias = self.gain, self.bias
        return group


def one_dimensional(
    n: int, max_rates, intercepts, random: np.random.Generator, tau_rc=0.02, t_ref=0.002
) -> Population:
    """n neurons for one number, half of them for each sign.

    max_rates, intercepts  (lowest, highest), drawn evenly between
    """
    sign = np.where(np.arange(n) % 2, -1.0, 1.0)[:, None]
    drawn = random.uniform(*max_rates, n), random.uniform(*intercepts, n)
    return Population(sign, *gain_and_bias(*drawn, tau_rc, t_ref), tau_rc, t_ref)


def solve(A: np.ndarray, Y: np.ndarray, regularisation: float = 0.1) -> np.ndarray:
    """(SOLVE): D [n, k] from rates A [m, n] and wanted values Y [m, k]."""
    size = len(A) * (regularisation * A.max()) ** 2
    return np.linalg.solve(A.T @ A + size * np.eye(A.shape[1]), A.T @ Y)


def lif(n: int, equations: str, name: str, tau_rc: float, t_ref: float, **given) -> NeuronGroup:
    """A layer of (LIF) neurons; `equations` define J : 1 (constant over dt).

    given  namespace, method, and whatever else a NeuronGroup takes
    """
    here = given.pop("namespace", {}) | {
        "tau_rc": Quantity(tau_rc, dim=ms.dim),
        "t_ref": Quantity(t_ref, dim=ms.dim),
    }
    group = NeuronGroup(
        n, MEMBRANE + equations, threshold="v > 1", reset=RESET, namespace=here, name=name, **given
    )
    group.run_regularly(STEP, when="groups", order=1, name=f"{name}_step")
    return group


def alpha(value: str, rise: str, tau: str = "tau_s") -> str:
    """Equations of an alpha synapse: a spike of weight w adds w to `rise`, and the area of what it
    makes of `value` is w tau."""
    return f"d{value}/dt = ({rise} - {value})/{tau} : 1\nd{rise}/dt = -{rise}/{tau} : 1\n"
