"""Networks: initial draws, ensembles, products, slopes, output errors."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
from helpers import bench
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.audit.probes import labels_as_targets
from credit.nets.channels import Channels
from credit.nets.networks import (
    NONLINEARITIES,
    OUTPUTS,
    Dense,
    Init,
    Network,
    Product,
    make_network,
)
from credit.nets.streams import streams
from credit.rules import catalogue
from credit.rules.base import own_parameters
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.shallow import Shallow
from credit.training.descent import Descent
from credit.training.setting import Setting

SHAPE = (300, 400)  # fan_out, fan_in
SIZES = (6, 5, 4, 3)
F64 = torch.float64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed), dtype=F64)


# Init


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("uniform", 0.5),
        ("uniform_fan_in", 0.5 / math.sqrt(400)),
        ("uniform_fan_sum", 0.5 / math.sqrt(700)),
    ],
)
def test_a_uniform_init_fills_its_range_and_stays_in_it(kind, limit):
    W = Init(kind, 0.5).draw(SHAPE, generator(), dtype=F64)
    assert limit * 0.999 < float(W.max()) <= limit
    assert -limit <= float(W.min()) < -limit * 0.999
    assert float(W.std()) == pytest.approx(limit / math.sqrt(3), rel=0.01)


@pytest.mark.parametrize(
    ("kind", "std"),
    [
        ("normal", 0.5),
        ("normal_fan_in", 0.5 / math.sqrt(400)),
        ("normal_fan_sum", 0.5 / math.sqrt(700)),
    ],
)
def test_a_normal_init_has_its_standard_deviation(kind, std):
    W = Init(kind, 0.5).draw(SHAPE, generator(), dtype=F64)
    assert float(W.std()) == pytest.approx(std, rel=0.01)
    assert float(W.mean()) == pytest.approx(0, abs=0.02 * std)
    kurtosis = float((W**4).mean() / (W**2).mean() ** 2)
    assert kurtosis == pytest.approx(3, abs=0.1)  # a uniform draw of that spread has 1.8


def test_a_zero_init_is_zero_and_draws_nothing():
    rng = generator()
    assert not Init("zero").draw(SHAPE, rng).any()
    assert torch.equal(rng.get_state(), generator().get_state())


@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (7, 7), (1, 4)], ids=str)
def test_an_orthogonal_init_has_orthogonal_rows_or_columns_of_its_scale(shape):
    W = Init("orthogonal", 1.5).draw(shape, generator(), dtype=F64)
    short = W @ W.T if shape[0] <= shape[1] else W.T @ W
    torch.testing.assert_close(short, 2.25 * torch.eye(min(shape), dtype=F64), rtol=0, atol=1e-12)


def test_a_coherent_init_gives_every_row_the_sign_of_its_unit():
    W = Init("coherent_fan_in", 0.5).draw(SHAPE, generator(), dtype=F64)
    assert (W[0::2] >= 0).all() and (W[1::2] <= 0).all()
    # the root mean square of |N(0, s^2)| is s
    assert float((W**2).mean().sqrt()) == pytest.approx(0.5 / math.sqrt(400), rel=0.01)


def test_other_inits_are_not_orthogonal():
    W = Init("normal_fan_in").draw((9, 9), generator(), dtype=F64)
    assert float((W @ W.T - torch.eye(9, dtype=F64)).abs().max()) > 0.1


@pytest.mark.parametrize("kind", Init.KINDS)
def test_an_init_draws_the_shape_and_precision_asked_for(kind):
    assert Init(kind).draw((3, 4), generator()).shape == (3, 4)
    assert Init(kind).draw((3, 4), generator()).dtype == torch.float32
    assert Init(kind).draw((3, 4), generator(), dtype=F64).dtype == F64


@pytest.mark.parametrize("kind", [kind for kind in Init.KINDS if kind != "zero"])
def test_an_init_draws_the_same_from_the_same_seed_only(kind):
    draws = [Init(kind).draw((3, 4), generator(seed)) for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_an_unknown_init_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown init 'glorot'.*uniform_fan_in.*orthogonal"):
        Init("glorot")


def test_an_orthogonal_bias_is_refused():
    with pytest.raises(ValueError, match="a bias cannot be orthogonal"):
        make_network(SIZES, biases=Init("orthogonal"))


def test_a_bias_has_the_fans_of_its_matrix():
    network = make_network((25, 4000, 100, 3), biases=Init("uniform_fan_in"), dtype=F64)
    for l, fan_in in ((1, 25), (2, 4000)):
        largest = float(network.layers[l].b.abs().max())
        assert 0.9 / math.sqrt(fan_in) < largest <= 1 / math.sqrt(fan_in)


# make_network


@pytest.mark.parametrize(
    "sizes", [5, (), (3,), (3, 2), (3, 0, 2), (3, -1, 2), (3, 2.0, 2), (3, True, 2)], ids=str
)
def test_impossible_sizes_are_refused_with_the_value(sizes):
    with pytest.raises(ValueError, match="expected at least input, one hidden layer") as caught:
        make_network(sizes)
    assert repr(sizes) in str(caught.value)


@pytest.mark.parametrize("name", ["weights", "biases"])
def test_a_tuple_of_inits_needs_one_a_layer(name):
    with pytest.raises(ValueError, match=f"{name} has 2 inits, expected 3: one a layer"):
        make_network(SIZES, **{name: (Init(), Init())})


def test_a_tuple_of_inits_is_given_to_the_layers_from_the_bottom():
    network = make_network(SIZES, weights=(Init("zero"), Init(), Init("zero")))
    assert [bool(layer.W.any()) for layer in network.layers.values()] == [False, True, False]


@pytest.mark.parametrize("field", ["nonlinearity", "output"])
def test_an_unknown_nonlinearity_or_output_is_refused(field):
    with pytest.raises(ValueError, match=f"{field} is 'gelu', expected one of"):
        make_network(SIZES, **{field: "gelu"})


def test_a_network_knows_its_sizes_alone_and_in_an_ensemble():
    for seed in (0, [0, 1]):
        assert make_network(SIZES, seed).sizes == SIZES
        assert make_network(SIZES, seed).L == 3


def test_a_forward_pass_is_the_chain_of_its_layers():
    network, _, x = bench(catalogue()["backprop"](), SIZES)
    trace = network.forward(x)
    h = x
    for l, layer in network.layers.items():
        a = torch.einsum("bi,oi->bo", h, layer.W) + layer.b
        h = torch.tanh(a) if l < 3 else torch.softmax(a, -1)
        torch.testing.assert_close(trace.a[l], a, rtol=0, atol=1e-12)
        torch.testing.assert_close(trace.h[l], h, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NONLINEARITIES)
def test_a_nonlinearity_may_write_over_its_argument_and_gives_the_same(name):
    network = Network(make_network(SIZES, dtype=F64).layers, name)
    a = 2 * normal(7, SIZES[1])
    expected = network.phi(1, a.clone())
    assert torch.equal(network.overwriting_phi(1)(a.clone()), expected)
    kept = a.clone()
    network.phi(1, a)
    assert torch.equal(a, kept)  # phi itself leaves it alone


def test_a_hard_sigmoid_is_the_identity_between_zero_and_one_and_open_at_both_ends():
    kind = NONLINEARITIES["hard_sigmoid"]
    a = torch.tensor([-0.5, 0.0, 0.3, 1.0, 1.5], dtype=F64)
    assert kind.phi(a).tolist() == [0, 0, 0.3, 1, 1]
    assert kind.slope(a, kind.phi(a)).tolist() == [0, 1, 1, 1, 0]


# own parameters


def test_own_parameters_are_those_drawn_from_the_seed_in_the_precision_asked_for():
    rule = FeedbackAlignment()
    drawn = rule.draw(SIZES, streams(3))["B"]
    own = own_parameters(rule, SIZES, 3, F64)["B"]
    assert own.keys() == drawn.keys()
    assert all(torch.equal(own[l], drawn[l].double()) for l in own)


def test_own_parameters_of_several_seeds_are_stacked():
    rule = FeedbackAlignment()
    together = own_parameters(rule, SIZES, (4, 2))["B"]
    for place, seed in enumerate((4, 2)):
        alone = own_parameters(rule, SIZES, seed)["B"]
        assert all(torch.equal(together[l][place], alone[l]) for l in alone)


def test_a_rule_without_parameters_owns_nothing_in_an_ensemble_either():
    assert own_parameters(Shallow(), SIZES, range(3)) == {}


# ensembles

SEEDS = [0, 1, 2]
RANDOM = Init("normal_fan_in")


def ensemble_and_singles(rule):
    """Channels, network and own parameters of an ensemble, and of its members one by one."""

    def made(seed):
        return make_network(seed=seed, weights=RANDOM, biases=RANDOM, dtype=F64, **rule.asks(SIZES))

    targets = labels_as_targets(made(0))
    t = targets[torch.arange(7) % len(targets)]
    both = []
    for seed in (SEEDS, *SEEDS):
        network = made(seed)
        own = own_parameters(rule, network.sizes, seed, F64)
        both.append((network, Channels(network, own, streams(0)).teach(t), own))
    return both


def depends_on_chance(rule):
    """Whether two steps from the same state with other random streams differ."""
    network, ch, x = bench(rule, SIZES)
    updates = []
    for seed in (0, 1):
        again = Channels(network, ch.own, streams(seed)).teach(ch.target())
        update = rule.step(again, x)[1].dense()
        tensors = (update.W, *update.own.values())
        updates.append([w for by_layer in tensors for w in by_layer.values()])
    return not all(itertools.starmap(torch.equal, zip(*updates, strict=True)))


DETERMINISTIC = [name for name, kind in catalogue().items() if not depends_on_chance(kind())]


def test_most_rules_are_deterministic_and_so_compared_below():
    assert {"backprop", "feedback_alignment", "kolen_pollack"} <= set(DETERMINISTIC)
    assert "weight_mirror" not in DETERMINISTIC


def settling_exactly(rule):
    """Its networks would otherwise settle until the slowest of them is near enough to rest."""
    if not hasattr(rule, "settling"):
        return rule
    return replace(rule, settling=replace(rule.settling, tolerance=0.0))


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_an_ensemble_is_its_members_side_by_side(name):
    rule, x = settling_exactly(catalogue()[name]()), normal(7, SIZES[0])
    setting = Setting(rule, SIZES, learning_rate=0.3, weight_decay=0.1)  # its sizes are not used
    (network, ch, own), *singles = ensemble_and_singles(rule)
    descents = [Descent(setting, network, own)]
    descents += [Descent(setting, member, own) for member, _, own in singles]
    for _ in range(3):
        trace, update = rule.step(ch, x)
        written_out = update.dense()
        descents[0].apply(update)
        for n, (member, member_ch, _) in enumerate(singles):
            alone, member_update = rule.step(member_ch, x)
            expected = member_update.dense()
            for l in member.layers:
                torch.testing.assert_close(trace.h[l][n], alone.h[l], rtol=1e-12, atol=1e-12)
            for l in expected.W:
                got, want = written_out.W[l][n], expected.W[l]
                torch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)
                got, want = written_out.b[l][n], expected.b[l]
                torch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)
            descents[n + 1].apply(member_update)
    for n, (member, _, member_own) in enumerate(singles):
        for ours, theirs in zip(network.parameters(), member.parameters(), strict=True):
            torch.testing.assert_close(ours[n], theirs, rtol=1e-12, atol=1e-12)
        for key, l in ((key, l) for key, ws in own.items() for l in ws):
            torch.testing.assert_close(own[key][l][n], member_own[key][l], rtol=1e-12, atol=1e-12)


def test_the_members_of_an_ensemble_differ():
    W = make_network(SIZES, SEEDS).layers[1].W
    assert not torch.equal(W[0], W[1])


# products

PRODUCTS = {
    "one network": ((7, 4), (7, 5), "bo,bi->oi"),
    "an ensemble": ((3, 7, 4), (3, 7, 5), "nbo,nbi->noi"),
    "an ensemble with one input": ((3, 7, 4), (7, 5), "nbo,bi->noi"),
    "one example": ((1, 4), (1, 5), "bo,bi->oi"),
}


@pytest.mark.parametrize("case", PRODUCTS)
def test_a_product_written_out_is_the_mean_of_outer_products(case):
    post, pre, formula = PRODUCTS[case]
    post, pre = normal(*post, seed=1), normal(*pre, seed=2)
    expected = torch.einsum(formula, post, pre) / post.shape[-2]
    torch.testing.assert_close(Product(post, pre).dense(), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("case", PRODUCTS)
def test_descending_a_product_subtracts_rate_times_what_it_is_written_out(case):
    post, pre, formula = PRODUCTS[case]
    post, pre = normal(*post, seed=1), normal(*pre, seed=2)
    W = Dense(normal(*post.shape[:-2], 4, 5, seed=3), normal(*post.shape[:-2], 4)).W
    update = torch.einsum(formula, post, pre) / post.shape[-2]
    expected = W - 0.3 * update
    Product(post, pre).descend(W, 0.3)
    torch.testing.assert_close(W, expected, rtol=0, atol=1e-14)
    assert W.mT.is_contiguous()
    assert float(update.abs().max()) > 0.1  # so that something was compared


@pytest.mark.parametrize("seed", [0, [0, 1]], ids=str)
def test_weights_are_stored_as_the_transpose_of_a_contiguous_matrix(seed):
    network = make_network(SIZES, seed)
    for layer in (*network.layers.values(), *network.copy().layers.values()):
        assert layer.W.mT.is_contiguous()
        assert not layer.W.is_contiguous()


def test_a_layer_carries_back_only_through_the_weights_it_is_given():
    layer, given = Dense(normal(4, 5), normal(4)), normal(4, 5, seed=1)
    signal = normal(7, 4, seed=2)
    expected = torch.einsum("bo,oi->bi", signal, given)
    torch.testing.assert_close(layer.transpose(signal, given), expected, rtol=0, atol=1e-14)


# nonlinearities and outputs

NUMBERS = st.lists(st.floats(-6, 6), min_size=1, max_size=6)


@pytest.mark.parametrize("name", sorted(NONLINEARITIES))
@given(numbers=NUMBERS)
@settings(max_examples=30, deadline=None)
def test_the_slope_of_a_nonlinearity_is_its_derivative(name, numbers):
    a = torch.tensor(numbers, dtype=F64, requires_grad=True)
    h = NONLINEARITIES[name].phi(a)
    (expected,) = torch.autograd.grad(h.sum(), a)
    slope = NONLINEARITIES[name].slope(a.detach(), h.detach())
    torch.testing.assert_close(slope, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(OUTPUTS))
@given(numbers=st.lists(st.floats(-6, 6), min_size=2, max_size=6), data=st.data())
@settings(max_examples=30, deadline=None)
def test_the_error_of_an_output_is_the_derivative_of_its_loss(name, numbers, data):
    a = torch.tensor(numbers, dtype=F64, requires_grad=True)
    a = a[: len(a) // OUTPUTS[name].units * OUTPUTS[name].units]
    answers = len(a) // OUTPUTS[name].units
    t = torch.eye(answers, dtype=F64)[data.draw(st.integers(0, answers - 1))]
    (expected,) = torch.autograd.grad(OUTPUTS[name].loss(a, t), a)
    error = OUTPUTS[name].error(a.detach(), OUTPUTS[name].y(a.detach()), t)
    torch.testing.assert_close(error, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [n for n, kind in OUTPUTS.items() if kind.slope])
@given(numbers=st.lists(st.floats(-6, 6), min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_the_slope_of_an_output_is_the_derivative_of_its_answers(name, numbers):
    numbers = numbers[: len(numbers) // 2 * 2]
    a = torch.tensor(numbers, dtype=F64, requires_grad=True)
    y = OUTPUTS[name].y(a)
    (expected,) = torch.autograd.grad(y.sum(), a)
    slope = OUTPUTS[name].slope(a.detach(), y.detach())
    torch.testing.assert_close(slope, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "kind",
    [k for k in (*NONLINEARITIES.values(), *OUTPUTS.values()) if k.inverse],
)
@given(numbers=NUMBERS)
@settings(max_examples=30, deadline=None)
def test_an_inverse_gives_back_what_the_unit_was_driven_with(kind, numbers):
    a = torch.tensor(numbers, dtype=F64)
    h = kind.phi(a) if hasattr(kind, "phi") else kind.y(a)
    torch.testing.assert_close(kind.inverse(h), a, rtol=1e-12, atol=1e-12)


def test_what_a_unit_does_not_have_is_said_with_those_that_do():
    network = make_network(SIZES)
    trace = network.forward(torch.ones(1, SIZES[0]))
    with pytest.raises(
        ValueError, match=r"tanh units have no inverse, those of linear, leaky_relu"
    ):
        network.inverse(1, trace.h[1])
    with pytest.raises(ValueError, match=r"softmax units have no slope, those of .*linear"):
        network.slope(network.L, trace)


def test_units_beyond_the_targets_have_no_error():
    a, t = normal(5, 7), torch.eye(3, dtype=F64)[torch.tensor([0, 1, 2, 2, 0])]
    output = OUTPUTS["leaky_squared"]
    error = output.error(a, output.y(a), t)
    assert (error[:, 3:] == 0).all() and (error[:, :3] != 0).all()


def test_signed_units_count_up_and_down_in_turns():
    a = torch.tensor([[2.0, 2.0, -1.0, 3.0]])
    assert NONLINEARITIES["signed_relu"].phi(a).tolist() == [[2.0, -2.0, 0.0, -3.0]]
    assert OUTPUTS["pair"].y(a).tolist() == [[0.0, -3.0]]
    network = make_network((6, 5, 4), output="pair")
    assert network.answers == 2 and network.forward(torch.ones(1, 6)).h[2].shape == (1, 2)


def test_clamping_keeps_coherent_weights_and_silences_the_others():
    network = make_network((6, 5, 4, 2), nonlinearity="signed_relu", output="pair")
    before = network.copy()
    network.make_coherent()
    assert torch.equal(network.layers[1].W, before.layers[1].W)  # data have no sign
    for l in (2, 3):
        W, was = network.layers[l].W, before.layers[l].W
        s = torch.tensor([1.0, -1.0, 1.0, -1.0])[: len(W), None]
        assert torch.equal(W, torch.where(s * was > 0, was, 0))
        assert (W == 0).any() and (W != 0).any()


def test_a_net_of_binary_signals_sends_signs_between_hidden_layers_only():
    network, x = make_network((6, 5, 4, 3), sent="sign", dtype=F64), normal(7, 6)
    trace, layers = network.forward(x), network.layers
    torch.testing.assert_close(trace.a[1], layers[1].drive(x))
    torch.testing.assert_close(trace.a[2], layers[2].drive(trace.h[1].sign()))
    torch.testing.assert_close(trace.a[3], layers[3].drive(trace.h[2]))
    ch = Channels(network, {}, streams(0))
    torch.testing.assert_close(ch.drive(2, trace.h[1]), trace.a[2])
    dW, _ = ch.gradient(2, trace.h[2], trace.h[1])
    assert torch.equal(dW.pre, trace.h[1].sign())


def test_nothing_comes_back_through_a_step_function():
    _, ch, x = bench(catalogue()["backprop"](), (6, 5, 4, 3))
    stepped = Channels(make_network((6, 5, 4, 3), sent="sign", dtype=F64), {}, streams(0))
    stepped.teach(ch.target())
    rule = catalogue()["backprop"]()
    assert (rule.step(stepped, x)[1].dense().W[1] == 0).all()
    assert (rule.step(stepped, x)[1].dense().W[2] != 0).any()
    assert (rule.step(ch, x)[1].dense().W[1] != 0).any()


def test_an_unknown_way_of_sending_is_refused():
    with pytest.raises(ValueError, match="sent is 'morse', expected one of graded, sign"):
        make_network(SIZES, sent="morse")


def test_the_slope_is_computed_once_for_each_trace(monkeypatch):
    asked = []

    def slope(a, h):
        asked.append(a)
        return 1 - h * h

    counted = type(NONLINEARITIES["tanh"])(torch.tanh, slope)
    monkeypatch.setitem(NONLINEARITIES, "tanh", counted)
    network = make_network(SIZES)
    trace, other = network.forward(torch.ones(2, 6)), network.forward(torch.zeros(2, 6))
    assert network.slope(1, trace) is network.slope(1, trace)
    assert len(asked) == 1
    network.slope(2, trace)
    network.slope(1, other)
    assert len(asked) == 3
    torch.testing.assert_close(network.slope(1, other), torch.ones(2, 5))


def test_a_copy_shares_nothing_with_its_network():
    network = make_network(SIZES, output="linear")
    before = [p.clone() for p in network.parameters()]
    copy = network.copy()
    assert isinstance(copy, Network) and copy.output == "linear"
    for p in copy.parameters():
        p.add_(1)
    for now, then in zip(network.parameters(), before, strict=True):
        assert torch.equal(now, then)


# numbers at the edge, and what copies keep


def test_softmax_of_large_activations_is_finite_and_still_backprops():
    """exp(10,000) is not a number to compute with; the largest is taken off first."""
    a = torch.tensor([[1e4, 1e4 - 1, -1e4], [-1e4, -1e4, -1e4]], dtype=torch.float64)
    y = OUTPUTS["softmax"].y(a)
    torch.testing.assert_close(y, torch.softmax(a, -1), rtol=0, atol=1e-12)
    assert torch.isfinite(y).all() and not torch.isfinite(torch.exp(a)).all()


@pytest.mark.parametrize("sent", ["graded", "sign"])
@pytest.mark.parametrize("seed", [0, range(3)], ids=["one network", "an ensemble"])
def test_a_copy_and_an_ensemble_send_what_the_network_sends(sent, seed):
    network = make_network((4, 5, 6, 3), seed, "leaky_relu", "linear", sent=sent)
    copy = network.copy()
    assert (copy.sent, copy.nonlinearity, copy.output) == (sent, "leaky_relu", "linear")
    x = torch.rand(2, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(copy.forward(x).h[3], network.forward(x).h[3])
    other = make_network((4, 5, 6, 3), seed, "leaky_relu", "linear",
                         sent={"graded": "sign", "sign": "graded"}[sent])  # fmt: skip
    assert not torch.equal(other.forward(x).h[3], network.forward(x).h[3])
