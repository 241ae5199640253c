"""Check monitors, patience, schedules and learning rates against the length of the training."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

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
_OTHER_NAME = re.compile(
    r"(val|valid|validation|eval|test|tr|train|training)[_/ .-]+(.+)", re.IGNORECASE
)
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
        _times, _plateau, _plateau_patience, _average, _rates, _discriminator_turns,
    )  # fmt: skip
    for check in checks:
        attempt(check, draft, report)
    try:
        return replace(draft, monitor=_best_by(draft))
    except Tainted:
        return draft


def recorded_names(draft: Draft) -> list[str]:
    """Every value that the run records once an epoch, as far as the metrics have known names."""
    losses = ["loss", *(f"{name}/loss" for name in _head_names(draft))]
    names = [f"train/{name}" for name in losses]
    if draft.has("train", "adversarial"):
        names += ["train/adversarial_loss", "train/discriminator_loss"]
    if _has_validation(draft):
        names += [f"valid/{name}" for name in (*losses, *_metric_names(draft)) if name]
    return names


def _head_names(draft: Draft) -> list[str]:
    return [learned.name for learned in learned_tasks(draft)] if is_multi_task(draft) else []


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
    if stated or stopping is not None:
        return stated or str(stopping.monitor)
    if not _has_validation(draft):
        return "train/loss"
    metric = (
        None
        if is_multi_task(draft)
        else next((name for name in _metric_names(draft) if name), None)
    )
    return f"valid/{metric or 'loss'}"


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
        related = _length(draft)
        if span > patience and draft.has("train", "validate_every"):
            validates = (("train", "validate_every"), "the time between validations")
            related = (*related, validates)
        report.add(fault(codes.PATIENCE_TOO_LONG, path, message, hint, related=related))


def _checkpoints(draft: Draft, report: Report) -> None:
    monitor = draft.read("train", "checkpoints", "monitor")
    if monitor is not None:
        _recorded(("train", "checkpoints", "monitor"), monitor, draft, report)


def _numbered(draft: Draft, report: Report) -> None:
    path = ("train", "checkpoints", "every")
    every, epochs = draft.read(*path), draft.read("train", "epochs")
    if every is not None and Duration.parse(every).count > epochs:
        message = f"no checkpoint is kept by number: every {every}, {epochs} in all"
        code, related = codes.CHECKPOINTS_NEVER, _length(draft)
        report.add(fault(code, path, message, "write a shorter time", related=related))


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
    likely = closest(name, names) or _meant(name, names)
    hint = f"did you mean '{likely}'? " if likely else ""
    if stage == "valid" and value in draft.catalogue.names("metric"):
        hint = f"add {value} to metrics, or monitor another value; "
        validated = (each for each in names if each.startswith("valid/"))
        of_head = next((each for each in validated if each.endswith(f"/{value}")), None)
        hint = f"did you mean '{of_head}'? " if of_head else hint
    hint += f"the run records: {', '.join(names)}"
    report.add(fault(codes.UNKNOWN_MONITOR, path, f"this run records no '{name}'", hint))


def _meant(name: str, names: list[str]) -> str | None:
    """What another tool's name of a value, such as val_dice, stands for."""
    found = _OTHER_NAME.fullmatch(name)
    part, value = found.groups() if found else ("", name)
    return closest(f"{'train' if part.startswith('tr') else 'valid'}/{value}", names)


def _directions(draft: Draft, report: Report) -> None:
    """A direction that is written is that of the monitored value."""
    better = dict(_better(draft))
    for block in ("early_stopping", "checkpoints"):
        options = draft.read("train", block)
        if options is None or options.mode is None:
            continue
        monitor = options.monitor or _best_by(draft)
        right = "min" if monitor.endswith("/loss") else better.get(monitor.partition("/")[2])
        if right is not None and options.mode != right:
            kind = "larger" if right == "max" else "smaller"
            message = f"'{monitor}' is better when {kind}, not mode: {options.mode}"
            hint = f"write mode: {right}, or leave it out: it follows from the value"
            path = ("train", block, "mode")
            report.add(fault(codes.WRONG_DIRECTION, path, message, hint))


def _better(draft: Draft) -> Iterator[tuple[str, str]]:
    """The metrics that are known, each by its recorded name with the direction it improves in."""
    for learned in learned_tasks(draft):
        written = draft.written(*learned.metrics)
        for index in range(len(written) if isinstance(written, list) else 0):
            try:
                metric = draft.read(*learned.metrics, index)
            except Tainted:
                continue
            name = tag_of(metric)
            yield (f"{learned.name}/{name}" if learned.name else name), metric.better


