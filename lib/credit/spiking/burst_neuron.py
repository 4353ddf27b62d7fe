"""A neuron with two compartments: a spike at the soma and input to the dendrite make a burst.

    C_s dV_s/dt = -C_s (V_s - E_L)/tau_s + g_s f(V_d) + I_s - w_s                          (soma)
    C_d dV_d/dt = -C_d (V_d - E_L)/tau_d + g_d f(V_d) + c_d K + I_d - w_d              (dendrite)
    f(V) = 1/(1 + exp(-(V - E_d)/D_d)),   K = 1 from 0.5 to 2.5 ms after a somatic spike    (bAP)

Naud & Sprekeler's neuron as printed in the methods of Payeur et al. 2021; K is the backpropagating
action potential. c_d is remembered, the refractory period of 3 ms is a choice of ours.
"""

import numpy as np
from brian2 import NeuronGroup, SpikeMonitor, ms, mV, nS, pA, pF

from credit.spiking.interpreted import run

NEURON = """
dv/dt = -(v - EL)/tau_soma + (g_soma*f + I_soma*int(t >= start_soma)*int(t < start_soma + 5*ms)
        - w)/C_soma : volt (unless refractory)
dw/dt = -w/tau_w : amp
dtheta/dt = -theta/tau_theta : volt
du/dt = -(u - EL)/tau_d + (g_d*f + c*K + I_d*int(t >= start_d)*int(t < start_d + 10*ms) - wd)/C_d : volt
dwd/dt = (-wd + a*(u - EL))/tau_wd : amp
f = 1/(1 + exp(-(u - Ed)/Dd)) : 1
K = int(t - lastspike >= 0.5*ms)*int(t - lastspike < 2.5*ms) : 1
I_soma : amp
I_d : amp
start_d : second
c : amp
"""  # noqa: E501
PARAMETERS = {
    "EL": -70 * mV,
    "tau_soma": 16 * ms,
    "C_soma": 370 * pF,
    "g_soma": 1300 * pA,
    "tau_w": 100 * ms,
    "jump": 200 * pA,
    "tau_theta": 27 * ms,
    "tau_d": 7 * ms,
    "C_d": 170 * pF,
    "g_d": 1200 * pA,
    "Ed": -38 * mV,
    "Dd": 6 * mV,
    "tau_wd": 30 * ms,
    "a": 13 * nS,
    "start_soma": 30 * ms,
}
BACK = 2600.0  # pA, c_d


def spikes(soma, dendrite, delay=0.0, back=BACK) -> list[np.ndarray]:
    """Times of somatic spikes, ms after the somatic pulse begins, of neurons side by side.

    soma      pA for 5 ms, dendrite  pA for 10 ms, delay  ms by which the dendrite's pulse is later,
    back      pA, the strength of the backpropagating action potential in the dendrite;
              numbers, or sequences of one length
    """
    soma, dendrite, delay, back = np.broadcast_arrays(
        *map(np.atleast_1d, (soma, dendrite, delay, back))
    )
    cells = NeuronGroup(
        len(soma), NEURON, threshold="v > -50*mV + theta", method="euler", refractory=3 * ms,
        reset="v = EL; w += jump; theta += 2*mV", namespace=PARAMETERS, dt=0.1 * ms, name="cells",
    )  # fmt: skip
    cells.v = cells.u = PARAMETERS["EL"]
    cells.lastspike = -1000 * ms
    cells.I_soma, cells.I_d, cells.c = soma * pA, dendrite * pA, back * pA
    cells.start_d = PARAMETERS["start_soma"] + delay * ms
    seen = SpikeMonitor(cells, name="seen")
    run(cells, seen, duration=130 * ms)
    began = float(PARAMETERS["start_soma"] / ms)
    return [np.asarray(seen.t / ms)[np.asarray(seen.i) == n] - began for n in range(len(soma))]
