"""Faults planted in what keeps a run safe: the tests must find every one of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stress.conftest import Effort

ROOT = Path(__file__).parents[2]
STORAGE = ("tests/engine/test_storage.py", "tests/engine/test_checkpoint.py")
POWER = ("tests/stress/test_power_loss.py", *STORAGE)
RESUME = ("tests/engine/test_trainer.py", "-k", "resume or any_look or any_file_operation")
NAN = ("tests/engine/test_nan_policy.py", "tests/engine/test_trainer.py", "-k", "not any_look")


@dataclass(frozen=True)
class Mutant:
    """A fault: this text in this file becomes that, and these tests are asked."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant("engine/storage.py", "os.fsync(file.fileno())", "pass", STORAGE),
    Mutant("engine/storage.py", "os.fsync(descriptor)", "pass", STORAGE),
    Mutant("engine/storage.py", "            disk.flush(file)\n", "", POWER),
    Mutant("engine/storage.py", "    disk.flush_folder(path.parent)\n", "", POWER),
    Mutant("engine/storage.py", "    disk.flush_folder(target.parent)\n", "", POWER),
    Mutant("engine/storage.py", " | os.O_NOFOLLOW", "", STORAGE),
    Mutant("engine/storage.py", "os.O_EXCL | ", "", STORAGE),
    Mutant("engine/storage.py", "        self.hash.update(data)\n", "", STORAGE),
    Mutant(
        "engine/checkpoint.py", "        self.disk.flush_folder(self.folder)\n        removed",
        "        removed", POWER,
    ),
    Mutant("engine/checkpoint.py", "if int(match[1]) != length:", "if False:", STORAGE),
    Mutant("engine/checkpoint.py", "state.hexdigest().encode() != match[2]", "False", STORAGE),
    Mutant("engine/checkpoint.py", "self.numbered()[:-keep_last]", "self.numbered()", STORAGE),
    Mutant("engine/checkpoint.py", "    verify(path)\n    try:", "    try:", STORAGE),
    Mutant(
        "engine/checkpoint.py", "weights_only=True", "weights_only=False", STORAGE
    ),
    Mutant("engine/loop_state.py", 'state["epoch"], state["batch"]', 'state["epoch"], 0', RESUME),
    Mutant(
        "engine/loop_state.py", 'self.step, self.micro_step = state["step"], state["micro_step"]',
        'self.step, self.micro_step = state["step"], 0', RESUME,
    ),
    Mutant("engine/loop_state.py", 'self.best.loss = state["best_loss"]', "pass", RESUME),
    Mutant(
        "engine/loop_state.py", 'self.stopper.load_state_dict(state["early_stopping"])', "pass",
        RESUME,
    ),
    Mutant("engine/loop_state.py", 'self.meters = EpochMeters.of(state["meters"])', "pass", RESUME),
    Mutant(
        "engine/torch_engine.py", 'self.optimizer.load_state_dict(state["optimizer_state_dict"])',
        "pass", RESUME,
    ),
    Mutant(
        "engine/torch_engine.py", 'self._average.load_state_dict(state["ema_state_dict"])', "pass",
        RESUME,
    ),
    Mutant("engine/saver.py", "            write.join()\n", "", ("tests/engine/test_saver.py",)),
    Mutant(
        "engine/saver.py", "copied = on_host(state)", "copied = state",
        ("tests/engine/test_saver.py",),
    ),
    Mutant("engine/finite.py", "isfinite", "isreal", NAN),
    Mutant(
        "dataset/workers.py", "    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)",
        "    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())",
        ("tests/dataset/test_workers.py",),
    ),
    Mutant(
        "dataset/workers.py", "if num_bytes == 0:", "if False:", ("tests/dataset/test_workers.py",)
    ),
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}: {m.old.strip()[:40]}")
def test_a_planted_fault_is_found(mutant: Mutant, tmp_path: Path, effort: Effort) -> None:
    """Its tests fail, in a copy of the project with the fault in it."""
    source = (ROOT / "neurotrain" / mutant.file).read_text()
    assert source.count(mutant.old) >= 1, "the text is gone: name the fault anew"
    if not effort.is_long:
        return
    for name in ("neurotrain", "tests", "schema", "templates", "specs", "docs"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "neurotrain" / mutant.file).write_text(source.replace(mutant.old, mutant.new, 1))
    asked = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True,
        text=True, timeout=600, check=False,
    )  # fmt: skip
    assert asked.returncode == 1, asked.stdout[-2000:]
    assert " failed" in asked.stdout or "error" in asked.stdout
