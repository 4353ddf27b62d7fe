"""Measurements that notebooks argue with, on cases whose answer is known."""

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from credit.experiments import equilibrium_propagation as of_equilibrium
from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.relaxation import Relaxation, Settling
from credit.nets.streams import streams
from credit.rules.weight_mirror import WeightMirror
from credit.studies import attention_gated, equilibrium_propagation, generalized_recirculation
from credit.studies.attention_gated import epochs_to, place, slowdown
from credit.studies.decoupled_neural_interfaces import by_rate, ends_table, rates_table
from credit.studies.feedback_alignment import mirrored


def errors(method, *values, seed=0):
    """Validation errors after epochs 1, 2, ... of a run."""
    rows = [(method, "net", seed, float(i), value) for i, value in enumerate(values, 1)]
    columns = ["method", "setting", "seed", "epoch", "value"]
    return pd.DataFrame(rows, columns=columns).assign(metric="validation error")


def test_the_epochs_to_an_accuracy_are_read_off_between_the_two_around_it():
    runs = [errors("late", 20, 12, 8), errors("sharp", 20, 10, 5)]
    runs += [errors("never", 20, 15), errors("early", 10, 5)]
    found = epochs_to(pd.concat(runs).sample(frac=1, random_state=0), accuracy=90).droplevel([1, 2])
    assert found["late"] == pytest.approx(2.5)
    assert found["sharp"] == 2  # just there is there
    assert found["never"] == math.inf and math.isnan(found["early"])


def test_how_many_times_the_epochs_is_a_mean_over_seeds_that_both_get_there():
    runs = [errors("ours", 20, 15, 15, 10, seed=s) for s in range(3)]
    runs += [errors("theirs", 20, 10, seed=s) for s in range(3)]
    for seed, (ours, theirs) in enumerate([((20, 15), (20, 10)), ((9, 9), (20, 10))], start=3):
        runs += [errors("ours", *ours, seed=seed), errors("theirs", *theirs, seed=seed)]
    pairs = {"pair": (("ours", "net"), ("theirs", "net"))}
    runs.append(errors("ours", 20, 10, seed=5))  # the other diverged within its first epoch
    found = slowdown(pd.concat(runs), pairs, accuracies=[90])
    (row,) = found.itertuples()
    assert (row.mean, row.half_width, row.n) == (2, 0, 3)
    assert (row.ours_never, row.theirs_never, row.early, row.diverged) == (1, 0, 1, 1)
    ranges = {"1999": (1.5, 2.5), "2001": (1.0, 1.9)}
    (shown,) = attention_gated.slowdown_table(found, ranges).to_dict("records")
    assert shown["times the epochs"] == "2.0 ± 0.0" and shown["n"] == "3"
    assert (shown["1999: 1.5 to 2.5"], shown["2001: 1 to 1.9"]) == ("inside", "above")
    assert shown["seeds without a ratio"] == (
        "BrainProp never there: 1; there in the first epoch: 1; diverged: 1"
    )


def test_what_decay_forgets_is_what_kolen_and_pollack_say():
    """B - W shrinks by 1 - rate * decay in each of the 391 updates of an epoch."""
    assert attention_gated.forgotten(20) == pytest.approx(1 - (1 - 1e-4) ** (391 * 20))
    assert attention_gated.forgotten(0) == 0


def test_the_dense_table_counts_runs_that_diverged_and_has_no_number_for_them():
    runs = [errors("bp", 20, 10, seed=0), errors("bp", 30, 20, seed=1)]
    runs.append(errors("bp", 90, seed=2).assign(metric="diverged"))
    names = {("bp", "net"): "backprop"}
    (row,) = attention_gated.dense_table(pd.concat(runs), names).to_dict("records")
    assert (row["epoch 1"], row["epoch 2"], row["epoch 3"]) == ("25.00", "15.00", "")
    assert row["diverged"] == "1 of 3"


@pytest.mark.parametrize(
    ("mean", "half_width", "word"),
    [(1.75, 0.2, "inside"), (1.5, 0, "inside"), (1.0, 0.4, "below"), (2.5, 0.4, "above"),
     (1.6, 0.2, "inside, within chance"), (1.9, 0.2, "inside, within chance"),
     (1.0, 0.6, "below, within chance"), (2.5, 0.6, "above, within chance"),
     (1.75, math.nan, "too few runs")],
)  # fmt: skip
def test_the_place_beside_a_published_range_has_its_word(mean, half_width, word):
    assert place(mean, half_width, low=1.5, high=2.0) == word


def test_the_action_of_a_rank_is_that_and_no_other():
    q = torch.tensor([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]])
    ranked = [attention_gated._Ranked(rank=k)._choice(q, None).tolist() for k in range(3)]
    assert ranked == [[1, 0], [2, 1], [0, 2]]


