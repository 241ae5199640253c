"""Reading a plan from its file: only what the compiler wrote is obeyed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from neurotrain.component.catalogue import Catalogue
from neurotrain.component.plugins import catalogue_with
from neurotrain.plan.graph import build_graph, run_digest
from neurotrain.plan.open_plan import OpenPlan, absent_data, decode_open
from neurotrain.plan.plan import Plan, decode, encode, plugins_of


class BadPlan(Exception):
    """A file that is no plan, or one that was changed after it was compiled."""


def load(file: Path, catalogue: Catalogue) -> Plan:
    """The plan in a file, whose digests fit its values; its plugins add to the catalogue.

    Raises:
        PluginAbsent: a plugin of the plan is not here, or not of the planned version and content.
        BadPlan: they do not, or the file is no plan of this version.
        OSError: it cannot be read.
    """
    try:
        text = file.read_bytes()
        absent = absent_data(text)
        if absent:
            raise BadPlan(
                f"{file} was compiled without its data ({', '.join(absent)}); "
                f"`neurotrain run {file}` completes it where the data is"
            )
        plan = decode(text, catalogue_with(plugins_of(text), catalogue))
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadPlan(f"{file} is not a plan of this version: {error}") from error
    _verify(file, plan, text)
    return plan


def load_open(file: Path, catalogue: Catalogue) -> OpenPlan | None:
    """The open plan in a file, whose digests fit its values; None where the plan is complete.

    Raises:
        PluginAbsent: a plugin of the plan is not here, or not of the planned version and content.
        BadPlan: they do not, or the file is no plan of this version.
        OSError: it cannot be read.
    """
    try:
        text = file.read_bytes()
        if not absent_data(text):
            return None
        plan = decode_open(text, catalogue_with(plugins_of(text), catalogue))
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadPlan(f"{file} is not a plan of this version: {error}") from error
    _verify(file, plan, text)
    return plan


def _verify(file: Path, plan: Plan | OpenPlan, text: bytes) -> None:
    nodes = build_graph(plan.experiment, plan.facts, plan.plugins)
    is_whole = nodes == plan.nodes and run_digest(nodes) == plan.digest
    if not is_whole or encode(plan) != text or plan.name != plan.experiment.name:
        raise BadPlan(
            f"{file} was changed after it was compiled; a plan is binding: change the spec instead"
        )
