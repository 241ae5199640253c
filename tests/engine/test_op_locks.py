"""Locks of a build that was killed, with torch's own lock file as the oracle."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from torch.utils.file_baton import FileBaton

from neurotrain.engine.build import EnvironmentLacks
from neurotrain.engine.op_locks import clear_locks, folder_of_ops

from .conftest import Project
from .test_deepspeed import ENGINE, SPEC


def _left_behind(folder: Path, age_s: float) -> Path:
    """The lock of a build whose process is gone."""
    file = folder / "py3_cpu/cpu_adam/lock"
    file.parent.mkdir(parents=True)
    line = "from torch.utils.file_baton import FileBaton\n"
    line += f"assert FileBaton({str(file)!r}).try_acquire()"
    subprocess.run([sys.executable, "-c", line], check=True)
    os.utime(file, (time.time() - age_s,) * 2)
    return file


def test_old_lock_is_removed(tmp_path: Path) -> None:
    """One that nobody holds is told and removed; afterwards torch builds."""
    file = _left_behind(tmp_path, 1200)
    assert not FileBaton(str(file)).try_acquire()
    (told,) = clear_locks(tmp_path)
    assert told.startswith(f"{file} says that 'cpu_adam' is being built, since 20 minutes")
    assert FileBaton(str(file)).try_acquire()


def test_young_lock_is_told(tmp_path: Path) -> None:
    """It may be another machine's: it stays, and the message says what to do."""
    file = _left_behind(tmp_path, 30)
    with pytest.raises(EnvironmentLacks, match="Remove the file, or wait"):
        clear_locks(tmp_path)
    assert file.exists()


def test_held_lock_is_left_alone(tmp_path: Path) -> None:
    """A build that goes on is waited for by torch, however long it takes."""
    file = tmp_path / "cpu_adam/lock"
    file.parent.mkdir()
    baton = FileBaton(str(file))
    assert baton.try_acquire()
    os.utime(file, (0, 0))
    assert clear_locks(tmp_path) == []
    assert file.exists()
    baton.release()


def test_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was ever built there is nothing to do."""
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path / "absent"))
    assert folder_of_ops() == tmp_path / "absent"
    assert clear_locks(folder_of_ops()) == []


@pytest.mark.slow
def test_run_with_a_lock_left_behind(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that would wait for ever ends at once with the file's name."""
    file = _left_behind(tmp_path / "extensions", 5)
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path / "extensions"))
    own = ENGINE.replace("processes: 2", "processes: 1, optimizer: deepspeed")
    project.write(SPEC.replace(ENGINE, own))
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 5
    assert f"error: {file} says that 'cpu_adam' is being built" in done.stderr
