"""What spikes cost, on the committed results and on falsified ones."""

import math

import pandas as pd
import pytest

from credit import paths
from credit.evidence import results
from credit.experiments import in_rates, jobs
from credit.experiments.in_rates import RULES
from credit.studies import spikes_and_rates as study

READ = (
    "00-rates", "01-spiking-populations", "02-spiking", "02-spiking-floor",
    "02-spiking-populations", "05-spiking", "06-spiking-populations", "07-spiking", "08-spiking",
    "09-spiking", "11-spiking", "12-spiking-populations", "14-spiking-populations",
)  # fmt: skip


@pytest.fixture
def said(tmp_path, monkeypatch):
    """said(change): {sentence: whether it holds} where results of 00-rates are changed."""

    def say(change):
        for name in READ:
            frame = results.load(name)
            changed = change(frame) if name == "00-rates" else frame
            changed.to_csv(tmp_path / f"{name}.csv", index=False)
        monkeypatch.setattr(paths, "RESULTS", tmp_path)
        return {c.sentence: c.holds for c in study.sentences(study.pairs())}

    return say


def test_every_rule_of_00_rates_is_paired_with_itself_in_spikes():
    rows = study.pairs()
    seeds = rows.groupby("method")["seed"].nunique()
    assert len(seeds) == len(RULES) + len(study.REFERENCES) and seeds.min() >= 3
    twins = {job.method: job.name for job in jobs("00-rates", "paper")}
    assert set(twins) <= set(rows["rule"])
    apart = rows[rows["method"] == "generalized recirculation"]
    ends = results.final(results.load("08-spiking"))
    theirs = ends[ends["setting"] == "200 GeneRec, V apart"]["value"]
    assert sorted(apart["spikes"]) == sorted(theirs)


def test_spikes_are_those_of_all_layers_after_training():
    rows = study.pairs()
    frame = results.load("02-spiking-populations")
    last = frame[(frame["setting"] == "200 direct, errors in spikes") & (frame["epoch"] == 2)]
    each = last[last["metric"] == "spikes, test"].groupby("layer")["value"].mean()
    mean = rows.loc[rows["method"] == "direct feedback alignment", "sent"].mean()
    assert len(each) == 3 and mean == pytest.approx(each.sum())


def test_the_rates_used_are_the_best_that_were_tried():
    tried = results.final(results.load("00-rates-tuning"), "validation error")
    tried = tried.assign(label=tried["setting"].str.partition(", rate ")[0])
    best = tried.loc[tried.groupby("label")["value"].idxmin()].set_index("label")["setting"]
    assert {k: float(v.rpartition(" ")[2]) for k, v in best.items()} == in_rates.BEST


def errors(rows, of):
    """Other test errors, by label."""
    known = rows["metric"] == "test error"
    return rows.assign(
        value=rows["value"].where(~known, rows["setting"].map(of) + rows["seed"] / 1e3)
    )


def as_in_spikes(share):
    """Rates err by a share of what spikes do, every rule alike."""
    means = study.pairs().groupby("method", sort=False)["spikes"].mean()
    labels = results.load("00-rates")["setting"].unique()
    found = dict(zip(labels, share * means, strict=False))  # the references come last
    return lambda rows: errors(rows, found)


def test_every_sentence_holds_on_the_committed_results(said):
    assert list(said(lambda rows: rows).values()) == [True, True]


def test_rules_that_err_as_much_in_rates_are_not_said_to_err_less(said):
    first, _ = said(as_in_spikes(1.1)).values()
    assert first is False


def test_an_order_that_is_kept_is_said_to_be(said):
    assert list(said(as_in_spikes(0.5)).values()) == [True, True]


def test_an_order_that_is_not_kept_is_not_said_to_be():
    rows = study.pairs()
    means = rows.groupby("method")["spikes"].mean().rank()
    zigzag = means.where(means % 2 == 0, 100 - means)  # the lowest, the highest, the next lowest
    _, order = study.sentences(rows.assign(rates=rows["method"].map(zigzag)))
    assert abs(order.numbers["rho"]) < 0.5 and not order.holds


