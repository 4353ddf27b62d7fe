"""Kickback: backprop's signs from one scalar and one hop, where a network is coherent."""

import pytest
import torch
from helpers import assert_same, autograd, bench, largest_difference
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.audit import probes
from credit.experiments.kickback import ARM, FREE, coherent, steep, unsigned
from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network, signs
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.kickback import Kickback
from credit.studies.kickback import against_backprop, linear_regression
from credit.training.run import build, run

WIDTHS = st.lists(st.integers(1, 9), min_size=2, max_size=7).map(tuple)  # of input and hidden


def step(rule, ch, x):
    return rule.step(ch, x)[1].dense()


def signed_bench(widths, seed, is_coherent, batch=20):
    """(network, channels, x) in float64 with random biases, weights coherent or of any sign."""
    network, ch, x = bench(Kickback(), (*widths, 1), seed, batch, output="pair")
    if is_coherent:
        for l in range(2, network.L + 1):
            W = network.layers[l].W
            W.copy_(W.abs() * signs(W.shape[0], W.dtype).unsqueeze(-1))
    return network, ch, x


def deltas(ch, x):
    """({l: delta_l}) of Kickback and of backprop on the same trace."""
    trace = Backprop().forward(ch, x)
    return [rule.delta(ch, trace, rule.teach(ch, trace)) for rule in (Kickback(), Backprop())]


# the formula


