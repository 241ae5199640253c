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
WORKERS = ("tests/dataset/test_workers.py",)
SAVER = ("tests/engine/test_saver.py",)
LOOP = ("tests/engine/test_trainer.py", "-k", "bare_loop or overridden")
PIECES = ("tests/engine/test_resume.py",)
STOPPING = ("tests/engine/test_early_stopping.py",)
SHARDS = ("tests/engine/test_shards.py",)
ADVERSARIAL = ("tests/engine/test_adversarial.py", "tests/engine/test_adversarial_nan.py")
CURRICULUM = ("tests/engine/test_curriculum.py",)
HEADS = ("tests/engine/test_multi_task.py",)
LOADER = ("tests/dataset/test_loader.py",)
FOLDS = ("tests/engine/test_folds.py",)
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
    Mutant("engine/storage.py", "os.O_EXCL | ", "", STORAGE),
    Mutant("engine/storage.py", "        self.hash.update(data)\n", "", STORAGE),
    Mutant(
        "engine/checkpoint.py",
        "        self.disk.flush_folder(self.folder)\n        removed",
        "        removed",
        POWER,
    ),
    Mutant("engine/checkpoint.py", "if int(match[1]) != length:", "if False:", STORAGE),
    Mutant("engine/checkpoint.py", "state.hexdigest().encode() != match[2]", "False", STORAGE),
    Mutant("engine/checkpoint.py", "self.numbered()[:-keep_last]", "self.numbered()", STORAGE),
    Mutant("engine/checkpoint.py", "    verify(path)\n    try:", "    try:", STORAGE),
    Mutant(
        "engine/checkpoint.py",
        'map_location="cpu", weights_only=True',
        'map_location="cpu", weights_only=False',
        STORAGE,
    ),
    Mutant("engine/loop_state.py", 'state["epoch"], state["batch"]', 'state["epoch"], 0', RESUME),
    Mutant(
        "engine/loop_state.py",
        'self.step, self.micro_step = state["step"], state["micro_step"]',
        'self.step, self.micro_step = state["step"], 0',
        RESUME,
    ),
    Mutant("engine/loop_state.py", 'self.best.loss = state["best_loss"]', "pass", RESUME),
    Mutant(
        "engine/loop_state.py",
        'self.stopper.load_state_dict(state["early_stopping"])',
        "pass",
        RESUME,
    ),
    Mutant("engine/loop_state.py", 'self.meters = EpochMeters.of(state["meters"])', "pass", RESUME),
    Mutant(
        "engine/torch_engine.py",
        'self.optimizer.load_state_dict(state["optimizer_state_dict"])',
        "pass",
        RESUME,
    ),
    Mutant(
        "engine/torch_engine.py",
        'self._average.load_state_dict(state["ema_state_dict"])',
        "pass",
        RESUME,
    ),
    Mutant("engine/saver.py", "            write.join()\n", "", SAVER),
    Mutant(
        "engine/saver.py",
        "copied = on_host(state)",
        "copied = state",
        SAVER,
    ),
    Mutant("engine/saver.py", "if held is not None and not best:", "if False:", SAVER),
    Mutant(
        "engine/saver.py",
        "            self._write_held()\n        except",
        "            pass\n        except",
        SAVER,
    ),
    Mutant("engine/adversarial_engine.py", "        self._judge.load(judge)\n", "", ADVERSARIAL),
    Mutant(
        "engine/adversarial_engine.py",
        'self._num_updates = state["adversarial_updates"]',
        "pass",
        ADVERSARIAL,
    ),
    Mutant("engine/adversarial_engine.py", "self._judge.load(self._kept)", "pass", ADVERSARIAL),
    Mutant("engine/course.py", "if before != now:", "if False:", CURRICULUM),
    Mutant("engine/loop_state.py", 'terms=dict(state.get("terms", {})),', "", ADVERSARIAL),
    Mutant("engine/loop_state.py", 'task_losses=dict(state.get("task_losses", {})),', "", HEADS),
    Mutant("engine/finite.py", "isfinite", "isreal", NAN),
    Mutant(
        "dataset/workers.py",
        "    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)",
        "    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())",
        WORKERS,
    ),
    Mutant(
        "dataset/workers.py",
        "raise self._ended()\n            position",
        "return content\n            position",
        WORKERS,
    ),
    Mutant("dataset/workers.py", "whole = position + 1 == number", "whole = False", WORKERS),
    Mutant("engine/storage.py", "raise sink.failure from error", "raise", STORAGE),
    Mutant("engine/storage.py", "        disk.replace(temporary, path)\n", "", STORAGE),
    Mutant(
        "engine/checkpoint.py",
        "        staged = self.folder / _STAGED\n",
        "        for path in self.numbered()[: len(self.numbered()) + 1 - keep_last]:\n"
        "            self.disk.remove(path)\n        staged = self.folder / _STAGED\n",
        STORAGE,
    ),
    Mutant(
        "engine/loop_state.py",
        'self.step, self.micro_step = state["step"],',
        "self.step, self.micro_step = 0,",
        RESUME,
    ),
    Mutant(
        "engine/loop_state.py",
        'self.best.value, self.best.epoch = state["best_metric"],',
        "self.best.value, self.best.epoch = None,",
        RESUME,
    ),
    Mutant(
        "engine/loop_state.py",
        'state["best_metric"], state["best_epoch"]',
        'state["best_metric"], 0',
        RESUME,
    ),
    Mutant(
        "engine/loop_state.py", 'self.stopper_epoch = state["early_stopping_epoch"]', "pass", RESUME
    ),
    Mutant(
        "engine/loop_state.py",
        "self.history = {k: [(int(e), float(x)) for e, x in v] for k, v in history.items()}",
        "pass",
        RESUME,
    ),
    Mutant("engine/loop_state.py", 'self.skipped = state["nan_counters"]["skipped"]', "pass", NAN),
    Mutant(
        "engine/loop_state.py",
        'self.rolled_back = state["nan_counters"]["rolled_back"]',
        "pass",
        NAN,
    ),
    Mutant("engine/loop_state.py", 'loss=state["loss"]', "loss=0.0", RESUME),
    Mutant("engine/loop_state.py", 'grad_norm=state["grad_norm"]', "grad_norm=0.0", RESUME),
    Mutant("engine/loop_state.py", 'grad_norms=state["grad_norms"]', "grad_norms=[]", RESUME),
    Mutant("engine/loop_state.py", 'num_losses=state["num_losses"]', "num_losses=0", RESUME),
    Mutant("engine/loop_state.py", 'num_norms=state["num_norms"]', "num_norms=0", RESUME),
    Mutant("engine/loop_state.py", 'num_updates=state["num_updates"]', "num_updates=0", NAN),
    Mutant(
        "engine/torch_engine.py",
        'self.model.load_state_dict(state["model_state_dict"])',
        "pass",
        RESUME,
    ),
    Mutant(
        "engine/torch_engine.py",
        'self._scaler.load_state_dict(state["scaler_state_dict"])',
        "pass",
        PIECES,
    ),
    Mutant("engine/averages.py", 'self._num_updates = state["num_updates"]', "pass", RESUME),
    Mutant(
        "engine/schedule.py",
        'self._scale, self._plateau = state["scale"],',
        "self._plateau =",
        NAN,
    ),
    Mutant("engine/schedule.py", 'PlateauState(**state["plateau"])', "PlateauState()", PIECES),
    Mutant("engine/schedule.py", "self._scheduler.load_state_dict(state)", "pass", PIECES),
    Mutant(
        "engine/trainer.py",
        'self.schedule.load_state_dict(found["scheduler_state_dict"])',
        "pass",
        PIECES,
    ),
    Mutant(
        "engine/trainer.py",
        'self._probe.load_state_dict(found["activations"], self.device)',
        "pass",
        RESUME,
    ),
    Mutant("engine/trainer.py", 'self._epoch_start = found["epoch_start"]', "pass", NAN),
    Mutant("engine/trainer.py", "self._saver.complete(path, self.state)", "pass", RESUME),
    Mutant(
        "engine/trainer.py",
        "self.engine.seed(mix(self.setup.seed, self.state.micro_step))",
        "pass",
        LOOP,
    ),
    Mutant(
        "engine/trainer.py",
        "if (bad := self.engine.non_finite()) is not None",
        "if (bad := None)",
        NAN,
    ),
    Mutant(
        "engine/torch_engine.py",
        "        return Examined(gradients, norms, norm, self._is_usable",
        "        self.optimizer.step()\n"
        "        return Examined(gradients, norms, norm, self._is_usable",
        NAN,
    ),
    Mutant("engine/torch_engine.py", "buffer.copy_(before)", "pass", NAN),
    Mutant("engine/torch_engine.py", "or self._check.buffers_are_finite()", "or True", NAN),
    Mutant("engine/torch_engine.py", "gradient.masked_fill_(self._bad, 0)", "pass", NAN),
    Mutant("engine/early_stopping.py", "if math.isnan(value):", "if False:", STOPPING),
    Mutant(
        "engine/early_stopping.py",
        'self.counter, self.best = state["counter"], state["best"]',
        "pass",
        STOPPING,
    ),
    Mutant(
        "dataset/loader.py",
        "    with _one_thread():\n            if self._table",
        "    if True:\n            if self._table",
        LOADER,
    ),
    Mutant(
        "engine/shards.py",
        "        engine.save(self.folder, tag)\n",
        "        self._write_manifest(folder, {})\n        engine.save(self.folder, tag)\n",
        SHARDS,
    ),
    Mutant("engine/shards.py", "            self.disk.flush_folder(folder)\n", "", SHARDS),
    Mutant("engine/shards.py", "        self.disk.flush_folder(self.folder)\n", "", SHARDS),
    Mutant("engine/shards.py", "if hash_of(file) != sha256:", "if False:", SHARDS),
    Mutant(
        "engine/shards.py",
        "                if not file.is_file():",
        "                if False:",
        SHARDS,
    ),
    Mutant(
        "engine/shards.py",
        "                self.disk.remove(folder / _MANIFEST)\n                shutil",
        "                shutil",
        SHARDS,
    ),
    Mutant("engine/shards.py", "whole[-_KEPT:]", "whole[:1]", SHARDS),
    Mutant("engine/shards.py", "if folder.name > than.name:", "if False:", SHARDS),
    Mutant("engine/done.py", 'run_dir / "train" / f"fold-{fold}"', 'run_dir / "train"', FOLDS),
    Mutant("engine/build.py", "number), _makers={}, _folders={})", "number), _folders={})", FOLDS),
    Mutant("engine/executor.py", 'model, "valid", folder', 'model, "train", folder', FOLDS),
    Mutant(
        "engine/executor.py",
        "            if done.finished(self.run_dir, trainer) is None:",
        "            if False:",
        FOLDS,
    ),
    Mutant("engine/ensemble.py", "in_units(x, own) for", "in_units(x, targets[0]) for", FOLDS),
    Mutant("engine/ensemble.py", "several.log_softmax(2).logsumexp(0)", "several.mean(0)", FOLDS),
    Mutant(
        "plan/graph.py",
        "digests[0] if len(digests) == 1 else digest_of(digests)",
        "digests[0]",
        FOLDS,
    ),
    Mutant(
        "dataset/split.py",
        "held_out = divide(samples, None, test, seed)",
        "held_out = {}",
        ("tests/dataset/test_folds.py",),
    ),
    Mutant(
        "recorder/events.py",
        "if own != stage or old.step",
        "if old.step",
        ("tests/recorder/test_events.py",),
    ),
    Mutant(
        "monitor/fold.py",
        "step=0) for stage in",
        "step=9) for stage in",
        ("tests/monitor/test_folds.py",),
    ),
    Mutant(
        "engine/storage.py",
        '    with path.open("rb+") as file:\n        disk.flush(file)\n',
        "",
        SHARDS,
    ),
)


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
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "NEUROTRAIN_STRESS": ""},
    )  # fmt: skip
    assert asked.returncode == 1, asked.stdout[-2000:]
    assert " failed" in asked.stdout or "error" in asked.stdout
