"""Class folders of images."""

import os
import re
import signal
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from PIL import Image

from credit.rules.backprop import Backprop
from credit.runs.store import Job
from credit.tasks import data, images
from credit.training.run import run
from credit.training.setting import Setting

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@contextmanager
def at_most(seconds):
    """Fail where the test would wait for longer, as for a pipe that nobody writes into."""

    def late(*_):
        pytest.fail(f"waited for {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def paint(path, colour, size=(6, 6), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def test_a_folder_gives_sorted_classes_and_files_in_colour(tmp_path):
    paint(tmp_path / "zebra/a.png", RED)
    paint(tmp_path / "ant/b.png", BLUE)
    paint(tmp_path / "ant/a.png", GREEN)
    (tmp_path / "ant/notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    split, classes, shape = images.load_folder(tmp_path)
    assert classes == ("ant", "zebra") and shape == (3, 6, 6)
    assert split.label.tolist() == [0, 0, 1]
    corners = split.x.view(-1, *shape)[:, :, 0, 0]
    assert corners.tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "a.JPEG"])
def test_jpeg_images_are_read_whatever_the_case_of_their_suffix(tmp_path, name):
    paint(tmp_path / "ant" / name, RED, size=(16, 16))
    split, _, shape = images.load_folder(tmp_path)
    assert split.x.view(shape).mean((1, 2)).tolist() == pytest.approx([1, 0, 0], abs=0.02)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 1), ("P", 3), ("RGBA", 3)])
def test_grey_images_stay_grey_and_palette_and_transparent_ones_become_rgb(
    tmp_path, mode, channels
):
    path = tmp_path / "ant/a.png"
    path.parent.mkdir()
    Image.new("RGB", (6, 6), (51, 51, 51)).convert(mode).save(path)
    split, _, shape = images.load_folder(tmp_path)
    assert shape == (channels, 6, 6)
    assert split.x.unique().tolist() == pytest.approx([51 / 255])


def test_images_of_one_bit_are_black_and_white(tmp_path):
    paint(tmp_path / "ant/a.png", 1, mode="1")
    split, _, shape = images.load_folder(tmp_path)
    assert shape == (1, 6, 6) and split.x.unique().tolist() == [1]


def test_grey_images_among_coloured_ones_become_three_equal_channels(tmp_path):
    paint(tmp_path / "ant/a.png", RED)
    paint(tmp_path / "bee/b.png", 51, mode="L")
    split, _, shape = images.load_folder(tmp_path)
    assert shape == (3, 6, 6)
    assert split.x.view(2, *shape)[:, :, 0, 0].tolist() == [[1, 0, 0], [pytest.approx(0.2)] * 3]


def test_size_crops_the_centre_and_resizes(tmp_path):
    wide = Image.new("RGB", (30, 10), RED)
    wide.paste(GREEN, (10, 0, 20, 10))  # the central square
    (tmp_path / "ant").mkdir()
    wide.save(tmp_path / "ant/wide.png")
    paint(tmp_path / "ant/tall.png", GREEN, size=(4, 40))
    split, _, shape = images.load_folder(tmp_path, size=10)
    assert shape == (3, 10, 10)
    green = torch.tensor([0.0, 1, 0]).view(3, 1, 1)
    assert split.x.view(2, 3, 10, 10).equal(green.expand(2, 3, 10, 10))
    small = images.load_folder(tmp_path, size=5)[0].x.view(2, 3, 5, 5)
    assert small[..., 1:4, 1:4].equal(green.expand(2, 3, 3, 3))  # the border may blend


def test_images_of_differing_size_need_a_size(tmp_path):
    paint(tmp_path / "ant/a.png", RED)
    paint(tmp_path / "bee/b.png", RED, size=(7, 6))
    with pytest.raises(ValueError, match=r"b\.png is 6 x 7 pixels, expected 6 x 6 .*give a size"):
        images.load_folder(tmp_path)
    assert images.load_folder(tmp_path, size=6)[2] == (3, 6, 6)


@pytest.mark.parametrize("keep", [0, 20, 200])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_corrupt_image_is_named(tmp_path, suffix, keep):
    paint(tmp_path / "ant/good.png", RED, size=(64, 64))
    bad = tmp_path / "ant" / f"bad.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(bad)
    bad.write_bytes(bad.read_bytes()[:keep])
    with pytest.raises(ValueError, match=rf"bad\.{suffix} cannot be decoded"):
        images.load_folder(tmp_path)


def test_an_image_of_another_format_is_refused_whatever_its_name(tmp_path):
    paint(tmp_path / "ant/a.gif", 3, mode="P")
    (tmp_path / "ant/a.gif").rename(tmp_path / "ant/a.png")
    with pytest.raises(ValueError, match=r"a\.png cannot be decoded as PNG or JPEG"):
        images.load_folder(tmp_path)


