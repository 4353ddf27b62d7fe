"""What a user hands in is checked where it enters, and the loss channel."""

import pytest
import torch
from helpers import bench

from credit.nets.channels import Channels
from credit.nets.networks import OUTPUTS, Trace, make_network
from credit.nets.streams import streams
from credit.rules import catalogue, rule

SIZES = (784, 50, 10)


def channels(seed=0, sizes=SIZES, **fields):
    return Channels(make_network(sizes, seed, **fields), {}, streams(0))


def one_hot(n=64):
    return torch.eye(10)[torch.arange(n) % 10]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((64, 28, 28), r"x is \[64, 28, 28\], expected \[batch, 784\]"),
        ((64, 1, 784), r"x is \[64, 1, 784\], expected \[batch, 784\]"),
        ((64, 1, 28, 28), r"x is \[64, 1, 28, 28\], expected \[batch, 784\]"),
        ((784,), r"x is \[784\], expected \[batch, 784\]"),
        ((64, 196), r"x is \[64, 196\], expected \[batch, 784\]"),
    ],
)
def test_examples_of_another_shape_are_refused_with_both_shapes(shape, expected):
    ch, x = channels(), torch.zeros(shape)
    with pytest.raises(ValueError, match=expected):
        ch.drive(1, x)
    with pytest.raises(ValueError, match=expected):
        rule("backprop").step(ch.teach(one_hot()), x)
    with pytest.raises(ValueError, match=expected):
        rule("backprop").answer(ch, x)


def test_many_networks_take_examples_of_their_own_or_the_same_ones():
    """Guards the test above."""
    ch = channels(seed=(0, 1, 2))
    assert ch.drive(1, torch.zeros(64, 784)).shape == (3, 64, 50)
    assert ch.drive(1, torch.zeros(3, 64, 784)).shape == (3, 64, 50)
    assert channels().drive(1, torch.zeros(64, 784)).shape == (64, 50)
    with pytest.raises(ValueError, match=r"expected \[networks, batch, 784\]"):
        ch.drive(1, torch.zeros(64, 28, 28))


@pytest.mark.parametrize(
    ("t", "shown"),
    [
        (torch.arange(64) % 10, r"t is \[64\] of torch.int64"),
        (torch.zeros(64, 10, dtype=torch.int64), r"t is \[64, 10\] of torch.int64"),
        (torch.zeros(64), r"t is \[64\] of torch.float32"),
        (torch.zeros(64, 1), r"t is \[64, 1\] of torch.float32"),
        (torch.zeros(64, 11), r"t is \[64, 11\] of torch.float32"),
    ],
    ids=["labels", "whole numbers", "one axis", "column", "wide"],
)
def test_a_teacher_of_another_form_is_refused_with_the_one_expected(t, shown):
    with pytest.raises(
        ValueError, match=rf"{shown}, expected floats \[\.\.\., batch, 10\].*one_hot"
    ):
        channels().teach(t)


def test_units_without_a_target_are_allowed_where_the_output_has_them():
    """Guards the test above."""
    assert channels(output="leaky_squared").teach(torch.zeros(64, 7)).target().shape == (64, 7)
    assert channels(sizes=(784, 50, 20), output="pair").teach(one_hot()).target().shape == (64, 10)


@pytest.mark.parametrize("name", ["backprop", "equilibrium_propagation"])
@pytest.mark.parametrize("rows", [1, 63])
def test_a_teacher_with_another_number_of_examples_is_refused(name, rows):
    ch = channels(nonlinearity="hard_sigmoid", output="hard_sigmoid_squared")
    message = rf"t is \[{rows}, 10\] for x \[64, 784\], expected a row of t for every row of x"
    with pytest.raises(ValueError, match=message):
        rule(name).step(ch.teach(one_hot(rows)), torch.zeros(64, 784))
    rule(name).step(ch.teach(one_hot()), torch.zeros(64, 784))


@pytest.mark.parametrize("name", catalogue())
def test_a_step_without_a_teacher_is_refused(name):
    network, _, x = bench(rule(name))
    ch = Channels(network, bench(rule(name))[1].own, streams(0), len(x))
    with pytest.raises(ValueError, match="t is not set for x"):
        rule(name).step(ch, x)


# the loss


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_loss_of_a_trace_is_that_of_its_examples_and_of_the_network(output):
    network, ch, x = bench(rule("backprop"), output=output)
    trace = rule("backprop").forward(ch, x)
    assert ch.loss(trace).shape == (len(x),)
    assert torch.equal(ch.loss(trace), ch.loss(x))
    assert torch.equal(ch.loss(x), network.loss(x, ch.target()))


def test_the_loss_is_that_of_the_teacher_and_of_the_state_given():
    """Guards the test above: it changes with both."""
    _, ch, x = bench(rule("backprop"))
    trace, before = rule("backprop").forward(ch, x), ch.loss(x)
    trace.a[ch.L] = trace.a[ch.L] + 1e-3 * torch.eye(3, dtype=x.dtype)[0]
    assert (ch.loss(trace) != before).all()
    assert (ch.teach(ch.target().roll(1, -1)).loss(x) != before).any()


def test_the_loss_is_one_number_for_each_example_of_each_network():
    ch = channels(seed=(0, 1, 2)).teach(one_hot())
    assert ch.loss(torch.zeros(64, 784)).shape == (3, 64)


def test_a_state_without_a_drive_of_the_output_is_refused_with_the_other_way():
    _, ch, x = bench(rule("backprop"))
    with pytest.raises(ValueError, match=r"this trace has no a_3: give ch\.loss the examples x"):
        ch.loss(Trace(h={0: x}, a={}))
