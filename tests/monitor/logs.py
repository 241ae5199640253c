"""Recorded runs for tests and for looking at: run directories written with the real event log.

Deterministic: the curves follow formulas with a seeded noise, the times are set by hand.
"""

from __future__ import annotations

import json
import math
import os
import random
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from neurotrain.recorder import control, events
from neurotrain.recorder.events import EventLog

START = 1_790_000_000.0
STEPS_PER_EPOCH = 40
EPOCH_S = 12.0
VALIDATION_S = 2.0


@dataclass
class Recording:
    """A run directory that is being written, with its own clock."""

    run_dir: Path
    task: str = "segmentation"
    epochs: int = 30
    validate_every: int = 1
    patience: int = 6
    now: float = START
    step: int = 0
    best: float = -math.inf
    best_epoch: int = 0
    counter: int = 0
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    log_lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = EventLog(self.run_dir / "events.jsonl")

    @property
    def score_name(self) -> str:
        """The metric that decides."""
        return "dice" if self.task == "segmentation" else "accuracy"

    def write(self, kind: str, *, epoch: int = 0, **data: Any) -> None:
        """One event at the recording's time."""
        self.log.write(kind, step=self.step, epoch=epoch, **data)

    def say(self, text: str) -> None:
        """One line of the log."""
        minute, second = divmod(int(self.now - START), 60)
        self.log_lines.append(f"14:{minute % 60:02d}:{second:02d} INFO  {text}")

    def start(self, *, first: str = "trainer", **more: Any) -> None:
        """`run.started` and the first trainer's start."""
        segmentation = self.task == "segmentation"
        facts: dict[str, Any] = {
            "name": "drive-unet" if segmentation else "digits",
            "spec": "drive.yaml" if segmentation else "digits.yaml",
            "digest": "7c1e9ab2d4f0",
            "task": self.task,
            "device": "cpu",
            "precision": "bf16" if segmentation else "fp32",
            "seed": 42,
            "world_size": 1,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "stages": ["trainer", "tester", "predictor"],
            "epochs": self.epochs,
            "steps_per_epoch": STEPS_PER_EPOCH,
            "validate_every": self.validate_every,
            "monitor": {"name": f"valid/{self.score_name}", "mode": "max"},
            "early_stopping": {"patience": self.patience, "min_delta": 0.0001},
            "classes": ["background", "vessel"] if segmentation else list("0123456789"),
            "model": "unet" if segmentation else "cnn",
            "num_parameters": 117_313 if segmentation else 25_450,
            "num_samples": {"train": 1152, "valid": 2, "test": 20},
            "synthetic": False,
            "versions": {"torch": "2.13.0"},
            "threads": 2,
        }
        self.write("run.started", **(facts | more))
        self.write("stage.started", stage=first, total_epochs=self.epochs)
        self.say("trainer: 1152 samples, 40 steps an epoch")

    def learning_rate(self, done: float) -> float:
        """Warm-up over one epoch, then a cosine."""
        if done < 1:
            return 3e-3 * max(done, 0.01)
        return 1.5e-3 * (1 + math.cos(math.pi * (done - 1) / max(1, self.epochs - 1)))

    def loss_at(self, done: float) -> float:
        """A noisy decay."""
        return 0.22 + 0.9 * math.exp(-done / 3.0) + self.rng.gauss(0, 0.02)

    def train_steps(self, epoch: int, num: int = STEPS_PER_EPOCH) -> None:
        """The steps of an epoch, each recorded."""
        self.write(
            "epoch.started", epoch=epoch, lr=self.learning_rate(epoch - 1),
            num_batches=STEPS_PER_EPOCH,
        )  # fmt: skip
        for batch in range(1, num + 1):
            self.step += 1
            self.now += EPOCH_S / STEPS_PER_EPOCH
            done = epoch - 1 + batch / STEPS_PER_EPOCH
            self.write(
                "step.finished", epoch=epoch, loss=self.loss_at(done),
                lr=self.learning_rate(done), grad_norm=0.6 + 0.4 * self.rng.random(),
                samples_per_s=92.0 + 4 * self.rng.random(), data_wait=0.03,
                batch=batch, num_batches=STEPS_PER_EPOCH,
            )  # fmt: skip

    def metrics_of(self, epoch: int, peak: int) -> dict[str, float]:
        """Validation values that get worse after the peak epoch."""
        shape = 1 - math.exp(-epoch / 4)
        worse = max(0, epoch - peak)
        score = 0.84 * shape - 0.004 * worse + self.rng.gauss(0, 0.0008)
        loss = 0.30 + 0.8 * math.exp(-epoch / 3) + 0.008 * worse
        if self.task == "segmentation":
            return {"valid/loss": loss, "valid/dice": score, "valid/iou": score / (2 - score),
                    "valid/accuracy": 0.9 + 0.07 * shape}  # fmt: skip
        return {"valid/loss": loss, "valid/accuracy": score + 0.14}

    def finish_epoch(self, epoch: int, peak: int) -> bool:
        """Validation, record, early stopping and checkpoint; whether training stops."""
        metrics: dict[str, float] = {
            "train/loss": 0.22 + 0.9 * math.exp(-epoch / 3.0), "lr": self.learning_rate(epoch),
            "grad_norm": 0.8,
        }  # fmt: skip
        validated = epoch % self.validate_every == 0
        if validated:
            self.now += VALIDATION_S
            found = self.metrics_of(epoch, peak)
            self.write("validation.finished", epoch=epoch, metrics=found, seconds=VALIDATION_S)
            metrics |= found
        self.write(
            "epoch.finished", epoch=epoch, metrics=metrics, seconds=EPOCH_S, validated=validated
        )
        self.say(f"epoch {epoch} done  " + "  ".join(f"{k} {v:.4f}" for k, v in metrics.items()))
        stopped = validated and self._judge(epoch, metrics[f"valid/{self.score_name}"])
        self._save(epoch, best=self.best_epoch == epoch)
        return stopped

    def _judge(self, epoch: int, value: float) -> bool:
        if value > self.best + 0.0001:
            self.best, self.best_epoch, self.counter = value, epoch, 0
        else:
            self.counter += 1
        left = self.patience - self.counter
        stopped = left <= 0
        name = f"valid/{self.score_name}"
        reason = f"no {name} above {self.best + 0.0001:.4f} in {self.patience} validations"
        self.write(
            "early_stopping.updated", epoch=epoch, monitor=name, mode="max", min_delta=0.0001,
            value=value, best=self.best, best_epoch=self.best_epoch, counter=self.counter,
            patience=self.patience, needed=self.best + 0.0001,
            stops_at_epoch=epoch + left * self.validate_every, stopped=stopped,
            reason=reason if stopped else "",
        )  # fmt: skip
        return stopped

    def _save(self, epoch: int, *, best: bool) -> None:
        if best:
            self._saved("train/checkpoints/best.pth", ["best"], epoch)
        if epoch % 10 == 0:
            self._saved(f"train/checkpoints/epoch-{epoch:04d}.pth", ["epoch"], epoch)
        self._saved("train/checkpoints/last.pth", ["last"], epoch)
        self.write(
            "machine.sampled", cpu=88.0, memory_used_bytes=3_100_000_000,
            memory_total_bytes=8_200_000_000, process_memory_bytes=900_000_000,
            disk_free_bytes=61_000_000_000, gpus=[],
        )  # fmt: skip

    def _saved(self, path: str, roles: list[str], epoch: int) -> None:
        self.write(
            "checkpoint.saved", epoch=epoch, path=path, roles=roles, bytes=1_430_000,
            seconds=0.05, removed=[],
        )  # fmt: skip
        self.say(f"saved {path}")

    def train(self, until: int, *, peak: int = 10**6, first: int = 1) -> bool:
        """Whole epochs up to one; whether early stopping ended it."""
        for epoch in range(first, until + 1):
            self.train_steps(epoch)
            if self.finish_epoch(epoch, peak):
                return True
        return False

    def test_and_predict(self) -> None:
        """The later stages and the end."""
        result = {self.score_name: 0.8123, "loss": 0.3344}
        if self.task == "segmentation":
            result |= {"iou": 0.6840, "accuracy": 0.9561}
        self.write("stage.finished", stage="trainer", seconds=self.now - START, result={})
        for stage, num in (("tester", 20), ("predictor", 20)):
            self.write("stage.started", stage=stage)
            for done in range(0, num + 1, 5):
                self.now += 1.0
                self.write("progress.reported", stage=stage, done=done, total=num)
            told = result if stage == "tester" else {}
            self.write("stage.finished", stage=stage, seconds=5.0, result=told)
        self.write(
            "run.finished", seconds=self.now - START, result=result, score_name=self.score_name,
            outputs={"report": "test/report.html", "predictions": "predict/masks",
                     "plots": "train/plots"},
        )  # fmt: skip
        self.say(f"test {self.score_name} 0.8123")

    def close(self, state: str, exit_code: int | None, *, pid: int | None = None) -> Path:
        """Write the log file and the heartbeat; times of the events become the recording's."""
        self.log.close()
        folder = self.run_dir / "logs"
        folder.mkdir(exist_ok=True)
        (folder / "rank-0.log").write_text("\n".join(self.log_lines) + "\n")
        control.write_status(
            self.run_dir,
            control.Status(
                pid=pid or os.getpid(),
                host=socket.gethostname(),
                boot_id=control.boot_id(),
                attempt=1,
                state=state,
                exit_code=exit_code,
                seq=1,
                time=self.now,
            ),
        )
        return self.run_dir


