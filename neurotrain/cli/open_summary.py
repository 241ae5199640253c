"""An open plan in a few readable lines."""

from __future__ import annotations

from neurotrain.component.base import tag_of
from neurotrain.dataset.faults import counted
from neurotrain.language.excerpt import visible
from neurotrain.plan.graph import stages_of
from neurotrain.plan.open_plan import AT_LAUNCH, OpenPlan


def open_summary(plan: OpenPlan) -> str:
    """What is known of the plan, for a person, and what is known at launch."""
    facts, train = plan.facts, plan.experiment.train
    names = facts.classes or plan.experiment.task.target_names
    rows = {
        "run": f"{plan.name}  (plan {plan.digest[:12]}, to be completed at launch)",
        "task": f"{facts.task}: {', '.join(names[:6])}",
        "absent": ", ".join(plan.at_launch),
        **{f"{name} images": str(part.num_samples) for name, part in facts.parts.items()},
        "model": tag_of(plan.experiment.model),
        "channels in": str(facts.in_channels),
        "channels out": str(facts.out_channels),
        "training size": _size(plan),
        "batch": f"{facts.global_batch} = {facts.micro_batch} (micro) x {facts.accumulation} "
        f"(accumulation) x {facts.world_size} (processes)",
        "steps an epoch": str(facts.steps_per_epoch),
        "steps": f"{facts.num_steps}; {train.epochs} epochs",
        "best weights by": f"{facts.monitor} ({facts.monitor_mode})",
        "device": f"{facts.device}, {counted(facts.threads, 'thread')}, {train.precision}",
        "stages": " -> ".join(node.id for node in stages_of(plan.nodes)),
    }
    return "\n".join(f"{name:<16} {visible(value)}" for name, value in rows.items())


def _size(plan: OpenPlan) -> str:
    size = plan.facts.image_size
    if size is None:
        return "as the images are"
    return AT_LAUNCH if isinstance(size, str) else f"{size[0]} x {size[1]} pixels"
