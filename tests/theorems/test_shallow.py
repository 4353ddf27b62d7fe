"""The shallow baseline: its readout learns as backprop's does, and nothing else moves."""

from itertools import pairwise

import pytest
import torch
from helpers import assert_same, autograd, bench
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.nets.networks import OUTPUTS
from credit.rules.backprop import Backprop
from credit.rules.shallow import Shallow
from credit.training.descent import Descent
from credit.training.setting import Setting


@given(
    sizes=st.lists(st.integers(1, 7), min_size=3, max_size=6).map(tuple),
    output=st.sampled_from(sorted(OUTPUTS)),
    seed=st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_the_readout_is_told_the_gradient_of_the_loss_and_nobody_else_anything(sizes, output, seed):
    network, ch, x = bench(Shallow(), sizes, seed, output=output)
    update, (dW, db) = Shallow().step(ch, x)[1].dense(), autograd(network, ch, x)
    assert_same(update.W, {network.L: dW[network.L]})
    assert_same(update.b, {network.L: db[network.L]})


@pytest.mark.parametrize(("rule", "hidden"), [(Shallow(), False), (Backprop(), True)])
def test_the_loss_falls_while_the_hidden_layers_stay_and_backprops_do_not(rule, hidden):
    network, ch, x = bench(rule, batch=20)
    before, descent = network.copy(), Descent(Setting(rule, learning_rate=0.5), network, {})
    losses = []
    for _ in range(30):
        losses.append(float(network.loss(x, ch.target()).mean()))
        descent.apply(rule.step(ch, x)[1])
    assert all(late < early for early, late in pairwise(losses))
    for l in (1, 2):
        assert torch.equal(network.layers[l].W, before.layers[l].W) != hidden
        assert torch.equal(network.layers[l].b, before.layers[l].b) != hidden
