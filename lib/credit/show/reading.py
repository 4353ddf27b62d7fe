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


def table(frame: pd.DataFrame, below: str = "") -> Markdown:
    """A frame as a Markdown table, text as it is and numbers with two decimals; a note below it."""
    return Markdown(answer.markdown_table(frame) + (f"\n\n{below}" if below else ""))


def audit_table(rules: Sequence[Rule], seed: int = 0) -> pd.DataFrame:
    """The probes of the audit, executed now: one row per rule, a number and a word per probe."""
    rows = []
    for rule in rules:
        wt1 = probes.weight_transport(rule, seed)
        wt2 = probes.weight_transport(rule, seed, probes.SignKept)
        tg1 = probes.label_count(rule, seed)
        rows.append(
            {
                "rule": rule.short,
                "WT1, other weights: s": f"{wt1.value:.2g}",
                "WT2, same signs: s": f"{wt2.value:.2g}",
                "weight transport": probes.transport_verdict(rule, seed),
                "TG1, different updates": f"{tg1.value}",
                "teacher": tg1.verdict,
            }
        )
    return pd.DataFrame(rows)
