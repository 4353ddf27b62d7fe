"""Data sets: splits, checksums, the idx and tar readers."""

import gzip
import hashlib
import io
import os
import shutil
import tarfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from credit import paths
from credit.tasks import data, dataset


@pytest.fixture(scope="module")
def mnist():
    return data.load("mnist")


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the MNIST files that a test may damage; the loader reads it without a memory."""
    (tmp_path / "mnist").mkdir()
    for name in data.MNIST_SHA256:
        shutil.copyfile(paths.DATA / "mnist" / name, tmp_path / "mnist" / name)
    monkeypatch.setattr(paths, "DATA", tmp_path)
    return tmp_path / "mnist"


def fresh(name):
    """The data set, read again although it was loaded before."""
    return data._load.__wrapped__(name, data.version(name))


def idx(values, magic=None):
    """Bytes of an idx file, written independently of the reader."""
    head = bytes([0, 0, 8, values.ndim]) if magic is None else magic
    return head + np.array(values.shape, ">u4").tobytes() + values.tobytes()


def write(path, raw):
    path.write_bytes(gzip.compress(raw))
    return path


# MNIST


def test_mnist_has_50000_10000_10000_images_of_28_by_28(mnist):
    splits = mnist.train, mnist.validation, mnist.test
    assert [len(s) for s in splits] == [50_000, 10_000, 10_000]
    assert [tuple(s.x.shape) for s in splits] == [(50_000, 784), (10_000, 784), (10_000, 784)]
    assert mnist.shape == (1, 28, 28)
    assert mnist.classes == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    assert {s.x.dtype for s in splits} == {torch.float32}
    assert {s.label.dtype for s in splits} == {torch.int64}


@pytest.mark.parametrize(
    ("split", "counts"),
    [
        ("train", [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988]),
        ("validation", [991, 1064, 990, 1030, 983, 915, 967, 1090, 1009, 961]),
        ("test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
    ],
)
def test_mnist_classes_have_the_known_counts(mnist, split, counts):
    assert getattr(mnist, split).label.bincount().tolist() == counts


def test_mnist_is_in_the_order_of_its_files(mnist):
    assert mnist.train.label[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.validation.label[:10].tolist() == [3, 8, 6, 9, 6, 4, 5, 3, 8, 4]
    assert mnist.test.label[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    ink = [round(255 * s.x[0].sum().item()) for s in (mnist.train, mnist.validation, mnist.test)]
    assert ink == [27_525, 22_386, 18_454]


def test_mnist_pixels_fill_the_range_from_0_to_1(mnist):
    for split in (mnist.train, mnist.validation, mnist.test):
        assert (split.x.min(), split.x.max()) == (0, 1)
    assert mnist.train.x.mean().item() == pytest.approx(0.1309613, abs=1e-6)


def test_mnist_splits_share_no_image(mnist):
    train, validation, test = (
        {row.tobytes() for row in (255 * s.x).round().to(torch.uint8).numpy()}
        for s in (mnist.train, mnist.validation, mnist.test)
    )
    assert len(train) == 50_000
    assert not train & validation and not train & test and not validation & test


def test_a_second_load_gives_the_same_object(mnist):
    assert data.load("mnist") is mnist


def test_a_file_that_was_written_again_is_read_again(tmp_path):
    """Also where it is as long as before."""
    file, found = tmp_path / "x", []
    for second, content in enumerate((b"one", b"two", b"one"), start=1):
        file.write_bytes(content)
        os.utime(file, (second, second))
        found.append(dataset.checksums({"x": file}))
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize("name", data.MNIST_SHA256)
def test_one_changed_byte_is_refused_with_both_checksums(copy, name):
    raw = bytearray((copy / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (copy / name).write_bytes(raw)
    with pytest.raises(ValueError, match="git checkout data/mnist") as refusal:
        fresh("mnist")
    for part in (copy / name, data.MNIST_SHA256[name], hashlib.sha256(raw).hexdigest()):
        assert str(part) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_undamaged_copy_is_accepted(copy, mnist):
    """Guards the test above: it would also pass if every copy were refused."""
    assert fresh("mnist").test.x.equal(mnist.test.x)


def test_the_checksum_is_checked_before_anything_is_parsed(copy, monkeypatch):
    monkeypatch.setattr(data, "read_idx", lambda path: pytest.fail(f"parsed {path}"))
    (copy / "t10k-labels-idx1-ubyte.gz").write_bytes(b"other")
    with pytest.raises(ValueError, match="t10k-labels"):
        fresh("mnist")


def test_a_missing_file_is_named_with_the_remedy(copy):
    (copy / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"train-labels-idx1.*missing.*git checkout"):
        fresh("mnist")


def test_the_readme_lists_the_checksums_in_the_code():
    readme = (paths.DATA / "README.md").read_text()
    for name, checksum in data.MNIST_SHA256.items():
        (row,) = (line for line in readme.splitlines() if line.startswith(f"| `{name}`"))
        assert checksum in row
    assert data.CIFAR_MD5 in readme and data.CIFAR_URL in readme


@pytest.mark.parametrize("function", [data.load, data.version])
def test_an_unknown_name_is_answered_with_the_known_ones(function):
    known = "mnist, mnist14, mnist-pixels, arm, arm-trajectories, cifar10"
    with pytest.raises(ValueError, match=f"'imagenet', known are {known}"):
        function("imagenet")


def test_versions_are_stable_and_differ_between_data_sets():
    assert data.version("mnist") == "mnist-7867cfd1ee24"
    assert data.version("cifar10") == "cifar10-70dd8ef7aec1"


def test_a_version_is_told_without_the_files(tmp_path, monkeypatch):
    before = data.version("mnist"), data.version("cifar10")
    monkeypatch.setattr(paths, "DATA", tmp_path / "nowhere")
    monkeypatch.setattr(paths, "CACHE", tmp_path / "nowhere")
    assert (data.version("mnist"), data.version("cifar10")) == before


# idx


@settings(deadline=None, max_examples=60)
@given(shape=st.lists(st.integers(1, 7), min_size=1, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_what_is_written_as_idx_is_read_back(tmp_path_factory, shape, seed):
    values = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    path = write(tmp_path_factory.getbasetemp() / "round.gz", idx(values))
    read = data.read_idx(path)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, values, strict=True)


def read_or_refusal(path):
    """The array, or the text of the error."""
    try:
        return data.read_idx(path)
    except ValueError as refusal:
        return str(refusal)


@settings(deadline=None, max_examples=150)
@given(head=st.sampled_from([b"", b"\0\0\x08"]), rest=st.binary(max_size=24))
def test_arbitrary_bytes_are_read_or_refused_with_the_path(tmp_path_factory, head, rest):
    path = write(tmp_path_factory.getbasetemp() / "arbitrary.gz", head + rest)
    answer = read_or_refusal(path)
    assert str(path) in answer if isinstance(answer, str) else answer.size > 0


SMALL = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "starts with 0x, expected"),
        (idx(SMALL)[:3], "starts with 0x000008"),
        (idx(SMALL)[:9], "expected dimensions"),
        (idx(SMALL)[:-1], r"23 values, expected dimensions \(2, 3, 4\)"),
        (idx(SMALL) + b"\0", r"25 values, expected dimensions \(2, 3, 4\)"),
        (idx(SMALL, magic=b"\0\1\x08\3"), "starts with 0x00010803"),
        (idx(SMALL, magic=b"\0\0\x0d\3"), "starts with 0x00000d03"),
        (idx(SMALL, magic=b"\0\0\x08\0"), "starts with 0x00000800"),
        (idx(SMALL, magic=b"\0\0\x08\xff"), "starts with 0x000008ff"),
        (idx(SMALL[:0]), r"0 values, expected dimensions \(0, 3, 4\)"),
    ],
    ids=[
        "empty",
        "no magic",
        "short header",
        "value missing",
        "value too many",
        "magic",
        "floats",
        "no dimension",
        "255 dimensions",
        "dimension of size 0",
    ],
)
def test_a_malformed_idx_file_is_refused_with_its_path(tmp_path, raw, message):
    path = write(tmp_path / "malformed.gz", raw)
    with pytest.raises(ValueError, match=f"malformed.gz .*{message}"):
        data.read_idx(path)


@pytest.mark.parametrize(
    "content",
    [idx(SMALL), gzip.compress(idx(SMALL))[:-12]],
    ids=["plain", "truncated"],  # a gzip file holds the time, and a test's name must not
)
def test_a_plain_or_truncated_file_is_refused_as_no_complete_gzip_file(tmp_path, content):
    path = tmp_path / "broken.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.gz is not a complete gzip file"):
        data.read_idx(path)


# CIFAR-10, in a small archive of the same form


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Writes an archive with 4 images per file into the cache, and makes it the expected one."""
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    monkeypatch.setattr(data, "CIFAR_BATCH", 4)
    path = tmp_path / "cifar-10-binary.tar.gz"

    def build(change=None):
        content = cifar_rows()
        if change is not None:
            change(content)
        with tarfile.open(path, "w:gz") as tar:
            for name, raw in content.items():
                member = tarfile.TarInfo(name)
                member.size = len(raw)
                tar.addfile(member, io.BytesIO(raw))
        expect(monkeypatch, path)
        return path

    return build


