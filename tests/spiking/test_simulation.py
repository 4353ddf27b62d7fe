"""One program, many runs: choosing the code generator, values, seeds and folders."""

import subprocess
import sys

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeMonitor, TimedArray, defaultclock, ms

from credit import paths
from credit.spiking import simulation
from credit.spiking.simulation import Model, Simulation


def dice() -> Model:
    """Thirty neurons that fire by chance, with a probability that every run may set."""
    defaultclock.dt = 1 * ms
    chance = TimedArray(np.array([0.5]), dt=50 * ms, name="chance")
    group = NeuronGroup(
        30, "bonus : 1\nseed : integer (shared, constant)", name="dice",
        threshold="rand() < chance(t) + bonus", namespace={"chance": chance},
    )  # fmt: skip
    counts = SpikeMonitor(group, record=False, name="counts")
    network = Network(group, counts, name="throws")
    given = {"chance": chance, "bonus": group.bonus}
    return Model(network, 50 * ms, given, {"spikes": (counts, "count")}, group)


@pytest.fixture(scope="module")
def throws():
    return Simulation(dice, "dice", "numpy")


def test_a_seed_fixes_a_run_and_another_changes_it(throws):
    first, again, other = (throws.run({}, seed)["spikes"] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_values_are_those_of_the_run_and_do_not_stay(throws):
    """Every neuron at its own probability; the next run has the model's own again."""
    before = throws.run({}, 3)["spikes"]
    silent_or_certain = np.where(np.arange(30) < 10, 1.0, -1.0)
    np.testing.assert_array_equal(
        throws.run({"bonus": silent_or_certain}, 3)["spikes"], 50 * (silent_or_certain > 0)
    )
    np.testing.assert_array_equal(throws.run({}, 3)["spikes"], before)


def test_a_stimulus_can_be_given(throws):
    before = throws.run({}, 3)["spikes"]
    assert throws.run({"chance": np.array([0.0])})["spikes"].sum() == 0
    assert throws.run({"chance": np.array([1.0])})["spikes"].sum() == 30 * 50
    np.testing.assert_array_equal(throws.run({}, 3)["spikes"], before)  # it has not stayed


def test_what_the_model_does_not_have_is_refused(throws):
    with pytest.raises(ValueError, match=r"no weight in this model.*expected chance, bonus"):
        throws.run({"weight": 1.0})
    with pytest.raises(ValueError, match="unknown code generator 'fortran', expected one of numpy"):
        Simulation(dice, "dice", "fortran")


def test_without_a_compiler_numpy_runs_and_says_so_in_one_line(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.warns(UserWarning, match="no-such-compiler.*Brian2 runs on numpy") as told:
        assert simulation.target() == "numpy"
    assert "\n" not in str(told[0].message)


def test_with_a_compiler_it_is_cpp_standalone(monkeypatch):
    """Guards the test above."""
    monkeypatch.setattr(simulation.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert simulation.target() == "cpp_standalone"


def test_two_processes_never_share_a_folder(monkeypatch, tmp_path):
    pytest.importorskip("fcntl")
    monkeypatch.setattr(simulation, "FOLDERS", tmp_path)
    mine = simulation.own_folder("model")
    assert simulation.own_folder("model") == mine  # within one it is the same
    code = (
        "import sys; from pathlib import Path; from credit.spiking import simulation; "
        "simulation.FOLDERS = Path(sys.argv[1]); print(simulation.own_folder('model'))"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path / "model-1") != str(mine)
    again = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=True)
    assert again.stdout == done.stdout  # free again, as the process that held it has ended
