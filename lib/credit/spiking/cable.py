"""A pyramidal neuron with an active dendrite: the action potential that runs back into it.

    C_m dv/dt = I_m + (1/R_i) d/dx(...)                                                  (cable)
    I_m = g_L (E_L - v) + g_Na m^3 h (E_Na - v) + g_Kdr n (E_K - v) + g_KA a l (E_K - v)  (currents)

Every gate x relaxes to x_inf(v) with tau_x(v). The kinetics are those of CA1 pyramidal cells,
Hoffman et al. 1997 and Migliore et al. 1999 in the form of ModelDB 266900, some of their values as
remembered from the 1999 version; the geometry is a soma with an axon, an apical trunk that tapers
and four basal dendrites, and only g_Na was set by hand.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from brian2 import (
    Cylinder,
    Quantity,
    Section,
    Soma,
    SpatialNeuron,
    StateMonitor,
    Synapses,
    cm,
    ms,
    mV,
    nA,
    nS,
    ohm,
    siemens,
    uF,
    um,
)  # fmt: skip

from credit.spiking.interpreted import run

CELL = """
Im = gL*(EL - v) + gNa*m**3*h*(ENa - v) + gKdr*n*(EK - v) + gKA*a*l*(EK - v) : amp/meter**2
I = drive*int(t >= onset)*int(t < onset + width) : amp (point current)
Is = gs*(Es - v) : amp (point current)
dgs/dt = -gs/tau_s : siemens
Iup : amp (point current)      # through gap junctions, from the cell above and the cell below
Idown : amp (point current)
u = v/mV : 1
dm/dt = (m_inf - m)/tau_m : 1
m_up = 0.4*7.2/exprel(-(u + 30)/7.2) : 1
m_down = 0.124*7.2/exprel((u + 30)/7.2) : 1
m_inf = m_up/(m_up + m_down) : 1
tau_m = clip(1/(m_up + m_down)/qNa, 0.02, inf)*ms : second
dh/dt = (h_inf - h)/tau_h : 1
h_inf = 1/(1 + exp((u + 50)/4)) : 1
tau_h = clip(1/(0.03*1.5/exprel(-(u + 45)/1.5) + 0.01*1.5/exprel((u + 45)/1.5))/qNa, 0.5, inf)*ms : second
dn/dt = (n_inf - n)/tau_n : 1
n_inf = 1/(1 + exp(-3*k*(u - 13))) : 1
tau_n = clip(50*exp(-3*0.7*k*(u - 13))*n_inf, 2, inf)*ms : second
da/dt = (a_inf - a)/tau_a : 1
zeta = z0 - 1/(1 + exp((u + 40)/5)) : 1
a_inf = 1/(1 + exp(zeta*k*(u - vh))) : 1
tau_a = clip(exp(zeta*g_a*k*(u - vh))*a_inf/(a0*qA), a_min, inf)*ms : second
dl/dt = (l_inf - l)/tau_l : 1
l_inf = 1/(1 + exp(3*k*(u + 56))) : 1
tau_l = clip(0.26*(u + 50), 2, inf)*ms : second
gNa : siemens/meter**2
gKdr : siemens/meter**2
gKA : siemens/meter**2
z0 : 1
vh : 1
g_a : 1
a0 : 1
a_min : 1
drive : amp (constant)
"""  # noqa: E501

PARAMETERS = {
    "gL": 1 / (28e3 * ohm * cm**2),  # the sheet's own choice, as all that has no source
    "EL": -70 * mV,
    "ENa": 55 * mV,
    "EK": -90 * mV,
    "k": 37.76e-3,  # F / (R T) at 34 C, per mV
    "qNa": 2 ** ((35 - 24) / 10),
    "qA": 5 ** ((35 - 24) / 10),
    "Es": 0 * mV,  # of excitatory synapses
    "tau_s": 2 * ms,
    "onset": 20 * ms,  # until then the cell settles
    "width": 2 * ms,
}
PROXIMAL = {"z0": -1.5, "vh": 11.0, "g_a": 0.55, "a0": 0.05, "a_min": 0.1}  # of the A current
DISTAL = {"z0": -1.8, "vh": -1.0, "g_a": 0.39, "a0": 0.1, "a_min": 0.2}  # beyond 100 um
SOMATIC = 0.032  # S/cm2, g_Na of the soma
DT, COARSE = 0.025 * ms, 0.05 * ms


@dataclass(frozen=True)
class Cell:
    """What is varied of the cell.

    gNa           S/cm2, of trunk and basal dendrites; the soma has 0.032, the axon five times that
    gKA           S/cm2, at the soma
    gradient      the trunk has gKA * min(1 + x / 100 um, gradient) at distance x
    trunk, tip    um, its length and its diameter at the far end; 3 um at the soma
    compartments  of the trunk
    basals        whether there are four basal dendrites
    passive       whether trunk and basal dendrites have no channels but the leak
    """

    gNa: float = 0.032
    gKA: float = 0.03
    gradient: float = 6.0
    trunk: float = 800.0
    tip: float = 1.0
    compartments: int = 80
    basals: bool = True
    passive: bool = False


def neuron(cell: Cell, name: str, dt: Quantity = DT) -> SpatialNeuron:
    """The cell with its gates at rest; compartment 0 is the soma, then come axon and trunk."""
    shape = Soma(diameter=20 * um)
    shape.axon = Cylinder(n=5, length=50 * um, diameter=1 * um)
    count = cell.compartments
    lengths, diameters = np.full(count, cell.trunk / count), np.linspace(3, cell.tip, count + 1)
    shape.trunk = Section(n=count, length=lengths * um, diameter=diameters * um)
    for number in range(4 * cell.basals):
        setattr(shape, f"basal{number}", Cylinder(n=5, length=150 * um, diameter=1.5 * um))
    made = SpatialNeuron(
        shape, CELL, Cm=1 * uF / cm**2, Ri=150 * ohm * cm, method="exponential_euler",
        threshold="v > -20*mV", refractory="v > -40*mV", threshold_location=5,
        namespace=dict(PARAMETERS), dt=dt, name=name,
    )  # fmt: skip
    density = siemens / cm**2
    made.v = PARAMETERS["EL"]
    made.gNa, made.gKdr, made.gKA = cell.gNa * density, 0.01 * density, cell.gKA * density
    made.gNa[0], made.axon.main.gNa = SOMATIC * density, 5 * SOMATIC * density
    for constant, value in PROXIMAL.items():
        setattr(made, constant, value)
    along = made.trunk.distance / um
    made.trunk.gKA = cell.gKA * np.minimum(1 + along / 100, cell.gradient) * density
    for constant, value in DISTAL.items():
        setattr(made.trunk, constant, np.where(along > 100, value, PROXIMAL[constant]))
    dendrites = ["trunk", *(f"basal{number}" for number in range(4 * cell.basals))]
    for dendrite in dendrites * cell.passive:
        for channel in ("gNa", "gKdr", "gKA"):
            setattr(getattr(made, dendrite), channel, 0 * density)
    for gate in "mhnal":
        setattr(made, gate, f"{gate}_inf")
    return made


def backpropagate(
    cell: Cell = Cell(), after: float = 6.0, current: float = 2.0, dt: Quantity = DT
) -> pd.DataFrame:
    """One pulse into the soma, and what arrives along the trunk.

    after    ms that are watched from the beginning of the pulse
    current  nA, for 2 ms
    Returns  one row per place: section (axon, soma, trunk), distance um from the soma,
             amplitude mV above the value before the pulse, peak ms after the beginning of the pulse
    """
    one = neuron(cell, "cell", dt)
    one.drive[0] = current * nA
    watched = np.r_[0 : 6 + cell.compartments]
    voltage = StateMonitor(one, "v", record=watched, dt=dt, name="voltage")
    settled = PARAMETERS["onset"]
    run(one, voltage, duration=settled + after * ms)
    before = voltage.t < settled - dt / 2
    v, rest = voltage.v[:, ~before] / mV, voltage.v[:, before][:, -1:] / mV
    section = ["soma"] + ["axon"] * 5 + ["trunk"] * cell.compartments
    return pd.DataFrame(
        {
            "section": section,
            "distance": np.asarray(one.distance / um)[watched],
            "amplitude": (v - rest).max(1),
            "peak": v.argmax(1) * float(dt / ms),
        }
    )


def at(profile: pd.DataFrame, distances, column: str = "amplitude") -> np.ndarray:
    """A column of `backpropagate` at these distances along the trunk, um, interpolated."""
    trunk = profile[profile["section"] == "trunk"]
    return np.interp(distances, trunk["distance"], trunk[column])


def velocity(profile: pd.DataFrame, near: float = 50.0, far: float = 400.0) -> float:
    """Speed of the peak along the trunk between two distances in um, m/s."""
    start, end = at(profile, [near, far], "peak")
    return (far - near) / (end - start) * 1e-3


def chain(stimulated: int, gap: float = 0.0, synapse: float = 30.0) -> dict[str, np.ndarray]:
    """Three cells A -> B -> C, the axon of each on the trunk of the next; a pulse into one soma.

    stimulated  0, 1, 2, or -1: none
    gap         nS, of gap junctions at the same two contacts
    synapse     nS, peak conductance of the chemical synapses
    Returns     {"A", "B", "C": voltage of the soma, mV, [steps], "site": of C where B's axon ends}
    """
    cells = [neuron(CHAINED, f"cell_{letter}", COARSE) for letter in "ABC"]
    for cell in cells:
        cell.namespace["onset"] = 5 * ms  # differences to an unstimulated chain need no rest
    if stimulated >= 0:
        cells[stimulated].drive[0] = 2 * nA
    parts = []
    for pre, post in pairwise(cells):
        contact = Synapses(
            pre, post, "weight : siemens", on_pre="gs_post += weight", delay=1 * ms,
            dt=COARSE, name=f"{pre.name}_to_{post.name}",
        )  # fmt: skip
        contact.connect(i=AXON_END, j=SITE)
        contact.weight = synapse * nS
        parts.append(contact)
        if gap:
            parts += _gap_junction(pre, post, gap)
    soma = [StateMonitor(c, "v", record=[0, SITE], dt=COARSE, name=f"of_{c.name}") for c in cells]
    run(*cells, *parts, *soma, duration=17 * ms)
    seen = {letter: monitor.v[0] / mV for letter, monitor in zip("ABC", soma, strict=True)}
    return seen | {"site": soma[2].v[1] / mV}


def _gap_junction(pre: SpatialNeuron, post: SpatialNeuron, gap: float) -> list[Synapses]:
    """Both directions; two Synapses may not write the same summed variable."""
    down = Synapses(
        pre, post, "g : siemens\nIdown_post = g*(v_pre - v_post) : amp (summed)",
        dt=COARSE, name=f"gap_{pre.name}_{post.name}",
    )  # fmt: skip
    up = Synapses(
        post, pre, "g : siemens\nIup_post = g*(v_pre - v_post) : amp (summed)",
        dt=COARSE, name=f"gap_{post.name}_{pre.name}",
    )  # fmt: skip
    down.connect(i=AXON_END, j=SITE)
    up.connect(i=SITE, j=AXON_END)
    down.g = up.g = gap * nS
    return [down, up]


CHAINED = Cell(trunk=600.0, compartments=16, basals=False)
AXON_END = 5
SITE = 6 + 8  # the compartment of the trunk at 300 um
