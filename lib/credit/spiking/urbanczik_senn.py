"""Learning by the dendritic prediction of somatic spiking (Urbanczik & Senn 2014).

    C dU/dt = gL (EL - U) + gD (V - U) + gE (EE - U) + gI (EI - U)                  (SOMA)
    V = EL + sum_j w_j PSP_j,   V* = (gL EL + gD V)/(gL + gD)                 (DENDRITE)
    phi(U) = phi_max/(1 + k exp((theta - U)/width)), the rate of somatic spikes S     (RATE)
    P_j = (S - phi(V*)) h(V*) PSP_j,   h = phi'/phi                                  (ERROR)
    tau_P dp_j/dt = P_j - p_j,   dw_j/dt = eta p_j,   0 <= w_j <= w_max              (LEARN)

The teacher is a pair of conductances at the soma, which pull U towards U_M = (gE EE + gI EI)/(gE +
gI); V* is where the soma would be without it. PSP_j is the voltage by which a leaky dendrite
answers the currents of input j, per ampere. Parameters are those of NEST's example of the model,
which redraws Fig. 1B of the paper in units; eta holds the two factors of 15 that are in its code.
"""

from functools import partial

import numpy as np
import pandas as pd
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    mV,
    nS,
    pA,
    pF,
)

from credit.spiking.simulation import Model, Simulation, kept

INPUTS = """
dI/dt = -I/tau_s : 1
dPSP/dt = (I/gL - PSP)/tau_L : ohm
"""
SOMA = """
dU/dt = (gL*(EL - U) + gD*(V - U) + taught*(gE*(EE - U) + gI*(EI - U)))/C : volt
V = EL + drive : volt
drive : volt
V_star = (gL*EL + gD*V)/(gL + gD) : volt
taught = teacher*int(t >= before)*int(t < before + teaching) : 1
gE = offset + amplitude*sin(2*pi*frequency*t) : siemens
U_M = (gE*EE + gI*EI)/(gE + gI) : volt
phi_U = phi_max/(1 + k*exp((theta - U)/width)) : Hz
phi_V = phi_max/(1 + k*exp((theta - V_star)/width)) : Hz
h = 1/(width*(1 + exp((V_star - theta)/width)/k)) : 1/volt
teacher : 1 (constant)
offset : siemens (constant)
amplitude : siemens (constant)
frequency : Hz (constant)
"""
LEARNING = """
dp/dt = -(phi_V_post*h_post*PSP_pre + p)/tau_P : ohm/volt/second (clock-driven)
dw/dt = eta*p : amp (clock-driven)
eta : amp**2 (shared, constant)
drive_post = w*PSP_pre : volt (summed)
"""
PARAMETERS = {
    "C": 300 * pF,  # this and all below: NEST's example
    "gL": 30 * nS,  # of the soma, and of the dendrite
    "gD": 600 * nS,  # from the dendrite to the soma
    "EL": -70 * mV,
    "EE": 0 * mV,
    "EI": -75 * mV,
    "tau_s": 3 * ms,  # of synaptic currents
    "tau_L": 10 * ms,  # of the dendrite, C/gL
    "tau_P": 100 * ms,
    "t_ref": 3 * ms,
    "phi_max": 150 * Hz,
    "k": 0.5,
    "width": 3 * mV,
    "theta": -55 * mV,
    "w_max": 4.5 * 300 * pA,
    "gI": 549 * nS,  # of the teacher; 18 nS every 0.1 ms that decay in 3 ms
}
ETA = 0.17 * 15 * 15 * 300.0  # pA2
START = 0.3 * 300.0  # pA, every weight
OFFSET, AMPLITUDE, FREQUENCY = 165.0, 146.0, 10.0  # nS, nS, Hz, of gE; likewise
INPUT, RATE, PERIOD = 200, 10.0, 200.0  # trains; Hz; ms, of the frozen pattern
UNTAUGHT = 2  # periods without a teacher, before and after
DT = 0.1 * ms


def potential(t, w, tau_L=10.0, tau_s=3.0, gL=30.0):
    """Of the dendrite above rest, mV, t ms after one spike at a synapse of w pA; gL in nS:

    w/gL tau_s/(tau_L - tau_s) (exp(-t/tau_L) - exp(-t/tau_s))
    """
    return w / gL * tau_s / (tau_L - tau_s) * (np.exp(-t / tau_L) - np.exp(-t / tau_s))


def attenuation() -> float:
    """How much of the dendrite's potential above rest is left at a soma without a teacher."""
    p = PARAMETERS
    return float(p["gD"] / (p["gL"] + p["gD"]))


