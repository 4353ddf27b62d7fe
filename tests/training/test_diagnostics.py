"""Angles and ratios: known values, and no row for what does not exist."""

import pytest
import torch
from helpers import bench
from hypothesis import given
from hypothesis import strategies as st

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.gait_prop import GaitProp
from credit.rules.shallow import Shallow
from credit.training.diagnostics import alignment, angle, in_double, mean_angle

SIZES = (6, 5, 4, 3)


def vector(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def table(rows):
    """{(layer, metric): value}, each pair once."""
    found = {(row["layer"], row["metric"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize(
    ("u", "v", "degrees"),
    [
        ((1, 2, 2), (2, 4, 4), 0),
        ((1, 0), (0, 3), 90),
        ((1, 0), (1, 1), 45),
        ((1, 0), (-1, 3**0.5), 120),
        ((1, 2), (-3, -6), 180),
    ],
)
def test_known_vectors_have_their_angle(u, v, degrees):
    # near 0 and 180 the last digit of a cosine is 1e-6 of a degree
    assert float(angle(vector(*u), vector(*v))) == pytest.approx(degrees, abs=2e-6)


@pytest.mark.parametrize(("u", "v"), [((0, 0), (1, 0)), ((1, 0), (0, 0)), ((0, 0), (0, 0))])
def test_a_zero_vector_has_no_angle(u, v):
    assert torch.isnan(angle(vector(*u), vector(*v)))


@given(
    seed=st.integers(0, 999), n=st.integers(1, 20), scale=st.sampled_from([1e-6, 1.0, 1e6])
)  # fmt: skip
def test_an_angle_lies_between_0_and_180_whatever_the_lengths(seed, n, scale):
    u, v = torch.randn(2, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    degrees = float(angle(u, v))
    assert 0 <= degrees <= 180
    assert float(angle(scale * u, v)) == pytest.approx(degrees, abs=1e-5)
    assert float(angle(u, -v)) == pytest.approx(180 - degrees, abs=1e-5)
    assert float(angle(u, scale * u)) == pytest.approx(0, abs=1e-5)


def test_a_mean_angle_leaves_out_rows_without_one():
    u, v = vector(1, 0, 0, 0, 1, 1).view(3, 2), vector(1, 1, 1, 1, -1, 1).view(3, 2)
    assert mean_angle(u, v) == pytest.approx((45 + 90) / 2)
    assert mean_angle(0 * u, v) != mean_angle(0 * u, v)  # nan


def test_backprop_is_at_no_angle_to_itself():
    _, ch, x = bench(Backprop(), SIZES)
    found = table(alignment(Backprop(), ch, x))
    assert found.keys() == {
        (l, metric) for l in (1, 2) for metric in ("delta angle", "gradient angle", "norm ratio")
    }
    for (_, metric), value in found.items():
        assert value == pytest.approx(1 if metric == "norm ratio" else 0, abs=5e-6)


def test_feedback_through_the_negative_weights_is_opposite_in_the_top_hidden_layer():
    network, ch, x = bench(FeedbackAlignment(), SIZES)
    ch.own["B"] = {l: -network.layers[l].W for l in (2, 3)}
    found = table(alignment(FeedbackAlignment(), ch, x))
    for row in (
        (2, "delta angle"),
        (2, "gradient angle"),
        (2, "weight angle"),
        (3, "weight angle"),
    ):
        assert found[row] == pytest.approx(180, abs=5e-6)
    assert found[1, "gradient angle"] == pytest.approx(0, abs=5e-6)  # two signs cancel
    assert found[2, "norm ratio"] == pytest.approx(1)


def test_twice_the_feedback_gives_twice_the_norm_at_each_layer_below():
    network, ch, x = bench(FeedbackAlignment(), SIZES)
    ch.own["B"] = {l: 2 * network.layers[l].W for l in (2, 3)}
    found = table(alignment(FeedbackAlignment(), ch, x))
    assert found[2, "norm ratio"] == pytest.approx(2)
    assert found[1, "norm ratio"] == pytest.approx(4)
    assert found[1, "delta angle"] == pytest.approx(0, abs=5e-6)


def test_random_feedback_is_near_a_right_angle_where_it_has_not_learned():
    _, ch, x = bench(FeedbackAlignment(), (50, 200, 200, 10), batch=20)
    found = table(alignment(FeedbackAlignment(), ch, x))
    assert all(75 < value < 105 for (_, metric), value in found.items() if metric == "delta angle")


def test_one_angle_is_that_of_the_whole_update_and_the_other_a_mean_over_examples():
    rule = FeedbackAlignment()
    _, ch, x = bench(rule, SIZES)
    found, kinds = table(alignment(rule, ch, x)), (rule, Backprop())
    ours, theirs = (r.step(ch, x)[1].dense().W for r in kinds)
    traces = [r.forward(ch, x) for r in kinds]
    told, right = (r.delta(ch, t, r.teach(ch, t)) for r, t in zip(kinds, traces, strict=True))
    for l in (1, 2):
        whole = float(angle(ours[l].flatten(), theirs[l].flatten()))
        each = [float(angle(u, v)) for u, v in zip(told[l], right[l], strict=True)]
        assert found[l, "gradient angle"] == pytest.approx(whole, abs=1e-6)
        assert found[l, "delta angle"] == pytest.approx(sum(each) / len(each), abs=1e-6)
        assert abs(whole - mean_angle(ours[l], theirs[l])) > 1  # unit by unit it is another one


def test_a_rule_that_teaches_no_hidden_layer_has_no_row():
    _, ch, x = bench(Shallow(), SIZES)
    assert alignment(Shallow(), ch, x) == []


def test_what_zero_weights_leave_undefined_has_no_row():
    zero, rule = Init("zero"), FeedbackAlignment()
    network = make_network(SIZES, weights=zero)
    ch = Channels(network, rule.draw(SIZES, streams(0)), streams(0)).teach(torch.eye(3))
    x = torch.randn(3, 6, generator=torch.Generator().manual_seed(0))
    assert alignment(rule, ch, x) == []
    network.layers[3].W.fill_(0.1)  # now backprop reaches layer 2, whose input is still zero
    network.layers[3].W[0] *= -1
    assert table(alignment(rule, ch, x)).keys() == {(2, "delta angle"), (3, "weight angle")}


@pytest.mark.parametrize("sizes", [SIZES, (4, 4, 4, 4)], ids=str)  # in a square net all shapes fit
def test_the_weight_angle_is_that_to_what_the_feedback_stands_in_for(sizes):
    for rule, layers in ((FeedbackAlignment(), {2, 3}), (DirectFeedbackAlignment(), {1, 2})):
        network, ch, x = bench(rule, sizes)
        W = {l: layer.W for l, layer in network.layers.items()}
        partners = W if layers == {2, 3} else {2: W[3], 1: W[3] @ W[2]}
        rows = [row for row in alignment(rule, ch, x) if row["metric"] == "weight angle"]
        assert {row["layer"] for row in rows} == layers
        for row in rows:
            B, W = ch.own["B"][row["layer"]].flatten(), partners[row["layer"]].flatten()
            cosine = float(B @ W / (B @ B).sqrt() / (W @ W).sqrt())
            degrees = float(torch.rad2deg(torch.acos(torch.tensor(cosine))))
            assert row["value"] == pytest.approx(degrees, abs=1e-4)
            assert row["unit"] == "deg"


def test_direct_feedback_through_the_product_of_the_weights_is_at_no_angle():
    rule = DirectFeedbackAlignment()
    network, ch, x = bench(rule, (4, 4, 4, 4))
    W = {l: layer.W for l, layer in network.layers.items()}
    ch.own["B"] = {1: W[3] @ W[2], 2: W[3]}
    found = table(alignment(rule, ch, x))
    assert [found[l, "weight angle"] for l in (1, 2)] == pytest.approx([0, 0], abs=5e-6)
    ch.own["B"] = {1: W[1], 2: W[2]}  # as their shapes alone would pair them
    assert table(alignment(rule, ch, x))[1, "weight angle"] > 10


@pytest.mark.parametrize("double", [True, False])
def test_a_small_difference_keeps_its_angle_in_double_precision_only(double):
    """GAIT-prop goes gamma of the way to its target; in orthogonal nets it is backprop exactly."""
    rule, sizes = GaitProp(form="literal", gamma=1e-5), (6, 6, 6, 6)
    network = make_network(seed=0, weights=Init("orthogonal"), **rule.asks(sizes))
    x = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    t = torch.eye(6)[torch.arange(20) % 6]
    ch = Channels(network, {}, streams(0)).teach(t)
    if double:
        ch, x = in_double(network, {}, streams(0), t.double()), x.double()
    found = [row["value"] for row in alignment(rule, ch, x) if row["metric"] == "gradient angle"]
    assert (max(found) < 1e-2) == double


def test_what_a_rule_learned_is_looked_at_in_double_precision_too():
    network = make_network(SIZES, 0)
    own = {"B": {2: torch.rand(4, 5)}}
    ch = in_double(network, own, streams(0), torch.eye(3).double())
    assert ch.own["B"][2].dtype == ch.W_own[2].dtype == torch.float64
    assert own["B"][2].dtype == network.layers[2].W.dtype == torch.float32
