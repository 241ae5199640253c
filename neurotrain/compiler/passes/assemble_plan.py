"""Put the plan together: facts, graph, DeepSpeed JSON, predictions and provenance."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from neurotrain.compiler.deepspeed import deepspeed_json
from neurotrain.compiler.draft import Batches, Draft, Parts, Tainted, need
from neurotrain.component.base import tag_of
from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.split import digests
from neurotrain.language.diagnostics import Report
from neurotrain.language.overrides import OVERRIDES_FILE
from neurotrain.language.tree import Place, SpecPath, dotted, nearest
from neurotrain.plan.graph import build_graph, run_digest
from neurotrain.plan.plan import Facts, Fold, Part, Plan, Prediction, without_none
from neurotrain.spec.experiment import Experiment

_MAX_THREADS = 8


def assemble_plan(draft: Draft, report: Report) -> Draft:
    """Write the plan where no error stands; every value has its provenance."""
    if report.failed or draft.absent:
        raise Tainted
    experiment: Experiment = draft.read()
    facts = _facts(draft, experiment)
    nodes = build_graph(experiment, facts, draft.plugins)
    plan = Plan(
        name=experiment.name,
        spec=draft.spec_name,
        digest=run_digest(nodes),
        experiment=experiment,
        facts=facts,
        plugins=draft.plugins,
        nodes=nodes,
        deepspeed=deepspeed_json(experiment, facts),
        predictions=_predictions(facts),
        provenance=provenance(draft, experiment),
    )
    return replace(draft, facts=facts, plan=plan)


def _facts(draft: Draft, experiment: Experiment) -> Facts:
    parts, batches, classes = need(draft.parts), need(draft.batches), need(draft.classes)
    monitor = need(draft.monitor)
    first, known = parts.trainings[0], _digests(parts)
    return Facts(
        task=tag_of(experiment.task),  # type: ignore[arg-type]
        classes=classes,
        targets=experiment.task.learned(first["train"]),
        heads=experiment.task.learned_heads(first["train"]) or None,
        raw_channels=need(draft.raw_channels),
        in_channels=need(draft.in_channels),
        out_channels=experiment.task.num_outputs(classes),
        image_size=draft.image_size,
        tokens=experiment.task.tokens,
        synthetic=any(survey.synthetic for survey in parts.surveys.values()),
        parts=_parts(parts, first, known),
        folds=_folds(parts, batches, experiment, known),
        curriculum=batches.phases or None,
        samples_per_epoch=batches.samples_per_epoch,
        micro_batch=batches.micro,
        accumulation=batches.accumulation,
        global_batch=batches.global_,
        world_size=batches.world_size,
        micro_steps_per_epoch=batches.steps_per_epoch * batches.accumulation,
        steps_per_epoch=batches.steps_per_epoch,
        dropped_samples=batches.samples_per_epoch - batches.steps_per_epoch * batches.global_,
        num_steps=batches.horizon(experiment.train.epochs).num_steps,
        device=need(draft.device),
        waits=experiment.train.nan_policy.waits or experiment.train.precision == "fp16",
        threads=threads_of(draft, experiment),
        monitor=monitor,
        monitor_mode=mode_of(monitor, experiment),
        pretrained=draft.pretrained,
        inputs=draft.inputs,
    )


def _parts(
    parts: Parts, samples: Mapping[str, tuple[SampleInfo, ...]], known: Mapping[int, str]
) -> dict[str, Part]:
    return {
        name: Part(source=source, num_samples=len(members), digest=known[id(members)])  # type: ignore[arg-type]
        for name, source in parts.sources.items()
        for members in [samples[name]]
    }


def _digests(parts: Parts) -> dict[int, str]:
    """The digest of the samples of every part of every training, by the tuple's identity."""
    by_source: dict[str, list[tuple[SampleInfo, ...]]] = {}
    for one in parts.trainings:
        for name, source in parts.sources.items():
            by_source.setdefault(source, []).append(one[name])
    found: dict[int, str] = {}
    for several in by_source.values():
        wanted = list({id(each): each for each in several}.values())
        found |= dict(zip(map(id, wanted), digests(wanted), strict=True))
    return found


