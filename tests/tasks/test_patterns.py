"""The small tasks, against counts and facts that were written down another way."""

import itertools

import numpy as np
import pytest
import torch

from credit.tasks import patterns

# one of Hinton's two trees by plain facts: who is married, whose child, a man
MARRIED = {("c", "p"), ("a", "h"), ("r", "m"), ("j", "v"), ("k", "n")}
PARENTS = {"r": "cp", "v": "cp", "j": "ah", "n": "ah", "o": "jv", "l": "jv"}
MEN, WOMEN = set("carjko"), set("phmvnl")
EVERYONE = MEN | WOMEN


def married(x, y):
    return (x, y) in MARRIED or (y, x) in MARRIED


def child(x, y):
    """x is a child of y."""
    return y in PARENTS.get(x, "")


def sibling(x, y):
    return x != y and x in PARENTS and PARENTS[x] == PARENTS.get(y)


def aunt_or_uncle(x, y):
    """x is a sibling of a parent of y, or is married to one."""
    return any(
        child(y, p) and (sibling(x, p) or any(married(x, s) and sibling(s, p) for s in EVERYONE))
        for p in EVERYONE
    )


DEFINED = {  # (the people it can be, y's relative x)
    "husband": (MEN, married),
    "wife": (WOMEN, married),
    "son": (MEN, child),
    "daughter": (WOMEN, child),
    "father": (MEN, lambda x, y: child(y, x)),
    "mother": (WOMEN, lambda x, y: child(y, x)),
    "brother": (MEN, sibling),
    "sister": (WOMEN, sibling),
    "uncle": (MEN, aunt_or_uncle),
    "aunt": (WOMEN, aunt_or_uncle),
    "nephew": (MEN, lambda x, y: aunt_or_uncle(y, x)),
    "niece": (WOMEN, lambda x, y: aunt_or_uncle(y, x)),
}


def reasoned():
    """{(person, relation): who that is} from the definitions."""
    found = {
        (y, relation): frozenset(x for x in people if holds(x, y))
        for y in EVERYONE
        for relation, (people, holds) in DEFINED.items()
    }
    return {pair: who for pair, who in found.items() if who}


def test_the_family_is_what_the_definitions_say():
    assert patterns.family() == reasoned()


def test_a_wrong_definition_would_be_noticed():
    """Guards the test above: uncles by marriage make a difference."""
    by_blood = {
        (y, "uncle"): frozenset(x for x in MEN for p in EVERYONE if child(y, p) and sibling(x, p))
        for y in EVERYONE
    }
    assert by_blood["o", "uncle"] == {"r"}
    assert patterns.family()["o", "uncle"] == {"r", "k"}


def test_a_tree_has_52_pairs_and_56_triples_and_both_have_8_pairs_with_two_answers():
    family = patterns.family()
    assert len(family) == 52
    assert sum(len(who) for who in family.values()) == 56
    _, t = patterns.family_trees()
    assert len(t) == 104
    assert int((t.sum(-1) == 1).sum()) == 96
    assert int((t.sum(-1) == 2).sum()) == 8


def test_a_tree_has_twelve_people_and_twelve_relations():
    family = patterns.family()
    assert {person for person, _ in family} == EVERYONE
    assert {relation for _, relation in family} == set(patterns.RELATIONS) == set(DEFINED)
    assert len(patterns.RELATIONS) == len(EVERYONE) == 12


def test_the_trees_are_the_same_tree_and_know_nothing_of_each_other():
    x, t = patterns.family_trees()
    assert tuple(x.shape) == (104, 36)
    assert tuple(t.shape) == (104, 24)
    assert bool((x[:, :24].sum(-1) == 1).all()) and bool((x[:, 24:].sum(-1) == 1).all())
    assert len({tuple(row) for row in x.tolist()}) == 104
    first, second = slice(0, 52), slice(52, 104)
    assert torch.equal(x[first, :12], x[second, 12:24])
    assert torch.equal(x[first, 24:], x[second, 24:])
    assert torch.equal(t[first, :12], t[second, 12:])
    for other in (x[first, 12:24], x[second, :12], t[first, 12:], t[second, :12]):
        assert not other.any()


def test_the_patterns_of_the_trees_say_what_the_family_says():
    x, t = patterns.family_trees()
    people = sorted(EVERYONE)
    told = {}
    for row, answer in zip(x[:52], t[:52], strict=True):
        person = people[int(row[:12].argmax())]
        relation = patterns.RELATIONS[int(row[24:].argmax())]
        told[person, relation] = frozenset(people[int(i)] for i in answer[:12].nonzero())
    assert told == reasoned()


@pytest.mark.parametrize("n", [1, 4, 8])
def test_an_encoder_gives_back_each_of_its_units(n):
    x, t = patterns.encoder(n)
    assert x.tolist() == t.tolist() == np.eye(n).tolist()


def test_xor():
    x, t = patterns.xor()
    assert {(int(a), int(b), int(y)) for (a, b), (y,) in zip(x.tolist(), t.tolist(), strict=True)} \
        == {(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)}  # fmt: skip


# of n bits: all but those that a shift does not change, or that both shifts change alike
@pytest.mark.parametrize(("n", "count"), [(3, 6), (4, 12), (5, 30), (6, 60)])
def test_the_shifter_has_every_pattern_whose_shifts_can_be_told_apart(n, count):
    x, t = patterns.shifter(n)
    assert tuple(x.shape) == (3 * count, 2 * n)
    assert tuple(t.shape) == (3 * count, 3)
    assert len({tuple(row) for row in x.tolist()}) == 3 * count
    assert t.sum(0).tolist() == [count] * 3
    for row, target in zip(x.numpy(), t.numpy(), strict=True):
        alike = [np.array_equal(np.roll(row[:n], s), row[n:]) for s in (-1, 0, 1)]
        assert alike == target.astype(bool).tolist()
    kept = {tuple(row[:n]) for row in x.tolist()}
    for bits in set(itertools.product((0.0, 1.0), repeat=n)) - kept:
        turned = [tuple(np.roll(bits, s)) for s in (-1, 0, 1)]
        assert len(set(turned)) < 3


@pytest.mark.parametrize(
    "make", [patterns.xor, patterns.shifter, patterns.family_trees, lambda: patterns.encoder(4)]
)
def test_patterns_are_zeros_and_ones(make):
    x, t = make()
    assert len(x) == len(t)
    for some in (x, t):
        assert some.dtype == torch.float32
        assert set(some.unique().tolist()) <= {0.0, 1.0}
