"""What files hold is remembered, and never believed of a file that changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurotrain.dataset.headers import Header, UnreadableImage, image_header
from neurotrain.dataset.masks import LabelCoding
from neurotrain.dataset.reader import FileReader

CODING = LabelCoding(num_classes=3)


def bitmap(file: Path, values: tuple[int, ...], mtime_ns: int = 10**18) -> Path:
    """A grey picture whose file has the same size for all values."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array([values] * 4, np.uint8)).save(file, format="BMP")
    os.utime(file, ns=(mtime_ns, mtime_ns))
    return file


def known(reader: FileReader, file: Path) -> tuple[Header, bytes, tuple[int, ...]]:
    """All that a reader tells of a mask."""
    return reader.header(file), reader.sha256(file), reader.labels(file, CODING)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where a reader remembers."""
    return tmp_path / "cache" / "deep" / "files.bin"


def remembered(store: Path, file: Path) -> None:
    """Let a store remember a file."""
    reader = FileReader(store)
    known(reader, file)
    reader.save()


def test_a_reader_tells_what_is_in_the_file(tmp_path: Path) -> None:
    """Header, SHA-256 and labels are those of Pillow, hashlib and numpy."""
    file = bitmap(tmp_path / "a.bmp", (0, 2, 0, 2))
    header, digest, labels = known(FileReader(), file)
    assert header == image_header(file)
    assert digest == hashlib.sha256(file.read_bytes()).digest()
    assert labels == tuple(np.unique(np.asarray(Image.open(file))))


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, store: Path) -> None:
    """Path, size and time are the same: what was read stands, whatever the bytes are now."""
    file = bitmap(tmp_path / "a.bmp", (0, 2, 0, 2))
    before = known(FileReader(), file)
    remembered(store, file)
    bitmap(file, (1, 1, 1, 1))
    assert known(FileReader(store), file) == before


@pytest.mark.parametrize(
    ("values", "mtime_ns"), [((1, 1, 1, 1), 10**18 + 1), ((1, 1, 1, 1, 1, 1, 1, 1), 10**18)]
)
def test_a_changed_file_is_read_again(
    tmp_path: Path, store: Path, values: tuple[int, ...], mtime_ns: int
) -> None:
    """Another time, or another size at the same time, is another file."""
    file = bitmap(tmp_path / "a.bmp", (0, 2, 0, 2))
    remembered(store, file)
    bitmap(file, values, mtime_ns)
    assert known(FileReader(store), file) == known(FileReader(), file)


def test_labels_are_those_of_the_coding(tmp_path: Path, store: Path) -> None:
    """The same mask under another coding is not answered from the first."""
    file = bitmap(tmp_path / "a.bmp", (0, 2, 0, 2))
    remembered(store, file)
    other = LabelCoding(num_classes=2, label_values=(2, 0))
    assert FileReader(store).labels(file, other) == (0, 1)
    with pytest.raises(UnreadableImage, match="outside the labels 0 to 1"):
        FileReader(store).labels(file, LabelCoding(num_classes=2))


def test_a_damaged_store_is_forgotten(tmp_path: Path, store: Path) -> None:
    """With any byte flipped, and cut anywhere, a store says nothing and the files are read."""
    file = bitmap(tmp_path / "a.bmp", (0, 2, 0, 2))
    remembered(store, file)
    sound = store.read_bytes()
    bitmap(file, (1, 1, 1, 1))
    truth = known(FileReader(), file)
    assert known(FileReader(store), file) != truth
    flipped = [sound[:i] + bytes([sound[i] ^ 1]) + sound[i + 1 :] for i in range(len(sound))]
    for content in (*flipped, *(sound[:length] for length in range(len(sound)))):
        store.write_bytes(content)
        assert known(FileReader(store), file) == truth


def test_a_damaged_store_is_rebuilt(tmp_path: Path, store: Path) -> None:
    """The next save puts a sound one in its place, and leaves nothing beside it."""
    file = bitmap(tmp_path / "a.bmp", (0, 2, 0, 2))
    remembered(store, file)
    sound = store.read_bytes()
    store.write_bytes(b"damaged")
    remembered(store, file)
    assert store.read_bytes() == sound
    assert list(store.parent.iterdir()) == [store]


@pytest.mark.parametrize("obstacle", ["a file in the way", "a folder", "a pipe"])
def test_a_store_that_cannot_be_kept_is_no_error(tmp_path: Path, obstacle: str) -> None:
    """What stands in the store's place is left alone, and the files are read."""
    file = bitmap(tmp_path / "a.bmp", (0, 2, 0, 2))
    store = tmp_path / "cache" / "files.bin"
    if obstacle == "a file in the way":
        store.parent.write_text("")
    else:
        store.parent.mkdir()
        (Path.mkdir if obstacle == "a folder" else os.mkfifo)(store)
    reader = FileReader(store)
    assert known(reader, file) == known(FileReader(), file)
    reader.save()


def test_nothing_new_is_not_written(tmp_path: Path, store: Path) -> None:
    """A survey that learns nothing leaves the store as it is."""
    file = bitmap(tmp_path / "a.bmp", (0, 2, 0, 2))
    remembered(store, file)
    before = store.stat().st_ino
    remembered(store, file)
    assert store.stat().st_ino == before


def test_names_need_not_be_text(tmp_path: Path, store: Path) -> None:
    """A file name of undecodable bytes is remembered like any other."""
    file = bitmap(tmp_path / os.fsdecode(b"\xff\xfe.bmp"), (0, 2, 0, 2))
    before = known(FileReader(), file)
    remembered(store, file)
    bitmap(file, (1, 1, 1, 1))
    assert known(FileReader(store), file) == before


def test_a_usable_region_is_decoded_once_and_an_empty_one_always(
    tmp_path: Path, store: Path
) -> None:
    """What marks something is remembered; what marks nothing is never taken for usable."""
    file = bitmap(tmp_path / "a.bmp", (0, 9, 0, 9))
    reader = FileReader(store)
    reader.require_region(file)
    reader.save()
    bitmap(file, (0, 0, 0, 0))
    FileReader(store).require_region(file)
    bitmap(file, (0, 0, 0, 0), mtime_ns=10**18 + 1)
    for _ in range(2):
        with pytest.raises(UnreadableImage, match="the region of interest is empty"):
            FileReader(store).require_region(file)