def live(run_dir: Path, **more: Any) -> Path:
    """A segmentation in the middle of its 22nd epoch, whose best lies four validations back."""
    recording = Recording(run_dir)
    recording.start(**more)
    recording.train(21, peak=17)
    recording.train_steps(22, num=30)
    return _spread_times(recording.close("training", None))


def waiting(run_dir: Path) -> Path:
    """A run that has told its plan and nothing else."""
    recording = Recording(run_dir)
    recording.start()
    return _spread_times(recording.close("training", None))


def testing(run_dir: Path) -> Path:
    """A run half-way through its test."""
    recording = Recording(run_dir, epochs=12)
    recording.start()
    recording.train(12)
    recording.write("stage.finished", stage="trainer", seconds=168.0, result={})
    recording.write("stage.started", stage="tester")
    recording.write("progress.reported", stage="tester", done=8, total=20)
    return _spread_times(recording.close("testing", None))


def finished(run_dir: Path, task: str = "segmentation", **more: Any) -> Path:
    """A run that did all its epochs, tested and predicted."""
    recording = Recording(run_dir, task=task, epochs=12)
    recording.start(**more)
    recording.train(12)
    recording.test_and_predict()
    return _spread_times(recording.close("finished", 0))


def early_stopped(run_dir: Path) -> Path:
    """A run that early stopping ended, then tested."""
    recording = Recording(run_dir, epochs=60)
    recording.start()
    recording.train(60, peak=14)
    recording.test_and_predict()
    return _spread_times(recording.close("finished", 0))