def test_sixteen_bit_images_are_refused_and_not_clipped(tmp_path):
    paint(tmp_path / "ant/a.png", 30_000, mode="I;16")
    with pytest.raises(ValueError, match="mode I;16, expected 8 bits"):
        images.load_folder(tmp_path)


def test_folders_without_classes_or_images_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is no folder"):
        images.load_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="has no class folders"):
        images.load_folder(tmp_path)
    paint(tmp_path / "ant/a.png", RED)
    (tmp_path / "bee").mkdir()
    with pytest.raises(ValueError, match="bee has no images"):
        images.load_folder(tmp_path)


@pytest.mark.parametrize("size", [0, -1, 2.5, "8", True, 1025, 200_000])
def test_a_size_that_is_no_reasonable_number_of_pixels_is_refused(tmp_path, size):
    paint(tmp_path / "ant/a.png", RED)
    with pytest.raises(ValueError, match=f"size is {size!r}, expected a whole number of pixels"):
        images.load_folder(tmp_path, size=size)
    assert images.load_folder(tmp_path, size=8)[2] == (3, 8, 8)


def test_a_large_image_needs_a_size(tmp_path):
    paint(tmp_path / "ant/a.png", 1, size=(1025, 2), mode="L")
    with pytest.raises(ValueError, match=r"a\.png .*1025 pixels, expected at most 1024 or a size"):
        images.load_folder(tmp_path)
    assert images.load_folder(tmp_path, size=4)[2] == (1, 4, 4)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda p: os.symlink("nowhere", p)])
def test_what_is_called_an_image_and_is_no_file_is_refused_and_not_waited_for(tmp_path, make):
    paint(tmp_path / "ant/a.png", RED)
    make(tmp_path / "ant/x.png")
    for read in (images.load_folder, images.files):
        refused = pytest.raises(ValueError, match=r"x\.png is no plain file, expected an image")
        with at_most(10), refused:
            read(tmp_path)


def folders(root, held_out="val", counts=(20, 30)):
    """A data set of two classes; each training image has a grey value of its own."""
    for name, count in zip(("ant", "bee"), counts, strict=True):
        for i in range(count):
            grey = i + (100 if name == "bee" else 0)
            paint(root / "train" / name / f"{i:02}.png", grey, size=(2, 2), mode="L")
        paint(root / held_out / name / "0.png", RED, size=(2, 2))
    return root


@pytest.mark.parametrize("held_out", ["val", "test"])
def test_a_folder_data_set_holds_out_a_tenth_of_each_class(tmp_path, held_out):
    found = images.folder_dataset(folders(tmp_path / "insects", held_out))
    assert (found.name, found.classes, found.shape) == ("insects", ("ant", "bee"), (3, 2, 2))
    assert found.train.label.bincount().tolist() == [18, 27]
    assert found.validation.label.bincount().tolist() == [2, 3]
    assert found.test.label.tolist() == [0, 1]
    greys = [round(255 * v.item()) for s in (found.train, found.validation) for v in s.x[:, 0]]
    assert sorted(greys) == [*range(20), *range(100, 130)]


def test_the_validation_images_of_a_folder_are_fixed_and_not_the_first(tmp_path):
    root = folders(tmp_path)
    one, two = images.folder_dataset(root), images.folder_dataset(root)
    assert one.validation.x.equal(two.validation.x)
    greys = [round(255 * v.item()) for v in one.validation.x[:, 0]]
    assert greys == [1, 18, 122, 125, 128]


def test_val_is_preferred_to_test_where_a_folder_has_both(tmp_path):
    root = folders(tmp_path)
    paint(root / "test/unlabelled/0.png", BLUE)
    assert images.folder_dataset(root).test.x[0].view(3, 4)[:, 0].tolist() == [1, 0, 0]


def test_a_folder_data_set_that_does_not_fit_together_is_refused(tmp_path):
    paint(tmp_path / "alone/train/ant/a.png", RED)
    with pytest.raises(FileNotFoundError, match="neither val nor test"):
        images.folder_dataset(tmp_path / "alone")
    with pytest.raises(ValueError, match="'bee' has one training image"):
        images.folder_dataset(folders(tmp_path / "few", counts=(20, 1)))
    root = folders(tmp_path / "odd")
    paint(root / "val/wasp/0.png", RED, size=(2, 2))
    with pytest.raises(ValueError, match="differ in the class folders wasp"):
        images.folder_dataset(root)
    root = folders(tmp_path / "renamed")
    (root / "val/bee").rename(root / "val/wasp")  # as many classes as in train
    with pytest.raises(ValueError, match="differ in the class folders bee, wasp"):
        images.folder_dataset(root)
    root = folders(tmp_path / "large")
    for name in ("ant", "bee"):
        paint(root / "val" / name / "0.png", RED, size=(4, 2))
    with pytest.raises(ValueError, match="has images of 2 x 4 pixels, expected 2 x 2"):
        images.folder_dataset(root)


