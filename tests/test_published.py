"""The data sets beside MNIST: what they return, and where their files are found."""

import gzip
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from published_files import archive_of, batch, dangerous, idx_file, like, mnist_like, server, sha256

from numpycnn import backend
from numpycnn.common.typing import Array
from numpycnn.datasets import cifar10, cifar100, fashion_mnist, kmnist
from numpycnn.datasets import published as published_module
from numpycnn.datasets.cifar import Archive
from numpycnn.datasets.mnist_like import NAMES
from numpycnn.datasets.published import Published, cache_folder

MNIST_LIKE = {"fashion_mnist": (fashion_mnist, "fashion-mnist"), "kmnist": (kmnist, "kmnist")}
CIFAR = {"cifar10": cifar10, "cifar100": cifar100}
OTHER = gzip.compress(b"another file")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Keras's cache, and no network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(published_module, "download", offline)
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "debian")
    return tmp_path / "keras" / "datasets"


def offline(*_: Any) -> None:
    raise OSError("there is no network")


def arrays_of(data: Any) -> list[Array]:
    (x_train, y_train), (x_test, y_test) = data
    return [x_train, y_train, x_test, y_test]


# ---------------------------------------------------------------- of MNIST's form


@pytest.fixture(params=MNIST_LIKE)
def idx_set(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[ModuleType, str, dict[str, bytes]]:
    """One of the data sets of MNIST's form with small files in the place of its own: module, folder in the cache, files."""
    module, folder = MNIST_LIKE[request.param]
    files = {
        f"{name}-ubyte.gz": gzip.compress(idx_file(one), mtime=0)
        for name, one in zip(NAMES, mnist_like(3), strict=True)
    }
    rows = [
        Published(old.url, len(content), sha256(content), old.content_sha256 and sha256(gzip.decompress(content)))
        for old, content in zip(module.FILES, files.values(), strict=True)
    ]
    assert [one.name for one in rows] == list(files)
    monkeypatch.setattr(module, "FILES", rows)
    return module, folder, files


def write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def check_idx(data: Any) -> None:
    for found, expected in zip(arrays_of(data), mnist_like(3), strict=True):
        assert found.dtype == np.uint8
        assert found.tolist() == expected.tolist()


def test_a_folder_or_the_cache_serves(
    idx_set: tuple[ModuleType, str, dict[str, bytes]], tmp_path: Path, home: Path
) -> None:
    module, folder, files = idx_set
    write(tmp_path / "mine", files)
    check_idx(module.load_data(folder=tmp_path / "mine"))
    check_idx(module.load_data(folder=str(tmp_path / "mine")))
    with pytest.raises(OSError, match="there is no network"):
        module.load_data()
    write(home / folder, files)
    check_idx(module.load_data())


def test_debians_package_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files have the same content, compressed anew."""
    files = {f"{name}-ubyte.gz": idx_file(one) for name, one in zip(NAMES, mnist_like(3), strict=True)}
    rows = [Published(f"u/{name}", 1, sha256(b""), sha256(content)) for name, content in files.items()]
    monkeypatch.setattr(fashion_mnist, "FILES", rows)
    write(tmp_path / "debian", {name: gzip.compress(content, 1) for name, content in files.items()})
    check_idx(fashion_mnist.load_data())


WRONG: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "short": lambda content: content[:-10],
    "damaged": lambda content: content[:-20] + bytes(20),
    "no gzip": lambda content: b"<html>not found</html>",
    "another": lambda content: OTHER,
}


@pytest.mark.parametrize("damage", WRONG)
def test_wrong_files_are_refused_by_name(
    idx_set: tuple[ModuleType, str, dict[str, bytes]], tmp_path: Path, home: Path, damage: str
) -> None:
    module, folder, files = idx_set
    bad = {**files, "t10k-images-idx3-ubyte.gz": WRONG[damage](files["t10k-images-idx3-ubyte.gz"])}
    write(tmp_path / "mine", bad)
    with pytest.raises(ValueError, match=r"mnist: .*mine.t10k-images-idx3-ubyte.gz is not https://.*SHA-256"):
        module.load_data(folder=tmp_path / "mine")
    write(home / folder, bad)
    with pytest.raises(OSError, match=r"t10k-images-idx3-ubyte.gz is needed; .* is not the right one, and downloading"):
        module.load_data()
    assert (home / folder / "t10k-images-idx3-ubyte.gz").read_bytes() == bad["t10k-images-idx3-ubyte.gz"]


def test_a_folder_without_the_file_is_refused(
    idx_set: tuple[ModuleType, str, dict[str, bytes]], tmp_path: Path
) -> None:
    module, _, files = idx_set
    write(tmp_path / "mine", {"train-images-idx3-ubyte.gz": files["train-images-idx3-ubyte.gz"]})
    with pytest.raises(
        FileNotFoundError, match=r"expected train-labels-idx1-ubyte.gz, from https.*, in the folder .*mine"
    ):
        module.load_data(folder=tmp_path / "mine")
    with pytest.raises(TypeError, match=r"mnist: folder must be a path, as a string or a pathlib.Path; received 3"):
        module.load_data(folder=3)


def test_offline_one_sentence_says_where_to_put_which_file(
    idx_set: tuple[ModuleType, str, dict[str, bytes]], home: Path
) -> None:
    module, folder, _ = idx_set
    with pytest.raises(OSError, match="there is no network") as caught:
        module.load_data()
    where = home / folder
    assert str(caught.value) == (
        f"{module.__name__.rpartition('.')[2]}: train-images-idx3-ubyte.gz is needed; there is none in {where}, and "
        f"downloading failed (there is no network). Download {module.FILES[0].url} by other means to "
        f"{where / 'train-images-idx3-ubyte.gz'}, or name the folder that it is in: load_data(folder=...)"
    )


def test_what_is_missing_or_wrong_is_downloaded(
    idx_set: tuple[ModuleType, str, dict[str, bytes]],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module, folder, files = idx_set
    write(home / folder, {**files, "train-labels-idx1-ubyte.gz": OTHER})
    (home / folder / "t10k-labels-idx1-ubyte.gz").unlink()
    monkeypatch.undo()
    monkeypatch.setenv("KERAS_HOME", str(home.parent))
    with server(**files) as address:
        rows = [Published(address + name, len(content), sha256(content)) for name, content in files.items()]
        monkeypatch.setattr(module, "FILES", rows)
        check_idx(module.load_data())
    assert {one.name: one.read_bytes() for one in (home / folder).iterdir()} == files
    assert capsys.readouterr().out.count("Downloading data from") == 2
    check_idx(module.load_data())  # without the server


def test_the_cache_is_keras_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", "~/elsewhere")
    assert cache_folder() == tmp_path / "elsewhere" / "datasets"
    monkeypatch.delenv("KERAS_HOME")
    assert cache_folder() == tmp_path / ".keras" / "datasets"


# ---------------------------------------------------------------- CIFAR


def cifar_batches(archive: Archive) -> tuple[dict[str, bytes], Array, list[int], list[int]]:
    """Batches of two images each, the images (n, 3072), and their labels of both kinds."""
    names = [*archive.train, *archive.test]
    images: Array = np.random.default_rng(1).integers(0, 256, (2 * len(names), 3072), np.uint8)
    fine, coarse = [k % 10 for k in range(len(images))], [k % 3 for k in range(len(images))]
    batches = {
        name: batch(
            images[k : k + 2], labels=fine[k : k + 2], fine_labels=fine[k : k + 2], coarse_labels=coarse[k : k + 2]
        )
        for k, name in zip(range(0, len(images), 2), names, strict=True)
    }
    return batches, images, fine, coarse


@pytest.fixture(params=CIFAR)
def cifar_set(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[ModuleType, bytes, dict[str, bytes]]:
    """CIFAR-10 or CIFAR-100 with a small archive in the place of its own: module, archive, batches."""
    module = CIFAR[request.param]
    batches, *_ = cifar_batches(module.ARCHIVE)
    content = archive_of(module.ARCHIVE.folder, batches)
    monkeypatch.setattr(module, "ARCHIVE", like(module.ARCHIVE, content, batches))
    return module, content, batches


def check_cifar(module: ModuleType, data: Any) -> None:
    _, images, fine, _ = cifar_batches(module.ARCHIVE)
    x_train, y_train, x_test, y_test = arrays_of(data)
    n = 2 * len(module.ARCHIVE.train)
    for image, row in zip([*x_train, *x_test], images, strict=True):
        for (i, j, c), pixel in np.ndenumerate(image):
            assert pixel == row[1024 * c + 32 * i + j]
    assert y_train.tolist() == [[k] for k in fine[:n]]
    assert y_test.tolist() == [[k] for k in fine[n:]]
    labels = np.uint8 if module is cifar10 else np.int64  # as Keras's labels are
    assert [one.dtype for one in (x_train, x_test, y_train, y_test)] == [np.uint8, np.uint8, labels, labels]


@pytest.mark.parametrize("place", ["mine", "unpacked", "Keras 3", "Keras 2", "by hand"])
def test_cifar_is_read_where_it_is(
    cifar_set: tuple[ModuleType, bytes, dict[str, bytes]], tmp_path: Path, home: Path, place: str
) -> None:
    module, content, batches = cifar_set
    archive = module.ARCHIVE
    if place == "mine":
        write(tmp_path / "mine", {archive.published.name: content})
    elif place == "unpacked":
        write(tmp_path / "mine" / archive.folder, batches)
    else:
        name = {"Keras 3": archive.cached[0], "Keras 2": archive.cached[1], "by hand": archive.published.name}[place]
        write(home, {name: content})
    check_cifar(module, module.load_data(folder=tmp_path / "mine" if place in ("mine", "unpacked") else None))


def test_cifar_follows_the_image_data_format(cifar_set: tuple[ModuleType, bytes, dict[str, bytes]], home: Path) -> None:
    module, content, _ = cifar_set
    write(home, {module.ARCHIVE.published.name: content})
    last = arrays_of(module.load_data())
    backend.set_image_data_format("channels_first")
    first = arrays_of(module.load_data())
    assert first[0].shape == (len(last[0]), 3, 32, 32)
    assert first[0].tolist() == last[0].transpose(0, 3, 1, 2).tolist()
    assert first[1].tolist() == last[1].tolist()


def test_labels_of_cifar100_are_fine_or_coarse(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    batches, _, fine, coarse = cifar_batches(cifar100.ARCHIVE)
    content = archive_of(cifar100.ARCHIVE.folder, batches)
    monkeypatch.setattr(cifar100, "ARCHIVE", like(cifar100.ARCHIVE, content, batches))
    write(home, {cifar100.ARCHIVE.published.name: content})
    for mode, labels in (("fine", fine), ("coarse", coarse)):
        (_, y_train), (_, y_test) = cifar100.load_data(label_mode=mode)
        assert [*y_train[:, 0], *y_test[:, 0]] == labels
    with pytest.raises(ValueError, match="cifar100: label_mode must be one of 'fine', 'coarse'; received 'middle'"):
        cifar100.load_data("middle")


def test_cifar_is_downloaded_under_keras_name(
    cifar_set: tuple[ModuleType, bytes, dict[str, bytes]], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, content, batches = cifar_set
    monkeypatch.undo()
    monkeypatch.setenv("KERAS_HOME", str(home.parent))
    with server(archive=content) as address:
        monkeypatch.setattr(module, "ARCHIVE", like(module.ARCHIVE, content, batches, address + "archive"))
        check_cifar(module, module.load_data())
    assert [one.name for one in home.iterdir()] == [module.ARCHIVE.cached[0]]


def test_wrong_batches_and_archives_are_refused(
    cifar_set: tuple[ModuleType, bytes, dict[str, bytes]], tmp_path: Path
) -> None:
    module, content, batches = cifar_set
    write(tmp_path, {module.ARCHIVE.published.name: content[:-1]})
    with pytest.raises(ValueError, match=r"cifar10+: .*-python.tar.gz is not https://.*, which has the SHA-256 "):
        module.load_data(folder=tmp_path)
    last = [*batches][-1]
    write(tmp_path / module.ARCHIVE.folder, {**batches, last: batches[last][:-1]})
    with pytest.raises(ValueError, match=f"{last} is not the published batch, which has the MD5 "):
        module.load_data(folder=tmp_path)
    (tmp_path / module.ARCHIVE.folder / last).unlink()
    with pytest.raises(FileNotFoundError, match=last):
        module.load_data(folder=tmp_path)


def test_a_batch_can_run_no_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not even one whose digest is right."""
    batches, *_ = cifar_batches(cifar10.ARCHIVE)
    batches["data_batch_3"] = dangerous()
    with pytest.raises(ZeroDivisionError):
        pickle.loads(batches["data_batch_3"])  # noqa: S301
    monkeypatch.setattr(cifar10, "ARCHIVE", like(cifar10.ARCHIVE, b"", batches))
    write(tmp_path / cifar10.ARCHIVE.folder, batches)
    with pytest.raises(ValueError, match=r"expected an array in the batch; received __builtin__\.eval"):
        cifar10.load_data(folder=tmp_path)


def test_the_batches_of_these_tests_are_what_numpy_reads() -> None:
    images: Array = np.random.default_rng(2).integers(0, 256, (2, 3072), np.uint8)
    content = pickle.loads(batch(images, labels=[4, 7]), encoding="bytes")  # noqa: S301
    assert content[b"data"].tolist() == images.tolist()
    assert content[b"labels"] == [4, 7]


# ---------------------------------------------------------------- the published files themselves


def test_the_digests_are_those_that_others_publish() -> None:
    """Written down from the MD5 lists of the data sets' pages, torchvision's and Keras's source: sizes in bytes."""
    assert [one.size for one in fashion_mnist.FILES] == [26421880, 29515, 4422102, 5148]
    assert [one.size for one in kmnist.FILES] == [18165135, 29497, 3041136, 5120]
    for module in CIFAR.values():
        assert all(len(md5) == 32 for md5 in (module.ARCHIVE.train | module.ARCHIVE.test).values())
    files = [*fashion_mnist.FILES, *kmnist.FILES, cifar10.ARCHIVE.published, cifar100.ARCHIVE.published]
    assert all(len(one.sha256) == len(hashlib.sha256().hexdigest()) for one in files)
    assert len({one.sha256 for one in files}) == len(files)
