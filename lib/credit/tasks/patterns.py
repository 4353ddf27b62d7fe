"""Small tasks of binary patterns, learned to a criterion: encoders, XOR, shifter, family trees."""

import itertools

import torch
from torch import Tensor

Patterns = tuple[Tensor, Tensor]  # x [patterns, inputs] and t [patterns, outputs], zeros and ones

# Hinton 1986, with one name for both trees: couples, and the children of two of them
COUPLES = (("c", "p"), ("a", "h"), ("r", "m"), ("j", "v"), ("k", "n"))  # husband, wife
CHILDREN = {("c", "p"): ("r", "v"), ("a", "h"): ("j", "n"), ("j", "v"): ("o", "l")}  # son, daughter
RELATIONS = (
    *("husband", "wife", "son", "daughter", "father", "mother"),
    *("brother", "sister", "uncle", "aunt", "nephew", "niece"),
)


def encoder(n: int) -> Patterns:
    """n one-hot patterns, each its own target."""
    return torch.eye(n), torch.eye(n)


def xor() -> Patterns:
    """Two bits and whether they differ."""
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return x, (x.sum(-1, keepdim=True) == 1).float()


def shifter(n: int = 4) -> Patterns:
    """n bits beside the same bits shifted around by -1, 0 or 1: which of the three was it?

    Every pattern of n bits that the three shifts tell apart; for n = 4 these are 12, 36 in all.
    """
    x, t = [], []
    for bits in itertools.product((0.0, 1.0), repeat=n):
        shifted = [(*bits[-s:], *bits[:-s]) if s else bits for s in (-1, 0, 1)]
        if len(set(shifted)) == 3:
            x += [(*bits, *other) for other in shifted]
            t += torch.eye(3).tolist()
    return torch.tensor(x), torch.tensor(t)


def family() -> dict[tuple[str, str], frozenset[str]]:
    """{(person, relation): who that is} of one tree, 52 pairs; uncles and aunts by marriage too."""
    people = [person for couple in COUPLES for person in couple] + ["o", "l"]
    parents = {child: couple for couple, pair in CHILDREN.items() for child in pair}
    spouse = {a: b for couple in COUPLES for a, b in (couple, couple[::-1])}
    male = {couple[0] for couple in COUPLES} | {"o"}

    def siblings(person):
        return [p for p in people if p != person and p in parents and person in parents
                and parents[p] == parents[person]]  # fmt: skip

    def kin(person):
        """Everyone the person is related to, by the two names a relation has."""
        yield ("husband", "wife"), [spouse[person]] if person in spouse else []
        yield ("father", "mother"), parents.get(person, ())
        yield ("brother", "sister"), siblings(person)
        own = [c for couple, pair in CHILDREN.items() if person in couple for c in pair]
        yield ("son", "daughter"), own
        near = [s for parent in parents.get(person, ()) for s in siblings(parent)]
        yield ("uncle", "aunt"), near + [spouse[s] for s in near if s in spouse]
        wider = siblings(person) + (siblings(spouse[person]) if person in spouse else [])
        theirs = [
            c for s in wider for couple, pair in CHILDREN.items() if s in couple for c in pair
        ]
        yield ("nephew", "niece"), theirs

    answers = {}
    for person in people:
        for (he, she), others in kin(person):
            for relation, found in (
                (he, frozenset(o for o in others if o in male)),
                (she, frozenset(o for o in others if o not in male)),
            ):
                if found:
                    answers[person, relation] = found
    return answers


def family_trees() -> Patterns:
    """Two such trees: one of 24 people and one of 12 relations in, everyone that it is out."""
    answers = family()
    people = sorted({person for person, _ in answers})
    pairs = [(tree, *pair) for tree in (0, 1) for pair in answers]
    x, t = torch.zeros(len(pairs), 36), torch.zeros(len(pairs), 24)
    for row, (tree, person, relation) in enumerate(pairs):
        x[row, 12 * tree + people.index(person)] = 1
        x[row, 24 + RELATIONS.index(relation)] = 1
        for other in answers[person, relation]:
            t[row, 12 * tree + people.index(other)] = 1
    return x, t
