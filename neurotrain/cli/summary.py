"""A plan in a few readable lines."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from neurotrain.component.base import tag_of
from neurotrain.dataset.faults import counted
from neurotrain.language.excerpt import visible
from neurotrain.losses.base import Loss
from neurotrain.plan.drawing import ASCII, UNICODE, draw
from neurotrain.plan.graph import base_name, folds_of, stages_of
from neurotrain.plan.plan import GraphNode, Plan
from neurotrain.plan.quantities import quantity

_MEMORY: Final = "memory of "

_USUAL_WIDTH: Final = 100


def graph(plan: Plan, encoding: str, environment: Mapping[str, str]) -> str:
    """The plan's graph in the width of the terminal, with lines that its locale can show."""
    strokes = UNICODE if shows_lines(encoding, environment) else ASCII
    drawn = draw(_of_one_fold(plan), shutil.get_terminal_size((_USUAL_WIDTH, 0)).columns, strokes)
    return "\n".join(map(visible, drawn.splitlines()))


def _of_one_fold(plan: Plan) -> tuple[GraphNode, ...]:
    """The nodes, those of all folds as one: `trainer-1..5`."""
    folds = folds_of(plan.experiment)
    if not folds:
        return plan.nodes

    def drawn(name: str) -> str:
        base = base_name(name)
        return name if base == name else f"{base}-1..{folds[-1]}"

    found: dict[str, GraphNode] = {}
    for node in plan.nodes:
        needs = tuple(dict.fromkeys(map(drawn, node.needs)))
        found.setdefault(drawn(node.id), replace(node, id=drawn(node.id), needs=needs))
    return tuple(found.values())