def test_an_order_that_is_turned_round_is_not_said_to_be_kept():
    rows = study.pairs()
    turned = rows.assign(rates=100 / rows.groupby("method")["spikes"].transform("mean"))
    _, order = study.sentences(turned)
    assert order.numbers["rho"] < -0.9 and not order.holds


def test_where_one_rule_alone_errs_more_in_spikes_the_sentence_is_another():
    rows = study.pairs()
    others = rows["method"] != rows["method"].iloc[0]
    first, _ = study.sentences(rows.assign(rates=rows["spikes"] * (0.5 + 1.5 * others)))
    assert first.numbers["k"] == 1 and not first.holds


def test_references_are_no_rules_and_the_fewest_seeds_of_a_rule_are_said():
    rows = study.pairs()
    short = rows[(rows["rule"] != rows["rule"].iloc[0]) | (rows["seed"] < 3)]
    whole, _ = study.sentences(rows)
    first, _ = study.sentences(short)
    assert first.numbers["n"] == len(RULES) and first.numbers["fewer"] == 3
    assert whole.numbers["fewer"] == 5


def test_a_rule_in_another_network_than_in_the_answer_says_so():
    named = set(study.pairs()["method"])
    assert "Kickback (one hidden layer, signed events)" in named and "Kickback" not in named


def test_where_four_ranks_do_not_agree_the_interval_of_their_correlation_is_that_of_fishers_z():
    found = study.rank_correlation(pd.Series(range(4)), pd.Series([1.0, 30.0, 0.5, 4.0]))
    assert found == pytest.approx((0, -math.tanh(1.959964), math.tanh(1.959964)))
    rho, low, high = study.rank_correlation(pd.Series(range(5)), pd.Series([0, 1, 2, 4, 3]))
    half = 1.959964 * ((1 + 0.9**2 / 2) / 2) ** 0.5
    ends = [math.tanh(math.atanh(0.9) + sign * half) for sign in (-1, 1)]
    assert (rho, low, high) == pytest.approx((0.9, *ends))


def test_who_loses_least_and_most_is_named_among_those_that_lose():
    rows = study.pairs()
    rules = sorted(rows.loc[~rows["rule"].isin(["backprop", "shallow"]), "method"].unique())
    times = {name: 3.0 - k / 10 for k, name in enumerate(rules)} | {rules[2]: 0.5}
    spikes = 4.0 + rows["seed"] / 1000
    rates = spikes / rows["method"].map(times).fillna(1.0)
    open_ = rows["method"] == rules[4]
    rates = rates.where(~open_, spikes - 0.5 + (-1.0) ** rows["seed"])  # on average less
    first = next(study.sentences(rows.assign(spikes=spikes, rates=rates)))
    said = first.numbers
    assert (said["first"], said["last"]) == (rules[-1], rules[0])
    assert (said["low"], said["high"]) == pytest.approx((times[rules[-1]], 3.0))
    assert said["k"] == len(rules) - 2
    assert all(name in first.text.partition("; ")[2] for name in (rules[2], rules[4]))


def test_seeds_are_counted_in_both_and_a_reference_has_its_own_rates():
    rows = study.pairs()
    few = (rows["rule"] == rows["rule"].iloc[0]) & (rows["seed"] >= 3)
    first, _ = study.sentences(rows.assign(spikes=rows["spikes"].mask(few)))
    assert (first.numbers["seeds"], first.numbers["fewer"]) == (3, 5)
    ends = results.final(results.load("02-spiking"))
    shallow = ends[(ends["setting"] == study.RATES) & (ends["method"] == "shallow")]["value"]
    fixed = rows.loc[rows["method"] == "hidden synapses fixed", "rates"]
    assert sorted(fixed.dropna()) == sorted(shallow)
