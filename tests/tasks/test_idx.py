"""Data sets of one's own in four idx files."""

import gzip
import re

import numpy as np
import pytest

from credit import paths
from credit.rules.backprop import Backprop
from credit.tasks import data, idx
from credit.training.run import run
from credit.training.setting import Setting


def as_idx(values):
    """Bytes of an idx file, written independently of the reader."""
    return (
        bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes() + values.tobytes()
    )


def arrays(n=60, test=20, side=3):
    """Three classes whose images are dark, grey and bright, in turn."""
    label, test_label = (np.arange(k, dtype=np.uint8) % 3 for k in (n, test))
    images = [np.uint8(l * 100 + np.zeros((len(l), side, side)).T).T for l in (label, test_label)]
    return dict(zip(idx.FILES, (images[0], label, images[1], test_label), strict=True))


def written(root, zipped=False, **changed):
    root.mkdir(exist_ok=True)
    for name, values in (arrays() | {k.replace("_", "-"): v for k, v in changed.items()}).items():
        raw = as_idx(values)
        file = root / f"{name}-ubyte{'.gz' if zipped else ''}"
        file.write_bytes(gzip.compress(raw) if zipped else raw)
    return root


@pytest.mark.parametrize("zipped", [False, True])
def test_four_files_give_a_data_set_in_their_order_whose_last_sixth_validates(tmp_path, zipped):
    found = data.load(f"idx:{written(tmp_path / 'shades', zipped)}")
    assert (found.name, found.shape, found.classes) == ("shades", (1, 3, 3), ("0", "1", "2"))
    assert [len(s) for s in (found.train, found.validation, found.test)] == [50, 10, 20]
    assert found.train.label[:4].tolist() == [0, 1, 2, 0]
    assert found.validation.label[:2].tolist() == [2, 0]  # of the images 50 and 51
    assert found.train.x[1].tolist() == pytest.approx([100 / 255] * 9)


def test_mnist_by_its_path_is_mnist():
    ours, mnist = data.load(f"idx:{paths.DATA / 'mnist'}"), data.load("mnist")
    for part in ("train", "validation", "test"):
        assert getattr(ours, part).x.equal(getattr(mnist, part).x)
        assert getattr(ours, part).label.equal(getattr(mnist, part).label)


def test_idx_files_are_trained_on_by_their_path(tmp_path):
    name = f"idx:{written(tmp_path)}"
    setting = Setting(Backprop(), (9, 10, 3), dataset=name, epochs=60, batch=10, learning_rate=0.3)
    (error,) = (row["value"] for row in run(setting, 0) if row["metric"] == "test error")
    assert error == 0


def test_the_version_changes_with_the_content(tmp_path):
    name = f"idx:{written(tmp_path)}"
    before = data.version(name)
    assert re.fullmatch("idx-[0-9a-f]{12}", before) and data.version(name) == before
    written(tmp_path, t10k_labels_idx1=arrays()["t10k-labels-idx1"][::-1].copy())
    assert data.version(name) != before


@pytest.mark.parametrize("name", idx.FILES)
def test_a_missing_file_is_named(tmp_path, name):
    (written(tmp_path) / f"{name}-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name}-ubyte\.gz is missing, with and without"):
        data.load(f"idx:{tmp_path}")


BAD = {
    "flat": {"train_images_idx3": np.zeros((60, 9), np.uint8)},
    "labels": {"train_labels_idx1": np.zeros(59, np.uint8)},
    "sizes": {"t10k_images_idx3": np.zeros((20, 4, 4), np.uint8)},
    "few": {"train_images_idx3": np.zeros((5, 3, 3), np.uint8),
            "train_labels_idx1": np.arange(5, dtype=np.uint8) % 3},
    "one class": {"train_labels_idx1": np.zeros(60, np.uint8)},
    "new class": {"t10k_labels_idx1": np.full(20, 3, np.uint8)},
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_files_that_do_not_fit_together_are_refused_with_their_shapes(tmp_path, case):
    with pytest.raises(ValueError, match=rf"{tmp_path.name} has .*, expected"):
        data.load(f"idx:{written(tmp_path, **BAD[case])}")
