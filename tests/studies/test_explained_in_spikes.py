"""What was changed where spikes stay below 95 % right, on numbers that are made up."""

from types import SimpleNamespace

import pandas as pd
import pytest

from credit.evidence import results
from credit.studies.explained_in_spikes import explained

LABEL = "200 a rule"


@pytest.fixture
def claimed(monkeypatch):
    """claimed(tried, ends) -> the claim, of {what: validation error} and the errors of what ran."""

    def made(tried, ends, what="longer"):
        tuning = pd.DataFrame(
            [
                {"setting": f"{LABEL}, {k}", "metric": m, "value": v}
                for k, v in tried.items()
                for m in ("validation error", "test error")
            ]
        )
        full = pd.DataFrame(
            [
                {"setting": f"{LABEL}, {what}", "metric": "test error", "seed": s, "value": v}
                for s, v in enumerate(ends)
            ]
        )
        frames = {"05-spiking-explained-tuning": tuning, "05-spiking-explained": full}
        monkeypatch.setattr(results, "load", frames.__getitem__)
        monkeypatch.setattr(results, "final", lambda frame, metric="test error": frame)
        error = [6.0, 6.2, 5.8, 6.1, 5.9]
        rows = {"setting": LABEL, "metric": "test error", "seed": range(5), "value": error}
        study = SimpleNamespace(
            experiments=["05-spiking"],
            search=lambda _: SimpleNamespace(own=7.0),
            ends=pd.DataFrame(rows),
        )
        return explained(study, LABEL)

    return made


def test_the_changes_stand_in_their_order_and_the_best_in_full(claimed):
    said = claimed({"wider": 7.5, "longer": 5.5, "weaker": 6.5}, [4.0, 4.2, 3.9])
    assert said.holds and said.topic == "Below 95 %"
    assert said.text.startswith("It has 94.00 % of the test images right. 3 changes were tried,")
    assert "from 7.00 % the validation error comes to 5.50 (longer), 6.50 (weaker) and" in said.text
    assert "best change, longer, ends at 4.03 ± 0.38 % test error (3 seeds). Compared" in said.text


def test_it_stops_where_another_is_the_best_or_nothing_helps(claimed):
    assert not claimed({"longer": 5.5, "weaker": 5.0}, [4.0, 4.2, 3.9]).holds
    assert not claimed({"longer": 7.1, "weaker": 7.5}, [4.0, 4.2, 3.9]).holds


def test_a_change_that_does_not_help_at_full_length_is_said_to_be_that(claimed):
    said = claimed({"longer": 5.5, "weaker": 6.5}, [6.0, 6.1, 5.8])
    assert said.holds and "the error cannot be told apart" in said.text
    assert "the error is lower (-1.97 points;" in claimed({"longer": 5.5}, [4.0, 4.2, 3.9]).text
