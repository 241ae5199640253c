"""`run.started`: what the run says of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from neurotrain.monitor import reading
from neurotrain.monitor.view import Facts, Phase, Predicted, Stage, View
from neurotrain.recorder.events import Event

_MAX_SETTINGS: Final = 300


def start(view: View, event: Event) -> View:
    """The view with the run's facts and its stages; what stages did before stays."""
    data = event.data
    told = reading.texts(data.get("stages"), reading.MAX_STAGES)
    names = dict.fromkeys(filter(None, told))
    known = {stage.name: stage for stage in view.stages}
    stages = tuple(known.get(name, Stage(name=name)) for name in names)
    return replace(view, facts=_facts(data), stages=stages or view.stages)


def _facts(data: dict[str, object]) -> Facts:
    monitor = reading.table(data.get("monitor"))
    num_samples = reading.table(data.get("num_samples"))
    sizes = [(part, reading.count(num_samples.get(part))) for part in ("train", "valid", "test")]
    mode = monitor.get("mode")
    early = reading.table(data.get("early_stopping"))
    return Facts(
        name=reading.text(data.get("name"), 80),
        spec=reading.text(data.get("spec"), 120),
        digest=reading.text(data.get("digest"), 16),
        task=reading.text(data.get("task"), 40),
        device=reading.text(data.get("device"), 20),
        precision=reading.text(data.get("precision"), 12),
        seed=reading.count(data.get("seed")),
        world_size=reading.count(data.get("world_size")),
        host=reading.text(data.get("host"), 60),
        pid=reading.count(data.get("pid")),
        model=reading.text(data.get("model"), 60),
        num_parameters=reading.count(data.get("num_parameters")),
        num_samples=tuple((part, size) for part, size in sizes if size is not None),
        synthetic=data.get("synthetic") is True,
        epochs=reading.count(data.get("epochs")),
        steps_per_epoch=reading.count(data.get("steps_per_epoch")),
        phases=_phases(data.get("curriculum")),
        validate_every=reading.count(data.get("validate_every")) or 1,
        monitor=reading.text(monitor.get("name"), 60),
        mode="max" if mode == "max" else "min" if mode == "min" else "",
        patience=reading.count(early.get("patience")),
        min_delta=reading.finite(early.get("min_delta")),
        settings=_settings(data.get("settings")),
        predictions=_predictions(data.get("predictions")),
    )


def _phases(told: object) -> tuple[Phase, ...]:
    """Those that can be, by their first epochs."""
    rows = told[: reading.MAX_ITEMS] if isinstance(told, list) else []
    found = []
    for held in map(reading.table, rows):
        epoch, steps = reading.count(held.get("epoch")), reading.count(held.get("steps_per_epoch"))
        if epoch is not None and steps:
            level, num = reading.text(held.get("level"), 60), reading.count(held.get("num_samples"))
            phase = Phase(first=epoch + 1, level=level, num_samples=num, steps_per_epoch=steps)
            found.append(phase)
    return tuple(sorted(found, key=lambda phase: phase.first))


def _settings(told: object) -> tuple[tuple[str, str], ...]:
    found = list(reading.table(told).items())[:_MAX_SETTINGS]
    return tuple((reading.text(path, 80), reading.text(value, 120)) for path, value in found)


def _predictions(told: object) -> tuple[Predicted, ...]:
    """Of a list of records with names, or of a mapping from names to records."""
    rows: list[tuple[object, object]]
    if isinstance(told, list):
        rows = [(reading.table(row).get("name"), row) for row in told]
    else:
        rows = list(reading.table(told).items())
    found = []
    for name, row in rows[: reading.MAX_ITEMS]:
        held = reading.table(row)
        value = reading.finite(held.get("value"))
        if isinstance(name, str) and value is not None:
            found.append(
                Predicted(
                    name=reading.text(name, 60),
                    value=value,
                    unit=reading.text(held.get("unit"), 20),
                    method=reading.text(held.get("method")),
                )
            )
    return tuple(found)