def plain(root, counts=(20, 30)):
    """Two classes in folders that nobody split; each image has a grey value of its own."""
    for name, count, darkest in zip(("ant", "bee"), counts, (0, 100), strict=True):
        for i in range(count):
            paint(root / name / f"{i:02}.png", darkest + i, size=(2, 2), mode="L")
    return root


def greys(split):
    return [round(255 * v.item()) for v in split.x[:, 0]]


def test_plain_class_folders_test_on_a_tenth_and_validate_on_a_tenth_of_the_rest(tmp_path):
    found, again = (images.folder_dataset(plain(tmp_path / "insects")) for _ in range(2))
    assert found.shape == (1, 2, 2)
    parts = found.train, found.validation, found.test
    assert [p.label.bincount().tolist() for p in parts] == [[17, 25], [1, 2], [2, 3]]
    assert sorted(v for p in parts for v in greys(p)) == [*range(20), *range(100, 130)]
    for part, same in zip(parts, (again.train, again.validation, again.test), strict=True):
        assert greys(part) == greys(same)
    assert greys(found.test) == [1, 18, 122, 125, 128]  # drawn, not the first or the last


def test_a_class_called_train_is_no_split(tmp_path):
    root = plain(tmp_path)
    (root / "ant").rename(root / "train")
    assert images.folder_dataset(root).classes == ("bee", "train")


def test_a_coloured_held_out_image_gives_every_image_three_channels(tmp_path):
    found = images.folder_dataset(folders(tmp_path))
    assert found.shape == (3, 2, 2) and found.train.x.shape[1] == found.test.x.shape[1] == 12


# by path


def setting(dataset, inputs=4):
    return Setting(
        Backprop(), (inputs, 5, 2), dataset=dataset, epochs=40, learning_rate=0.5, batch=5
    )


def test_a_folder_is_trained_on_by_its_path(tmp_path):
    rows = run(setting(f"folder:{plain(tmp_path)}"), 0)
    (error,) = (row["value"] for row in rows if row["metric"] == "test error")
    assert error == 0  # dark ants, bright bees


def test_a_folder_takes_a_size_behind_an_at(tmp_path):
    root = plain(tmp_path / "a@b")
    assert data.load(f"folder:{root}").shape == (1, 2, 2)
    assert data.load(f"folder:{root}@3").shape == (1, 3, 3)
    with pytest.raises(ValueError, match="size is 200000, expected a whole number"):
        data.load(f"folder:{root}@200000")


def test_the_version_of_a_folder_and_the_key_of_a_run_change_with_the_content(tmp_path):
    name = f"folder:{plain(tmp_path)}"
    before, key = data.version(name), Job("e", setting(name), 0).key
    loaded = data.load(name)
    assert re.fullmatch("folder-[0-9a-f]{12}", before)
    assert data.version(name) == before and data.load(name) is loaded
    (tmp_path / "ant/notes.txt").write_text("nothing that is read")
    os.utime(tmp_path / "ant/00.png")
    assert data.version(name) == before
    paint(tmp_path / "ant/00.png", 77, size=(2, 2), mode="L")
    assert data.version(name) != before and Job("e", setting(name), 0).key != key
    now = data.load(name)
    assert any(77 in greys(part) for part in (now.train, now.validation, now.test))
    changed = data.version(name)
    (tmp_path / "ant/00.png").rename(tmp_path / "ant/99.png")  # another order, another split
    assert data.version(name) != changed


@pytest.mark.parametrize("function", [data.load, data.version])
def test_a_missing_folder_is_named(function, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is no folder, expected one with a folder"):
        function(f"folder:{tmp_path / 'nowhere'}")


def test_a_network_that_does_not_fit_the_images_is_refused_with_what_fits(tmp_path):
    with pytest.raises(ValueError, match="expected 4 inputs and 2 outputs"):
        run(setting(f"folder:{plain(tmp_path)}", inputs=12), 0)


def test_a_data_set_in_place_of_its_name_is_refused_without_printing_it(tmp_path):
    found = images.folder_dataset(plain(tmp_path))
    with pytest.raises(ValueError, match="dataset is a Dataset, expected a name or a path") as e:
        data.load(found)
    assert len(str(e.value)) < 100
