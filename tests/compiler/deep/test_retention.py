"""The number of files at once, against a folder of checkpoints as the engine keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurotrain.compiler.deep.retention import most_files
from neurotrain.engine.checkpoint import CheckpointFolder
from neurotrain.engine.storage import Disk


class _CountingDisk(Disk):
    """Counts the different files of a folder before each rename, when the most are there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.most = folder, 0

    def replace(self, source: Path, target: Path) -> None:
        """Count, then rename."""
        self.most = max(self.most, len({file.stat().st_ino for file in self.folder.iterdir()}))
        super().replace(source, target)


@pytest.mark.parametrize("every", [None, 1, 2, 3])
@pytest.mark.parametrize("keep_last", [1, 2, 4])
def test_prediction_is_the_most_that_a_real_folder_holds(
    every: int | None, keep_last: int, tmp_path: Path
) -> None:
    """After any number of epochs, where the first stays the best, which takes the most room."""
    disk = _CountingDisk(tmp_path)
    folder = CheckpointFolder(tmp_path, disk)
    for epoch in range(1, 11):
        number = epoch if every is not None and epoch % every == 0 else None
        folder.save({"epoch": epoch}, best=epoch == 1, epoch=number, keep_last=keep_last)
        assert most_files(epoch, every, keep_last) == disk.most


def test_no_number_is_too_large() -> None:
    """A spec of a billion epochs is answered at once."""
    assert most_files(10**12, 1, 10**9) == 10**9 + 2