def _folds(
    parts: Parts, batches: Batches, experiment: Experiment, known: Mapping[int, str]
) -> tuple[Fold, ...] | None:
    """What differs between the trainings; None where there is one."""
    found = []
    trainings = parts.trainings if parts.folds else ()
    for members, num_samples in zip(trainings, batches.fold_samples, strict=True):
        own = replace(batches, num_samples=num_samples)
        fold = Fold(
            parts=_parts(parts, members, known),
            targets=experiment.task.learned(members["train"]),
            heads=experiment.task.learned_heads(members["train"]) or None,
            samples_per_epoch=num_samples,
            micro_steps_per_epoch=own.steps_per_epoch * own.accumulation,
            steps_per_epoch=own.steps_per_epoch,
            dropped_samples=num_samples - own.steps_per_epoch * own.global_,
            num_steps=own.horizon(experiment.train.epochs).num_steps,
        )
        found.append(fold)
    return tuple(found) or None


def threads_of(draft: Draft, experiment: Experiment) -> int:
    """The threads that an open plan has decided, or that are stated, else the process's share of
    this machine's cores."""
    if draft.options.decided is not None:
        return draft.options.decided.threads
    engine = experiment.engine
    share = (os.cpu_count() or 1) // engine.processes_per_node
    return engine.threads or max(1, min(share, _MAX_THREADS))


def mode_of(monitor: str, experiment: Experiment) -> Any:
    """The direction of a recorded value: a loss falls, a metric says for itself."""
    name = monitor.partition("/")[2]
    metric = experiment.measured.get(name)
    return "min" if metric is None else metric.better


def _predictions(facts: Facts) -> tuple[Prediction, ...]:
    num_steps = sum(fold.num_steps for fold in facts.folds) if facts.folds else facts.num_steps
    method = "steps of an epoch times epochs"
    if facts.folds:
        method += f", of all {len(facts.folds)} folds"
    return (
        Prediction(
            name="optimizer steps",
            value=float(num_steps),
            unit="steps",
            method="the steps of all epochs, without early stopping"
            if facts.curriculum
            else f"{method}, without early stopping",
        ),
        Prediction(
            name="training samples",
            value=float(num_steps * facts.global_batch),
            unit="samples",
            method="steps times global batch, without early stopping",
        ),
    )


def provenance(draft: Draft, experiment: Experiment) -> dict[str, str]:
    """Where each value of the plan comes from, by its path."""
    spec = without_none(msgspec.to_builtins(experiment))
    told = {}
    for path in _leaf_paths(spec):
        node, exact = nearest(draft.root, path)
        bare = path[-1:] == ("type",) and isinstance(node.value, str)
        written = exact or bare
        told[dotted(path)] = _written_at(node.place, draft) if written else "default"
    derived = {
        "facts.in_channels": "the image headers and the transforms",
        "facts.out_channels": "the task: one for two classes, else one a class or target",
        "facts.device": "the engine block and this machine",
        "facts.waits": "the NaN policy and the precision",
        "facts.threads": "the engine block, else the cores of this machine",
        "facts.monitor": "early stopping, else the first metric, else the loss",
        "facts.steps_per_epoch": "samples of an epoch, micro-batch, accumulation and processes",
        "facts.world_size": "the processes and nodes of the engine block",
    }
    return told | {path: f"derived: {rule}" for path, rule in derived.items()}


def _written_at(place: Place, draft: Draft) -> str:
    """The place with its file as seen from the spec's folder, the same from any current folder."""
    if place.file == OVERRIDES_FILE:
        return OVERRIDES_FILE
    file = Path(os.path.relpath(place.file, draft.resolver.base)).as_posix()
    return f"{file}:{place.line}:{place.column}"


def _leaf_paths(value: Any, path: SpecPath = ()) -> Iterator[SpecPath]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaf_paths(below, (*path, key))
    elif isinstance(value, list) and any(isinstance(below, dict) for below in value):
        for index, below in enumerate(value):
            yield from _leaf_paths(below, (*path, index))
    else:
        yield path
