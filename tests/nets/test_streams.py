"""Random streams: repeatable, independent, and strict about the seed."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from credit.nets import streams as module
from credit.nets.streams import PURPOSES, streams


def numbers(generator, n=4):
    return torch.rand(n, generator=generator, dtype=torch.float64).tolist()


@given(seed=st.integers(0, 2**64))
def test_the_same_seed_gives_the_same_numbers(seed):
    first, second = streams(seed), streams(seed)
    assert set(first) == set(PURPOSES)
    assert all(numbers(first[name]) == numbers(second[name]) for name in PURPOSES)


def test_no_two_seeds_or_purposes_give_the_same_numbers():
    drawn = [tuple(numbers(stream)) for seed in range(50) for stream in streams(seed).values()]
    assert len(set(drawn)) == len(drawn) == 50 * len(PURPOSES)


@pytest.mark.parametrize("used", PURPOSES)
def test_drawing_from_one_stream_leaves_the_others_as_they_were(used):
    fresh, drained = streams(3), streams(3)
    numbers(drained[used], 1000)
    for name in PURPOSES:
        assert (numbers(fresh[name]) == numbers(drained[name])) == (name != used)


def test_a_purpose_added_at_the_end_leaves_the_earlier_streams_as_they_were(monkeypatch):
    before = {name: numbers(stream) for name, stream in streams(3).items()}
    monkeypatch.setattr(module, "PURPOSES", (*PURPOSES, "sleep"))
    after = {name: numbers(stream) for name, stream in streams(3).items()}
    added = after.pop("sleep")
    assert after == before
    assert added not in before.values()


def test_a_purpose_added_at_the_front_moves_them_all(monkeypatch):
    """Guards the test above: the place in the list is what counts."""
    before = {name: numbers(stream) for name, stream in streams(3).items()}
    monkeypatch.setattr(module, "PURPOSES", ("sleep", *PURPOSES))
    after = {name: numbers(stream) for name, stream in streams(3).items()}
    assert all(after[name] != before[name] for name in PURPOSES)


FIRST = {"weights": 556526, "feedback": 635414, "order": 779674, "noise": 799837, "choice": 882455}


@pytest.mark.parametrize("purpose", FIRST)
def test_the_numbers_of_seed_0_are_those_of_all_committed_results(purpose):
    """Another order of purposes, or another way from seed to stream, makes other runs of all."""
    assert int(torch.randint(10**6, (), generator=streams(0)[purpose])) == FIRST[purpose]


def test_the_streams_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    numbers(streams(0)["weights"])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("seed", [-1, True, False, 1.0, "1", None, [0]], ids=repr)
def test_a_bad_seed_is_refused_with_the_value(seed):
    with pytest.raises(ValueError, match="expected a non-negative integer") as caught:
        streams(seed)
    assert f"seed is {seed!r}" in str(caught.value)


def test_a_misspelt_purpose_is_answered_with_the_known_ones():
    with pytest.raises(
        KeyError, match=f"no random stream 'noize', known are {', '.join(PURPOSES)}"
    ):
        streams(0)["noize"]
    assert streams(0).get("noize") is None
