"""What notebooks show of the library and of tables, so that text and code cannot drift apart."""

import inspect
from collections.abc import Sequence

import pandas as pd
from IPython.display import Markdown

from credit.audit import probes
from credit.evidence import answer
from credit.rules.base import Rule


def source(thing) -> Markdown:
    """The source of a rule or function as it runs here."""
    return Markdown(f"```python\n{inspect.getsource(thing).rstrip()}\n```")


def table(frame: pd.DataFrame) -> Markdown:
    """A frame as a Markdown table, text as it is and numbers with two decimals."""
    return Markdown(answer.markdown_table(frame))


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


def _relative_change(s: float) -> str:
    """With two digits, or as too small to be more than rounding."""
    return f"< {probes.INDEPENDENT:g}" if s <= probes.INDEPENDENT else f"{s:.2g}"
