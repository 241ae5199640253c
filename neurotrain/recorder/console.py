"""Events as plain lines for a terminal or a log file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from neurotrain.recorder.events import Event, number

_STEP_INTERVAL_S: Final = 30.0
_STAGES: Final = {
    "trainer": "training", "cross_validator": "testing every fold", "tester": "testing",
    "predictor": "predicting",
}  # fmt: skip
_PARTS: Final = "train valid test"
_OUTPUTS: Final = ("folds", "report", "pictures", "plots", "weights", "predictions")


class PlainLines:
    """Turns events into lines; an epoch gives one, a long one also every half minute."""

    def __init__(self) -> None:
        self._num_epochs = 0
        self._monitor = ""
        self._best: float | None = None
        self._mode = "min"
        self._last_s = 0.0

    def of(self, event: Event) -> str | None:
        """The line of an event, or None where it is not worth one."""
        formats = {
            "run.started": self._started,
            "run.resumed": self._resumed,
            "stage.started": self._stage,
            "stage.skipped": self._skipped,
            "stage.finished": self._finished,
            "curriculum.changed": self._level,
            "step.finished": self._step,
            "epoch.finished": self._epoch,
            "early_stopping.updated": self._stopping,
            "weights.loaded": self._loaded,
            "warning.raised": self._warning,
            "update.skipped": self._warning,
            "training.rolled_back": self._warning,
            "run.failed": self._failed,
            "run.interrupted": self._interrupted,
        }
        form = formats.get(event.kind)
        return form(event) if form is not None else None

    def _started(self, event: Event) -> str:
        data = event.data
        self._num_epochs = int(data.get("epochs", 0))
        monitor = data.get("monitor") or {}
        self._monitor, self._mode = monitor.get("name", ""), monitor.get("mode", "min")
        counts = data.get("num_samples", {})
        ordered = sorted(counts.items(), key=lambda item: _PARTS.find(item[0]))
        samples = ", ".join(f"{count} {name}" for name, count in ordered)
        line = (
            f"{data.get('name')}: {data.get('task')} with {data.get('model')} on {samples} images; "
            f"{data.get('device')}, threads: {data.get('threads')}, {data.get('precision')}, "
            f"seed {data.get('seed')}"
        )
        return line + ("; the data is synthetic" if data.get("synthetic") else "")

    def _resumed(self, event: Event) -> str:
        checkpoint, step = event.data.get("checkpoint"), event.data.get("from_step")
        self._best = number(event.data.get("best"))
        if checkpoint is None:
            return "no checkpoint yet, starting at step 0"
        return f"resumed from {checkpoint} at epoch {event.data.get('from_epoch')}, step {step}"

    def _stage(self, event: Event) -> str:
        self._best = None
        stage, _, fold = str(event.data.get("stage")).partition("-")
        of_folds = f" fold {fold} of {event.data.get('folds')}" if fold else ""
        return f"{_STAGES.get(stage, 'running')}{of_folds} …"

    def _level(self, event: Event) -> str:
        data = event.data
        samples = f"{data['num_samples']} samples, " if "num_samples" in data else ""
        size = f"{samples}{data.get('num_batches')} batches an epoch"
        return f"level {data.get('level')} from epoch {event.epoch} on: {size}"

    def _finished(self, event: Event) -> str | None:
        """Of every fold together; what other stages find is told as it comes, or at the end."""
        if event.data.get("stage") != "cross_validator":
            return None
        result = event.data.get("result", {})
        scores = "  ".join(f"{name} {_short(value)}" for name, value in result.items())
        return f"cross-validation, mean over the folds: {scores}"

    def _skipped(self, event: Event) -> str:
        return f"{event.data.get('stage')}: {event.data.get('reason')}"

    def _step(self, event: Event) -> str | None:
        if event.time - self._last_s < _STEP_INTERVAL_S:
            return None
        first = self._last_s == 0.0
        self._last_s = event.time
        if first:
            return None
        data = event.data
        return (
            f"epoch {event.epoch}/{self._num_epochs}  batch {data.get('batch')}/"
            f"{data.get('num_batches')}  loss {_short(data.get('loss'))}  "
            f"{_pace(data)}"
        )

    def _epoch(self, event: Event) -> str:
        self._last_s = event.time
        metrics = event.data.get("metrics", {})
        parts = [f"epoch {event.epoch}/{self._num_epochs}"]
        for name, value in metrics.items():
            if name != "lr" and not name.endswith("grad_norm"):
                star = "*" if name == self._monitor and self._improves(value) else ""
                parts.append(f"{name} {_short(value)}{star}")
        parts += [f"lr {_short(metrics.get('lr'))}", f"{_short(event.data.get('seconds'))} s"]
        return "  ".join(parts)

    def _improves(self, value: object) -> bool:
        found = number(value)
        if found is None or found != found:
            return False
        better = self._best is None or (
            found > self._best if self._mode == "max" else found < self._best
        )
        self._best = found if better else self._best
        return better

    def _stopping(self, event: Event) -> str | None:
        if not event.data.get("stopped"):
            return None
        return (
            f"early stopping: {event.data.get('reason')}; best {event.data.get('monitor')} "
            f"{_short(event.data.get('best'))} at epoch {event.data.get('best_epoch')}"
        )

    def _warning(self, event: Event) -> str:
        return f"warning: {event.data.get('message')}"

    def _loaded(self, event: Event) -> str:
        return str(event.data.get("message"))

    def _failed(self, event: Event) -> str:
        hint = event.data.get("hint")
        help_line = f"\n   = help: {hint}" if hint else ""
        return f"error: {event.data.get('message')}{help_line}"

    def _interrupted(self, event: Event) -> str:
        return f"interrupted ({event.data.get('signal')}): {event.data.get('message')}"


def result_text(data: Mapping[str, Any], run_dir: Path) -> str:
    """The result of a finished run, of the data of its `run.finished`."""
    result = data.get("result", {})
    scores = "  ".join(f"{name} {_short(value)}" for name, value in result.items())
    outputs = data.get("outputs", {})
    lines = [f"result       {scores}"]
    lines += [f"{name:<12} {run_dir / outputs[name]}" for name in _OUTPUTS if name in outputs]
    lines.append(f"monitor      neurotrain monitor {run_dir}")
    return "\n".join(lines)


def _pace(data: Mapping[str, Any]) -> str:
    """Tokens a second of text, else samples."""
    if "tokens_per_s" in data:
        return f"{_short(data['tokens_per_s'])} tokens/s"
    return f"{_short(data.get('samples_per_s'))} samples/s"


def _short(value: object) -> str:
    found = number(value)
    if found is None:
        return "-"
    if found != 0 and (abs(found) < 1e-3 or abs(found) >= 1e5):
        return f"{found:.1e}"
    return f"{found:.4f}" if abs(found) < 10 else f"{found:.1f}"


class Console:
    """Prints events as lines, until nobody reads them any more."""

    def __init__(self, run_dir: Path) -> None:
        self._lines, self._run_dir = PlainLines(), run_dir
        self._open = True

    def show(self, event: Event) -> None:
        """Print an event's line; a result goes to stdout, talk to stderr."""
        line, stream = self._lines.of(event), sys.stderr
        if event.kind == "run.finished":
            line, stream = result_text(event.data, self._run_dir), sys.stdout
        if line is None or not self._open:
            return
        try:
            print(line, file=stream, flush=True)
        except OSError:
            self._open = False
