"""The action potential that runs back into the dendrite, and where it ends."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from brian2 import (
    SpatialNeuron,
    SpikeMonitor,
    StateMonitor,
    cm,
    ms,
    mV,
    nA,
    network_operation,
    nS,
    ohm,
    pA,
    siemens,
    uF,
    um,
)
from scipy import constants
from scipy.special import expit

from credit.spiking import cable, interpreted
from credit.spiking.cable import Cell, at, backpropagate, velocity

SMALL = Cell(compartments=40)


@pytest.fixture(scope="module")
def profiles():
    cells = {
        "base": SMALL,
        "no dendritic Na": replace(SMALL, gNa=0.0),
        "no KA": replace(SMALL, gKA=0.0),
        "passive": replace(SMALL, passive=True),
    }
    return {name: backpropagate(cell) for name, cell in cells.items()}


def share(profile, distance):
    """Of the somatic amplitude, in %."""
    soma = profile.loc[profile["section"] == "soma", "amplitude"].item()
    return 100 * at(profile, distance) / soma


def test_the_spike_starts_in_the_axon_and_runs_out_along_the_trunk(profiles):
    first = profiles["base"].groupby("section")["peak"].min()
    assert first["axon"] < first["soma"] <= first["trunk"]
    latency = at(profiles["base"], [100, 200, 400, 600], "peak")
    assert (np.diff(latency) > 0).all()
    assert 0.3 < velocity(profiles["base"]) < 0.7  # m/s; Stuart et al. 1997: about 0.5


def test_its_amplitude_falls_with_distance(profiles):
    assert (np.diff(share(profiles["base"], [50, 100, 200, 300, 400, 500, 600])) < 0).all()


def test_sodium_channels_of_the_dendrite_carry_it(profiles):
    assert share(profiles["base"], 200) > 2 * share(profiles["no dendritic Na"], 200)


def test_a_passive_dendrite_carries_it_less_far_than_an_active_one(profiles):
    """Without sodium channels, but with potassium channels left open, it is shunted."""
    active, passive, shunted = (
        share(profiles[name], 300) for name in ("base", "passive", "no dendritic Na")
    )
    assert active > 1.3 * passive > 1.3 * shunted


def test_a_passive_dendrite_has_no_channels_and_hangs_at_a_soma_that_spikes(profiles):
    cell = cable.neuron(replace(SMALL, passive=True), "passive_dendrite")
    for channel in ("gNa", "gKdr", "gKA"):
        density = getattr(cell, channel) / (siemens / cm**2)
        assert (density[:6] > 0).all() and (density[6:] == 0).all()
    soma = {name: p.loc[p["section"] == "soma", "amplitude"].item() for name, p in profiles.items()}
    assert soma["passive"] > 80  # mV


def test_the_a_current_damps_it(profiles):
    assert share(profiles["base"], 400) < 60 < 90 < share(profiles["no KA"], 400)


def passive(tip: float = 3.0):
    """Distance in um and final depolarisation in mV along a trunk without voltage-gated channels,
    300 ms after a current into the soma began."""
    cell = cable.neuron(Cell(basals=False, tip=tip), "passive", dt=0.5 * ms)
    cell.gNa = cell.gKdr = cell.gKA = 0 * siemens / cm**2
    cell.namespace["width"], cell.drive[0] = 300 * ms, 100 * pA
    interpreted.run(cell, duration=320 * ms)
    trunk = cell.trunk.main
    return np.asarray(trunk.distance / um), np.asarray((trunk.v - cable.PARAMETERS["EL"]) / mV)


def attenuation(x, length=800.0):
    """cosh((L - x) / lambda) / cosh(L / lambda), lambda = sqrt(d R_m / (4 R_i)), x in um."""
    wide = float(np.sqrt(3 * um * 28e3 * ohm * cm**2 / (4 * 150 * ohm * cm)) / um)
    return np.cosh((length - x) / wide) / np.cosh(length / wide)


def test_a_passive_trunk_attenuates_like_a_sealed_cable():
    x, v = passive()
    np.testing.assert_allclose(v / v[0], attenuation(x) / attenuation(x[0]), rtol=1e-3)


def test_a_trunk_that_tapers_does_not():
    """Guards the test above."""
    x, v = passive(tip=1.0)
    assert np.abs(v / v[0] - attenuation(x) / attenuation(x[0])).max() > 0.02


def test_a_stronger_pulse_makes_no_larger_spike(profiles):
    strong = backpropagate(SMALL, current=4.0)
    np.testing.assert_allclose(share(strong, 300), share(profiles["base"], 300), rtol=0.05)


@pytest.mark.parametrize(
    ("change", "grows"),
    [({}, False), ({"gradient": 1.0}, True), ({"gKA": 0.0}, True), ({"gNa": 0.045}, True)],
    ids=str,
)
def test_what_lets_the_spike_grow_again_towards_the_tip(change, grows):
    """The answers to an exercise of notebook 18, in the cell of its parameters."""
    cell = replace(Cell(gNa=0.024, compartments=40), **change)
    halfway, end = at(backpropagate(cell, dt=cable.COARSE), [400, 750])
    assert (end > halfway) == grows


@pytest.fixture(scope="module")
def quiet():
    return cable.chain(-1)


def departs(quiet, seen):
    """max |v - v_unstimulated| per cell, mV."""
    return {cell: np.abs(v - quiet[cell]).max() for cell, v in seen.items()}


def test_a_spike_crosses_synapses_forwards(quiet):
    assert min(departs(quiet, cable.chain(0)).values()) > 50


def test_it_stops_at_the_synapse_on_its_way_back(quiet):
    """By construction: a chemical synapse is directed. What follows for learning is measured in
    test_taught_chain.py."""
    seen = departs(quiet, cable.chain(2))
    assert seen["C"] > 100 and seen["site"] > 50
    assert seen["B"] == seen["A"] == 0


def test_through_gap_junctions_a_little_of_it_passes(quiet):
    """Guards the test above: the voltages of B and A can move."""
    seen = departs(quiet, cable.chain(2, gap=5.0))
    assert 1 < seen["B"] < 0.2 * seen["C"] and 0 < seen["A"] < 0.2 * seen["B"]


# What the cell is made of, written a second time in the units of the method sheet and the form of
# the mod files: mV, ms, S/cm2, linear-exponential rates and Boltzmann curves.

F_RT = 37.76e-3  # per mV, as the sheet has it
VOLTS = np.linspace(-103, 57, 24)
REGIONS = {  # of the A current: zeta_0, v_half, gamma, a_0, shortest time constant
    "proximal": (-1.5, 11, 0.55, 0.05, 0.1),
    "distal": (-1.8, -1, 0.39, 0.1, 0.2),
}


def test_the_temperatures_are_those_of_the_sheet():
    """34 degrees Celsius in F/RT; in the Q10, 2 for sodium and 5 for the A current, 35."""
    faraday, gas = constants.e * constants.N_A, constants.R
    assert cable.PARAMETERS["k"] == pytest.approx(faraday / (gas * 307.15) / 1000, rel=1e-3)
    assert cable.PARAMETERS["qNa"] == pytest.approx(np.exp(1.1 * np.log(2)))
    assert cable.PARAMETERS["qA"] == pytest.approx(np.exp(1.1 * np.log(5)))


def rate(top, v, half, width):
    """top (v - half) / (1 - exp(-(v - half) / width)), per ms."""
    return top * (v - half) / (1 - np.exp(-(v - half) / width))


def kinetics(gate, v, region):
    """Steady state, and time constant in ms."""
    if gate == "m":
        up, down = rate(0.4, v, -30, 7.2), rate(0.124, -v, 30, 7.2)
        return up / (up + down), np.maximum(1 / (up + down) / 2**1.1, 0.02)
    if gate == "h":
        up, down = rate(0.03, v, -45, 1.5), rate(0.01, -v, 45, 1.5)
        return expit(-(v + 50) / 4), np.maximum(1 / (up + down) / 2**1.1, 0.5)
    if gate == "n":
        open_ = expit(3 * F_RT * (v - 13))
        return open_, np.maximum(50 * np.exp(-2.1 * F_RT * (v - 13)) * open_, 2)
    if gate == "l":
        return expit(-3 * F_RT * (v + 56)), np.maximum(0.26 * (v + 50), 2)
    zeta_0, half, gamma, fastest, least = REGIONS[region]
    charge = F_RT * (v - half) * (zeta_0 - expit(-(v + 40) / 5))
    slow = np.exp(gamma * charge) * expit(-charge) / (fastest * 5**1.1)
    return expit(-charge), np.maximum(slow, least)


@pytest.fixture(scope="module")
def clamped():
    """Gates, 0.1 ms after they were all shut or all open at a voltage that is held: {gate:
    [region, shut or open, voltage]}. A capacitance without bounds holds it."""
    cell = cable.neuron(
        Cell(trunk=200, compartments=4 * len(VOLTS), basals=False), "clamped", dt=cable.COARSE
    )
    cell.Cm = 1e13 * uF / cm**2
    trunk = cell.trunk.main  # its first half ends at 100 um
    trunk.v = np.tile(VOLTS, 4) * mV
    for gate in "mhnal":
        setattr(trunk, gate, np.tile(np.repeat([0, 1], len(VOLTS)), 2))
    interpreted.run(cell, duration=0.1 * ms)
    return {gate: np.reshape(getattr(trunk, gate), (2, 2, -1)) for gate in "mhnal"}


@pytest.mark.parametrize("region", list(REGIONS))
@pytest.mark.parametrize("gate", list("mhnal"))
def test_a_gate_relaxes_to_its_steady_state_with_its_time_constant(clamped, gate, region):
    shut, opened = clamped[gate][list(REGIONS).index(region)]
    left = opened - shut  # exp(-t / tau) of what separated the two
    steady, tau = kinetics(gate, VOLTS, region)
    np.testing.assert_allclose(shut / (1 - left), steady, rtol=1e-6)
    np.testing.assert_allclose(-0.1 / np.log(left), tau, rtol=1e-6)


def test_the_grid_of_voltages_finds_each_time_constant_at_its_least_and_above():
    """Guards the test above, where a floor that nothing touches would be no floor."""
    for gate, least in (("m", 0.02), ("h", 0.5), ("n", 2), ("l", 2)):
        tau = kinetics(gate, VOLTS, "proximal")[1]
        assert tau.min() == least < tau.max()
    for region, (*_, least) in REGIONS.items():
        tau = kinetics("a", VOLTS, region)[1]
        assert tau.min() == least < tau.max()


@pytest.mark.parametrize(
    ("cell", "gNa", "gKA", "most"),
    [
        (Cell(), 0.032, 0.03, 6),
        (Cell(compartments=4, gNa=0.02, gKA=0.05, gradient=3.5), 0.02, 0.05, 3.5),
    ],
    ids=["as tuned", "another"],
)
def test_channels_have_their_densities_and_the_a_current_grows_with_distance(cell, gNa, gKA, most):
    """S/cm2; from 100 um on the A current is of the distal kind. Of four compartments the first
    has its middle there, exactly, and is proximal still."""
    made, n = cable.neuron(cell, "densities"), cell.compartments
    x = (np.arange(n) + 0.5) * 800 / n
    np.testing.assert_allclose(made.trunk.main.distance / um, x)
    growth = np.ones(6 + n + 20)
    growth[6 : 6 + n] = np.where(x < 100 * (most - 1), 1 + x / 100, most)
    sodium = np.r_[0.032, [0.16] * 5, [gNa] * (n + 20)]
    for channel, density in (("gNa", sodium), ("gKdr", 0.01), ("gKA", gKA * growth)):
        here = getattr(made, channel) / (siemens / cm**2)
        np.testing.assert_allclose(here, np.broadcast_to(density, len(growth)), err_msg=channel)
    distal = np.r_[[False] * 6, x > 100, [False] * 20]
    for number, name in enumerate(("z0", "vh", "g_a", "a0", "a_min")):
        near, far = (REGIONS[region][number] for region in REGIONS)
        np.testing.assert_array_equal(getattr(made, name), np.where(distal, far, near), name)


def test_it_has_the_shape_of_the_sheet():
    """um: a soma, an axon, a trunk that tapers from 3 to 1, four basal dendrites at the soma."""
    made = cable.neuron(Cell(), "shape")
    trunk = 3 - 2 * (np.arange(80) + 0.5) / 80
    np.testing.assert_allclose(made.diameter / um, np.r_[20, [1] * 5, trunk, [1.5] * 20])
    np.testing.assert_allclose(made.length[1:] / um, np.r_[[10] * 5, [10] * 80, [30] * 20])
    ends = np.asarray(made.distance[[1, 6, 86, 91, 96, 101]] / um)
    np.testing.assert_allclose(ends, [5, 5, 15, 15, 15, 15])  # each begins at the soma
    np.testing.assert_allclose(made.Cm / (uF / cm**2), 1)
    assert cable.neuron(Cell(basals=False), "less").N == 86
    assert cable.DT / ms == pytest.approx(0.025)


def test_the_currents_are_those_of_the_equation_and_gates_begin_at_rest():
    made, chance = cable.neuron(Cell(compartments=4), "currents"), np.random.default_rng(0)
    for gate in "mhnal":
        steady = np.broadcast_to(kinetics(gate, -70.0, "proximal")[0], made.N)
        near = made.distance / um <= 100
        np.testing.assert_allclose(getattr(made, gate)[near], steady[near], err_msg=gate)
    v = chance.uniform(-100, 60, made.N)
    m, h, n, a, l = gates = chance.uniform(0, 1, (5, made.N))
    made.v = v * mV
    for gate, value in zip("mhnal", gates, strict=True):
        setattr(made, gate, value)
    gNa, gKdr, gKA = (getattr(made, g) / (siemens / cm**2) for g in ("gNa", "gKdr", "gKA"))
    sodium, potassium = gNa * m * m * m * h * (55 - v), (gKdr * n + gKA * a * l) * (-90 - v)
    expected = (-70 - v) / 28e3 + sodium + potassium  # S/cm2 mV
    np.testing.assert_allclose(made.Im / (siemens / cm**2 * mV), expected, rtol=1e-9)


def leaky(name, v, dt=0.05):
    """A cell without channels, and with as much of the surface of a resistance as it has, S."""
    cell = cable.neuron(Cell(compartments=4), name, dt=dt * ms)
    cell.gNa = cell.gKdr = cell.gKA = 0 * siemens / cm**2
    cell.v = v * mV
    return cell, cell.area / (28e3 * ohm * cm**2)


def test_a_pulse_of_2_ms_charges_a_membrane_whose_time_constant_is_28_ms():
    """All of it at once, so that nothing runs along it."""
    cell, leak = leaky("charged", -60)
    cell.drive = 50 * mV * leak
    watch = StateMonitor(cell, "v", record=[0, 8, 12], dt=0.05 * ms, name="watch")
    interpreted.run(cell, watch, duration=40 * ms)
    t = np.asarray(watch.t / ms)
    charged = 1 - np.exp(-np.clip(t - 20, 0, 2) / 28)
    expected = -70 + 10 * np.exp(-t / 28) + 50 * charged * np.exp(-np.clip(t - 22, 0, None) / 28)
    np.testing.assert_allclose(watch.v / mV, np.tile(expected, (3, 1)), rtol=0, atol=0.01)


def test_a_synapse_pulls_towards_0_mv_and_decays_within_2_ms():
    """A conductance that equals the leak and lasts halves the way and the time."""
    cell, leak = leaky("decaying", -70)
    cell.gs = leak
    interpreted.run(cell, duration=3 * ms)
    np.testing.assert_allclose(cell.gs / leak, np.exp(-3 / 2))
    cell, leak = leaky("lasting", -70)
    cell.gs, cell.namespace["tau_s"] = leak, 1e9 * ms
    interpreted.run(cell, duration=14 * ms)
    np.testing.assert_allclose(cell.v / mV, -35 - 35 * np.exp(-1), rtol=0, atol=0.05)


def test_gap_junctions_charge_it_from_above_and_from_below():
    cell, leak = leaky("coupled", -70, dt=0.1)
    cell.Iup, cell.Idown = 10 * mV * leak, 30 * mV * leak
    interpreted.run(cell, duration=14 * ms)
    np.testing.assert_allclose(cell.v / mV, -30 - 40 * np.exp(-1 / 2), rtol=0, atol=0.05)


def test_one_spike_of_the_axon_is_one_spike():
    """From -20 mV on, and not again before -40 mV; at the end of the axon alone."""
    axon = [-70, -21, -19, -19, -39, -19, -41, -19]
    others = [-15, -15, -70, -70, -70, -70, -70, -70]
    short = 1e-4  # ms: nothing moves by itself
    cell, _ = leaky("crossing", -70, dt=short)

    @network_operation(dt=short * ms, when="start")
    def hold(t):
        step = round(t / (short * ms))
        cell.v = others[step] * mV
        cell.v[5] = axon[step] * mV

    fired = SpikeMonitor(cell, name="fired")
    interpreted.run(cell, hold, fired, duration=len(axon) * short * ms)
    np.testing.assert_allclose(fired.t / (short * ms), [2, 7])


def test_what_is_measured_is_the_peak_above_the_value_before_the_pulse(monkeypatch):
    held = {}

    def run(cell, voltage, duration):
        held.update(cell=cell, voltage=voltage)
        interpreted.run(cell, voltage, duration=duration)

    monkeypatch.setattr(cable, "run", run)
    seen = backpropagate(Cell(compartments=4), after=3.0, current=1.5, dt=cable.COARSE)
    v, drive = held["voltage"].v / mV, held["cell"].drive / nA
    np.testing.assert_allclose(drive, np.r_[1.5, np.zeros(29)])
    assert v.shape == (10, 460)
    assert seen["section"].tolist() == ["soma"] + 5 * ["axon"] + 4 * ["trunk"]
    x = [0, 5, 15, 25, 35, 45, 100, 300, 500, 700]
    np.testing.assert_allclose(seen["distance"], x)
    np.testing.assert_allclose(seen["amplitude"], [max(trace[400:]) - trace[399] for trace in v])
    peaks = [0.05 * list(trace[400:]).index(max(trace[400:])) for trace in v]
    np.testing.assert_allclose(seen["peak"], peaks)


def test_speed_is_distance_by_time_along_the_trunk():
    """0.35 mm in 0.7 ms, from 50 to 400 um; soma and axon do not enter."""
    profile = pd.DataFrame({
        "section": ["soma", "axon", "trunk", "trunk", "trunk", "trunk"],
        "distance": [0, 55, 50, 150, 400, 900.0],
        "amplitude": [100, -1000, 90, 80, 60, 10.0],
        "peak": [0.8, -1000, 1.0, 1.1, 1.7, 9.0],
    })  # fmt: skip
    assert velocity(profile) == pytest.approx(0.5)
    assert velocity(profile, 400, 900) == pytest.approx(0.5 / 7.3)
    np.testing.assert_allclose(at(profile, [50, 100, 650]), [90, 85, 35])


def test_contacts_of_a_chain_lie_where_they_should_and_conduct_what_they_should(monkeypatch):
    """30 nS, 1 ms after the spike, from the end of the axon to the trunk at 300 um; the gap
    junctions carry 5 nS times the difference of the step before, both ways. Seen in the first 3 ms
    of a chain whose cell A begins at 40 mV, all of it, and B's synapse with 10 nS."""
    held = {}

    def run(*objects, duration):
        cells = [one for one in objects if isinstance(one, SpatialNeuron)]
        cells[0].v, cells[1].gs[14] = 40 * mV, 10 * nS
        seen = [
            StateMonitor(
                cell, ["v", "gs", "Iup", "Idown"], record=[0, 5, 14], dt=cable.COARSE,
                name=f"also_of_{cell.name}",
            )
            for cell in cells
        ]  # fmt: skip
        held.update(cells=cells, duration=duration / ms, seen=seen)
        interpreted.run(*objects, *seen, duration=3 * ms)

    monkeypatch.setattr(cable, "run", run)
    returned = cable.chain(0, gap=5.0)
    cells, (A, B, C) = held["cells"], held["seen"]
    middle, half = cells[1].distance[14] / um, cells[1].length[14] / um / 2
    assert middle - half <= 300 + 1e-9 < middle + half
    assert cells[1].N == 22 and cells[1].trunk.main.distance[-1] / um < 600
    t = np.asarray(B.t / ms)
    arrived = t > 1.02  # with the step in which the delay ends
    expected = 10 * np.exp(-t / 2) + 30 * np.exp(-(t - 1.05) / 2) * arrived
    np.testing.assert_allclose(B.gs[2] / nS, expected, rtol=1e-6, atol=1e-9)
    assert A.gs.sum() == B.gs[:2].sum() == C.gs.sum() == 0  # B has not fired yet
    for above, below in ((A, B), (B, C)):
        apart = 5 * (above.v[1] - below.v[2])[:-1] / mV  # pA
        np.testing.assert_allclose(below.Idown[2, 1:] / pA, apart, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(above.Iup[1, 1:] / pA, -apart, rtol=1e-9, atol=1e-9)
    assert not np.any(A.Idown) and not np.any(C.Iup)
    assert np.abs(B.Idown[2] / pA).max() > 100
    for letter, monitor in zip("ABC", (A, B, C), strict=True):
        np.testing.assert_array_equal(returned[letter], monitor.v[0] / mV)
    np.testing.assert_array_equal(returned["site"], C.v[2] / mV)
    assert held["duration"] == pytest.approx(17)
    driven = np.zeros((3, 22))
    driven[0, 0] = 2  # nA
    np.testing.assert_allclose([cell.drive / nA for cell in cells], driven)
    assert {float(cell.namespace["onset"] / ms) for cell in cells} == {5.0}
