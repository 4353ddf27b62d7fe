"""The table of speeds: the same learning in one run and in many, and what is missing is said."""

import numpy as np
import pytest

from credit.spiking import speed
from credit.tasks import data

SMALL = {"sizes": (784, 6, 10), "steps": 25, "silent": 5}
WAYS = {
    speed.ONE_RUN: ("numpy", speed.EVENTS, 1, 2, 2),
    "a run an image": ("numpy", speed.EVENTS, 1, 1, 2),
    "absent": ("snntorch", speed.ONCE, 1, 1, 2),
    "absent, in batches": ("snntorch", speed.ONCE, 2, 2, 2),
}


def learned(chunk: int, onward: bool = True, images: int = 4) -> dict[str, np.ndarray]:
    """What is there after images were learned, `chunk` of them in one run."""
    train = data.load("mnist").train
    learner = speed.Learner(speed.setting(**SMALL, chunk=chunk, on="numpy", white=400.0))
    start = dict(learner.W)
    for x, label in zip(
        train.x[:images].split(chunk), train.label[:images].split(chunk), strict=True
    ):
        learner.learn(x, label)
        if not onward:
            learner.W |= {name: start[name] for name in start if name[0] not in "wf"}
    assert all((learner.W[w] != start[w]).any() for w in ("w1", "w2"))
    return learner.W


def test_one_run_and_a_run_an_image_learn_the_same():
    together, apart = learned(chunk=4), learned(chunk=1)
    for name in ("w1", "w2", "x"):
        np.testing.assert_allclose(together[name], apart[name], rtol=0, atol=1e-12)


def test_where_a_run_does_not_go_on_they_do_not():
    """Guards the test above: phases of the input and refractory times do outlast an image."""
    difference = learned(chunk=4)["w1"] - learned(chunk=1, onward=False)["w1"]
    assert np.abs(difference).max() > 1e-9


@pytest.fixture
def peers(tmp_path, monkeypatch):
    """Programs beside the library that say what a peer says, or fail as one does."""
    (tmp_path / "with_snntorch.py").write_text("import a_library_that_is_not_there")
    monkeypatch.setattr(speed, "PEERS", tmp_path)


@pytest.mark.slow  # starts a process for every way, as the measurement does
@pytest.mark.usefixtures("peers")
def test_the_table_has_its_columns_and_a_missing_library_is_one_line(capsys):
    rows, facts = speed.measure({}, WAYS, rounds=2, **SMALL)
    assert [list(row) for row in rows] == 2 * [speed.COLUMNS]
    assert rows[0]["ratio"] == 1 and all(0 < row["low"] <= row["high"] for row in rows)
    assert set(facts) == {"brian2", "spikes an image"}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("snntorch is left out (ModuleNotFoundError: No module named 'a_library")
    assert line.endswith("--with snntorch=PYTHON names an interpreter that has it")


@pytest.mark.parametrize("name", ["with_ngclearn.py", "with_snntorch.py", "rounds.py"])
def test_programs_of_other_environments_import_nothing_of_the_library(name):
    assert "import credit" not in (text := (speed.PEERS / name).read_text())
    assert "from credit" not in text
