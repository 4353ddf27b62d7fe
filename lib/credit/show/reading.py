"""What notebooks show of the library and of tables, so that text and code cannot drift apart."""

from collections.abc import Sequence

import pandas as pd
from IPython.display import Markdown

from credit.audit import probes
from credit.evidence import answer
from credit.rules.base import Rule
from credit.runs.cells import source_of


def source(thing) -> Markdown:
    """The source of a rule or function as it runs here."""
    return Markdown(f"```python\n{source_of(thing).rstrip()}\n```")


def table(frame: pd.DataFrame) -> Markdown:
    """A frame as a Markdown table, text as it is and numbers with two decimals."""
    return Markdown(answer.markdown_table(frame))


def own_rules(seed: int = 0) -> Markdown:
    """The reader's own rules in the two tables that the project's stand in."""
    rules = [kind() for kind in answer.own_rules().values()]
    if not rules:
        return Markdown("None so far: README tells how to add a rule.")
    tables = audit_table(rules, seed), answer.own_table()
    return Markdown("\n\n".join(table(frame).data for frame in tables))


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
