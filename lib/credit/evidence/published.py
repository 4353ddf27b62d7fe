"""Published values: data/published.csv read, checked, and put into words."""

import csv
import functools
import math
import re

import pandas as pd

from credit import paths
from credit.runs.files import readable

PUBLISHED = paths.DATA / "published.csv"
COLUMNS = ["id", "experiment", "method", "setting", "beside", "paper", "origin", "locator"]
COLUMNS += ["metric", "value", "low", "high", "spread", "unit", "read", "confidence", "note"]
NUMBERS = ("value", "low", "high", "spread")
MARKS = {
    # the paper, its authors' code and their logs; or somebody else's implementation
    "origin": ("paper", "implementation"),
    # in the origin itself; in another source; recalled, not looked up; inferred from words
    "read": ("seen", "quoted", "memory", "derived"),
    "confidence": ("high", "medium", "low"),
}
READ = {"seen": "read", "quoted": "quoted", "memory": "recalled", "derived": "derived"}  # in tables
ACCENTS = {r"\o": "ø", r"\"o": "ö", r"\'S": "Ś", r"\'e": "é", r"\c c": "ç", r"\~a": "ã"}


def published(
    experiment: str | None = None, method: str | None = None, setting: str | None = None
) -> pd.DataFrame:
    """Rows of data/published.csv, all or those that match.

    Returns   COLUMNS and `rounding`, half a unit of the last digit printed. A value that nobody
              could read is nan; of a range in words `low` and `high` are given and `value` is nan.
    """
    rows = _read()
    for column, wanted in (("experiment", experiment), ("method", method), ("setting", setting)):
        if wanted is not None:
            rows = rows[rows[column] == wanted]
    return rows.reset_index(drop=True)


def has_value(rows: pd.DataFrame) -> pd.Series:
    """Whether there is a value or a range to compare with, [rows]."""
    return rows["value"].notna() | rows["low"].notna()


def citation(key: str) -> str:
    """'Akrout et al. 2019' for a key of paper/references.bib; any other source by its own name."""
    return _citations().get(key, key)


def in_words(row) -> str:
    """'1.74 ± 0.08 (recalled)' or 'between 2 and 3 (read)', of a row as a named tuple."""
    if not math.isnan(row.low):
        text = f"between {row.low:g} and {row.high:g}"
    elif math.isnan(row.published):
        return "no value read"
    else:
        text = plus_minus(row.published, row.spread, places(row.rounding))
    return f"{text} ({READ[row.read]})"


def plus_minus(value: float, spread: float, digits: int = 2, sign: str = "") -> str:
    """'1.70 ± 0.04'; a spread is never cut shorter than its own digits."""
    if math.isnan(spread):
        return f"{value:{sign}.{digits}f}"
    digits = max(digits, len(f"{spread:g}".partition(".")[2]) if spread == round(spread, 3) else 0)
    return f"{value:{sign}.{digits}f} ± {spread:.{digits}f}"


def places(rounding: float) -> int:
    """Decimal places of a number that was rounded by so much."""
    return max(0, -math.floor(math.log10(2 * rounding) + 1e-9))


def _read() -> pd.DataFrame:
    again = "get it back with git checkout data/published.csv"
    with readable(PUBLISHED, again), PUBLISHED.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows, header = list(reader), reader.fieldnames or []
    if header != COLUMNS:
        missing, unknown = set(COLUMNS) - set(header), set(header) - set(COLUMNS)
        raise ValueError(
            f"{PUBLISHED}: columns missing {sorted(missing)}, unknown {sorted(unknown)}, "
            f"expected exactly {','.join(COLUMNS)}"
        )
    ids = set()
    for row in rows:
        if problem := _problem(row, ids):
            raise ValueError(f"{PUBLISHED}, row {row['id']!r}, {problem}")
        ids.add(row["id"])
        row["rounding"] = 0.5 * 10.0 ** -len(row["value"].partition(".")[2])
        for column in NUMBERS:
            row[column] = float(row[column] or "nan")
    return pd.DataFrame(rows, columns=[*COLUMNS, "rounding"])


def _problem(row: dict, ids: set) -> str:
    """What is wrong with one line of the file; '' if nothing."""
    if None in row or None in row.values():
        return f"column count: not the {len(COLUMNS)} of the header"
    if row["id"] in ids or not row["id"]:
        return "column id: empty or used before"
    for column, allowed in MARKS.items():
        if row[column] not in allowed:
            return f"column {column}: {row[column]!r} is none of {', '.join(allowed)}"
    for column in NUMBERS:
        if row[column] and not re.fullmatch(r"-?\d+(\.\d+)?", row[column]):
            return f"column {column}: {row[column]!r} is no plain decimal number"
    if row["low"] or row["high"]:
        if row["value"] or row["spread"]:
            return "column value: a range in low and high has neither value nor spread"
        if not (row["low"] and row["high"] and float(row["low"]) < float(row["high"])):
            return f"column low: no range from {row['low']!r} to {row['high']!r}"
    return ""


@functools.cache
def _citations() -> dict[str, str]:
    """{key: who and when}, from paper/references.bib."""
    text = (paths.ROOT / "paper" / "references.bib").read_text(encoding="utf-8")
    found = {}
    for code, letter in ACCENTS.items():
        text = text.replace(f"{{{code}}}", letter)
    for entry in text.split("\n@")[1:]:
        key = entry.partition("{")[2].partition(",")[0].strip()
        entry = " ".join(entry.split())
        authors = re.search(r"author\s*=\s*\{(.*?)\}, \w+\s*=", entry)
        year = re.search(r"year\s*=\s*\{(\d{4})\}", entry)
        if authors and year:
            names = [name.partition(",")[0].strip("{}") for name in authors[1].split(" and ")]
            short = len(names) == 1 or (len(names) == 2 and names[1] != "others")
            found[key] = f"{' and '.join(names) if short else names[0] + ' et al.'} {year[1]}"
    return found
