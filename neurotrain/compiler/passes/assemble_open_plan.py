"""Put the plan together where data is absent: what is known, and `known at launch` for the rest."""

from __future__ import annotations

from dataclasses import replace

from neurotrain.compiler.draft import Draft, Tainted, need
from neurotrain.compiler.passes.assemble_plan import mode_of, provenance, threads_of
from neurotrain.component.base import tag_of
from neurotrain.dataset.heads import LearnedHead
from neurotrain.dataset.split import digest
from neurotrain.dataset.targets import Target
from neurotrain.language.diagnostics import Report
from neurotrain.plan.graph import build_graph, run_digest
from neurotrain.plan.open_plan import AT_LAUNCH, AtLaunch, OpenFacts, OpenPart, OpenPlan
from neurotrain.spec.experiment import Experiment


def assemble_open_plan(draft: Draft, report: Report) -> Draft:
    """Write the open plan where no error stands and data is absent. Reports nothing."""
    if report.failed or not draft.absent:
        raise Tainted
    experiment: Experiment = draft.read()
    facts = _facts(draft, experiment)
    nodes = build_graph(experiment, facts, draft.plugins)
    plan = OpenPlan(
        at_launch=draft.absent,
        name=experiment.name,
        spec=draft.spec_name,
        digest=run_digest(nodes),
        experiment=experiment,
        facts=facts,
        plugins=draft.plugins,
        nodes=nodes,
        provenance=provenance(draft, experiment),
    )
    return replace(draft, open_plan=plan)


def _facts(draft: Draft, experiment: Experiment) -> OpenFacts:
    batches, classes, monitor = need(draft.batches), need(draft.classes), need(draft.monitor)
    is_counted = batches.num_samples is not None
    steps = batches.steps_per_epoch if is_counted else None
    size = draft.image_size
    return OpenFacts(
        task=tag_of(experiment.task),  # type: ignore[arg-type]
        classes=classes,
        targets=_targets(draft, experiment),
        heads=_heads(draft, experiment),
        raw_channels=draft.raw_channels or AT_LAUNCH,
        in_channels=draft.in_channels or AT_LAUNCH,
        out_channels=experiment.task.num_outputs(classes),
        image_size=size if size is not None or is_counted else AT_LAUNCH,
        parts=_parts(draft),
        samples_per_epoch=batches.samples_per_epoch if is_counted else AT_LAUNCH,
        micro_batch=batches.micro,
        accumulation=batches.accumulation,
        global_batch=batches.global_,
        world_size=batches.world_size,
        steps_per_epoch=AT_LAUNCH if steps is None else steps,
        num_steps=AT_LAUNCH
        if steps is None
        else batches.horizon(experiment.train.epochs).num_steps,
        device=need(draft.device),
        threads=threads_of(draft, experiment),
        monitor=monitor,
        monitor_mode=mode_of(monitor, experiment),
        pretrained=draft.pretrained,
        inputs=draft.inputs,
    )


def _targets(draft: Draft, experiment: Experiment) -> tuple[Target, ...] | AtLaunch:
    """The targets of a regression; their scale is known where the training data is there."""
    task, samples = experiment.task, need(draft.parts).samples.get("train")
    if samples is None and getattr(task, "standardize", False):
        return AT_LAUNCH
    return task.learned(samples or ())


def _heads(draft: Draft, experiment: Experiment) -> tuple[LearnedHead, ...] | AtLaunch | None:
    """The heads of several tasks, as the targets."""
    task, samples = experiment.task, need(draft.parts).samples.get("train")
    if samples is None and any(getattr(head, "standardize", False) for head in task.heads):
        return AT_LAUNCH
    return task.learned_heads(samples or ()) or None


def _parts(draft: Draft) -> dict[str, OpenPart]:
    parts = need(draft.parts)
    found = {}
    for name, source in parts.sources.items():
        members = parts.trainings[0].get(name)
        found[name] = OpenPart(
            source=source,  # type: ignore[arg-type]
            num_samples=AT_LAUNCH if members is None else len(members),
            digest=AT_LAUNCH if members is None else digest(members),
        )
    return found
