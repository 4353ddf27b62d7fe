"""Committed results: collected from whole seeds, with their origin, and checked when read."""

import json
import re
from dataclasses import fields, is_dataclass, replace

import pandas as pd
import pytest
from helpers import by_name

from credit import paths
from credit.evidence import results
from credit.experiments import EXPERIMENTS, jobs
from credit.rules.backprop import Backprop
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.runs.store import Job, RunStore
from credit.training.setting import Setting

EXPERIMENT = "90-stub"
BP = Setting(Backprop(), (784, 5, 10))
FA = replace(BP, rule=FeedbackAlignment())
WIDE = [replace(s, sizes=(784, 9, 10)) for s in (BP, FA)]
JOBS = [Job(EXPERIMENT, s, seed) for seed in (0, 1, 2) for s in (BP, FA, *WIDE)]


def rows(job):
    """Two epochs of a run; the values tell the runs apart."""
    value = 10 * job.seed + job.setting.sizes[1] + 0.123456 * (job.method == "backprop")
    return [
        {"epoch": epoch, "layer": layer, "metric": metric, "value": value / epoch, "unit": unit}
        for epoch in (1.0, 2.0)
        for layer, metric, unit in ((0, "test error", "%"), (1, "norm ratio", "1"))
    ]


MADE = {"commit": "0123456789ab", "python": "3.11", "torch": "2", "processor": "one"}
OTHER = MADE | {"processor": "another"}
CHANGED = MADE | {"commit": "0123456789ab with changes"}


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty store, and an experiment of three seeds of two rules in two networks."""
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setitem(EXPERIMENTS, EXPERIMENT, lambda experiment, profile: JOBS)
    return RunStore(tmp_path / "runs")


def save(store, jobs):
    for job in jobs:
        store.save(job, rows(job), MADE)
    return store


def whole(store):
    return results.collect(EXPERIMENT, store=save(store, JOBS))


# collecting


def test_collected_results_load_back(store):
    file = whole(store)
    assert file == paths.RESULTS / f"{EXPERIMENT}.csv"
    assert results.available() == [EXPERIMENT]
    frame, expected = results.load(EXPERIMENT), store.frame(JOBS)[results.KEPT]
    pd.testing.assert_frame_equal(frame.drop(columns="value"), expected.drop(columns="value"))
    assert frame["value"].tolist() == pytest.approx(expected["value"].tolist(), rel=5e-4)
    assert all(len(f"{value:g}".replace(".", "")) <= 5 for value in frame["value"])


def test_of_a_tuning_only_the_errors_are_kept(store, monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "99-tuning", lambda experiment, profile: JOBS[:2])
    for job in JOBS[:2]:
        more = [{**row, "metric": "validation error"} for row in rows(job)]
        store.save(job, rows(job) + more, MADE)
    results.collect("99-tuning", store=store)
    assert set(results.load("99-tuning")["metric"]) == {"validation error"}


def test_collected_results_say_how_they_were_made(store):
    head = [line for line in whole(store).read_text().splitlines() if line.startswith("# ")]
    facts = [line[2:].split(": ", 1) for line in head]
    origins = [json.loads(text) for name, text in facts if name == "provenance"]
    assert origins == [{"id": 1} | MADE]  # by the same commit on the same machine
    assert ["profile", "paper"] in facts
    assert ["command", "credit run 90-stub --profile paper"] in facts
    assert ["runs", "12 of 12"] in facts
    assert ["rows", "48"] in facts
    used = [text for name, text in facts if name == "setting"]
    assert used[:2] == [f"backprop {BP!r}", f"feedback_alignment {FA!r}"]
    assert len(used) == 4


def test_every_run_says_which_commit_made_it_on_which_machine_and_what_makes_it_again(store):
    save(store, JOBS)
    store.save(JOBS[3], rows(JOBS[3]), OTHER)
    results.collect(EXPERIMENT, store=store)
    origins = results.origins(EXPERIMENT)
    assert origins["run"].tolist() == [job.key for job in JOBS]
    assert origins["processor"].tolist() == ["another" if j is JOBS[3] else "one" for j in JOBS]
    row = origins.iloc[3]
    assert (row["method"], row["setting"], row["seed"]) == ("feedback_alignment", "1x9 tanh", 0)
    assert row["command"] == (
        f"git checkout 0123456789ab; credit run 90-stub --profile paper --only {JOBS[3].key}"
    )
    committed = results.load(EXPERIMENT)[results.RUN].drop_duplicates()
    assert len(committed.merge(origins)) == len(committed) == len(JOBS)


def test_a_file_of_old_has_no_origin_for_each_run(store):
    file = whole(store)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("# run: ")))
    assert results.origins(EXPERIMENT).empty
    assert len(results.load(EXPERIMENT)) == 4 * len(JOBS)


def test_a_run_of_code_that_was_committed_since_is_of_the_commit_at_hand(store, monkeypatch):
    """Its key says that the code is the same; what else was recorded stays."""
    save(store, JOBS)
    store.save(JOBS[3], rows(JOBS[3]), CHANGED | {"processor": "another"})
    monkeypatch.setattr(results, "provenance", lambda: MADE | {"commit": "fedcba987654"})
    results.collect(EXPERIMENT, store=store)
    origins = results.origins(EXPERIMENT)
    assert origins["commit"].tolist() == [
        "fedcba987654" if job is JOBS[3] else MADE["commit"] for job in JOBS
    ]
    assert origins["processor"].iloc[3] == "another"


@pytest.mark.parametrize("here", [CHANGED, MADE | {"commit": "unknown"}], ids=["changed", "no git"])
def test_a_run_of_changed_code_is_refused_unless_told(store, monkeypatch, here):
    monkeypatch.setattr(results, "provenance", lambda: here)
    save(store, JOBS)
    store.save(JOBS[3], rows(JOBS[3]), CHANGED)
    message = "90-stub: 1 of 12 runs were made by changed code, which nobody can check out"
    with pytest.raises(ValueError, match=message):
        results.collect(EXPERIMENT, store=store)
    assert not paths.RESULTS.exists()
    results.collect(EXPERIMENT, store=store, dirty=True)
    assert results.origins(EXPERIMENT)["commit"].str.endswith("with changes").sum() == 1


def test_the_origin_stands_above_the_columns(store):
    lines = whole(store).read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if not line.startswith("# "))
    assert start > 0 and lines[start] == ",".join(results.KEPT)
    assert not any(line.startswith("#") for line in lines[start:])


def test_collecting_twice_gives_the_same_file(store):
    first = whole(store).read_bytes()
    assert results.collect(EXPERIMENT, store=store).read_bytes() == first


def test_a_seed_with_a_missing_run_is_left_out_for_every_method_of_that_network(store):
    lost = Job(EXPERIMENT, FA, 1)
    save(store, [job for job in JOBS if job.key != lost.key])
    file = results.collect(EXPERIMENT, store=store)
    frame = results.load(EXPERIMENT)
    seeds = {key: sorted(set(part["seed"])) for key, part in frame.groupby(["setting", "method"])}
    narrow, wide = [0, 2], [0, 1, 2]
    assert seeds == {
        ("1x5 tanh", "backprop"): narrow,
        ("1x5 tanh", "feedback_alignment"): narrow,
        ("1x9 tanh", "backprop"): wide,
        ("1x9 tanh", "feedback_alignment"): wide,
    }
    assert "# runs: 10 of 12\n" in file.read_text()


def test_a_missing_run_with_a_label_of_its_own_takes_the_seed_from_its_network(store, monkeypatch):
    """The network counts, whatever a run of it is called."""
    labelled = [replace(job, label=f"{job.setting.label}, slow") for job in JOBS]
    monkeypatch.setitem(EXPERIMENTS, EXPERIMENT, lambda experiment, profile: labelled)
    lost = Job(EXPERIMENT, FA, 1)
    save(store, [job for job in labelled if job.key != lost.key])
    results.collect(EXPERIMENT, store=store)
    frame = results.load(EXPERIMENT)
    seeds = {name: sorted(set(part["seed"])) for name, part in frame.groupby("setting")}
    assert seeds == {"1x5 tanh, slow": [0, 2], "1x9 tanh, slow": [0, 1, 2]}


@pytest.mark.parametrize("kept", [[], JOBS[:1]], ids=["nothing", "half a seed"])
def test_without_a_whole_seed_there_is_nothing_to_collect(store, kept):
    with pytest.raises(LookupError, match=r"nothing to collect for 90-stub \(paper\): no seed"):
        results.collect(EXPERIMENT, store=save(store, kept))
    assert not paths.RESULTS.exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("90-none",), "unknown experiment '90-none'"),
        ((EXPERIMENT, "big"), "unknown profile 'big'"),
    ],
)
def test_an_unknown_experiment_or_profile_is_refused(store, given, message):
    with pytest.raises(ValueError, match=message):
        results.collect(*given, store=store)


# loading


def test_a_file_with_missing_columns_is_refused_with_their_names(store):
    file = whole(store)
    frame = pd.read_csv(file, comment="#").drop(columns=["seed", "metric"])
    frame.to_csv(file, index=False)
    with pytest.raises(ValueError, match="lacks the columns metric, seed: collect it again") as e:
        results.load(EXPERIMENT)
    assert str(file) in str(e.value)


def test_results_cut_at_the_end_of_a_row_are_refused_and_files_of_old_are_read(store):
    """Two epochs of a run more or less: only the number of rows can tell."""
    text = whole(store).read_text()
    lines = text.splitlines(keepends=True)
    for kept in (lines[:-1], [*lines, lines[-1]]):
        results.path(EXPERIMENT).write_text("".join(kept))
        with pytest.raises(ValueError, match=r"it holds 4[79] of its 48 rows\): collect it again"):
            results.load(EXPERIMENT)
    old = "".join(line for line in lines if not line.startswith("# rows: "))
    results.path(EXPERIMENT).write_text(old)
    assert len(results.load(EXPERIMENT)) == 48
    assert results.with_count(old) == results.with_count(text) == text


@pytest.mark.parametrize(
    "content",
    [b"", b"# only the head\n", b"a,b\n1,2\n1,2,3\n", b"\xff\xfe\x00"],
    ids=["empty", "head", "ragged", "bytes"],
)
def test_a_damaged_file_is_refused_with_its_name(store, content):
    file = whole(store)
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"90-stub.csv is damaged .*: collect it again"):
        results.load(EXPERIMENT)


def test_a_missing_file_says_how_to_make_it_and_how_to_get_it_back(store):
    message = (
        "90-stub.csv is not there: make it with credit run 90-stub --profile paper and credit "
        "collect 90-stub, or get it back with git checkout data/results"
    )
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        results.load(EXPERIMENT)


def test_the_final_rows_are_those_of_the_last_epoch_of_each_run(store):
    whole(store)
    frame = results.load(EXPERIMENT)
    shorter = frame[~((frame["method"] == "backprop") & (frame["epoch"] == 2))]
    last = results.final(shorter)
    assert len(last) == len(JOBS)
    assert set(last["metric"]) == {"test error"}
    epochs = last.groupby("method")["epoch"].unique().map(list).to_dict()
    assert epochs == {"backprop": [1.0], "feedback_alignment": [2.0]}
    assert results.final(frame, "norm ratio")["layer"].unique().tolist() == [1]


def test_every_layer_has_a_last_epoch_of_its_own():
    """An angle that does not exist has no row: the last one that there is counts."""
    row = {"method": "m", "setting": "s", "seed": 0, "metric": "gradient angle", "unit": "deg"}
    places = [(1, 1.0, 80.0), (1, 2.0, 70.0), (2, 1.0, 60.0)]
    frame = pd.DataFrame(places, columns=["layer", "epoch", "value"]).assign(**row)
    last = results.final(frame, "gradient angle").set_index("layer")["value"]
    assert last.to_dict() == {1: 70.0, 2: 60.0}


def lost(job, epoch=0.3):
    """The rows of a run that diverged within its first epoch."""
    row = {"epoch": epoch, "layer": 0, "metric": "diverged", "value": epoch, "unit": "1"}
    angles = {"epoch": 0.0, "layer": 1, "metric": "norm ratio", "value": 3.0, "unit": "1"}
    return [angles, row, row | {"metric": "cpu time", "value": 1.0, "unit": "s"}]


def test_a_run_that_diverged_is_a_final_row_without_a_value(store):
    save(store, JOBS)
    store.save(JOBS[0], lost(JOBS[0]), MADE)
    results.collect(EXPERIMENT, store=store)
    for metric in ("test error", "norm ratio"):
        last = results.final(results.load(EXPERIMENT), metric)
        assert len(last) == len(JOBS)
        nan = last[last["value"].isna()]
        assert nan[[*results.RUN, "epoch"]].to_numpy().tolist() == [
            ["backprop", "1x5 tanh", 0, 0.3]
        ]
        assert last["layer"].nunique() == last["unit"].nunique() == 1
    table = results.spread(last, ["method", "setting"])
    runs = table.pop("runs").tolist()
    assert sorted(runs) == ["1 of 3 diverged", "3", "3", "3"]
    assert not table.isna().any(axis=None)
    sound = last.dropna().groupby("method")["value"].mean()
    assert results.spread(last)["mean"].to_dict() == pytest.approx(sound.to_dict())


def test_a_setting_of_which_every_run_diverged_is_not_forgotten(store):
    save(store, JOBS)
    for job in JOBS:
        if job.setting is FA:
            store.save(job, lost(job), MADE)
    results.collect(EXPERIMENT, store=store)
    frame = results.load(EXPERIMENT)
    table = results.spread(results.final(frame), ["setting", "method"])
    assert table.loc[("1x5 tanh", "feedback_alignment"), "runs"] == "3 of 3 diverged"
    assert results.final(frame, "steps, free").empty  # which such a network has not


def test_a_network_that_diverged_has_not_solved_its_task():
    row = {"method": "m", "setting": "s", "seed": 0, "epoch": 9.0, "layer": 0, "unit": "1"}
    frame = pd.DataFrame([row | {"metric": "solved", "value": 0.0},
                          row | {"metric": "diverged", "value": 4.0}])  # fmt: skip
    assert results.final(frame, "solved")["value"].tolist() == [0.0]


def test_the_cost_is_that_of_runs_that_went_to_their_end():
    row = {"setting": "1x9", "depth": 1, "width": 9, "layer": 0, "unit": "s", "epoch": 1.0}
    rows = [
        row | {"method": m, "seed": seed, "metric": "cpu time", "value": value}
        for seed in (0, 1)
        for m, value in (("backprop", 1.0), ("kickback", 2.0 + 98 * seed))
    ]
    rows += [{**r, "metric": "test error"} for r in rows]
    rows.append(row | {"method": "kickback", "seed": 1, "metric": "diverged", "value": 1.0})
    table = results.costs(pd.DataFrame(rows)).set_index("method")
    assert table.loc["kickback", ["ratio", "n"]].tolist() == [2, 1]
    assert results.costs(pd.DataFrame(rows[:-1])).set_index("method").loc["kickback", "n"] == 2


def test_costs_are_those_of_an_epoch_beside_backprops_on_the_same_seed():
    def run_of(method, seed, seconds, epochs):
        row = {"experiment": "e", "method": method, "setting": "1x9", "depth": 1, "width": 9}
        row |= {"seed": seed, "layer": 0}
        return [
            {**row, "epoch": epochs, "metric": "test error", "value": 1.0, "unit": "%"},
            {**row, "epoch": epochs, "metric": "cpu time", "value": seconds, "unit": "s"},
        ]

    rows = run_of("backprop", 0, 10, 5) + run_of("backprop", 1, 20, 5)
    rows += run_of("kickback", 0, 8, 2) + run_of("kickback", 1, 16, 2)
    table = results.costs(pd.DataFrame(rows)).set_index("method")
    assert table.loc["backprop", "ratio"] == 1 and table.loc["kickback", "ratio"] == 2
    assert set(table["n"]) == {2}


def test_every_error_in_percent_has_its_accuracy_beside_it(store):
    whole(store)
    frame = results.load(EXPERIMENT)
    both = results.with_accuracy(frame)
    added = both[both["metric"] == "test accuracy"]
    errors = frame[frame["metric"] == "test error"]
    assert len(both) == len(frame) + len(errors)
    assert (added["value"].to_numpy() + errors["value"].to_numpy()).tolist() == [100] * len(errors)
    squared = frame.assign(metric="test squared error", unit="1")
    assert len(results.with_accuracy(squared)) == len(squared)  # of those in percent alone


# what is committed


@pytest.mark.parametrize("experiment", results.available())
def test_committed_results_belong_to_their_experiment_and_have_enough_seeds(experiment):
    frame = results.load(experiment)
    assert set(frame["experiment"]) == {experiment}
    assert not frame[["method", "setting", "seed", "epoch", "metric"]].isna().any(axis=None)
    if "tuning" not in experiment:
        seeds = frame.groupby(["method", "setting"])["seed"].nunique()
        assert seeds.min() >= 3, f"a verdict needs three seeds:\n{seeds[seeds < 3]}"


def test_results_come_from_committed_code():
    changed = {
        name
        for name in results.available()
        if any("with changes" in record for record in results.head(name)["provenance"])
    }
    assert not changed, "made on a tree that was never committed"


def kinds(value) -> dict:
    """{name: class} of the dataclasses that a setting is made of."""
    if isinstance(value, tuple):
        return {name: kind for v in value for name, kind in kinds(v).items()}
    if not is_dataclass(value):
        return {}
    inner = tuple(getattr(value, field.name) for field in fields(value))
    return {type(value).__name__: type(value)} | kinds(inner)


@pytest.mark.parametrize("experiment", results.available())
def test_committed_results_have_the_settings_of_the_code(experiment):
    """A field added since has its default in what was made before."""
    ours = {(job.method, job.setting) for job in jobs(experiment, "paper")}
    names = by_name({kind for _, setting in ours for kind in kinds(setting).values()})
    lines = [line.partition(" ") for line in results.head(experiment)["setting"]]
    assert {(method, eval(text, dict(names))) for method, _, text in lines} == ours


def test_another_learning_rate_is_another_setting():
    """Guards the test above."""
    text, names = repr(BP), kinds(BP)
    assert eval(text, names) == BP
    assert eval(text.replace("learning_rate=0.1", "learning_rate=0.2"), names) != BP
    assert eval(text.replace(", learning_rate=0.1", ""), names) == BP


def test_settings_of_a_tuning_have_labels_of_their_own():
    for name in (name for name in EXPERIMENTS if "tuning" in name):
        jobs = EXPERIMENTS[name](name, "paper")
        assert len({(job.method, job.name, job.seed) for job in jobs}) == len(jobs)
