"""Class folders of images: the road to data laid out as ImageNet is."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from credit.tasks.data import Dataset, Shape, Split, as_split

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")  # in any case


def load_folder(root: Path, size: int | None = None) -> tuple[Split, tuple[str, ...], Shape]:
    """Images `root/<class>/*.png` (.jpg, .jpeg), decoded to RGB, classes in sorted order.

    size    side of the square that each image is centre-cropped and resized to, pixels;
            None leaves images as they are, and then all must have one size
    All images are held in memory: 0.6 MB each at size 224.
    Returns the examples, the class names, and the shape of an image (3, height, width)
    """
    root = Path(root)
    if size is not None and size < 1:
        raise ValueError(f"size is {size}, expected at least 1 pixel")
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder, expected one with a folder per class")
    classes = tuple(sorted(f.name for f in root.iterdir() if f.is_dir() and f.name[0] != "."))
    if not classes:
        raise ValueError(f"{root} has no class folders, expected {root}/<class>/*.png or *.jpg")
    images, label = [], []
    for index, name in enumerate(classes):
        files = sorted(f for f in (root / name).iterdir() if f.suffix.lower() in IMAGE_SUFFIXES)
        if not files:
            raise ValueError(f"{root / name} has no images, expected {', '.join(IMAGE_SUFFIXES)}")
        for file in files:
            images.append(_decode(file, size))
            found, expected = images[-1].shape, images[0].shape
            if found != expected:
                raise ValueError(f"{file} has shape {found}, expected {expected}; or give a size")
        label += [index] * len(files)
    return as_split(np.stack(images), np.array(label)), classes, images[0].shape


def folder_dataset(root: Path, size: int | None = None) -> Dataset:
    """A data set laid out as ImageNet is: `root/train` and `root/val` (else `root/test`).

    The held-out folder is the test split. Validation is a tenth of each class in train (at
    least one image), the same at every call.
    """
    root = Path(root)
    held_out = next((root / name for name in ("val", "test") if (root / name).is_dir()), None)
    if held_out is None:
        raise FileNotFoundError(f"{root} has neither val nor test, expected train and one of them")
    train, classes, shape = load_folder(root / "train", size)
    test, test_classes, test_shape = load_folder(held_out, size)
    if test_classes != classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise ValueError(f"{held_out} and train differ in the class folders {', '.join(odd)}")
    if test_shape != shape:
        raise ValueError(f"{held_out} has images {test_shape}, expected {shape} as in train")
    held = _stratified_tenth(train.label, classes)
    name = root.resolve().name
    return Dataset(name, _take(train, ~held), _take(train, held), test, classes, shape)


def _decode(path: Path, size: int | None) -> np.ndarray:
    """One image as uint8 [3, height, width]."""
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            if image.mode.startswith(("I", "F")):  # Pillow would clip them, not scale
                raise ValueError(f"values of mode {image.mode}, expected 8 bits")
            image = image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be decoded as PNG or JPEG: {error}") from error
    if size is not None:
        image = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
    return np.asarray(image).transpose(2, 0, 1)


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
