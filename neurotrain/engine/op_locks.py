"""Locks that a killed build of DeepSpeed's ops left behind, for which every later start would wait.

torch builds an op in a folder of its cache and marks that by a file `lock`, which the building
process holds open. Who finds one waits until it is gone, without end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from neurotrain.engine.build import EnvironmentLacks

_LOCK: Final = "lock"
_OLD_S: Final = 600.0
"""No op takes so long to build; a younger lock may be another machine's that shares the folder."""


def folder_of_ops() -> Path:
    """Where torch builds ops."""
    given = os.environ.get("TORCH_EXTENSIONS_DIR")
    if given:
        return Path(given)
    from torch.utils.cpp_extension import get_default_build_root

    return Path(get_default_build_root())


def clear_locks(folder: Path) -> list[str]:
    """Remove the locks that no process holds and that are old; what was removed, in words.

    Raises:
        EnvironmentLacks: one is young, and no process of this machine holds it.
    """
    told = []
    for file in sorted(folder.glob(f"**/{_LOCK}")):
        try:
            status = file.stat()
        except FileNotFoundError:
            continue
        if _is_held(file, status.st_uid):
            continue
        age_s = time.time() - status.st_mtime
        what = f"{file} says that '{file.parent.name}' is being built"
        if age_s < _OLD_S:
            raise EnvironmentLacks(
                f"{what}, and no process of this machine does: a build was killed, or another "
                f"machine builds in this folder. Remove the file, or wait until that is done; "
                f"after {_OLD_S / 60:.0f} minutes it is taken for left behind"
            )
        file.unlink(missing_ok=True)
        told.append(f"{what}, since {age_s / 60:.0f} minutes and by no process: removed")
    return told


def _is_held(file: Path, owner: int) -> bool:
    """Whether a process of this machine has the file open; True where that cannot be known.

    What other users' processes have open only the superuser sees.
    """
    processes = Path("/proc")
    if not processes.is_dir() or os.geteuid() not in (0, owner):
        return True
    wanted = str(file.resolve())
    return any(opened == wanted for opened in _opened(processes))


def _opened(processes: Path) -> Iterator[str]:
    """The files that the processes of this user have open."""
    for folder in processes.glob("[0-9]*/fd"):
        try:
            descriptors = list(folder.iterdir())
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                yield os.readlink(descriptor)
            except OSError:
                continue
