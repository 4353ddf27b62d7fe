"""What notebooks show of the library and of tables, so that text and code cannot drift apart."""

from collections.abc import Mapping, Sequence

import pandas as pd
from IPython.display import Markdown

from credit.audit import probes
from credit.evidence import answer
from credit.evidence.methods import own_rules as rules_of_a_reader
from credit.evidence.published import citation
from credit.rules import catalogue
from credit.rules.base import Rule
from credit.runs.cells import source_of

AUDITED = (  # below a table of the audit
    "*s*: relative change of the hidden update over that of the weights, when these are exchanged "
    "(WT1) or keep their signs (WT2). TG1: the different updates that all possible targets make; "
    "*numbers it sends*: the dimensions that these span. Last, how many networks say so. More in "
    "the [audit of notebook 00](00_the_question.ipynb#The-audit)."
)


def source(thing) -> Markdown:
    """The source of a rule or function as it runs here."""
    return Markdown(f"```python\n{source_of(thing).rstrip()}\n```")


def table(frame: pd.DataFrame, below: str = "") -> Markdown:
    """A frame as a Markdown table, text as it is and numbers with two decimals; a note below it."""
    return Markdown(answer.markdown_table(frame) + (f"\n\n{below}" if below else ""))


def own_rules(seed: int = 0) -> Markdown:
    """The reader's own rules in the two tables that the project's stand in."""
    rules = [kind() for kind in rules_of_a_reader().values()]
    if not rules:
        return Markdown("None so far: README tells how to add a rule.")
    tables = audit_table(rules, seed), answer.own_table()
    return Markdown("\n\n".join(table(frame).data for frame in tables))


def audit_table(rules: Sequence[Rule], seed: int = 0, seeds: int = probes.SEEDS) -> pd.DataFrame:
    """The probes of the audit, executed now: one row per rule, numbers and a word per probe.

    Numbers are medians over `seeds` networks, the first one that of `seed`; a word is said by all
    of them, as many as the last column shows. WT2 is asked where WT1 finds a dependence.
    """
    rows = []
    for rule in rules:
        wt1, wt2, tg1 = probes.audit(rule, seed, seeds)
        rows.append(
            {
                "rule": rule.short,
                "WT1, other weights: s": _relative_change(wt1.value),
                "WT2, same signs: s": "–" if wt1 is wt2 else _relative_change(wt2.value),
                "weight transport": wt1.verdict,
                "TG1, different updates": f"{tg1.value:g}",
                "teacher": tg1.verdict,
                "numbers it sends": f"{tg1.median('numbers'):g}",
                "seeds that say so": " / ".join(dict.fromkeys((wt1.said, tg1.said))),
            }
        )
    return pd.DataFrame(rows)


def not_run_table(rows: pd.DataFrame, reasons: Mapping[str, str]) -> pd.DataFrame:
    """Published values that nobody ran here, each with the reason: one row per setting and paper.

    rows     of evidence.verdicts.published
    reasons  {part of a setting: why}; the first that fits counts, none is a LookupError
    """
    lines = []
    for (setting, paper), part in rows.groupby(["setting", "paper"], sort=False):
        why = next((reason for some, reason in reasons.items() if some in setting), None)
        if why is None:
            raise LookupError(f"no reason is given why {setting!r} was not run")
        values = [
            f"{metric}: {', '.join(map(_value, same.itertuples()))}"
            for metric, same in part.groupby("metric", sort=False)
        ]
        lines.append(
            {
                "setting": setting,
                "published": "; ".join(values),
                "paper": citation(paper),
                "read": ", ".join(sorted(set(part["read"]))),
                "why not here": why,
            }
        )
    return pd.DataFrame(lines)


def _value(row) -> str:
    """DFA 3.92 %; where there is no number, what the note says in its place."""
    unit = "" if row.unit == "1" else f" {row.unit}"
    said = f"{row.value:g}{unit}" if row.value == row.value else row.note or "no value read"
    if row.metric == "claim":  # which says that already
        said = said.removesuffix("; a claim in words")
    known = catalogue()
    named = known[row.method].short if row.method in known else row.method.replace("_", " ")
    return said if said.startswith(named) else f"{named} {said}"


def _relative_change(s: float) -> str:
    """With two digits, or as too small to be more than rounding."""
    return f"< {probes.INDEPENDENT:g}" if s <= probes.INDEPENDENT else f"{s:.2g}"
