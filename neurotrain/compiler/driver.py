"""The order of the passes and the loop over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from neurotrain.compiler.blame import blamed
from neurotrain.compiler.deep.check_defined import check_defined
from neurotrain.compiler.deep.check_discriminator import check_discriminator
from neurotrain.compiler.deep.check_losses import check_losses
from neurotrain.compiler.deep.check_network import check_network
from neurotrain.compiler.deep.check_record import check_record
from neurotrain.compiler.deep.check_room import check_room
from neurotrain.compiler.deep.check_transforms import check_transforms
from neurotrain.compiler.deep.check_update import check_update
from neurotrain.compiler.deep.check_weights import check_weights
from neurotrain.compiler.deep.predict_costs import predict_costs
from neurotrain.compiler.draft import Draft, Options, Tainted
from neurotrain.compiler.passes.assemble_open_plan import assemble_open_plan
from neurotrain.compiler.passes.assemble_plan import assemble_plan
from neurotrain.compiler.passes.check_components import check_components
from neurotrain.compiler.passes.check_contents import check_contents
from neurotrain.compiler.passes.check_curriculum import check_curriculum
from neurotrain.compiler.passes.check_data import check_data
from neurotrain.compiler.passes.check_deepspeed_config import check_deepspeed_config
from neurotrain.compiler.passes.check_deepspeed_limits import check_deepspeed_limits
from neurotrain.compiler.passes.check_engine import check_engine
from neurotrain.compiler.passes.check_inputs import check_inputs
from neurotrain.compiler.passes.check_launch import check_launch
from neurotrain.compiler.passes.check_optimizer import check_optimizer
from neurotrain.compiler.passes.check_pretrained import check_pretrained
from neurotrain.compiler.passes.check_schema import check_schema
from neurotrain.compiler.passes.check_splits import check_splits
from neurotrain.compiler.passes.check_stepping import check_stepping
from neurotrain.compiler.passes.check_text import check_text
from neurotrain.compiler.passes.check_training import check_training
from neurotrain.compiler.passes.choose_device import choose_device
from neurotrain.compiler.passes.load_plugins import load_plugins
from neurotrain.compiler.passes.mend_names import mend_names
from neurotrain.compiler.passes.plan_batches import plan_batches
from neurotrain.compiler.passes.settle_paths import settle_paths
from neurotrain.compiler.passes.survey_data import survey_data
from neurotrain.component.catalogue import Catalogue
from neurotrain.component.paths import Resolver
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import Node, Tree

PASSES: Final = (
    load_plugins,
    mend_names,
    settle_paths,
    check_schema,
    survey_data,
    check_splits,
    check_data,
    check_curriculum,
    check_contents,
    check_inputs,
    check_components,
    check_text,
    check_optimizer,
    check_pretrained,
    plan_batches,
    check_training,
    choose_device,
    check_stepping,
    check_engine,
    check_deepspeed_config,
    check_deepspeed_limits,
    check_launch,
    assemble_plan,
    assemble_open_plan,
)
DEEP_PASSES: Final = (
    check_transforms,
    check_network,
    check_discriminator,
    check_weights,
    check_losses,
    check_defined,
    check_update,
    check_record,
    predict_costs,
    check_room,
)
"""These load torch; `check` leaves them out."""


def compile_spec(
    root: Node,
    file: Path,
    *,
    catalogue: Catalogue,
    environment: Mapping[str, str],
    options: Options,
    report: Report,
    incomplete: bool = False,
) -> Draft:
    """Run every pass on what is not tainted; the draft has a plan where no error stands.

    `incomplete` says that a base could not be read, so that keys may be missing for that reason.
    """
    tree = _without_nulls(root)
    assert isinstance(tree, dict)
    draft = Draft(
        root=root,
        tree=tree,
        catalogue=catalogue,
        resolver=Resolver(base=file.parent.absolute(), environment=environment),
        options=options,
        report=report,
        spec_name=file.name,
        incomplete=incomplete,
    )
    return _run(PASSES, draft, report)


def deepen(draft: Draft, report: Report) -> Draft:
    """Follow the spec through torch's `meta` device; the plan gains what is predicted.

    A fault that only shows now takes the plan away.
    """
    draft = _run(DEEP_PASSES, draft, report)
    if draft.plan is None or report.failed:
        return replace(draft, plan=None)
    told = (*draft.plan.predictions, *draft.predictions)
    return replace(draft, plan=msgspec.structs.replace(draft.plan, predictions=told))


def _run(passes: Iterable[Callable[[Draft, Report], Draft]], draft: Draft, report: Report) -> Draft:
    for run in passes:
        try:
            draft = run(draft, report)
        except Tainted:
            continue
        except Exception as error:  # a plugin's code may raise anything; ours is raised again
            found = blamed(error, draft)
            if found is None:
                raise
            report.add(found)
    return draft


def _without_nulls(node: Node) -> Tree:
    """The node's plain value; a null is an absent key."""
    if isinstance(node.value, Mapping):
        plain = {key: _without_nulls(below) for key, below in node.value.items()}
        return {key: below for key, below in plain.items() if below is not None}
    if isinstance(node.value, tuple):
        return [_without_nulls(below) for below in node.value]
    return node.value
