"""An open plan, completed where its data is: compiled again, with all that it decided kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from neurotrain.cli.reading import remembering_reader
from neurotrain.compiler.draft import Decided, Options
from neurotrain.compiler.driver import compile_spec, deepen
from neurotrain.language.diagnostics import Report
from neurotrain.language.render import render_text
from neurotrain.language.tree import Node, Place, SpecPath, dotted
from neurotrain.plan.open_plan import OpenPlan
from neurotrain.plan.plan import Plan, without_none
from neurotrain.spec.catalogue import built_in

_CORRUPT_DATA: Final = 65
_DEFAULT: Final = "default"


def completed(plan: OpenPlan, base: Path) -> Plan:
    """The plan with what the data says; ends with exit code 65 where the data does not fit it."""
    report, reader = Report(), remembering_reader()
    root = _tree(plan)
    decided = Decided(device=plan.facts.device, threads=plan.facts.threads)
    try:
        draft = compile_spec(
            root, base / plan.spec, catalogue=built_in(), environment=dict(os.environ),
            options=Options(reader=reader, decided=decided), report=report,
        )  # fmt: skip
        draft = deepen(draft, report)
    finally:
        reader.save()
    if report.items:
        click.echo(render_text(report, root, {}, colour=False).rstrip("\n"), err=True)
    if draft.plan is None:
        click.echo("error: the data here does not fit the plan: nothing is run", err=True)
        sys.exit(_CORRUPT_DATA)
    return msgspec.structs.replace(draft.plan, provenance=plan.provenance)


def _tree(plan: OpenPlan) -> Node:
    """The spec that the plan was made of, each value at the place where it was written."""
    start = Place(file=plan.spec, line=1, column=1)
    spec = without_none(msgspec.to_builtins(plan.experiment))
    root = _node(spec, (), start, plan)
    assert root is not None, "a spec has values that are not defaults"
    return root


def _node(value: Any, path: SpecPath, above: Place, plan: OpenPlan) -> Node | None:
    """A value as written; None where it is a default, since a default was written nowhere."""
    source = plan.provenance.get(dotted(path))
    if source == _DEFAULT:
        return None
    if isinstance(value, dict):
        nodes = {key: _node(below, (*path, key), above, plan) for key, below in value.items()}
        written = {key: node for key, node in nodes.items() if node is not None}
        if not written:
            return None
        place = next(iter(written.values())).place if path else above
        return Node(value=written, place=place, key_place=place)
    place = above if source is None else _place(source)
    if isinstance(value, list):
        items = [_node(below, (*path, i), place, plan) for i, below in enumerate(value)]
        kept = tuple(item for item in items if item is not None)
        if source is None and kept:
            place = kept[0].place
        return Node(value=kept, place=place, key_place=place)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return Node(value=value, place=place, key_place=place, written=text)


def _place(source: str) -> Place:
    """The place of `file:line:column`; anything else, such as `--set`, is a file of its own."""
    file, _, column = source.rpartition(":")
    file, _, line = file.rpartition(":")
    if not (file and line.isdigit() and column.isdigit()):
        return Place(file=source, line=1, column=1)
    return Place(file=file, line=int(line), column=int(column))
