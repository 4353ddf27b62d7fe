"""What notebook 09 says about results is bound to data: falsified data make its sentences fail."""

import pytest
import stated

from credit import paths
from credit.studies import contrastive_hebbian as studied

(NOTEBOOK,) = paths.NOTEBOOKS.glob("09_*.ipynb")
CHL, BP = "contrastive_hebbian", "backprop"


def methods(one, other):
    """The same runs under each other's names, wherever both were run."""

    def change(rows):
        both = rows.groupby("setting")["method"].transform(lambda m: {one, other} <= set(m))
        return stated.exchanged(rows, "method", one, other, both)

    return change


def alike(rows):
    """All values of a kind are alike, but for a hundredth that depends on the seed."""
    mean = rows.groupby("metric")["value"].transform("mean")
    return rows.assign(value=mean + 0.01 * (rows["seed"] % 2))


def tuned(changed, setting):
    """What tuning said of settings that end like this."""

    def change(rows):
        found = (rows["experiment"] == "09-tuning") & rows["setting"].str.endswith(setting)
        return rows.assign(value=rows["value"].where(~found, changed))

    return change


def settles_at_once(rows):
    """Three sweeps with a gain of one."""
    swept = rows["metric"].str.startswith("steps") & rows["setting"].str.contains("gamma 1")
    return rows.assign(value=rows["value"].where(~swept, 3.0))


DEEPEST = "6x64 tanh, rate 0.1"
FALSIFIED = {
    "CHL and BP": methods(CHL, BP),
    "FA and BP": methods("feedback_alignment", BP),
    "shallow and BP": methods("shallow", BP),
    "alike": alike,
    "noisy": stated.noisy,
    "loud": stated.loud,
    "fewer sweeps": settles_at_once,
    "a higher rate is no better for six layers": tuned(12.0, DEEPEST),
    "random feedback keeps up at the best rates": tuned(8.8, "6x64 tanh, random, rate 0.1"),
    "a low rate for a weak gain": tuned(5.0, "linear, gamma 0.05, rate 0.01"),
    "a low rate for a small gain": tuned(5.0, "logistic, gamma 0.2, rate 0.3"),
}


@pytest.fixture(scope="module")
def falsified(tmp_path_factory):
    """{falsification: sentences that fail under it}; the study that reads no results runs once."""
    known, before_training = {}, studied.before_training

    def once(depth, precision, tolerance, seeds):
        if tolerance not in known:
            known[tolerance] = before_training(depth, precision, tolerance, seeds)
        return known[tolerance]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studied, "before_training", once)
        said, failed = stated.say_all(NOTEBOOK, paths.RESULTS)
        beside = ("02-rates", "02-spiking", "02-spiking-floor")
        return {"said": said, "failed": failed} | stated.failing(
            NOTEBOOK, FALSIFIED, tmp_path_factory.mktemp, beside
        )


@pytest.mark.slow  # the study, and the claims of a notebook on eleven falsified sets of results
def test_all_claims_of_notebook_09_hold_on_the_committed_results(falsified):
    assert falsified["failed"] == set() and len(falsified["said"]) > 15


@pytest.mark.slow  # the same
@pytest.mark.parametrize("name", FALSIFIED)
def test_falsified_results_make_sentences_of_notebook_09_fail(falsified, name):
    assert falsified[name]


@pytest.mark.slow  # the same
def test_every_claim_of_notebook_09_fails_under_some_falsification(falsified):
    """The data choose words of others, in spikes."""
    unmoved = falsified["said"] - set().union(*(falsified[name] for name in FALSIFIED))
    assert {sentence[:30] for sentence in unmoved} - stated.CHOSEN == set()