def _validation(draft: Draft, report: Report) -> None:
    every, epochs = draft.read("train", "validate_every"), draft.read("train", "epochs")
    if _has_validation(draft) and Duration.parse(every).count > epochs:
        message = f"validation every {every} never happens in {epochs} epochs"
        path = ("train", "validate_every")
        code, related = codes.VALIDATES_NEVER, _length(draft)
        report.add(fault(code, path, message, "write a shorter time", related=related))


def _warmup(draft: Draft, report: Report) -> None:
    scheduler = draft.read("train", "scheduler")
    warmup, whole, unit = _compared(draft, scheduler.warmup)
    if warmup >= whole:
        message = f"the warm-up takes {warmup} {unit}, the training has {whole}"
        path = ("train", "scheduler", "warmup")
        code, related = codes.WARMUP_TOO_LONG, _length(draft)
        report.add(fault(code, path, message, "shorten it, or train longer", related=related))


def _times(draft: Draft, report: Report) -> None:
    scheduler = draft.read("train", "scheduler")
    before = (-1, "")
    for index, (key, text) in enumerate(scheduler.times()):
        path: SpecPath = ("train", "scheduler", key)
        path = (*path, index) if isinstance(getattr(scheduler, key), tuple) else path
        length, _, unit = _compared(draft, text)
        if length <= before[0] and unit == before[1]:
            message = f"'{text}' comes no later than the time before it"
            report.add(fault(CONTRADICTION, path, message, "write the times in their order"))
        before = (length, unit)
        _within(path, text, draft, report)


def _within(path: SpecPath, text: str, draft: Draft, report: Report) -> None:
    length, whole, unit = _compared(draft, text)
    if length >= whole:
        message = f"'{text}' is after {length} {unit}, the training has {whole}"
        code, related = codes.BEYOND_THE_END, _length(draft)
        report.add(fault(code, path, message, "shorten it, or train longer", related=related))


def _length(draft: Draft) -> tuple[tuple[SpecPath, str], ...]:
    """Where the length of the training is written, if it is."""
    path: SpecPath = ("train", "epochs")
    return ((path, "the length of the training"),) if draft.has(*path) else ()


def _plateau(draft: Draft, report: Report) -> None:
    scheduler = draft.read("train", "scheduler")
    if isinstance(scheduler, Plateau) and scheduler.monitor is not None:
        _recorded(("train", "scheduler", "monitor"), scheduler.monitor, draft, report)


def _plateau_patience(draft: Draft, report: Report) -> None:
    path = ("train", "scheduler", "patience")
    if not isinstance(draft.read("train", "scheduler"), Plateau) or not draft.has(*path):
        return
    patience, epochs = draft.read(*path), draft.read("train", "epochs")
    if patience >= epochs:
        message = f"patience takes {patience} epochs or more, the training has {epochs}"
        hint = "train longer, or write a smaller patience"
        code, related = codes.PATIENCE_TOO_LONG, _length(draft)
        report.add(fault(code, path, message, hint, related=related))


def _average(draft: Draft, report: Report) -> None:
    average = draft.read("train", "ema")
    if average is None:
        return
    _within(("train", "ema", "start"), average.start, draft, report)


def _compared(draft: Draft, text: str) -> tuple[int, int, str]:
    """A duration and the training in one unit: steps, or epochs where no steps are known."""
    duration, epochs = Duration.parse(text), draft.read("train", "epochs")
    try:
        horizon = need(draft.batches).horizon(epochs)
    except Tainted:
        if duration.unit != "epoch":
            raise
        return duration.count, epochs, "epochs"
    return horizon.steps_of(text), horizon.num_steps, "steps"


def _discriminator_turns(draft: Draft, report: Report) -> None:
    """A discriminator that is updated once, with the first step, learns nothing."""
    path = ("train", "adversarial", "every")
    if not draft.has(*path):
        return
    _within(path, draft.read(*path), draft, report)


def _rates(draft: Draft, report: Report) -> None:
    for block in (("train", "optimizer"), ("train", "adversarial", "optimizer")):
        attempt(partial(_rate, block), draft, report)


def _rate(block: SpecPath, draft: Draft, report: Report) -> None:
    path = (*block, "learning_rate")
    if not draft.has(*path):
        return
    rate, kind = draft.read(*path), str(draft.written(*block, "type"))
    low, high = _SANE_RATES.get(kind, (0.0, float("inf")))
    if not low <= rate <= high:
        message = f"a learning rate of {rate:g} is unusual for {kind}"
        hint = f"rates from {low:g} to {high:g} are known to work"
        report.add(fault(codes.ODD_RATE, path, message, hint))
