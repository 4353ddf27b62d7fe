"""Class folders of images: the road to data of one's own, and to data laid out as ImageNet is."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from credit.tasks.dataset import Dataset, Shape, Split, as_split

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")  # in any case
LARGEST = 1024  # side in pixels; a colour image of this size is 12 MB as float32


def load_folder(root: Path, size: int | None = None) -> tuple[Split, tuple[str, ...], Shape]:
    """Images `root/<class>/*.png` (.jpg, .jpeg), classes in sorted order.

    size    side of the square that each image is centre-cropped and resized to, pixels;
            None leaves images as they are, and then all must have one size
    Images have one channel where all are grey, else red, green and blue. All are held in memory:
    0.6 MB each in colour at size 224.
    Returns the examples, the class names, and the shape of an image (channels, height, width)
    """
    images, label, classes = _read(Path(root), size)
    pixels = _stack(images, _channels(images))
    return as_split(pixels, label), classes, pixels.shape[1:]


def folder_dataset(root: Path, size: int | None = None) -> Dataset:
    """A data set in class folders: `root/<class>`, or as ImageNet is, `root/train/<class>` and
    `root/val/<class>` (else `root/test/<class>`).

    A val or test folder is the test split; else it is a tenth of each class. Validation is a tenth
    of each class of the rest. A tenth is at least one image, and the same at every call.
    """
    root = Path(root)
    folders = _folders(root)
    parts = [_read(folder, size) for folder in folders]
    (images, label, classes), (tested, test_label, test_classes) = parts[0], parts[-1]
    if test_classes != classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise ValueError(f"{folders[-1]} and train differ in the class folders {', '.join(odd)}")
    if tested[0].shape[1:] != images[0].shape[1:]:
        found, expected = (" x ".join(map(str, i[0].shape[1:])) for i in (tested, images))
        raise ValueError(f"{folders[-1]} has images of {found} pixels, expected {expected}")
    channels = _channels(images + tested)
    train = as_split(_stack(images, channels), label)
    if len(folders) > 1:
        test = as_split(_stack(tested, channels), test_label)
    else:
        held = _stratified_tenth(train.label, classes)
        train, test = _take(train, ~held), _take(train, held)
    held = _stratified_tenth(train.label, classes)
    shape = (channels, *images[0].shape[1:])
    return Dataset(
        root.resolve().name, _take(train, ~held), _take(train, held), test, classes, shape
    )


def files(root: Path) -> dict[str, Path]:
    """{path below root: path} of every image that folder_dataset reads."""
    found = [f for folder in _folders(root) for fs in _classes(folder).values() for f in fs]
    return {str(file.relative_to(root)): file for file in found}


def _folders(root: Path) -> list[Path]:
    """The folders with class folders: [train, held out], or root alone."""
    train = root / "train"
    if not train.is_dir() or not any(f.is_dir() for f in train.iterdir()):  # or a class, of trains
        return [root]
    held_out = next((root / name for name in ("val", "test") if (root / name).is_dir()), None)
    if held_out is None:
        raise FileNotFoundError(f"{root} has neither val nor test, expected train and one of them")
    return [train, held_out]


def _classes(root: Path) -> dict[str, list[Path]]:
    """{class: its image files}, all sorted."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder, expected one with a folder per class")
    folders = sorted(f for f in root.iterdir() if f.is_dir() and f.name[0] != ".")
    if not folders:
        raise ValueError(f"{root} has no class folders, expected {root}/<class>/*.png or *.jpg")
    found = {}
    for folder in folders:
        found[folder.name] = sorted(f for f in folder.iterdir() if _is_image(f))
        if not found[folder.name]:
            raise ValueError(f"{folder} has no images, expected {', '.join(IMAGE_SUFFIXES)}")
    return found


def _is_image(file: Path) -> bool:
    if file.suffix.lower() not in IMAGE_SUFFIXES:
        return False
    if not file.is_file():  # a pipe would be waited for
        raise ValueError(f"{file} is no plain file, expected an image or a link to one")
    return True


def _read(root: Path, size: int | None) -> tuple[list[np.ndarray], np.ndarray, tuple[str, ...]]:
    """Every image as _decode gives it, the class of each, and the names of the classes."""
    whole = isinstance(size, int) and not isinstance(size, bool) and 1 <= size <= LARGEST
    if size is not None and not whole:
        raise ValueError(f"size is {size!r}, expected a whole number of pixels from 1 to {LARGEST}")
    images, label, classes = [], [], _classes(root)
    for index, names in enumerate(classes.values()):
        for file in names:
            images.append(_decode(file, size))
            found, expected = (" x ".join(map(str, i.shape[1:])) for i in (images[-1], images[0]))
            if found != expected:
                raise ValueError(
                    f"{file} is {found} pixels, expected {expected} as the first; or give a size, "
                    f"as in folder:PATH@{max(images[0].shape)}"
                )
        label += [index] * len(names)
    return images, np.array(label), tuple(classes)


def _channels(images: list[np.ndarray]) -> int:
    """1 where all images are grey, else 3."""
    return max(map(len, images))


def _stack(images: list[np.ndarray], channels: int) -> np.ndarray:
    """uint8 [n, channels, height, width]; grey among colour is three times the same."""
    return np.stack([np.broadcast_to(i, (channels, *i.shape[1:])) for i in images])


def _decode(path: Path, size: int | None) -> np.ndarray:
    """One image as uint8 [1 or 3, height, width]."""
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            if image.mode.startswith(("I", "F")):  # Pillow would clip them, not scale
                raise ValueError(f"values of mode {image.mode}, expected 8 bits")
            if size is None and max(image.size) > LARGEST:
                raise ValueError(f"{max(image.size)} pixels, expected at most {LARGEST} or a size")
            image = image.convert("L" if image.mode in ("1", "L", "LA") else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be decoded as PNG or JPEG: {error}") from error
    if size is not None:
        image = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
    return np.atleast_3d(np.asarray(image)).transpose(2, 0, 1)


def _stratified_tenth(label: Tensor, classes: tuple[str, ...]) -> Tensor:
    """A fixed random tenth of each class, at least one example, bool [n]."""
    draw = np.random.RandomState(0)  # numpy promises never to change this stream
    chosen = torch.zeros(len(label), dtype=torch.bool)
    for index, name in enumerate(classes):
        rows = np.flatnonzero(label.numpy() == index)
        if len(rows) < 2:
            raise ValueError(f"class {name!r} has one training image, a validation split needs two")
        chosen[draw.permutation(rows)[: max(1, len(rows) // 10)]] = True
    return chosen


def _take(split: Split, rows: Tensor) -> Split:
    return Split(split.x[rows], split.label[rows])
