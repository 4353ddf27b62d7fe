"""Every reported experiment has the settings that are written down for it, and fair baselines.

A changed learning rate, another start, a baseline that is trained less than what it is the baseline
of: each is seen here, whatever it does to the results.
"""

import re
from dataclasses import fields
from itertools import groupby

import pytest
from written_down import PLAIN, TABLE

from credit import paths
from credit.evidence.verdicts import published
from credit.experiments import EXPERIMENTS, SEEDS, TUNING_SEEDS, jobs
from credit.nets.networks import Init

REPORTED = sorted(name for name in EXPERIMENTS if not name.endswith("tuning"))
PROFILES = pytest.mark.parametrize("profile", ["paper", "quick"])


def hidden(label: str) -> list[int]:
    """The widths that a label names, as 2x800 or as 300-100."""
    if found := re.search(r"\b(\d+)x(\d+)\b", label):
        return [int(found[2])] * int(found[1])
    return [int(n) for n in re.search(r"\d+(-\d+)+", label)[0].split("-")]


def expected(experiment: str, profile: str, job) -> dict:
    rows = TABLE[experiment].paper + (TABLE[experiment].quick if profile == "quick" else [])
    want = dict(PLAIN)
    for row in rows:
        if row.covers(job):
            want |= row.fields
    sizes = [hidden(job.name) if n is ... else [n] for n in want["sizes"]]
    usual = type(job.setting.rule)()
    rule = {name: v for name, v in want["rule"].items() if v != getattr(usual, name)}
    return want | {"sizes": tuple(n for part in sizes for n in part), "rule": rule}


def found(setting) -> dict:
    """All fields of a setting, its rule as what is not at its default."""
    rule, usual = setting.rule, type(setting.rule)()
    changed = {f.name: getattr(rule, f.name) for f in fields(rule)
               if getattr(rule, f.name) != getattr(usual, f.name)}  # fmt: skip
    return {f.name: getattr(setting, f.name) for f in fields(setting)} | {"rule": changed}


def alike(got, want) -> bool:
    """The same, numbers up to a rounding."""
    numbers = (int, float)
    if isinstance(want, tuple) and all(isinstance(n, numbers) for n in want) and want:
        return isinstance(got, tuple) and got == pytest.approx(want, rel=1e-12)
    if isinstance(want, float):
        return got == pytest.approx(want, rel=1e-12)
    if isinstance(want, Init):
        return got == Init(want.kind, got.scale) and alike(got.scale, want.scale)
    if isinstance(want, tuple) and want and isinstance(want[0], Init):
        return isinstance(got, tuple) and len(got) == len(want) and all(map(alike, got, want))
    return got == want


def distinct(wanted):
    """One job of each setting."""
    return list({(job.name, job.setting, job.run): job for job in wanted}.values())


def differences(experiment: str, profile: str) -> list[str]:
    """What is not as written down, one line each."""
    lines = []
    for job in distinct(jobs(experiment, profile)):
        want, got = expected(experiment, profile, job), found(job.setting)
        for name, value in got.items():
            pinned = want.get(name, next((f.default for f in fields(job.setting)
                                          if f.name == name), None))  # fmt: skip
            if not alike(value, pinned):
                lines.append(f"{job.name}, {job.method}: {name} is {value}, expected {pinned}")
    return lines


@PROFILES
@pytest.mark.parametrize("experiment", REPORTED)
def test_every_setting_is_as_written_down(experiment, profile):
    assert differences(experiment, profile) == []


def test_a_changed_learning_rate_would_be_seen(monkeypatch):
    """Guards the test above."""
    one = TABLE["01-mnist"].paper[0]
    monkeypatch.setitem(one.fields, "learning_rate", 0.03)
    assert len(differences("01-mnist", "paper")) == 3
    assert "backprop: learning_rate is 0.3, expected 0.03" in differences("01-mnist", "paper")[0]


def test_every_reported_experiment_is_in_the_table():
    assert sorted(TABLE) == REPORTED


@pytest.mark.parametrize("experiment", REPORTED)
def test_every_arm_is_there_with_its_seeds(experiment):
    wanted, row = jobs(experiment, "paper"), TABLE[experiment]
    methods = [job.method for job in distinct(wanted)]
    assert {method: methods.count(method) for method in methods} == row.arms
    assert {job.seed for job in wanted} == set(range(row.seeds))
    # what rests on fewer seeds than the rest of its experiment costs more than that
    whole = len(row.arms) and sum(row.arms.values()) * row.seeds
    assert whole - 6 <= len(wanted) <= whole


@pytest.mark.parametrize("experiment", sorted(TABLE))
def test_a_source_is_one_of_the_references_or_said_to_be_none(experiment):
    references = (paths.ROOT / "paper" / "references.bib").read_text(encoding="utf-8")
    keys = set(published()["paper"]) | set(re.findall(r"@\w+\{([^,]+),", references))
    source = TABLE[experiment].source
    assert source.startswith("not published") or source.split(",")[0] in keys


@PROFILES
@pytest.mark.parametrize("experiment", REPORTED)
def test_a_rule_and_its_baselines_have_the_same_network_data_and_time(experiment, profile):
    """Under one label rules may differ in their rates and starts alone; where tuning says that a
    baseline wants another output or order, the label says so, too."""
    same = ("sizes", "nonlinearity", "output", "dataset", "examples", "batch", "epochs", "shuffled",
            "precision", "optimiser", "schedule", "coherent", "apart", "sent")  # fmt: skip
    allowed = {  # shown beside each other although they are not alike, as the notebook says
        ("05-two-layers", "784-500-500-10"): {"epochs", "shuffled"},
    }
    alike = sorted(distinct(jobs(experiment, profile)), key=lambda job: (job.name, job.run))
    for (label, _), together in groupby(alike, key=lambda job: (job.name, job.run)):
        settings = [job.setting for job in together]
        differ = {f for f in same if len({getattr(s, f, None) for s in settings}) > 1}
        assert differ <= allowed.get((experiment, label), set()), label


# seeds


def test_seeds_are_several_and_no_two_the_same():
    assert SEEDS == {"quick": (0, 1, 2), "paper": (0, 1, 2, 3, 4)}
    assert all(len(set(seeds)) == len(seeds) >= 3 for seeds in SEEDS.values())


def test_nothing_is_tuned_on_a_seed_that_is_reported():
    reported = {seed for seeds in SEEDS.values() for seed in seeds}
    assert not set(TUNING_SEEDS) & reported
    for profile in SEEDS:
        for name in EXPERIMENTS:
            seeds = {job.seed for job in jobs(name, profile)}
            if name.endswith("tuning"):
                assert min(seeds) in TUNING_SEEDS
            else:  # more than these where a paper has more
                assert seeds <= reported | set(range(TABLE[name].seeds))
            # networks to a criterion have the seeds that follow: none of them is reported either
            for job in jobs(name, profile):
                last = job.seed + getattr(job.setting, "networks", 1) - 1
                assert last < min(TUNING_SEEDS) or job.seed >= min(TUNING_SEEDS)


@PROFILES
def test_no_run_of_an_experiment_is_counted_twice(profile):
    for name in REPORTED:
        wanted = [(job.method, job.name, job.seed, job.run) for job in jobs(name, profile)]
        assert len(set(wanted)) == len(wanted), name