def test_networks_to_the_criterion_are_counted_and_the_others_charged_with_all_epochs():
    rows = [("solved", s, 1.0 * (s < 3), 100.0) for s in range(4)]
    rows += [("epochs to criterion", s, 20.0 * (s + 1), 100.0) for s in range(3)]
    frame = pd.DataFrame(rows, columns=["metric", "seed", "value", "epoch"])
    (row,) = generalized_recirculation.to_criterion(frame.assign(setting="8-3-8 GR")).itertuples()
    assert (row.task, row.rule, row.solved) == ("8-3-8", "GR", "3 of 4")
    assert row.epochs == "40 ± 50"  # 95 % interval of 20, 40 and 60
    assert row.charged == pytest.approx((20 + 40 + 60 + 100) / 4)
    assert row.share == pytest.approx(3 / 4)
    few = frame[frame["seed"] > 0].assign(setting="8-3-8 GR")
    assert generalized_recirculation.to_criterion(few)["epochs"].tolist() == ["–"]


def test_rules_are_compared_by_counts_first_and_then_by_epochs():
    def networks(solved, epochs):
        index = pd.RangeIndex(10, name="seed")
        return (
            pd.Series([1.0] * solved + [0.0] * (10 - solved), index),
            pd.Series(epochs, index),
            99,
        )

    ramp = pd.Series(range(10))
    found = {("t", "fast"): networks(10, 20.0 + ramp), ("t", "slow"): networks(10, 30.0 + 2 * ramp)}
    found |= {("t", "noisy"): networks(9, 20.0 + 9 * (ramp % 2)), ("t", "few"): networks(3, 99.0)}
    word = generalized_recirculation.versus
    assert word(found, "t", "fast", "slow") == "faster"
    assert word(found, "t", "slow", "fast") == "slower"
    assert word(found, "t", "fast", "noisy") == "cannot be told apart"  # 10 and 9 of 10
    assert word(found, "t", "few", "slow") == "solves it less often"
    assert word(found, "t", "slow", "few") == "solves it more often"


def test_the_updates_of_recirculation_turn_into_their_limits():
    found = generalized_recirculation.limits()
    ends = found.groupby(["size", "limit", "form"])["distance"].max()
    first, last = ends[1.0], ends[0.001]
    assert last.pop(("small error", "contrastive")) > 0.1  # that form has another limit
    free = [last.pop(key) for key in list(last.index) if key[0] == "small error, free output"]
    assert len(free) == 3 and min(free) > 0.1  # the exact gradient has a loop more
    assert (last < 0.01).all() and (first[last.index] > 10 * last).all()


def test_a_rate_is_judged_by_the_last_three_epochs_of_its_own_network():
    rows = [
        (f"1x9 x{arm}, rate {rate}", seed, metric, epoch, value * epoch + seed)
        for arm, metric, value in (
            ("", "validation error", 1.0),
            (", other", "validation error", 5.0),
            ("", "train error", 7.0),
        )
        for rate in (0.5, 2)
        for epoch in (4, 1, 2, 3)
        for seed in (1000, 1002)
    ]
    frame = pd.DataFrame(rows, columns=["setting", "seed", "metric", "epoch", "value"])
    found = generalized_recirculation.by_rate(frame, "1x9 x")
    assert found.to_dict() == {0.5: 1004.0, 2.0: 1004.0}


def test_at_rest_the_gradient_is_what_a_small_nudge_gives():
    """Two ways to the same numbers: autograd through the steps, and the rule."""
    found = equilibrium_propagation.theorem([1e-3], seeds=[0]).set_index("method")["value"]
    assert found["symmetric"] < 1e-4 < found["positive"] < 0.05


def test_backprop_sent_down_from_given_states_is_autograd_where_nothing_feeds_back():
    sizes, kinds = (6, 8, 8, 3), ("hard_sigmoid", "hard_sigmoid_squared")
    init = Init("normal_fan_in", 2.0), Init("uniform", 1.0)
    network = make_network(sizes, 1, *kinds, *init, torch.float64)
    x, t = torch.rand(5, 6, dtype=torch.float64), torch.rand(5, 3, dtype=torch.float64)
    ch = Channels(network, {}, streams(0)).teach(t)
    net = Relaxation(ch, x, {l: torch.zeros_like(W) for l, W in ch.W_back.items()})
    W = [layer.W.requires_grad_() for layer in network.layers.values()]
    h = {0: x}
    for l, layer in network.layers.items():
        h[l] = (h[l - 1] @ layer.W.T + layer.b).clamp(0, 1)
    inner = torch.cat([h[1], h[2]], -1)
    assert 0.1 < ((inner == 0) | (inner == 1)).double().mean() < 0.9  # slopes of both kinds
    loss = 0.5 * (h[3] - t).square().sum(-1).mean()
    expected = torch.autograd.grad(loss, W)
    assert all(dW.abs().max() > 1e-3 for dW in expected)
    with torch.no_grad():
        found = equilibrium_propagation.backprop_at(net, h, t)
    for l, dW in enumerate(expected, 1):
        torch.testing.assert_close(found[l], dW, rtol=0, atol=1e-12)


