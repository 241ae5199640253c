"""The trainings of a cross-validation, each as the plan that it would have by itself."""

from __future__ import annotations

from msgspec.structs import replace

from neurotrain.dataset.base import Folds
from neurotrain.plan.graph import build_graph, folds_of, run_digest
from neurotrain.plan.plan import Plan


def fold_plan(plan: Plan, number: int) -> Plan:
    """The plan with one fold as its only training, counted from 1.

    That is what the spec with `fold: number` compiles to, apart from what is only told: the
    predictions, where values come from, DeepSpeed's form.
    """
    data = plan.experiment.data
    assert isinstance(data.valid, Folds)
    data = replace(data, valid=replace(data.valid, fold=number))
    experiment, facts = replace(plan.experiment, data=data), plan.facts.of_fold(number)
    nodes = build_graph(experiment, facts, plan.plugins)
    return replace(
        plan, experiment=experiment, facts=facts, nodes=nodes, digest=run_digest(nodes), seal=""
    )


def trainings_of(plan: Plan) -> tuple[Plan, ...]:
    """The plan of each training: of every fold, or the plan itself."""
    return tuple(fold_plan(plan, fold) for fold in folds_of(plan.experiment)) or (plan,)