def build(repetitions: int, inputs: int = INPUT) -> Model:
    """One neuron that is shown a frozen pattern again and again."""
    defaultclock.dt = DT
    steps, periods = round(PERIOD / float(DT / ms)), repetitions + 2 * UNTAUGHT
    here = PARAMETERS | {
        "steps": steps,
        "before": UNTAUGHT * PERIOD * ms,
        "teaching": repetitions * PERIOD * ms,
        "pattern": TimedArray(np.zeros((steps, inputs)), DT, name="pattern"),
        "dice": TimedArray(np.ones(steps * periods), DT, name="dice"),
    }
    X = NeuronGroup(
        inputs, INPUTS, threshold="pattern((timestep(t, dt) % steps + 0.5)*dt, i) > 0",
        reset="I += 1", method="euler", namespace=here, name="inputs",
    )  # fmt: skip
    soma = NeuronGroup(
        1, SOMA, threshold="dice(t + 0.5*dt) < phi_U*dt", refractory="t_ref", method="euler",
        namespace=here, name="soma",
    )  # fmt: skip
    soma.U = PARAMETERS["EL"]
    S = Synapses(
        X, soma, LEARNING, on_post="p += h_post*PSP_pre/tau_P", method="euler", namespace=here,
        name="plastic",
    )  # fmt: skip
    S.connect()
    S.run_regularly("w = clip(w, 0*amp, w_max)", DT, when="end", name="bounds")
    trace = StateMonitor(soma, ["U", "V_star", "U_M"], record=True, dt=1 * ms, name="trace")
    spikes, heard = SpikeMonitor(soma, name="spikes"), SpikeMonitor(X, record=False, name="heard")
    network = Network(X, soma, S, trace, spikes, heard, name="urbanczik_senn")
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    given = {"pattern": here["pattern"], "dice": here["dice"], "w": S.w, "eta": S.eta}
    given |= {name: getattr(soma, name) for name in ("teacher", "offset", "amplitude", "frequency")}
    read = {"w": (S, "w"), "p": (S, "p"), "spikes": (spikes, "t"), "heard": (heard, "count")}
    read |= {name: (trace, name) for name in ("U", "V_star", "U_M")}
    return Model(network, periods * PERIOD * ms, given, read)


def values(
    repetitions: int,
    seed: int,
    eta: float = ETA,
    teacher: float = 1.0,
    frequency: float = FREQUENCY,
    inputs: int = INPUT,
) -> dict:
    """What a run is given, in SI: the frozen trains, the dice of the somatic spikes, and so on."""
    random, dt = np.random.default_rng(seed), float(DT / ms)
    steps = round(PERIOD / dt)
    return {
        "pattern": (random.random((steps, inputs)) < RATE * dt / 1000).astype(float),
        "dice": random.random(steps * (repetitions + 2 * UNTAUGHT)),
        "w": np.full(inputs, START * 1e-12),
        "eta": eta * 1e-24,
        "teacher": teacher,
        "offset": OFFSET * 1e-9,
        "amplitude": AMPLITUDE * 1e-9,
        "frequency": frequency,
    }


@kept
def simulation(repetitions: int) -> Simulation:
    """The compiled neuron, the one before if it serves."""
    return Simulation(partial(build, repetitions), "urbanczik-senn")


def learn(repetitions: int = 100, seed: int = 0, **given) -> dict[str, np.ndarray]:
    """One neuron learns a potential that oscillates. given: see `values`.

    Returns  t [ms] and U, V_star, U_M in mV every millisecond; spikes, their times in ms; w, the
             weights at the end in pA; heard, presynaptic spikes
    """
    got = simulation(repetitions).run(values(repetitions, seed, **given))
    seen = {name: 1e3 * got[name].ravel() for name in ("U", "V_star", "U_M")}
    seen |= {"t": np.arange(len(seen["U"])), "spikes": 1e3 * got["spikes"]}
    return seen | {"w": 1e12 * got["w"], "heard": int(got["heard"].sum())}


def distances(seen: dict[str, np.ndarray]) -> pd.DataFrame:
    """How far the prediction is from the target: of every period its number and rms V* - U_M, mV.

    The first is left out: in it the dendrite wakes up.
    """
    off = (seen["V_star"] - seen["U_M"]).reshape(-1, round(PERIOD))
    rms = np.sqrt((off**2).mean(1))
    return pd.DataFrame({"period": np.arange(len(rms)), "rms": rms}).iloc[1:]