def test_the_first_error_to_reach_a_layer_is_backprops():
    """Later ones have been round the loops: the update turns to the gradient."""
    found = equilibrium_propagation.early_inference(steps=12, hidden=2, seeds=[0])
    angles = found.set_index(["metric", "layer", "step"])["value"]
    assert all(angles["angle to backprop", 4 - step, step] < 0.1 for step in (1, 2, 3))
    for layer in (1, 2, 3):
        assert angles["angle to the gradient", layer, 4 - layer] > 1
        assert angles["angle to the gradient", layer, 12] < angles["angle to backprop", layer, 12]


def test_updates_are_the_gradient_after_long_phases_and_a_small_nudge_alone():
    """The one-sided ones are far from it where the free phase is cut short."""
    setting = of_equilibrium.knobs(1, "symmetric", 1e-3, 20)[0]
    setting = replace(setting, rule=replace(setting.rule, nudged=Settling(2000, projected=True)))
    found = equilibrium_propagation.short_of_rest(setting, (3, 2000), updates=0, images=10)
    angles = found.pivot(index="steps", columns="method", values="value")
    assert (angles.loc[2000] < 2).all()
    assert (angles.loc[3, ["nudge up", "nudge down"]] > 30).all()


def test_baselines_on_equal_terms_have_linear_outputs():
    rows = pd.DataFrame(
        [
            ("equilibrium_propagation", "9-9-9"),
            ("backprop", "9-9-9"),
            ("backprop", "9-9-9, linear output"),
            ("shallow", "9-9-9, linear output"),
        ],
        columns=["method", "setting"],
    )
    kept = equilibrium_propagation.on_equal_terms(rows)
    assert list(kept.index) == [0, 2, 3] and set(kept["setting"]) == {"9-9-9"}


def test_noise_alone_turns_the_mirror_towards_the_forward_weights():
    rules = {"drive": WeightMirror(), "activity": WeightMirror(top="activity")}
    frame = mirrored(rules, rate=0.02, batches=200, every=100, sizes=(20, 10, 5), seeds=(0, 1))
    angles = frame.groupby(["method", "batch"])["value"].mean()
    assert angles["drive", 0] == angles["activity", 0] > 60
    assert angles["drive", 200] < angles["drive", 100] < 30
    assert angles["drive", 100] < angles["activity", 100] - 10  # the slope is a quarter at most


def test_a_search_is_read_by_rule_and_rate():
    rows = [("BP", rate, value) for rate, value in ((1e-2, 2.0), (3e-4, 4.0), (1e-3, 3.0))]
    rows += [("DNI", 1e-2, 7.0)]
    frame = pd.concat(
        errors("m", 50, value).assign(setting=f"5x8 relu, normalised, {rule}, rate {rate:g}")
        for rule, rate, value in rows
    )
    found = by_rate(frame.assign(layer=0, experiment="14-x"))
    assert found["BP"].to_dict() == {3e-4: 4.0, 1e-3: 3.0, 1e-2: 2.0}
    assert list(found["BP"].index) == [3e-4, 1e-3, 1e-2]
    assert set(found) == {"BP", "DNI"}


def test_a_search_is_told_by_network_condition_and_size_of_the_rate():
    cases = {
        "5x8 relu, label unseen, rate 0.0001, models 0.001": "decoupled_neural_interfaces",
        "5x8 relu, label unseen, rate 3e-05, models 0.001": "decoupled_neural_interfaces",
        "2x8 relu, DNI, rate 0.001, models 0.01": "decoupled_neural_interfaces",
        "2x8 relu, BP, rate 0.001": "backprop",
        "8x8 tanh, label broadcast, rate 0.001": "decoupled_neural_interfaces",
    }
    runs = pd.concat(errors(m, 50, 40).assign(setting=setting) for setting, m in cases.items())
    told = rates_table(runs.assign(layer=0, experiment="14-x"))
    found = told[["hidden layers", "condition", "rate"]].agg(" ".join, axis=1)
    assert list(found) == [
        "2 backprop `0.001`",
        "2 cDNI `0.001`",
        "5 DNI, label unseen `3e-05`",
        "5 DNI, label unseen `0.0001`",
        "8 label alone `0.001`",
    ]
    assert (told["validation error, %"] == 40).all()


def test_how_runs_ended_is_told_of_every_condition_and_length():
    def runs(setting, method, *values):
        few = (errors(method, *values, seed=seed).assign(setting=setting) for seed in range(3))
        return pd.concat(few).assign(metric="test error", layer=0, experiment="14-x", unit="%")

    told = "decoupled_neural_interfaces"
    long = [runs("8x8 relu", told, 9.0, 8.0, 7.0), runs("8x8 relu, label broadcast", told, 90.0)]
    found = ends_table(pd.concat(long), runs("8x8 relu", told, 9.0, 6.0))
    assert list(found["condition"] + " " + found["epochs"]) == ["cDNI 2", "cDNI 3", "label alone 1"]
    assert list(found["lowest to highest seed"]) == [
        "6.00 to 6.00",
        "7.00 to 7.00",
        "90.00 to 90.00",
    ]
