"""Two plans side by side, for people: what `diff`, `compile --against` and `run` tell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from neurotrain.component.catalogue import Catalogue
from neurotrain.language.excerpt import visible
from neurotrain.language.paths import PathFault, keys_of, parse_path
from neurotrain.language.tree import Node, SpecPath, nearest
from neurotrain.plan.difference import COSTS, Change, Cost, Difference, compare
from neurotrain.plan.graph import base_name
from neurotrain.plan.open_plan import OpenPlan
from neurotrain.plan.plan import Plan

T = TypeVar("T")
_HEADS: Final[Mapping[Cost, str]] = {
    "new-run": "needs a new run",
    "resume-consolidated": "resumes from the consolidated state: weights, optimizer state and "
    "counters exactly; the result is not that of one undisturbed run bit for bit",
    "stages": "no new training, stages run again",
    "resume-safe": "resume-safe: the training goes on with it",
    "nothing": "costs nothing: no result depends on it",
}
_MAX_VALUE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A plan with where it comes from."""

    name: str
    """As the caller named it."""
    plan: Plan
    root: Node | None = None
    """The spec with places, where the plan was just compiled from one."""
    run_dir: Path | None = None
    """Where the plan has a run."""

    def shown(self, path: str, value: Any) -> str:
        """A value as written, with its place where it has one."""
        place = self.place(path)
        text = "absent" if value is None else self._written(path) or self._brief(path, value)
        return f"{text} ({place})" if place and value is not None else text

    def place(self, path: str) -> str:
        """Where a value comes from: a place in a file, `--set` or `default`; may be empty."""
        node = self._node(path)
        if node is not None:
            where = node.place
            return f"{where.file}:{where.line}:{where.column}"
        sources = self.plan.provenance
        return sources.get(path) or sources.get(f"{path}.type", "")

    def _written(self, path: str) -> str:
        node = self._node(path)
        text = node.written if node is not None else ""
        return text if len(text) <= _MAX_VALUE and "\n" not in text else ""

    def _node(self, path: str) -> Node | None:
        keys = _keys(path)
        if self.root is None or not keys:
            return None
        node, exact = nearest(self.root, keys)
        return node if exact and node.value is not None else None

    def _brief(self, path: str, value: Any) -> str:
        packed = msgspec.json.encode(self._stated(path, value))
        text = value if isinstance(value, str) else msgspec.json.format(packed, indent=0).decode()
        return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…"

    def _stated(self, path: str, value: Any) -> Any:
        """The value without the defaults in it."""
        if not isinstance(value, Mapping):
            return value
        sources = self.plan.provenance
        kept = {k: b for k, b in value.items() if sources.get(f"{path}.{k}") != "default"}
        return {key: self._stated(f"{path}.{key}", below) for key, below in kept.items()}


def side_of(given: Path) -> Side:
    """The plan of a spec, a plan file, or a run's or plan's folder; a spec's faults are told.

    Raises:
        click.UsageError: it is none of these.
    """
    if given.is_dir():
        file = given / "plan.json"
        if not file.exists():
            raise click.UsageError(f"{given} has no plan.json: it is neither a run nor a plan")
        is_run = (given / "events.jsonl").exists()
        return Side(name=str(given), plan=read_plan(file), run_dir=given if is_run else None)
    if given.suffix == ".json":
        return Side(name=str(given), plan=read_plan(given))
    from neurotrain.cli.compiling import compile_wholly, tell

    compiled = compile_wholly(given, ())
    tell(compiled)
    if compiled.draft is None or compiled.draft.plan is None:
        sys.exit(2)
    return Side(name=str(given), plan=compiled.draft.plan, root=compiled.loaded.root)


def read_plan(file: Path) -> Plan:
    """The plan in a file; one whose plugins are absent ends with exit code 5.

    Raises:
        click.UsageError: the file holds no plan.
    """
    from neurotrain.plan.reading import load

    return _loaded(file, load)


def read_open_plan(file: Path) -> OpenPlan | None:
    """The plan in a file that wants data first; None where the plan is complete.

    Raises:
        click.UsageError: the file holds no plan.
    """
    from neurotrain.plan.reading import load_open

    return _loaded(file, load_open)


def _loaded(file: Path, load: Callable[[Path, Catalogue], T]) -> T:
    from neurotrain.component.plugins import PluginAbsent
    from neurotrain.plan.reading import BadPlan
    from neurotrain.spec.catalogue import built_in

    try:
        return load(file, built_in())
    except BadPlan as error:
        raise click.UsageError(str(error)) from error
    except PluginAbsent as error:
        click.echo(f"neurotrain: error: {error}", err=True)
        sys.exit(5)


def difference_of(first: Side, second: Side) -> Difference:
    """What differs, judged by how far the first one's run is."""
    from neurotrain.engine.progress import progress_of

    progress = progress_of(first.run_dir) if first.run_dir is not None else ()
    return compare(first.plan, second.plan, progress)


def difference_text(difference: Difference, first: Side, second: Side) -> str:
    """The difference in lines, grouped by what it costs."""
    lines = [f"{first.name} -> {second.name}: {verdict(difference)}"]
    for cost in COSTS:
        group = [change for change in difference.changes if change.cost == cost]
        lines += ["", f"{_HEADS[cost]}:"] if group else []
        lines += (f"  {line}" for line in change_lines(group, first, second))
    if difference.derived:
        lines += ["", "what follows:"]
        lines += (f"  {line}" for line in change_lines(difference.derived, first, second))
    lines += ["", difference.remark] if difference.remark else []
    return "\n".join(map(visible, lines))


def change_lines(changes: Iterable[Change], first: Side, second: Side) -> Iterable[str]:
    """Each change in a line: path, both values, what it reaches and why."""
    for change in changes:
        before = first.shown(change.path, change.before)
        after = second.shown(change.path, change.after)
        rerun = f"runs again: {', '.join(change.stages)}" if change.cost == "stages" else ""
        remarks = "; ".join(filter(None, (rerun, change.note)))
        yield f"{change.path}: {before} -> {after}" + (f"  [{remarks}]" if remarks else "")


def verdict(difference: Difference) -> str:
    """What the difference comes to, in a line."""
    if difference.obstacle:
        return f"a new run is needed: {difference.obstacle}"
    if difference.cost == "new-run":
        return "a new run is needed"
    if not difference.stages:
        return "no result differs" if difference.changes else "the same plan"
    again = f"{', '.join(difference.stages)} run{'s' * (len(difference.stages) == 1)} again"
    rest = [name for name in difference.stages if base_name(name) != "trainer"]
    num = len(difference.stages) - len(rest)
    if not num:
        return f"the training is kept; {again}"
    how = "the training can go on" if num == 1 else f"{num} trainings can go on"
    if difference.cost == "resume-consolidated":
        how += " from the consolidated state, not bit for bit"
    return how + (f"; then {', '.join(rest)}" if rest else "")


def difference_json(difference: Difference, first: Side, second: Side) -> str:
    """The difference as a JSON object, each change with the places of both values."""
    record = msgspec.to_builtins(difference)
    for group in ("changes", "derived"):
        for change in record[group]:
            change["before_place"] = first.place(change["path"]) or None
            change["after_place"] = second.place(change["path"]) or None
    record = {"first": first.name, "second": second.name, "verdict": verdict(difference), **record}
    return msgspec.json.format(msgspec.json.encode(record)).decode()


def _keys(path: str) -> SpecPath:
    parsed = parse_path(path)
    return () if isinstance(parsed, PathFault) else keys_of(parsed)
