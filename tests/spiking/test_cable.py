"""The action potential that runs back into the dendrite, and where it ends."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import cm, ms, mV, ohm, pA, siemens, um

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