def cifar_rows():
    """{member: bytes} of six files of four images; the label of an image is its number mod 10."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 3072), np.uint8)
    rows = np.column_stack([np.arange(24, dtype=np.uint8) % 10, pixels])
    files = {name: rows[4 * i : 4 * i + 4].tobytes() for i, name in enumerate(data.CIFAR_FILES)}
    return {"cifar-10-batches-bin/readme.html": b"<html>", **dict(reversed(files.items()))}


def expect(monkeypatch, path):
    monkeypatch.setattr(data, "CIFAR_MD5", hashlib.md5(path.read_bytes()).hexdigest())


def test_cifar_is_cut_after_the_files_whatever_their_order_in_the_archive(archive):
    archive()
    cifar = fresh("cifar10")
    assert cifar.train.label.tolist() == [i % 10 for i in range(18)]
    assert cifar.validation.label.tolist() == [8, 9]
    assert cifar.test.label.tolist() == [0, 1, 2, 3]
    assert cifar.train.x.shape == (18, 3072)
    assert len(cifar.classes) == 10 and cifar.shape == (3, 32, 32)


def test_cifar_pixels_are_the_bytes_behind_the_label(archive):
    archive()
    raw = cifar_rows()["cifar-10-batches-bin/test_batch.bin"]
    row = 3073 + 1  # second image, behind its label
    red, green, last = raw[row], raw[row + 1024], raw[row + 3071]
    image = fresh("cifar10").test.x.view(-1, 3, 32, 32)[1] * 255
    got = image[0, 0, 0], image[1, 0, 0], image[2, 31, 31]
    assert [round(v.item()) for v in got] == [red, green, last]


def test_the_real_cifar_split_is_45000_5000_10000():
    assert 5 * data.CIFAR_BATCH - data.CIFAR_BATCH // 2 == 45_000
    assert [name[21:] for name in data.CIFAR_FILES[4:]] == ["data_batch_5.bin", "test_batch.bin"]


def test_a_missing_member_is_named(archive):
    archive(lambda content: content.pop("cifar-10-batches-bin/data_batch_3.bin"))
    with pytest.raises(ValueError, match=r"lacks cifar-10-batches-bin/data_batch_3\.bin$"):
        fresh("cifar10")


@pytest.mark.parametrize("name", ["../evil", "/evil", "cifar-10-batches-bin/../../evil"])
def test_a_member_that_points_outside_is_refused_and_nothing_is_written(archive, tmp_path, name):
    archive(lambda content: content.update({name: b"evil"}))
    with pytest.raises(ValueError, match=f"'{name}', which points outside"):
        fresh("cifar10")
    assert [file.name for file in tmp_path.iterdir()] == ["cifar-10-binary.tar.gz"]
    assert not list(tmp_path.parent.glob("evil"))


def test_a_member_of_another_size_is_refused(archive):
    name = "cifar-10-batches-bin/test_batch.bin"
    archive(lambda content: content.update({name: content[name][:-1]}))
    with pytest.raises(ValueError, match="12291 bytes, expected a plain file of 12292"):
        fresh("cifar10")


def test_a_link_in_place_of_a_file_is_refused(tmp_path):
    path = tmp_path / "link.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(data.CIFAR_FILES[0])
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
        member.size = 10_000 * 3073  # only the kind of the member is wrong
        tar.addfile(member)
    with pytest.raises(ValueError, match=r"data_batch_1\.bin .* expected a plain file"):
        data.read_cifar(path)


def test_an_archive_with_another_md5_is_refused(archive, monkeypatch):
    path = archive()
    found = data.CIFAR_MD5
    monkeypatch.setattr(data, "CIFAR_MD5", "0" * 32)
    with pytest.raises(ValueError, match=f"md5 {found}, expected {'0' * 32}: delete it") as refusal:
        fresh("cifar10")
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"no archive"])
def test_a_truncated_or_foreign_archive_is_refused(archive, monkeypatch, damage):
    path = archive()
    path.write_bytes(damage(path.read_bytes()))
    expect(monkeypatch, path)
    with pytest.raises(ValueError, match=r"tar\.gz is not a complete tar\.gz archive"):
        fresh("cifar10")


def test_without_a_network_the_error_says_where_to_put_the_file(tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise ConnectionError("no\nroute")

    monkeypatch.setattr(paths, "CACHE", tmp_path)
    monkeypatch.setattr(data.pooch, "retrieve", no_network)
    with pytest.raises(OSError, match="could not fetch") as refusal:
        fresh("cifar10")
    for part in (data.CIFAR_URL, tmp_path / "cifar-10-binary.tar.gz", "no route"):
        assert str(part) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_archive_that_is_there_is_not_fetched(archive, monkeypatch):
    archive()
    monkeypatch.setattr(data.pooch, "retrieve", lambda *a, **k: pytest.fail("fetched"))
    assert len(fresh("cifar10").test) == 4


def test_an_archive_that_is_not_there_is_fetched_into_the_cache(archive, tmp_path, monkeypatch):
    source = archive().rename(tmp_path / "elsewhere")

    def retrieve(url, known_hash, fname, path, progressbar):
        assert (url, known_hash) == (data.CIFAR_URL, f"md5:{data.CIFAR_MD5}")
        shutil.copyfile(source, path / fname)

    monkeypatch.setattr(data.pooch, "retrieve", retrieve)
    assert len(fresh("cifar10").train) == 18


# targets and splits


def test_one_hot_has_a_single_one_at_the_label():
    target = data.one_hot(torch.tensor([2, 0]), classes=4)
    assert target.dtype == torch.float32
    assert target.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]


def test_one_hot_of_no_labels_is_empty():
    assert data.one_hot(torch.tensor([], dtype=torch.int64), classes=4).shape == (0, 4)


@pytest.mark.parametrize("label", [-1, 4])
def test_one_hot_refuses_labels_outside_the_classes(label):
    with pytest.raises(ValueError, match=r"labels lie in .*, expected 0\.\.3"):
        data.one_hot(torch.tensor([0, label]), classes=4)


def test_a_split_needs_a_label_for_each_example():
    with pytest.raises(ValueError, match="3 examples with 2 labels"):
        data.Split(torch.zeros(3, 4), torch.zeros(2, dtype=torch.int64))
