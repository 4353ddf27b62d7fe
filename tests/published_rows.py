"""Toy rows in the place of data/published.csv, for the tests of what reads them."""

import pandas as pd

from credit.evidence import published as published_values
from credit.evidence.published import COLUMNS

ROW = dict.fromkeys(COLUMNS, "") | {
    "id": "a",
    "experiment": "99-toy",
    "method": "backprop",
    "setting": "2x8 tanh",
    "paper": "nokland2016direct",
    "origin": "paper",
    "metric": "test error",
    "value": "1.70",
    "unit": "%",
    "read": "seen",
    "confidence": "high",
}


def use(tmp_path, monkeypatch, *rows, columns=COLUMNS):
    """Make these rows the published ones; a row changes what it names in ROW."""
    path = tmp_path / "published.csv"
    pd.DataFrame([ROW | row for row in rows], columns=columns).to_csv(path, index=False)
    monkeypatch.setattr(published_values, "PUBLISHED", path)
    return path
