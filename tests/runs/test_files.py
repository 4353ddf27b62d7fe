"""Files that may be damaged: every reader either reads them or says which file it is."""

import pytest
from damage import refusals

from credit.rules.backprop import Backprop
from credit.runs import store
from credit.runs.files import readable
from credit.runs.store import Job, RunStore
from credit.training.setting import Setting

JOB = Job("90-stub", Setting(Backprop(), (784, 5, 10)), 3)
ROWS = [
    {"epoch": 1.0 * e, "layer": 0, "metric": "test error", "value": 9.5 / e, "unit": "%"}
    for e in (1, 2, 3)
]


@pytest.mark.parametrize("error", [TypeError("no"), KeyError("no"), RecursionError("no")])
def test_whatever_goes_wrong_names_the_file_and_the_remedy(tmp_path, error):
    said = rf"x.json is damaged \({type(error).__name__}: no\): mend it"
    with pytest.raises(ValueError, match=said), readable(tmp_path / "x.json", "mend it"):
        raise error


def test_what_the_system_says_stays(tmp_path):
    with pytest.raises(FileNotFoundError), readable(tmp_path / "x", "mend it"):
        (tmp_path / "x").read_text()


def test_a_damaged_run_is_refused_with_its_name_or_read_as_rows(tmp_path, monkeypatch):
    runs = RunStore(tmp_path)
    monkeypatch.setattr(store, "provenance", lambda: {"commit": "c"})
    runs.save(JOB, ROWS)
    file = runs.path(JOB)
    said = refusals(file, 300, lambda: runs.frame([JOB])["value"].astype(float))
    assert 200 < len(said) < 300  # a changed letter in a name is no damage that can be seen
    for text in said:
        assert text.startswith(f"{file} is damaged (") and "\n" not in text
        assert text.endswith("): do its run again")


def test_the_run_of_another_seed_under_this_name_is_refused(tmp_path):
    runs, other = RunStore(tmp_path), Job("90-stub", JOB.setting, 4)
    runs.save(other, ROWS, {})
    assert runs.load(other)["seed"] == 4
    runs.path(other).rename(runs.path(JOB))
    with pytest.raises(ValueError, match=r"it holds the run of seed 4, Setting"):
        runs.load(JOB)


def test_a_folder_in_which_nothing_can_be_removed_does_not_hide_what_went_wrong(
    tmp_path, monkeypatch
):
    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(store.Path, "open", refused)
    monkeypatch.setattr(store.Path, "unlink", refused)
    with pytest.raises(OSError, match=r"cannot write .*x.csv: Read-only") as caught:
        store.write_whole(tmp_path / "x.csv", "text")
    assert "CREDIT_RUNS" not in str(caught.value)  # it would not help