def failed(run_dir: Path) -> Path:
    """A run whose loss became NaN."""
    recording = Recording(run_dir)
    recording.start()
    recording.train(4)
    recording.train_steps(5, num=7)
    recording.write(
        "step.finished",
        epoch=5,
        loss=math.nan,
        lr=3e-3,
        grad_norm=math.inf,
        samples_per_s=90.0,
        data_wait=0.02,
        batch=8,
        num_batches=STEPS_PER_EPOCH,
    )
    recording.write("warning.raised", message="the loss is NaN at step 168")
    recording.write("run.failed", exit_code=3, message="The training diverged: the loss is NaN.",
                    hint="Lower train.optimizer.learning_rate, or set train.clip_grad_norm.",
                    log="logs/rank-0.log")  # fmt: skip
    recording.log_lines += ["Traceback (most recent call last):", "  FloatingPointError: NaN"]
    return _spread_times(recording.close("failed", 3))


def interrupted(run_dir: Path) -> Path:
    """A run that a person stopped."""
    recording = Recording(run_dir)
    recording.start()
    recording.train(5)
    recording.write("run.interrupted", exit_code=130, signal="SIGINT",
                    message="Stopped at step 200; a checkpoint was saved.",
                    checkpoint="train/checkpoints/last.pth")  # fmt: skip
    return _spread_times(recording.close("interrupted", 130))


def crashed(run_dir: Path) -> Path:
    """A run whose process vanished in its 9th epoch."""
    recording = Recording(run_dir)
    recording.start()
    recording.train(8)
    recording.train_steps(9, num=13)
    return _spread_times(recording.close("training", None, pid=_dead_pid()))


def resumed(run_dir: Path) -> Path:
    """A run that crashed in its 9th epoch, went on from the end of the 6th and lives."""
    crashed(run_dir)
    recording = Recording(run_dir, step=6 * STEPS_PER_EPOCH, now=START + 300, best=0.6,
                          best_epoch=6)  # fmt: skip
    recording.write("run.resumed", from_step=recording.step, from_epoch=6,
                    checkpoint="train/checkpoints/last.pth")  # fmt: skip
    recording.write("stage.started", stage="trainer", total_epochs=30)
    recording.train(11, first=7)
    recording.train_steps(12, num=5)
    return _spread_times(recording.close("training", None))


WRITERS = {
    "waiting": waiting,
    "live": live,
    "testing": testing,
    "finished": finished,
    "early_stopped": early_stopped,
    "failed": failed,
    "interrupted": interrupted,
    "crashed": crashed,
    "resumed": resumed,
}


def _dead_pid() -> int:
    """The number of a process that has ended."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def end_at(run_dir: Path, time: float) -> Path:
    """Move all events and the heartbeat so that the newest event lies at a time."""
    file = run_dir / "events.jsonl"
    records = [json.loads(line) for line in file.read_bytes().splitlines()]
    by = time - records[-1]["time"]
    lines = [json.dumps(record | {"time": record["time"] + by}) for record in records]
    file.write_text("\n".join(lines) + "\n")
    status = control.read_status(run_dir)
    assert status is not None
    control.write_status(run_dir, replace(status, time=time))
    return run_dir


def keep_alive(run_dir: Path, pid: int) -> Path:
    """Make another process the one whose life the heartbeat vouches for."""
    status = control.read_status(run_dir)
    assert status is not None
    control.write_status(run_dir, replace(status, pid=pid))
    return run_dir


def _spread_times(run_dir: Path, seconds_a_step: float = 0.3) -> Path:
    """Give the events of a finished recording the times that such a run would have taken.

    The log stamps the time of writing, which for a recording is all one moment.
    """
    file = run_dir / "events.jsonl"
    records = [json.loads(line) for line in file.read_bytes().splitlines()]
    time = START
    for record in records:
        time += {
            "step.finished": seconds_a_step,
            "validation.finished": VALIDATION_S,
            "progress.reported": 1.5,
        }.get(record["kind"], 0.01)
        record["time"] = time
    found = [events.decode(json.dumps(record).encode()) for record in records]
    file.write_bytes(b"".join(events.encode(event) for event in found if event is not None))
    return run_dir
