"""Claims: a sentence about results beside the condition that makes it true.

In a notebook the sentence is code, in a cell tagged hide-input and nbval-check-output:

    say(
        claim("DFA ends {gap:.2f} points above backprop.", greater(dfa, bp), gap=gap),
        claim("With {n} layers both beat the shallow baseline.", less(bp, shallow), n=n),
    )

- Conditions are words of `glossary` or plain comparisons; numbers are fields, from the data.
- Executing the cell evaluates all of its claims and shows them as prose; nbval compares the text.
  On training done in the notebook the tag is nbval-ignore-output: digits differ by processor.
- False ones raise ClaimFailed, which names every false sentence: the notebook and its test fail.
- A sentence with a typed number, a condition that is no bool, or nan is refused with a ValueError.
- With parameters that a reader has changed, say(..., strict=False) marks what no longer holds.
- Around them, markdown cells hold no measured number; published ones are links to their source.
"""

import itertools
import math
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real

import numpy as np

from credit.evidence.prose import typed_numbers

BROKEN = "does not hold with these parameters"  # never in a stored notebook


class ClaimFailed(AssertionError):
    """Sentences about results that their data do not support; `claims` are the false ones."""

    def __init__(self, false: list["Claim"], n: int):
        super().__init__(f"{len(false)} of {n} claims false: " + "; ".join(map(str, false)))
        self.claims = false


@dataclass(frozen=True)
class Claim:
    """One sentence, whether it holds, the numbers in it, and the words that its item begins with,
    where claims are shown as a list."""

    sentence: str  # as written, with its fields
    holds: bool
    numbers: Mapping[str, object] = field(default_factory=dict)
    topic: str = ""

    def under(self, topic: str) -> "Claim":
        """The same claim as part of an item that begins with **topic.**, or **topic?**"""
        return replace(self, topic=topic)

    @property
    def text(self) -> str:
        return self.sentence.format(**self.numbers)

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {_shown(value)}" for name, value in self.numbers.items())
        return f'"{self.text}"' + f" ({given})" * bool(given)


@dataclass(frozen=True)
class Said:
    """Claims as a notebook shows them: a paragraph or a list in Markdown, lines as plain text."""

    claims: tuple[Claim, ...]
    bullets: bool
    folded: tuple[str, ...] = ()

    def _repr_markdown_(self) -> str:
        if not self.bullets:
            return " ".join(map(_marked, self.claims))
        below = [c for c in self.claims if c.topic in self.folded and c.holds]
        shown = [c for c in self.claims if c not in below]
        parts = [_items(shown)] if shown else []
        if below:
            first, *others = dict.fromkeys(c.topic for c in below)
            named = ", ".join([first, *map(_within, others)])
            told = _items(below) if others else " ".join(map(_marked, below))
            parts += [f"<details><summary>{named}</summary>", told, "</details>"]
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return "\n".join(c.text if c.holds else f"{BROKEN}: {c}" for c in self.claims)


def _within(topic: str) -> str:
    """As it stands within a sentence: "Learning rates" becomes "learning rates", "ITP" stays."""
    return topic[0].lower() + topic[1:] if topic[1:2].islower() else topic


def _items(claims: Iterable[Claim]) -> str:
    """One item per claim, or per run of claims of one topic."""
    items = []
    for topic, of_it in itertools.groupby(claims, key=lambda c: c.topic):
        told = list(map(_marked, of_it))
        stop = "" if topic.endswith("?") else "."
        items += [f"**{topic}{stop}** " + " ".join(told)] if topic else told
    return "\n".join(f"- {item}" for item in items)


def _marked(claim: Claim) -> str:
    return claim.text if claim.holds else f"~~{claim.text}~~ *({BROKEN})*"


def listed(words: Iterable[str]) -> str:
    """ "a, b and c"; "none" of none."""
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "none"


def claim(sentence: str, condition: bool, **numbers) -> Claim:
    """A sentence that is true if `condition` is.

    sentence   literal Markdown; every measured number is a field such as {gap:.2f}
    condition  a bool, made from data
    numbers    {field: number, or text that was computed}
    """
    if not isinstance(condition, bool | np.bool_):
        raise ValueError(
            f"the condition of {sentence!r} is {type(condition).__name__}, expected one bool: "
            "a comparison of numbers, .all() of many, or a word of the glossary"
        )
    parts = list(string.Formatter().parse(sentence))
    names = {name for _, name, _, _ in parts if name is not None}
    if names != set(numbers):
        raise ValueError(
            f"{sentence!r} has the fields {sorted(names)}, but was given {sorted(numbers)}"
        )
    # a field stands for no digit, so that a unit behind it is not taken for one behind a number
    if typed := typed_numbers("".join(text + "…" * (name is not None) for text, name, *_ in parts)):
        raise ValueError(
            f"{sentence!r} holds {', '.join(map(repr, typed))}, typed by hand: make it a field, or "
            "write a setting as `code` and a published number as a link to its source"
        )
    for _, name, form, _ in parts:
        if name is not None:
            _check(sentence, name, numbers[name], form)
    return Claim(sentence, bool(condition), numbers)


def say(
    *claims: Claim, bullets: bool = False, strict: bool = True, folded: Sequence[str] = ()
) -> Said:
    """Show claims as prose; ClaimFailed if any is false.

    bullets  a list instead of a paragraph: one item per claim, or per run of claims of one topic
    folded   topics of a list whose items open at a click, below the others; what is false does not
    strict   False: false ones are crossed out instead, for parameters that are not the notebook's
    """
    if not claims or not all(isinstance(c, Claim) for c in claims):
        raise ValueError("say expects claims: say(claim(sentence, condition, ...), ...)")
    if folded and not bullets:
        raise ValueError("say folds items of a list only: say(..., bullets=True, folded=...)")
    false = [c for c in claims if not c.holds]
    if false and strict:
        raise ClaimFailed(false, len(claims))
    return Said(claims, bullets, tuple(folded))


def _check(sentence: str, name: str, value: object, form: str):
    if isinstance(value, str):
        return
    if not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} in {sentence!r} is {value!r}, expected a finite number or a text")
    if isinstance(value, float | np.floating) and not form:
        raise ValueError(f"{name} in {sentence!r} has no format: write {{{name}:.1f}}, say")


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
