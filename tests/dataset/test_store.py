"""Samples kept on the disk: the same bits, made once, and made again where a file is damaged."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from neurotrain.dataset.base import Sample
from neurotrain.dataset.blocks import Loader
from neurotrain.dataset.loader import BatchMaker, TrainLoader
from neurotrain.dataset.store import SampleStore
from tests.dataset.test_loader import AUGMENTED, Pictures, assert_same, train_loader


@dataclass(frozen=True)
class Counted(Pictures):
    """Pictures that count how often they are loaded."""

    loads: list[int] = field(default_factory=list)

    def load(self, index: int) -> Sample:
        self.loads.append(index)
        return super().load(index)


def stored(folder: Path, data: Pictures, num_workers: int = 0) -> TrainLoader:
    """A loader that keeps what it prepared in a folder."""
    store = SampleStore(folder)
    maker = BatchMaker(data, AUGMENTED, seed=3, cache="disk", store=store)
    options = Loader(num_workers=num_workers, cache="disk")
    return TrainLoader(maker, batch_size=4, crops_per_image=3, options=options)


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("with_roi", [True, False])
def test_batches_have_the_same_bits(tmp_path: Path, num_workers: int, with_roi: bool) -> None:
    """Cold and warm, in this process and in others."""
    data = Pictures(with_roi=(with_roi,) * 7)
    plain = list(train_loader(data).epoch(2))
    assert_same(stored(tmp_path, data, num_workers).epoch(2), plain)
    assert_same(stored(tmp_path, data, num_workers).epoch(2), plain)
    assert not list(tmp_path.glob("*.tmp"))


def test_each_sample_is_loaded_once(tmp_path: Path) -> None:
    """Also over a restart."""
    data = Counted()
    for _ in range(2):
        list(stored(tmp_path, data).epoch(1))
    assert sorted(data.loads) == sorted(set(data.loads))


@pytest.mark.parametrize("kept", [0, 20, -1])
def test_a_damaged_file_is_made_again(tmp_path: Path, kept: int) -> None:
    """It is neither trusted nor an error."""
    data = Counted()
    wanted = list(stored(tmp_path, data).epoch(1))
    file = min(tmp_path.iterdir())
    whole = file.read_bytes()
    file.write_bytes(whole[:kept])
    data.loads.clear()
    assert_same(stored(tmp_path, data).epoch(1), wanted)
    assert data.loads == [0]
    assert file.read_bytes() == whole


def test_no_pickle_is_read(tmp_path: Path) -> None:
    """A file with objects in it, though its sum is right, is refused by NumPy."""
    import hashlib
    import io

    stream = io.BytesIO()
    np.save(stream, np.array([object()], dtype=object), allow_pickle=True)
    content = stream.getvalue()
    (tmp_path / "0000000.sample").write_bytes(hashlib.sha256(content).digest() + content)
    with pytest.raises(ValueError, match="allow_pickle"):
        SampleStore(tmp_path).get(0)


def test_a_sample_of_edited_files_is_made_again(tmp_path: Path) -> None:
    """Also where the edited file has the size of the one before."""
    image = tmp_path / "a.png"
    image.write_bytes(b"old")
    store = SampleStore(tmp_path / "cache", [[image]])
    sample = next(iter(stored(tmp_path / "other", Pictures()).epoch(1))).select([0])
    store.put(0, sample, store.stamp(0))
    assert store.get(0, store.stamp(0)) is not None
    image.write_bytes(b"new")
    os.utime(image, ns=(1, image.stat().st_mtime_ns + 1))
    assert store.get(0, store.stamp(0)) is None
