"""What is known of a run after some of its events: plain frozen data.

Knows no file, no clock and no screen. `fold` makes it, the widgets and `once` read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from neurotrain.monitor.series import Series

StageState: TypeAlias = Literal["waiting", "running", "done", "skipped"]
Mark: TypeAlias = Literal["good", "info", "warn", "bad"]
EndKind: TypeAlias = Literal["finished", "failed", "interrupted"]


def no_series() -> Mapping[str, Series]:
    """No curves at all."""
    return MappingProxyType({})


def no_steps() -> Mapping[str, int]:
    """No training but the one that runs."""
    return MappingProxyType({})


def no_ranks() -> Mapping[int, Rank]:
    """No processes beside rank 0."""
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the run said of itself when it started."""

    name: str = ""
    spec: str = ""
    digest: str = ""
    task: str = ""
    device: str = ""
    precision: str = ""
    seed: int | None = None
    world_size: int | None = None
    host: str = ""
    pid: int | None = None
    model: str = ""
    num_parameters: int | None = None
    num_samples: tuple[tuple[str, int], ...] = ()
    synthetic: bool = False
    epochs: int | None = None
    steps_per_epoch: int | None = None
    """With a curriculum those of the first epoch."""
    phases: tuple[Phase, ...] = ()
    """What a curriculum makes of the epochs, in order."""
    validate_every: int = 1
    monitor: str = ""
    mode: str = ""
    patience: int | None = None
    """In validations; None without early stopping."""
    min_delta: float | None = None
    settings: tuple[tuple[str, str], ...] = ()
    """Every decided value of the plan by its path."""
    predictions: tuple[Predicted, ...] = ()

    def phase(self, epoch: int) -> Phase | None:
        """The phase of an epoch, counted from 1; None without a curriculum."""
        begun = [phase for phase in self.phases if phase.first <= epoch]
        return begun[-1] if begun else None

    def setting(self, path: str) -> str:
        """The decided value at a path; empty where there is none."""
        return dict(self.settings).get(path, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """The epochs of one level of a curriculum."""

    first: int
    """Its first epoch, counted from 1."""
    level: str
    num_samples: int | None = None
    steps_per_epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """A number that the plan told before the run."""

    name: str
    value: float
    unit: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the run's graph."""

    name: str
    state: StageState = "waiting"
    started_at: float | None = None
    seconds: float | None = None
    reason: str = ""
    result: tuple[tuple[str, float], ...] = ()
    done: int | None = None
    total: int | None = None
    progress_at: float | None = None
    step: int = 0
    """The step at which its state was recorded."""

    @property
    def trains(self) -> bool:
        """Whether it is a trainer, or one of several such as `trainer-2`."""
        return self.name.split("-", 1)[0] in ("trainer", "train")

    @property
    def tests(self) -> bool:
        """Whether it is a tester, one of several, or the test of every fold."""
        return self.name.split("-", 1)[0] in ("tester", "test", "cross_validator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the training stands."""

    epoch: int = 0
    step: int = 0
    batch: int | None = None
    num_batches: int | None = None
    loss: float | None = None
    lr: float | None = None
    grad_norm: float | None = None
    samples_per_s: float | None = None
    tokens_per_s: float | None = None
    data_wait: float | None = None
    epoch_started_at: float | None = None
    validated: bool = False
    """Whether the epoch's validation is over."""
    num_finished: int = 0
    """The last epoch that is over."""
    level: str = ""
    """That of a curriculum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStopping:
    """What early stopping watches and how near it is."""

    monitor: str
    mode: str
    min_delta: float | None = None
    value: float | None = None
    best: float | None = None
    best_epoch: int | None = None
    counter: int = 0
    patience: int = 0
    needed: float | None = None
    stops_at_epoch: int | None = None
    stopped: bool = False
    reason: str = ""
    step: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A saved checkpoint file."""

    path: str
    roles: tuple[str, ...]
    epoch: int
    step: int
    time: float
    num_bytes: int | None = None
    """Of the file at the path."""
    shards_bytes: int | None = None
    """Of what each process saved beside it."""
    seconds: float | None = None
    """How long the write took."""
    stall_s: float | None = None
    """How long the training waited for it."""
    verified: bool | None = None
    """Whether it was read back as written; None where the run has not said."""
    training: str = ""
    """The stage that saved it."""

    @property
    def all_bytes(self) -> int:
        """What it takes on the disk."""
        return (self.num_bytes or 0) + (self.shards_bytes or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochTime:
    """How long an epoch took, with everything in it."""

    epoch: int
    seconds: float
    validated: bool
    step: int
    training: str = ""
    """The stage that it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line about the course of the run: something saved, a new best, a warning."""

    time: float
    mark: Mark
    text: str
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The latest sample of the machine's load."""

    cpu: float | None = None
    """Percent of all processors."""
    num_cpus: int | None = None
    process_cpu: float | None = None
    """Percent of one processor."""
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    process_memory_bytes: int | None = None
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    read_bytes_per_s: float | None = None
    write_bytes_per_s: float | None = None
    gpus: tuple[Gpu, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """The load of one GPU."""

    index: int
    util: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    is_throttled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """The highest of what was sampled over the whole run."""

    process_memory_bytes: int | None = None
    gpu_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """Where one of the other processes of the run stands."""

    rank: int
    step: int = 0
    time: float = 0.0
    samples_per_s: float | None = None
    data_wait: float | None = None
    seq: int = 0
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How the run ended."""

    kind: EndKind
    time: float
    seconds: float | None = None
    exit_code: int | None = None
    result: tuple[tuple[str, float], ...] = ()
    score_name: str = ""
    outputs: tuple[tuple[str, str], ...] = ()
    message: str = ""
    hint: str = ""
    log: str = ""
    signal: str = ""
    checkpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A run as its events tell it."""

    facts: Facts = field(default_factory=Facts)
    training: str = ""
    """The stage whose training the position, the curves and the checkpoints are of."""
    stages: tuple[Stage, ...] = ()
    position: Position = field(default_factory=Position)
    early_stopping: EarlyStopping | None = None
    early_history: tuple[EarlyStopping, ...] = ()
    by_epoch: Mapping[str, Series] = field(default_factory=no_series)
    """Every metric, x the epoch."""
    by_step: Mapping[str, Series] = field(default_factory=no_series)
    """`loss`, `lr`, `grad_norm`, `samples_per_s`, `data_wait`, `time`; x the epochs done."""
    by_time: Mapping[str, Series] = field(default_factory=no_series)
    """`cpu`, `memory`, `process`, `gpu 0`, `gpu 0 memory`, …: percent; x the Unix time."""
    checkpoints: tuple[Checkpoint, ...] = ()
    earlier_checkpoints: tuple[Checkpoint, ...] = ()
    """Those of trainings that are over, where there are several."""
    steps_by_training: Mapping[str, int] = field(default_factory=no_steps)
    """Updates of those trainings."""
    epoch_times: tuple[EpochTime, ...] = ()
    validation_s: tuple[float, ...] = ()
    """What the latest validations took."""
    notes: tuple[Note, ...] = ()
    num_warnings: int = 0
    num_skipped: int = 0
    """Updates that were left out because they were not finite."""
    machine: Machine | None = None
    peaks: Peaks = field(default_factory=Peaks)
    ranks: Mapping[int, Rank] = field(default_factory=no_ranks)
    """The processes beside rank 0."""
    end: End | None = None
    resumed_from: int | None = None
    attempt: int = 0
    seq: int = 0
    started_at: float | None = None
    """When the attempt began."""
    updated_at: float | None = None
    earlier_s: float = 0.0
    """What earlier attempts took."""
    num_events: int = 0
    num_unknown: int = 0

    @property
    def trainings(self) -> tuple[Stage, ...]:
        """The stages that train, in order: one, or several such as the folds."""
        return tuple(stage for stage in self.stages if stage.trains)

    @property
    def num_steps(self) -> int:
        """Updates of all trainings so far."""
        return sum(self.steps_by_training.values()) + self.position.step

    @property
    def stage(self) -> Stage | None:
        """The stage that runs."""
        return next((stage for stage in self.stages if stage.state == "running"), None)
