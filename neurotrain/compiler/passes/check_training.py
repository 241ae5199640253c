"""Check monitors, patience, schedules and learning rates against the length of the training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from neurotrain.compiler.codes import training as codes
from neurotrain.compiler.codes.components import CONTRADICTION
from neurotrain.compiler.draft import Draft, Tainted, attempt, fault, need
from neurotrain.compiler.learned import is_multi_task, learned_tasks
from neurotrain.component.base import tag_of
from neurotrain.component.durations import Duration
from neurotrain.language.diagnostics import Report
from neurotrain.language.suggest import closest
from neurotrain.language.tree import SpecPath
from neurotrain.optim.schedules import Plateau

_STOPPING = ("train", "early_stopping")
_ADAPTIVE = (1e-7, 0.1)
_SANE_RATES = {
    "sgd": (1e-6, 10.0),
    **dict.fromkeys(("adam", "adamw", "adamax", "nadam", "radam", "rmsprop"), _ADAPTIVE),
}


def check_training(draft: Draft, report: Report) -> Draft:
    """Report monitored values that are never recorded and times longer than the training.

    `monitor: valid/dise` is answered by `unknown-monitor` with the nearest recorded name.
    """
    checks = (
        _validation, _early_stopping, _patience, _checkpoints, _numbered, _directions, _warmup,
        _times, _plateau, _average, _rate,
    )  # fmt: skip
    for check in checks:
        attempt(check, draft, report)
    try:
        return replace(draft, monitor=_best_by(draft))
    except Tainted:
        return draft


def recorded_names(draft: Draft) -> list[str]:
    """Every value that the run records once an epoch, as far as the metrics have known names."""
    heads = [learned.name for learned in learned_tasks(draft)] if is_multi_task(draft) else []
    losses = ["loss", *(f"{name}/loss" for name in heads)]
    names = [f"train/{name}" for name in losses]
    if _has_validation(draft):
        names += [f"valid/{name}" for name in (*losses, *_metric_names(draft)) if name]
    return names


def _metric_names(draft: Draft) -> list[str | None]:
    """The types of the metrics, after the names of heads; None for one that names no metric.

    Raises:
        Tainted: there are none, because their key is misspelt.
    """
    if not is_multi_task(draft):
        return _types_at(("metrics",), draft)
    learned = learned_tasks(draft)
    found: list[str | None] = []
    for each in learned:
        types = _types_at(each.metrics, draft)
        found += [None if name is None else f"{each.name}/{name}" for name in types]
    written = draft.written("task", "heads")
    lacks_some = isinstance(written, list) and len(learned) < len(written)
    return [*found, None] if lacks_some else found


def _types_at(path: SpecPath, draft: Draft) -> list[str | None]:
    written = draft.written(*path)
    if written is None:
        draft.read(*path)
    entries = written if isinstance(written, list) else [] if written is None else [None]
    given = [entry.get("type") if isinstance(entry, Mapping) else entry for entry in entries]
    legal = draft.catalogue.names("metric")
    return [name if isinstance(name, str) and name in legal else None for name in given]


def _has_validation(draft: Draft) -> bool:
    return draft.has("data", "valid") or draft.read("data", "valid") is not None


def _best_by(draft: Draft) -> str:
    """The value that chooses the best weights."""
    stated: str | None = draft.read("train", "checkpoints", "monitor")
    stopping = draft.read("train", "early_stopping")
    names = recorded_names(draft)
    if stated or stopping is not None:
        return stated or str(stopping.monitor)
    if is_multi_task(draft):
        return "valid/loss" if _has_validation(draft) else "train/loss"
    return names[2] if len(names) > 2 else names[-1]


def _early_stopping(draft: Draft, report: Report) -> None:
    if not draft.has(*_STOPPING):
        return
    monitor = draft.read(*_STOPPING, "monitor")
    _recorded((*_STOPPING, "monitor"), monitor, draft, report)


def _patience(draft: Draft, report: Report) -> None:
    if not draft.has(*_STOPPING):
        return
    patience = draft.read(*_STOPPING, "patience")
    monitor = draft.written(*_STOPPING, "monitor") or draft.read(*_STOPPING, "monitor")
    epochs = draft.read("train", "epochs")
    every = Duration.parse(draft.read("train", "validate_every")).count
    span = patience * (every if str(monitor).startswith("valid/") else 1)
    if span >= epochs:
        message = f"patience takes {span} epochs, the training has {epochs}"
        hint = "train longer, or write a smaller patience"
        path = (*_STOPPING, "patience")
        report.add(fault(codes.PATIENCE_TOO_LONG, path, message, hint))


def _checkpoints(draft: Draft, report: Report) -> None:
    monitor = draft.read("train", "checkpoints", "monitor")
    if monitor is not None:
        _recorded(("train", "checkpoints", "monitor"), monitor, draft, report)


def _numbered(draft: Draft, report: Report) -> None:
    path = ("train", "checkpoints", "every")
    every, epochs = draft.read(*path), draft.read("train", "epochs")
    if every is not None and Duration.parse(every).count > epochs:
        message = f"no checkpoint is kept by number: every {every}, {epochs} in all"
        report.add(fault(codes.CHECKPOINTS_NEVER, path, message, "write a shorter time"))


def _recorded(path: SpecPath, name: str, draft: Draft, report: Report) -> None:
    names = recorded_names(draft)
    if name in names:
        return
    if None in _metric_names(draft) or name.rpartition("/")[2] in draft.mended.types:
        raise Tainted("a metric of unknown name may be the one that is meant")
    if name.startswith("valid/") and not _has_validation(draft):
        message = f"'{name}' is monitored, but there is no validation data"
        hint = "add valid: {fraction: 0.1} to data, or monitor train/loss"
        report.add(fault(codes.NO_VALIDATION, path, message, hint))
        return
    stage, _, value = name.rpartition("/")
    likely = closest(name, names) if stage else closest(f"valid/{value}", names)
    hint = f"did you mean '{likely}'? " if likely else ""
    if stage == "valid" and value in draft.catalogue.names("metric"):
        hint = f"add {value} to metrics, or monitor another value; "
        validated = (each for each in names if each.startswith("valid/"))
        of_head = next((each for each in validated if each.endswith(f"/{value}")), None)
        hint = f"did you mean '{of_head}'? " if of_head else hint
    hint += f"the run records: {', '.join(names)}"
    report.add(fault(codes.UNKNOWN_MONITOR, path, f"this run records no '{name}'", hint))


def _directions(draft: Draft, report: Report) -> None:
    """A direction that is written is that of the monitored value."""
    better = _better(draft)
    for block in ("early_stopping", "checkpoints"):
        options = draft.read("train", block)
        if options is None or options.mode is None:
            continue
        monitor = options.monitor or _best_by(draft)
        right = better.get(monitor.partition("/")[2], "min")
        if options.mode != right:
            kind = "larger" if right == "max" else "smaller"
            message = f"'{monitor}' is better when {kind}, not mode: {options.mode}"
            hint = f"write mode: {right}, or leave it out: it follows from the value"
            path = ("train", block, "mode")
            report.add(fault(codes.WRONG_DIRECTION, path, message, hint))


def _better(draft: Draft) -> dict[str, str]:
    """The direction of every metric by its recorded name."""
    if not is_multi_task(draft):
        return {tag_of(metric): metric.better for metric in draft.read("metrics")}
    heads = draft.read("task").heads
    return {f"{h.name}/{tag_of(each)}": each.better for h in heads for each in h.metrics}


def _validation(draft: Draft, report: Report) -> None:
    every, epochs = draft.read("train", "validate_every"), draft.read("train", "epochs")
    if _has_validation(draft) and Duration.parse(every).count > epochs:
        message = f"validation every {every} never happens in {epochs} epochs"
        path = ("train", "validate_every")
        report.add(fault(codes.VALIDATES_NEVER, path, message, "write a shorter time"))


def _warmup(draft: Draft, report: Report) -> None:
    scheduler = draft.read("train", "scheduler")
    steps_per_epoch, num_steps = _lengths(draft)
    warmup = Duration.parse(scheduler.warmup).in_steps(steps_per_epoch)
    if warmup >= num_steps:
        message = f"the warm-up takes {warmup} steps, the training has {num_steps}"
        path = ("train", "scheduler", "warmup")
        report.add(fault(codes.WARMUP_TOO_LONG, path, message, "shorten it, or train longer"))


def _times(draft: Draft, report: Report) -> None:
    scheduler = draft.read("train", "scheduler")
    steps_per_epoch, num_steps = _lengths(draft)
    before = -1
    for index, (key, text) in enumerate(scheduler.times()):
        path: SpecPath = ("train", "scheduler", key)
        path = (*path, index) if isinstance(getattr(scheduler, key), tuple) else path
        steps = Duration.parse(text).in_steps(steps_per_epoch)
        if steps <= before:
            message = f"'{text}' comes no later than the time before it"
            report.add(fault(CONTRADICTION, path, message, "write the times in their order"))
        before = steps
        _within(path, text, steps, num_steps, report)


def _within(path: SpecPath, text: str, steps: int, num_steps: int, report: Report) -> None:
    if steps >= num_steps:
        message = f"'{text}' is after {steps} steps, the training has {num_steps}"
        report.add(fault(codes.BEYOND_THE_END, path, message, "shorten it, or train longer"))


def _plateau(draft: Draft, report: Report) -> None:
    scheduler = draft.read("train", "scheduler")
    if isinstance(scheduler, Plateau) and scheduler.monitor is not None:
        _recorded(("train", "scheduler", "monitor"), scheduler.monitor, draft, report)


def _average(draft: Draft, report: Report) -> None:
    average = draft.read("train", "ema")
    if average is None:
        return
    steps_per_epoch, num_steps = _lengths(draft)
    steps = Duration.parse(average.start).in_steps(steps_per_epoch)
    _within(("train", "ema", "start"), average.start, steps, num_steps, report)


def _lengths(draft: Draft) -> tuple[int, int]:
    """The steps of an epoch and of the training."""
    steps_per_epoch = need(draft.batches).steps_per_epoch
    return steps_per_epoch, steps_per_epoch * draft.read("train", "epochs")


def _rate(draft: Draft, report: Report) -> None:
    path = ("train", "optimizer", "learning_rate")
    if not draft.has(*path):
        return
    rate, kind = draft.read(*path), str(draft.written("train", "optimizer", "type"))
    low, high = _SANE_RATES.get(kind, (0.0, float("inf")))
    if not low <= rate <= high:
        message = f"a learning rate of {rate:g} is unusual for {kind}"
        hint = f"rates from {low:g} to {high:g} are known to work"
        report.add(fault(codes.ODD_RATE, path, message, hint))
