"""Numbers as people give them become plain ones, and what is no number is refused."""

import math

import numpy as np
import pytest

from credit.nets.networks import Init, make_network
from credit.nets.plain import finite, plain, real, whole
from credit.nets.relaxation import Settling
from credit.nets.streams import streams
from credit.rules.equilibrium_propagation import EquilibriumPropagation


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        ([1, np.int8(2)], (1, 2)),
        (np.arange(3), (0, 1, 2)),
        ("tanh", "tanh"),
        (None, None),
        (range(2), range(2)),
        (Init("normal", np.int64(2)), Init("normal", 2.0)),
        (EquilibriumPropagation(beta=1), EquilibriumPropagation(beta=1.0)),
    ],
    ids=str,
)
def test_a_value_becomes_a_plain_one(given, expected):
    assert repr(plain(given)) == repr(expected)


def test_a_whole_number_is_a_float_where_one_is_meant():
    assert [repr(plain(1, kind)) for kind in (float, float | None, int, None)] == [
        "1.0", "1.0", "1", "1",
    ]  # fmt: skip
    assert plain(True, float) is True  # which is then refused


@pytest.mark.parametrize("n", [0, -1, 2.0, np.float64(2), True, np.True_, "2", None, math.nan])
def test_what_is_no_whole_number_from_one_on_is_refused(n):
    with pytest.raises(ValueError, match=r"batch is .*, expected a whole number of at least 1"):
        whole("batch", n)


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan, np.nan, True, "0.1", None, 1j, 0, -1])
def test_what_is_no_positive_number_is_refused(x):
    assert not (finite(x) and x > 0)
    with pytest.raises(ValueError, match=r"rate is .*, expected a positive number"):
        real("rate", x, "a positive number", lambda r: r > 0)


@pytest.mark.parametrize("one", [1, np.int64(1), np.uint8(1)])
def test_numpys_numbers_are_numbers(one):
    assert type(whole("n", one)) is int
    assert type(real("x", one / 2, "positive", lambda x: x > 0)) is float
    assert repr(Settling(one, rate=one, check=one)) == repr(Settling(1, rate=1.0, check=1))
    ours, theirs = (
        make_network(sizes, seed) for sizes, seed in (([4, one, 2], one), ((4, 1, 2), 1))
    )
    assert ours.layers[1].W.tolist() == theirs.layers[1].W.tolist()
    assert streams(one)["order"].initial_seed() == streams(1)["order"].initial_seed()


def test_an_array_of_seeds_is_an_ensemble():
    ours, theirs = (make_network((4, 3, 2), seeds) for seeds in (np.arange(2), (0, 1)))
    assert ours.layers[1].W.tolist() == theirs.layers[1].W.tolist()
    assert ours.layers[1].W.shape == (2, 3, 4)
