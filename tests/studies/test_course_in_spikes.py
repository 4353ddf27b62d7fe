"""How near spikes are to rates while they learn, on angles that are made up."""

import pandas as pd
import pytest

from credit.evidence import results
from credit.studies import course_in_spikes
from credit.studies.course_in_spikes import ANGLES


def runs(label, first, last):
    """Two seeds; (own, other, backprop) at the first weights and after a pass."""
    return [
        {"setting": label, "seed": seed, "epoch": epoch, "layer": 1, "metric": m, "value": v + seed}
        for epoch, angles in ((0.0, first), (0.05, (first[2] or 9, 40, first[2])), (1.0, last))
        for m, v in zip(ANGLES.values(), angles, strict=True)
        for seed in (0, 1)
        if v is not None
    ]


FRAMES = {
    "01-spiking-course": runs("200 signs", (10, 40, 15), (30, 80, 35)),
    "02-spiking-course": runs("200 direct", (8, 35, 89), (25, 85, 50))
    + runs("200 symmetric", (7, 36, 7), (35, 86, 35)),
    "05-spiking-course": runs("200 equilibrium propagation", (12, 41, None), (50, 91, None)),
    "07-spiking-course": runs("200 Kickback", (6, 35, 6), (33, 81, 33)),
}


@pytest.fixture
def rows(monkeypatch):
    frames = {name: pd.DataFrame(frame) for name, frame in FRAMES.items()}
    monkeypatch.setattr(results, "available", lambda: [*frames, "02-spiking"])
    monkeypatch.setattr(results, "load", frames.__getitem__)
    return course_in_spikes.angles()


def test_angles_have_names_rules_and_images(rows):
    assert set(rows["images"]) == {0, 1250, 25_000}
    rules = dict(zip(rows["method"], rows["rule"], strict=True))
    assert rules["sign symmetry"] == "sign_symmetry" and rules["Kickback"] == "kickback"
    assert rules["backprop (transposed weights)"] == "backprop"
    assert len(rules) == 5 and rules["equilibrium propagation"] == "equilibrium_propagation"
    of = rows.set_index(["method", "images", "seed"]).loc[("sign symmetry", 25_000, 1)]
    assert tuple(of[list(ANGLES)]) == (31, 81, 36)
    assert rows[rows["method"] == "equilibrium propagation"]["backprop"].isna().all()


def test_the_sentences_name_the_nearest_and_the_farthest(rows):
    own, backprop = course_in_spikes.sentences(rows)
    assert own.holds and own.text == (
        "The change by spikes lies 6 (Kickback) to 12° (equilibrium propagation) from that of the "
        "same rule in rates at the first weights, and after 25,000 images 26 (feedback alignment) "
        "to 50° (equilibrium propagation): for 5 of 5 the angle has grown. From that of the same "
        "rule for other labels it is then at least 80°."
    )
    assert backprop.holds and backprop.text == (
        "Among pathways that are not backprop's own way the change is 36 (sign symmetry) to 50° "
        "(feedback alignment) from that of backprop in rates after 25,000 images; nearer than at "
        "the first weights: feedback alignment."
    )


def test_an_angle_that_does_not_grow_or_is_that_for_other_labels_stops_the_notebook(rows):
    signs = rows["method"] == "sign symmetry"
    for what, value in (("own", 5.0), ("other", 20.0)):
        changed = rows.copy()
        changed.loc[signs & (rows["images"] == 25_000), what] = value
        own, _ = course_in_spikes.sentences(changed)
        assert not own.holds
    changed = rows.copy()
    changed.loc[signs & (rows["images"] == 25_000), "backprop"] = 95.0
    _, backprop = course_in_spikes.sentences(changed)
    assert not backprop.holds
