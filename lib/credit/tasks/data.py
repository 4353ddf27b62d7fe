"""Data sets by name or path, as tensors, each with a fixed split.

MNIST, CIFAR-10, small tasks, and data of one's own: "folder:PATH" and "idx:PATH".
"""

import gzip
import hashlib
import tarfile
import zlib
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath

import numpy as np
import pooch
import torch
from torch import Tensor

from credit import paths
from credit.tasks import arm, idx, images, linear, patterns
from credit.tasks.dataset import Dataset, Split, as_split, checksums
from credit.tasks.idx import read_idx

MNIST_SHA256 = {
    f"{name}-ubyte.gz": checksum
    for name, checksum in (
        ("train-images-idx3", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ("train-labels-idx1", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ("t10k-images-idx3", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ("t10k-labels-idx1", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    )
}
MNIST_TRAIN = 50_000  # of the 60,000 training images; the rest validates

CIFAR_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"  # published on the data set's page
CIFAR_BATCH = 10_000  # images in each file of the archive; the last half batch validates
CIFAR_FILES = (
    *(f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)),
    "cifar-10-batches-bin/test_batch.bin",
)
CIFAR_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


def load(name: str) -> Dataset:
    """The data set of that name or path, from memory after the first call: do not write into it.

    name  one of those in data/README.md, or folder:PATH, folder:PATH@SIZE, idx:PATH
    """
    return _load(name, version(name))


@lru_cache
def _load(name: str, version: str) -> Dataset:
    return _known(name)[0]()


def version(name: str) -> str:
    """Short text that changes with the data: of those known by name from the known checksums,
    without reading a file, of one's own from the content of every file."""
    known = " ".join(_known(name)[1])
    kind = name.partition(":")[0]
    return f"{kind}-{hashlib.sha256(known.encode()).hexdigest()[:12]}"


def one_hot(label: Tensor, classes: int) -> Tensor:
    """Targets with a one at the label, float32 [n, classes]."""
    if ((label < 0) | (label >= classes)).any():
        raise ValueError(f"labels lie in {label.min()}..{label.max()}, expected 0..{classes - 1}")
    return torch.nn.functional.one_hot(label, classes).float()


def read_cifar(path: Path) -> dict[str, np.ndarray]:
    """Rows of the six files in CIFAR-10's binary archive; nothing is written to disk.

    A row is a label byte and 3072 pixels: red, green and blue plane, each 32 rows of 32.
    Returns {member: uint8 [CIFAR_BATCH, 3073]}
    """
    rows = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                _check_member(path, member)
                if member.name in CIFAR_FILES:
                    content = archive.extractfile(member).read()
                    rows[member.name] = np.frombuffer(content, np.uint8).reshape(-1, 3073)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a complete tar.gz archive: {error}") from error
    missing = [name for name in CIFAR_FILES if name not in rows]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}")
    return rows


def _mnist() -> Dataset:
    folder = paths.DATA / "mnist"
    for name, checksum in MNIST_SHA256.items():
        _check_file(folder / name, "sha256", checksum, "restore it with `git checkout data/mnist`")
    images, label, test_images, test_label = (read_idx(folder / name) for name in MNIST_SHA256)
    train = as_split(images[:MNIST_TRAIN], label[:MNIST_TRAIN])
    validation = as_split(images[MNIST_TRAIN:], label[MNIST_TRAIN:])
    test = as_split(test_images, test_label)
    return Dataset("mnist", train, validation, test, tuple("0123456789"), (1, 28, 28))


def _cifar10() -> Dataset:
    rows = read_cifar(_cifar_archive())
    *batches, test = (rows[name] for name in CIFAR_FILES)
    all_train, held = np.concatenate(batches), CIFAR_BATCH // 2
    parts = all_train[:-held], all_train[-held:], test
    splits = (as_split(part[:, 1:], part[:, 0]) for part in parts)
    return Dataset("cifar10", *splits, CIFAR_CLASSES, (3, 32, 32))


def _mnist14() -> Dataset:
    """MNIST averaged over 2 x 2 pixels."""
    full = load("mnist")

    def pooled(split: Split) -> Split:
        images = torch.nn.functional.avg_pool2d(split.x.view(-1, *full.shape), 2)
        return Split(images.flatten(1), split.label)

    splits = map(pooled, (full.train, full.validation, full.test))
    return Dataset("mnist14", *splits, full.classes, (1, 14, 14))


def _pixels() -> Dataset:
    """MNIST's images, to be reconstructed: the values to be predicted are the pixels."""
    full = load("mnist")
    splits = (Split(split.x, split.x) for split in (full.train, full.validation, full.test))
    return Dataset("mnist-pixels", *splits, tuple(map(str, range(28 * 28))), full.shape)


def _arm(by_trajectory: bool = False) -> Dataset:
    splits = arm.splits(by_trajectory)
    name = "arm-trajectories" if by_trajectory else "arm"
    return Dataset(name, *(Split(*s) for s in splits), arm.JOINTS, (1, 1, splits[0][0].shape[1]))


def _linear(inputs: int, outputs: int) -> Dataset:
    splits = (Split(*s) for s in linear.splits(inputs, outputs))
    names = tuple(map(str, range(outputs)))
    return Dataset(f"linear-{inputs}-{outputs}", *splits, names, (1, 1, inputs))


def _patterns(name: str) -> Dataset:
    """A small task: there is nothing but its patterns, so every split is all of them."""
    x, t = TASKS[name]()
    whole = Split(x, t)
    return Dataset(
        name, whole, whole, whole, tuple(map(str, range(t.shape[1]))), (1, 1, x.shape[1])
    )


TASKS = {
    "encoder-4": partial(patterns.encoder, 4),
    "encoder-8": partial(patterns.encoder, 8),
    "xor": patterns.xor,
    "shifter-4": patterns.shifter,
    "family-trees": patterns.family_trees,
}
_KNOWN = {  # name: loader, checksums
    "mnist": (_mnist, tuple(MNIST_SHA256.values())),
    "mnist14": (_mnist14, tuple(MNIST_SHA256.values())),
    "mnist-pixels": (_pixels, ("pixels", *MNIST_SHA256.values())),
    "arm": (_arm, (arm.CHECKSUM,)),
    "arm-trajectories": (partial(_arm, by_trajectory=True), (arm.CHECKSUM,)),
    "cifar10": (_cifar10, (CIFAR_MD5,)),
    **{
        f"linear-{n}-{m}": (partial(_linear, n, m), (f"linear {n} {m} 1",))
        for n, m in ((8, 3), (30, 10))
    },
    **{name: (partial(_patterns, name), (name,)) for name in TASKS},
}


def _known(name: str) -> tuple:
    """(loader, checksums) of a data set."""
    if not isinstance(name, str):
        raise ValueError(
            f"dataset is a {type(name).__name__}, expected a name or a path such as folder:images"
        )
    kind, _, path = name.partition(":")
    if path and kind == "idx":
        root = Path(path).expanduser()
        return partial(idx.idx_dataset, root), checksums(idx.files(root))
    if path and kind == "folder":
        root, size = _sized(path)
        return partial(images.folder_dataset, root, size), checksums(images.files(root))
    if name not in _KNOWN:
        raise ValueError(
            f"unknown data set {name!r}, known are {', '.join(_KNOWN)}, and of your own "
            "folder:PATH and idx:PATH"
        )
    return _KNOWN[name]


def _sized(path: str) -> tuple[Path, int | None]:
    """PATH or PATH@SIZE."""
    root, _, size = path.rpartition("@")
    if root and size.isdecimal() and not Path(path).exists():
        return Path(root).expanduser(), int(size)
    return Path(path).expanduser(), None


def _cifar_archive() -> Path:
    """Path of the archive, fetched when it is not there."""
    path = paths.CACHE / CIFAR_URL.rpartition("/")[2]
    if not path.exists():
        try:
            pooch.retrieve(CIFAR_URL, "md5:" + CIFAR_MD5, path.name, path.parent, progressbar=True)
        except (OSError, ValueError) as error:  # no network, full disk; wrong checksum
            reason = " ".join(str(error).split())
            message = f"could not fetch {CIFAR_URL}: put the file by hand at {path} ({reason})"
            raise OSError(message) from error
    _check_file(path, "md5", CIFAR_MD5, f"delete it to fetch it again from {CIFAR_URL}")
    return path


def _check_file(path: Path, algorithm: str, expected: str, remedy: str) -> None:
    """Refuse a file that is missing or has another checksum than expected."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing, expected {algorithm} {expected}: {remedy}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != expected:
        raise ValueError(f"{path} has {algorithm} {found}, expected {expected}: {remedy}")


def _check_member(path: Path, member: tarfile.TarInfo) -> None:
    """Refuse an archive's member that points outside or is no data file of the right size."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise ValueError(f"{path} holds {member.name!r}, which points outside the archive")
    size = CIFAR_BATCH * 3073
    if member.name in CIFAR_FILES and not (member.isfile() and member.size == size):
        found = f"{member.name} with {member.size} bytes"
        raise ValueError(f"{path} holds {found}, expected a plain file of {size}")
