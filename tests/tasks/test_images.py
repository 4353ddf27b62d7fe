"""Class folders of images."""

import numpy as np
import pytest
import torch
from PIL import Image

from credit.tasks import images

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def paint(path, colour, size=(6, 6), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def test_a_folder_gives_sorted_classes_and_files_in_rgb(tmp_path):
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


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA"])
def test_grey_palette_and_transparent_images_become_rgb(tmp_path, mode):
    path = tmp_path / "ant/a.png"
    path.parent.mkdir()
    Image.new("RGB", (6, 6), (51, 51, 51)).convert(mode).save(path)
    split, _, shape = images.load_folder(tmp_path)
    assert shape == (3, 6, 6)
    assert split.x.unique().tolist() == pytest.approx([51 / 255])


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
    with pytest.raises(ValueError, match=r"b\.png has shape \(3, 6, 7\), expected \(3, 6, 6\)"):
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


def test_a_size_below_one_is_refused(tmp_path):
    with pytest.raises(ValueError, match="size is 0, expected at least 1"):
        images.load_folder(tmp_path, size=0)


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
    with pytest.raises(FileNotFoundError, match="neither val nor test"):
        images.folder_dataset(tmp_path)
    with pytest.raises(ValueError, match="'bee' has one training image"):
        images.folder_dataset(folders(tmp_path / "few", counts=(20, 1)))
    root = folders(tmp_path / "odd")
    paint(root / "val/wasp/0.png", RED, size=(2, 2))
    with pytest.raises(ValueError, match="differ in the class folders wasp"):
        images.folder_dataset(root)
    root = folders(tmp_path / "large")
    for name in ("ant", "bee"):
        paint(root / "val" / name / "0.png", RED, size=(4, 2))
    with pytest.raises(ValueError, match=r"images \(3, 2, 4\), expected \(3, 2, 2\)"):
        images.folder_dataset(root)