@given(widths=WIDTHS, seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_teaching_signal_is_the_scalar_error_times_the_influence_one_layer_up(widths, seed):
    """The influence by autograd: the sum of h_{l+1} by each h_l, of each example."""
    network, ch, x = signed_bench(widths, seed, is_coherent=False)
    trace = Kickback().forward(ch, x)
    teaching = Kickback().teach(ch, trace)
    beta = trace.h[network.L] - ch.target()
    for l in range(1, network.L):
        h = trace.h[l].clone().requires_grad_()
        above = network.phi(l + 1, network.drive(l + 1, h)).sum()
        (influence,) = torch.autograd.grad(above, h)
        torch.testing.assert_close(teaching[l], beta * influence, rtol=0, atol=1e-12)


def test_the_influence_counts_active_units_only_and_differs_from_example_to_example():
    network, ch, x = signed_bench((6, 8, 8), 0, is_coherent=True)
    trace = Kickback().forward(ch, x)
    influence = Kickback().teach(ch, trace)[1] / ch.mismatch(trace)
    all_units = network.layers[2].W.abs().sum(0)
    assert bool((influence <= all_units + 1e-12).all())
    assert float(influence.std(0).max()) > 0.1


def test_it_looks_one_layer_up_and_no_further():
    """The control is backprop, which hears of every layer above."""

    def moved(rule, changed):
        _, ch, x = signed_bench((6, 8, 7, 5), 1, is_coherent=True)
        before = step(rule, ch, x).W[1]
        ch.W_back = ch.W_back | {changed: 2 * ch.W_back[changed]}
        return largest_difference({1: step(rule, ch, x).W[1]}, {1: before})

    assert moved(Kickback(), 2) > 1e-3
    assert moved(Kickback(), 3) == moved(Kickback(), 4) == 0
    assert min(moved(Backprop(), changed) for changed in (2, 3, 4)) > 1e-3


# one hidden layer


@given(n_in=st.integers(1, 9), hidden=st.integers(1, 9), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_with_one_hidden_layer_it_is_backprop_whatever_the_signs(n_in, hidden, seed):
    network, ch, x = signed_bench((n_in, hidden), seed, is_coherent=False)
    update, (dW, db) = step(Kickback(), ch, x), autograd(network, ch, x)
    assert_same(update.W, dW)
    assert_same(update.b, db)


@pytest.mark.parametrize("is_coherent", [True, False])
def test_with_two_hidden_layers_it_is_not_backprop_in_the_first(is_coherent):
    network, ch, x = signed_bench((6, 8, 7), 0, is_coherent)
    update, (dW, _) = step(Kickback(), ch, x), autograd(network, ch, x)
    assert_same({l: update.W[l] for l in (2, 3)}, {l: dW[l] for l in (2, 3)})
    assert largest_difference({1: update.W[1]}, {1: dW[1]}) > 1e-3


# coherence


@given(widths=WIDTHS, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_in_a_coherent_network_every_unit_has_the_sign_of_backprop(widths, seed):
    network, ch, x = signed_bench(widths, seed, is_coherent=True)
    ours, theirs = deltas(ch, x)
    for l in range(1, network.L + 1):
        on = theirs[l] != 0
        assert torch.equal(ours[l].sign()[on], theirs[l].sign()[on])


@given(widths=WIDTHS, seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_in_a_coherent_network_no_weight_moves_against_the_gradient_of_an_example(widths, seed):
    network, ch, x = signed_bench(widths, seed, is_coherent=True, batch=1)
    update, (dW, db) = step(Kickback(), ch, x), autograd(network, ch, x)
    assert all(bool((update.W[l] * dW[l] >= 0).all()) for l in dW)
    assert all(bool((update.b[l] * db[l] >= 0).all()) for l in db)


def test_in_an_incoherent_network_the_signs_are_chance_below_the_last_hidden_layer():
    frame = against_backprop(FREE, (21, 100, 100, 100, 100, 2))
    assert frame["same sign"].iloc[:3].between(0.3, 0.7).all()
    assert frame["same sign"].iloc[3] == 1
    assert frame["cosine"].iloc[:2].abs().max() < 0.5


def test_a_small_step_lowers_the_loss_of_a_coherent_network_and_not_of_every_other():
    def slopes(is_coherent):  # of the loss along minus the update
        for seed in range(20):
            network, ch, x = signed_bench((6, 20, 20, 20), seed, is_coherent, batch=1)
            update, (dW, _) = step(Kickback(), ch, x), autograd(network, ch, x)
            yield -sum(float((update.W[l] * dW[l]).sum()) for l in (1, 2))  # the guessed ones

    assert max(slopes(True)) <= 0
    assert max(slopes(False)) > 0.01


@pytest.mark.parametrize("sizes", [ARM, (21, 100, 100, 100, 100, 2)])
@pytest.mark.parametrize("kind", [coherent, steep])
def test_the_angle_is_small_at_a_coherent_start_and_the_size_is_not_backprops(kind, sizes):
    frame = against_backprop(kind(Kickback(), sizes).weights, sizes)
    assert (frame["same sign"] == 1).all()
    assert frame["cosine"].min() > 0.9
    ratio = frame["size"]
    assert ratio.iloc[-1] == pytest.approx(1)
    assert max(ratio.max(), 1 / ratio.min()) > 3  # Adam or rates of their own even that out
    assert against_backprop(FREE, sizes)["cosine"].iloc[0] < 0.5


def fraction_coherent(network):
    """Of the weights above the first layer that have the sign of their unit, or none."""
    kept = [
        (network.layers[l].W * signs(network.layers[l].W.shape[-2]).unsqueeze(-1) >= 0).flatten()
        for l in range(2, network.L + 1)
    ]
    return float(torch.cat(kept).double().mean())


@pytest.mark.parametrize("clamped", [True, False])
def test_clamping_keeps_every_weight_coherent_and_without_it_most_stay_so(clamped, monkeypatch):
    setting = coherent(Kickback(), ARM, dataset="arm", examples=2000, epochs=2, coherent=clamped)
    network = trained(setting, monkeypatch)[0]
    fraction = fraction_coherent(network)
    assert fraction == 1 if clamped else 0.55 < fraction < 0.95
    assert bool((network.layers[1].W < 0).any(-1).all())  # the layer that reads the data is free


def trained(setting, monkeypatch):
    """(network, test nMSE) of a run with seed 0."""
    made = []
    monkeypatch.setattr(
        "credit.training.run.build", lambda *given: made.append(build(*given)) or made[0]
    )
    rows = run(setting, 0)
    (error,) = (row["value"] for row in rows if row["metric"] == "test nMSE")
    return made[0], error


def test_it_learns_as_well_as_backprop_in_a_coherent_network_and_not_in_another(monkeypatch):
    small = {"dataset": "arm", "examples": 3000, "epochs": 3, "learning_rate": 1e-2}
    nets = {"coherent": coherent, "unsigned": unsigned}
    error = {
        (name, rule.short): trained(kind(rule, ARM, **small), monkeypatch)[1]
        for name, kind in nets.items()
        for rule in (Kickback(), Backprop())
    }
    assert error["coherent", "Kickback"] < 1.5 * error["coherent", "BP"]
    assert error["coherent", "Kickback"] < linear_regression().mean()
    assert error["unsigned", "Kickback"] > 2 * error["unsigned", "BP"]
    assert error["unsigned", "Kickback"] > 3 * linear_regression().mean()


# the network it asks for


def test_networks_side_by_side_learn_what_each_would_alone():
    sizes, init = (6, 8, 7, 2), Init("normal_fan_in")
    made = [
        make_network(sizes, seed, "signed_relu", "pair", init, init, torch.float64)
        for seed in ([3, 4, 5], 3, 4, 5)
    ]
    chance = torch.Generator().manual_seed(0)
    x = torch.randn(9, 6, generator=chance, dtype=torch.float64)
    t = torch.randn(3, 9, 1, generator=chance, dtype=torch.float64)
    together, *alone = (
        step(Kickback(), Channels(network, {}, streams(0)).teach(target), x)
        for network, target in zip(made, (t, *t), strict=True)
    )
    for l, dW in together.W.items():
        torch.testing.assert_close(dW, torch.stack([u.W[l] for u in alone]))
        torch.testing.assert_close(together.b[l], torch.stack([u.b[l] for u in alone]))


def test_a_network_of_two_answers_is_refused():
    network = make_network((6, 5, 4), 0, "signed_relu", "pair")
    ch = Channels(network, {}, streams(0)).teach(torch.zeros(3, 2))
    with pytest.raises(ValueError, match="Kickback teaches networks of one answer, got 2"):
        Kickback().step(ch, torch.ones(3, 6))


# what it needs and what it costs


def test_the_audit_finds_the_weights_of_one_hop_and_one_number_per_label():
    assert probes.transport_verdict(Kickback()) == "depends"
    assert probes.teacher(Kickback()).verdict == "scalar"


def test_it_sends_as_many_signals_back_as_backprop_and_of_the_same_sizes():
    class Counting(Channels):
        def back(self, l, signal, weights):
            sent.append((l, signal.shape))
            return super().back(l, signal, weights)

    counts = []
    for rule in (Kickback(), Backprop()):
        sent = []
        network, ch, x = signed_bench((6, 8, 7, 5), 0, is_coherent=True)
        rule.step(Counting(network, {}, streams(0)).teach(ch.target()), x)
        counts.append(sorted(sent))
    assert counts[0] == counts[1]
    assert len(counts[0]) == 3
