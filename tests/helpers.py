"""What several test files need: small float64 networks with a rule on them."""

import math
from dataclasses import fields

import torch

from credit.audit.probes import labels_as_targets
from credit.nets.channels import Channels
from credit.nets.networks import OUTPUTS, Init, make_network
from credit.nets.streams import streams
from credit.rules.base import own_parameters


def bench(rule, sizes=(6, 5, 4, 3), seed=0, batch=7, nonlinearity="tanh", output="softmax"):
    """(network, channels with a teacher set, x) in float64 with random weights and biases."""
    init = Init("normal_fan_in")
    sizes = (*sizes[:-1], sizes[-1] * OUTPUTS[output].units)
    asked = {"nonlinearity": nonlinearity, "output": output} | rule.asks(sizes)
    network = make_network(seed=seed, weights=init, biases=init, dtype=torch.float64, **asked)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, network.sizes[0], generator=generator, dtype=torch.float64)
    targets = labels_as_targets(network)
    label = torch.randint(len(targets), (batch,), generator=generator)
    own = own_parameters(rule, network.sizes, seed, torch.float64)
    ch = Channels(network, own, streams(seed))
    return network, ch.teach(targets[label]), x


def autograd(network, ch, x):
    """Independent reference: ({l: dW}, {l: db}) of the mean loss by torch.autograd."""
    parameters = network.parameters()
    for p in parameters:
        p.requires_grad_()
    gradients = torch.autograd.grad(network.loss(x, ch.target()).mean(), parameters)
    for p in parameters:
        p.requires_grad_(False)
    layers = range(1, network.L + 1)
    return dict(zip(layers, gradients[::2], strict=True)), dict(
        zip(layers, gradients[1::2], strict=True)
    )


def assert_same(got, want, atol=1e-12):
    """Two {l: tensor} agree in every entry."""
    assert got.keys() == want.keys()
    for l in got:
        torch.testing.assert_close(got[l], want[l], rtol=0, atol=atol)


def largest_difference(got, want):
    return max(float((got[l] - want[l]).abs().max()) for l in want)


def by_name(kinds: set[type]) -> dict:
    """What the repr of a setting may name; of several classes of one name the one that has the
    fields that are given and fewest others."""

    def whichever_fits(same):
        def make(**given):
            fits = [kind for kind in same if given.keys() <= {f.name for f in fields(kind)}]
            return min(fits, key=lambda kind: len(fields(kind)))(**given)

        return make

    names = {kind.__name__: {k for k in kinds if k.__name__ == kind.__name__} for kind in kinds}
    makers = {n: whichever_fits(k) if len(k) > 1 else next(iter(k)) for n, k in names.items()}
    return makers | {"inf": math.inf}
