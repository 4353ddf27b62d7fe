"""Data sets as `load` hands them out: which part is which, and whose label is whose."""

import pytest
import torch

from credit.tasks import arm, data, patterns

PARTS = ("train", "validation", "test")


@pytest.mark.parametrize("part", PARTS)
def test_a_pooled_image_is_the_mean_of_two_by_two_pixels_with_its_own_label(part):
    small, full = (getattr(data.load(name), part) for name in ("mnist14", "mnist"))
    assert len(small) == len(full) == {"train": 50_000}.get(part, 10_000)
    assert torch.equal(small.label, full.label)
    images, pooled = full.x[:200].view(-1, 28, 28), small.x[:200].view(-1, 14, 14)
    for i in (0, 5, 13):
        for j in (2, 7, 9):
            four = images[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            torch.testing.assert_close(pooled[:, i, j], four.mean((1, 2)), rtol=0, atol=1e-6)
    largest = images.unflatten(2, (14, 2)).unflatten(1, (14, 2)).amax((2, 4))
    assert float((largest - pooled).max()) > 0.3  # and the mean is not the largest


def test_pooled_images_say_their_shape_and_classes():
    small = data.load("mnist14")
    assert small.shape == (1, 14, 14) and small.train.x.shape == (50_000, 196)
    assert small.classes == data.load("mnist").classes == tuple("0123456789")
    assert small.name == "mnist14" and not small.regression


def test_of_images_to_be_reconstructed_the_values_are_the_pixels():
    images, full = data.load("mnist-pixels"), data.load("mnist")
    for part in PARTS:
        x, split = getattr(full, part).x, getattr(images, part)
        assert torch.equal(split.x, x) and torch.equal(split.label, x)
    assert images.regression and images.reconstruction and len(images.classes) == 784
    assert not full.reconstruction and not data.load("arm").reconstruction
    assert data.version("mnist-pixels") != data.version("mnist")


@pytest.mark.parametrize(("name", "apart"), [("arm", False), ("arm-trajectories", True)])
def test_the_arms_parts_come_in_their_order(name, apart):
    loaded = data.load(name)
    sizes = []
    for part, (x, torque) in zip(PARTS, arm.splits(apart), strict=True):
        split = getattr(loaded, part)
        assert torch.equal(split.x, x) and torch.equal(split.label, torque)
        sizes.append(len(split))
    assert sizes == ([39_168, 4_896, 4_869] if apart else [40_000, 4_484, 4_449])
    assert sizes[0] > sizes[1] != sizes[2]  # so that no part could be taken for another
    assert loaded.regression and loaded.classes == arm.JOINTS and loaded.shape == (1, 1, 21)


TASKS = {  # patterns, inputs, outputs
    "encoder-4": (4, 4, 4),
    "encoder-8": (8, 8, 8),
    "xor": (4, 2, 1),
    "shifter-4": (36, 8, 3),
    "family-trees": (104, 36, 24),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_small_task_has_its_patterns_in_every_part(name):
    loaded, (n, inputs, outputs) = data.load(name), TASKS[name]
    for part in PARTS:
        split = getattr(loaded, part)
        assert split.x.shape == (n, inputs) and split.label.shape == (n, outputs)
    assert loaded.name == name and len(loaded.classes) == outputs


@pytest.mark.parametrize("n", [4, 8])
def test_an_encoders_target_is_its_input(n):
    split = data.load(f"encoder-{n}").train
    assert torch.equal(split.x, split.label)
    assert torch.equal(split.x, patterns.encoder(n)[0])


def test_every_known_small_task_is_in_the_table_above():
    assert set(data.TASKS) == set(TASKS)