def shows_lines(encoding: str, environment: Mapping[str, str]) -> bool:
    """Whether a terminal shows more than ASCII; Python writes UTF-8 in the C locale as well."""
    if environment.get("TERM") == "linux" or not encoding.lower().startswith("utf"):
        return False
    asked = [environment.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    return next(filter(None, asked), "") not in ("C", "POSIX")


def summary(plan: Plan) -> str:
    """What the plan will do, for a person."""
    facts, train = plan.facts, plan.experiment.train
    rows = {
        "run": f"{plan.name}  (plan {plan.digest[:12]})",
        "task": _task(plan),
        "data": _data(plan),
        **_network(plan),
        **_discriminator(plan),
        "loss": _losses(plan),
        "batch": f"{facts.global_batch} = {facts.micro_batch} (micro) x {facts.accumulation} "
        f"(accumulation) x {facts.world_size} (processes)",
        "steps": _steps(plan),
        **_folds(plan),
        **_curriculum(plan),
        "learning rate": f"{train.optimizer.learning_rate:g} with {tag_of(train.optimizer)}, "
        f"{tag_of(train.scheduler)}, warm-up {train.scheduler.warmup}",
        "best weights by": f"{facts.monitor} ({facts.monitor_mode})",
        "early stopping": _stopping(plan),
        "evaluation": _evaluation(plan) if facts.tokens is None else "every token of the text",
        "device": f"{facts.device}, {counted(facts.threads, 'thread')}, "
        + plan.experiment.engine.format_told(train.precision),
        "engine": plan.experiment.engine.told,
        **_predicted(plan),
        "stages": _stages(plan),
    }
    return "\n".join(f"{name:<16} {visible(value)}" for name, value in rows.items())


def _losses(plan: Plan) -> str:
    """The weighted sum; of several tasks in brackets after each one's weight and name."""
    heads = plan.experiment.task.heads
    if not heads:
        return _sum(plan.experiment.losses)
    return " + ".join(f"{head.weight:g} {head.name} ({_sum(head.loss)})" for head in heads)


def _sum(losses: tuple[Loss, ...]) -> str:
    return " + ".join(f"{loss.weight:g} {tag_of(loss)}" for loss in losses)


def _task(plan: Plan) -> str:
    task = plan.experiment.task
    names = plan.facts.classes or tuple(head.name for head in task.heads) or task.target_names
    return f"{plan.facts.task}: {_few(names)}" if names else plan.facts.task


def _network(plan: Plan) -> dict[str, str]:
    """The model, and the size of what it learns from."""
    facts, name = plan.facts, tag_of(plan.experiment.model)
    if facts.tokens is not None:
        return {
            "model": f"{name}, a vocabulary of {facts.out_channels}",
            "training size": f"{facts.tokens} tokens",
        }
    return {
        "model": f"{name}, {facts.in_channels} channels in, {facts.out_channels} out",
        "training size": _size(facts.image_size),
    }


def _discriminator(plan: Plan) -> dict[str, str]:
    """The second network of an adversarial training."""
    options = plan.experiment.train.adversarial
    if options is None:
        return {}
    channels = f"{plan.facts.in_channels} + {plan.facts.out_channels} channels in"
    told = f"{tag_of(options.discriminator)}, {channels}, {options.weight:g} {options.loss}"
    turns = "" if options.steps == 1 else f"{options.steps} updates "
    turns += f"every {options.every}"
    rate = f"{options.optimizer.learning_rate:g} with {tag_of(options.optimizer)}"
    return {"discriminator": f"{told}; {turns}, {rate}"}


def _steps(plan: Plan) -> str:
    facts = plan.facts
    whole = f"{facts.num_steps} in {plan.experiment.train.epochs} epochs"
    if facts.curriculum:
        return whole
    left = f"; {facts.dropped_samples} samples left over" if facts.dropped_samples else ""
    first = " of the first fold" if facts.folds else ""
    return f"{facts.steps_per_epoch} an epoch, {whole}{first}{left}"


def _folds(plan: Plan) -> dict[str, str]:
    """What the trainings of all folds are; nothing where there is one training."""
    folds = plan.facts.folds
    if not folds:
        return {}
    sizes = [_span(fold.parts[part].num_samples for fold in folds) for part in ("train", "valid")]
    steps = sum(fold.num_steps for fold in folds)
    text = f"{len(folds)} trainings on {sizes[0]} samples, each validated on the other {sizes[1]}"
    return {"folds": f"{text}; {steps} steps in all"}


def _span(sizes: Iterable[int]) -> str:
    known = sorted(sizes)
    return f"{known[0]}" if known[0] == known[-1] else f"{known[0]} to {known[-1]}"


def _stages(plan: Plan) -> str:
    """The stages in their order; the trainings of folds as one."""
    names = [node.id for node in stages_of(plan.nodes)]
    trainers = [name for name in names if base_name(name) == "trainer"]
    if len(trainers) > 2:
        names = [f"{trainers[0]} to {trainers[-1]}", *names[len(trainers) :]]
    return " -> ".join(names)


def _curriculum(plan: Plan) -> dict[str, str]:
    """What each level is, and when it begins; nothing without a curriculum."""
    told = [
        f"from epoch {phase.epoch + 1} {phase.level}: {counted(phase.num_samples, 'sample')}, "
        f"{counted(phase.steps_per_epoch, 'step')} an epoch"
        for phase in plan.facts.curriculum or ()
    ]
    return {"curriculum": "; ".join(told)} if told else {}


def _data(plan: Plan) -> str:
    facts = plan.facts
    parts = [f"{part.num_samples} {name}" for name, part in facts.parts.items()]
    images = facts.parts["train"].num_samples
    if facts.curriculum:
        images = facts.curriculum[0].num_samples
    crops = facts.samples_per_epoch // images
    text = ", ".join(parts) + (" images" if facts.tokens is None else " blocks of text")
    text += f", {crops} crops each" if crops > 1 else ""
    return text + ("; SYNTHETIC" if facts.synthetic else "")


def _evaluation(plan: Plan) -> str:
    """How validation, test and prediction bring images to the model."""
    options, divisor = plan.experiment.test, plan.experiment.model.divisor
    window = options.sliding_window
    images = "whole images" if window is None else f"windows of {_size(window)}"
    return images + (f", padded to multiples of {divisor} and cut back" if divisor > 1 else "")


def _stopping(plan: Plan) -> str:
    stopping = plan.experiment.train.early_stopping
    if stopping is None:
        return "none"
    return f"{stopping.monitor}, patience {stopping.patience}, min_delta {stopping.min_delta:g}"


def _predicted(plan: Plan) -> dict[str, str]:
    """What the run takes, as far as it is predicted."""
    found = {prediction.name: prediction.value for prediction in plan.predictions}
    rows: dict[str, str] = {}
    if "parameters" in found:
        rows["parameters"] = f"{found['parameters']:,.0f}"
    if "parameters of the discriminator" in found:
        count = found["parameters of the discriminator"]
        rows["parameters"] += f", {count:,.0f} of the discriminator"
    if "operations of a step" in found:
        rows["work"] = quantity(found["operations of a step"], "FLOP") + " a step and process"
    parts = {
        name.removeprefix(_MEMORY): value
        for name, value in found.items()
        if name.startswith(_MEMORY)
    }
    if parts:
        listed = " + ".join(f"{quantity(value, 'B')} {name}" for name, value in parts.items())
        rows["memory"] = f"{quantity(sum(parts.values()), 'B')} a process = {listed}"
        rows["memory"] += "" if "activations" in parts else "; activations are not known"
    if "checkpoint" in found:
        rows["disk"] = quantity(found["checkpoint"], "B") + " a checkpoint, at the peak "
        rows["disk"] += quantity(found["disk at its peak"], "B")
    return rows


def _size(size: tuple[int, int] | None) -> str:
    return "as the images are" if size is None else f"{size[0]} x {size[1]} pixels"


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
