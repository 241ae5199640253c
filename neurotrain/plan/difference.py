"""What differs between two plans, and what that costs a run of the first.

One pure judgement for `diff`, `compile --against` and `run`. What runs again is read from the
nodes' digests; why is read from the paths that differ. Knows nothing of files or of how it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import Meta

from neurotrain.component.base import Options, tag_of
from neurotrain.component.durations import Duration
from neurotrain.plan.graph import base_name, stages_of, training_digest
from neurotrain.plan.plan import Part, Plan, PluginUse, tree_of
from neurotrain.plan.spread import hindrance, is_of_spread, is_respread, portable_digest

Cost: TypeAlias = Literal["new-run", "resume-consolidated", "stages", "resume-safe", "nothing"]
COSTS: Final[tuple[Cost, ...]] = (
    "new-run", "resume-consolidated", "stages", "resume-safe", "nothing",
)  # fmt: skip
"""From dear to cheap."""
_SAFE: Final = ("train.checkpoints.every", "train.checkpoints.keep_last")
_EPOCHS: Final = "train.epochs"
_LOADER: Final = "data.loader"
_LEFT_OUT: Final = "data.loader.skip_corrupt"
_PATIENCE: Final = "train.early_stopping.patience"
_CHOOSING: Final = ("train.checkpoints.monitor", "train.early_stopping.monitor")
_NOTES: Final = {
    "name": "another run folder",
    "data.loader.cache": "only the cache is filled anew",
    "data.loader.num_workers": "the result does not depend on it",
    "test.num_pictures": "only the report changes, not the scores",
    "train.checkpoints.every": "checkpoints of epochs that are done are not made later",
}
_FEEDS: Final = {
    "seed": ("trainer",), "engine": ("trainer",), "model": ("model",), "loss": ("loss",),
    "metrics": ("metrics",), "data.transforms.train": ("loader.train",),
    "data.curriculum": ("trainer",),
    "data.transforms.eval": ("loader.valid", "loader.test", "predictor"),
    "train.optimizer": ("optimizer",), "train.scheduler": ("scheduler",), "train": ("trainer",),
    "test.num_pictures": ("cross_validator", "tester"),
    "test.sliding_window": ("trainer", "cross_validator", "tester", "predictor"),
    "test.overlap": ("trainer", "cross_validator", "tester", "predictor"),
    "test": ("cross_validator", "tester", "predictor"),
    "predict": ("predictor",), "task": ("model", "metrics"),
    "pretrained": ("model",),
}  # fmt: skip
"""The nodes that hold the values below a path; the longest path counts."""
_WHERE: Final = ("engine.launcher", "engine.hostfile", "engine.master_addr", "engine.master_port")
"""Where processes run and how they meet: no result depends on it."""
_PARTS: Final = ("train", "valid", "test")
_FOLLOWING: Final = ("parts", "folds", "device", "threads")
"""Facts that may change although the spec does not, and are judged by themselves."""


class Change(Options, frozen=True, kw_only=True):
    """One value that differs."""

    path: Annotated[str, Meta(description="Where it stands in the spec, or `facts.…`")]
    before: Annotated[Any, Meta(description="The value in the first; null: absent")] = None
    after: Annotated[Any, Meta(description="The value in the second; null: absent")] = None
    cost: Annotated[Cost, Meta(description="What it costs a run of the first")]
    stages: Annotated[tuple[str, ...], Meta(description="The stages whose result it changes")] = ()
    note: Annotated[str, Meta(description="Why, in a few words; may be empty")] = ""


class Difference(Options, frozen=True, kw_only=True):
    """All that differs between two plans."""

    cost: Annotated[Cost, Meta(description="The dearest of all costs")]
    stages: Annotated[
        tuple[str, ...],
        Meta(description="Stages of the second that a finished run of the first has to run again"),
    ]
    changes: tuple[Change, ...]
    derived: Annotated[
        tuple[Change, ...], Meta(description="What follows from the changes: steps, channels, …")
    ]
    obstacle: Annotated[
        str, Meta(description="Why the run cannot go on although the changes allow it; or empty")
    ] = ""
    remark: Annotated[str, Meta(description="What is worth knowing about the run; or empty")] = ""

    @property
    def continues(self) -> bool:
        """Whether a run of the first may go on in its folder with the second."""
        return self.cost != "new-run"


class Progress(Options, frozen=True, kw_only=True):
    """How far a training of a run is."""

    training: str = ""
    """Its stage."""
    num_finished: int = 0
    """Epochs that are finished."""
    num_begun: int = 0
    """Epochs of which at least a step is done."""
    stopped: bool = False
    """Whether early stopping has ended it."""


def compare(old: Plan, new: Plan, progress: Sequence[Progress] = ()) -> Difference:
    """What differs, and what it costs a run of the old plan whose trainings have come as far as
    `progress`.

    A training may go on if that ends with the same bits as the new plan run from its start, or
    where another spread over processes takes over its whole state and adds in another order.
    """
    changed = _changed_nodes(old, new)
    before, after = tree_of(old), tree_of(new)
    spec = list(_leaves(before["experiment"], after["experiment"], ""))
    changes = [_judged(path, b, a, old, new, changed) for path, b, a in spec]
    changes += [_judged(path, b, a, old, new, changed) for path, b, a in _plugin_leaves(old, new)]
    changes += [
        _judged(path, b, a, old, new, changed)
        for path, b, a in _fact_leaves(old, new)
        if not any(_explains(change.path, path) for change in changes)
    ]
    derived = tuple(
        Change(path=f"facts.{path}", before=b, after=a, cost="nothing")
        for path, b, a in _leaves(before["facts"], after["facts"], "")
        if path.partition(".")[0] not in _FOLLOWING
    )
    costs: list[Cost] = [change.cost for change in changes]
    if _trains(changed) and training_digest(old) != training_digest(new):
        is_portable = is_respread(old, new) and portable_digest(old) == portable_digest(new)
        costs.append("resume-consolidated" if is_portable else "new-run")
    obstacles = (_obstacle(old, new, each) for each in progress if "new-run" not in costs)
    obstacle = next(filter(None, obstacles), "")
    return Difference(
        cost="new-run" if obstacle else min(costs, key=COSTS.index, default="nothing"),
        stages=tuple(node.id for node in stages_of(new.nodes) if node.id in changed),
        changes=tuple(sorted(changes, key=lambda change: COSTS.index(change.cost))),
        derived=derived,
        obstacle=obstacle,
        remark="" if obstacle else _remark(changes, progress),
    )


def _changed_nodes(old: Plan, new: Plan) -> frozenset[str]:
    before = {node.id: node.digest for node in old.nodes}
    after = {node.id: node.digest for node in new.nodes}
    return frozenset(name for name in before | after if before.get(name) != after.get(name))


def _judged(
    path: str, before: Any, after: Any, old: Plan, new: Plan, changed: frozenset[str]
) -> Change:
    """A change with its cost: that of the stages that it reaches and whose digests differ."""
    reached = _reached(_fed(path, changed), (old, new)) & changed
    stages = tuple(node.id for node in stages_of(new.nodes) if node.id in reached)
    cost: Cost = "stages" if stages else "nothing"
    note = _NOTES.get(path, "")
    if path == _LEFT_OUT and (after or 0) < (before or 0):
        cost, note = "new-run", "what was left out before might end the run now"
    if _trains(stages):
        cost, note = _training_cost(path, old, new) or ("new-run", note)
    return Change(path=path, before=before, after=after, cost=cost, stages=stages, note=note)


def _training_cost(path: str, old: Plan, new: Plan) -> tuple[Cost, str] | None:
    """The cost of a change that a training may be continued with; None for any other."""
    if path in _SAFE:
        return "resume-safe", _NOTES.get(path, "")
    if is_of_spread(path, old, new):
        reason = hindrance(old, new)
        return ("new-run", reason) if reason else ("resume-consolidated", "")
    if path == _EPOCHS:
        schedule = new.experiment.train.scheduler
        if schedule.needs_horizon:
            return "new-run", f"the rates of '{tag_of(schedule)}' depend on the number of epochs"
        few = f"while no more than {new.experiment.train.epochs} have begun"
        return "resume-safe", few if _num_epochs(new) < _num_epochs(old) else ""
    before, after = old.experiment.train.early_stopping, new.experiment.train.early_stopping
    if path == _PATIENCE and before is not None and after is not None:
        if after.patience >= before.patience:
            return "resume-safe", ""
        return "new-run", "training might have stopped before"
    return None


def _obstacle(old: Plan, new: Plan, progress: Progress) -> str:
    """Why a training that has come so far would not end as the new plan alone would end it."""
    epochs, finished = _num_epochs(new), progress.num_finished
    if epochs == _num_epochs(old):
        return ""
    if progress.num_begun > epochs:
        return f"epoch {progress.num_begun} has begun, and the new plan has {epochs} epochs"
    every = Duration.parse(new.experiment.train.validate_every).count
    if "valid" in new.facts.parts and finished in (epochs, _num_epochs(old)) and finished % every:
        was = "not validated" if finished == epochs else "validated as the last one"
        return f"epoch {finished} was {was}, which the new plan would not do"
    return ""


def _remark(changes: list[Change], progress: Sequence[Progress]) -> str:
    """That early stopping has ended trainings whose epochs alone were changed."""
    paths = {change.path for change in changes}
    over = [each for each in progress if each.stopped]
    if not over or _EPOCHS not in paths or _PATIENCE in paths:
        return ""
    if len(progress) == 1:
        ended = f"early stopping has ended the training after epoch {over[0].num_finished}"
        return f"{ended}: the number of epochs changes nothing"
    told = ", ".join(f"{each.training} after epoch {each.num_finished}" for each in over)
    return f"early stopping has ended {told}: there the number of epochs changes nothing"


def _explains(path: str, fact: str) -> bool:
    """Whether a change of the spec may be why a fact changed."""
    if fact.startswith("facts."):
        return _is_below(path, "engine")
    return _is_below(path, "seed") or (_is_below(path, "data") and not _is_below(path, _LOADER))


def _trains(stages: Iterable[str]) -> bool:
    return any(base_name(stage) == "trainer" for stage in stages)


def _num_epochs(plan: Plan) -> int:
    return plan.experiment.train.epochs


def _fed(path: str, changed: frozenset[str]) -> frozenset[str]:
    """The nodes whose own values a path belongs to."""
    if path in _WHERE:
        return frozenset()
    if path.startswith("plugins."):
        return frozenset({f"plugin.{path.removeprefix('plugins.')}"})
    if path.startswith("facts."):
        return frozenset({"trainer"})
    fed = _FEEDS.get(max((key for key in _FEEDS if _is_below(path, key)), key=len, default=""), ())
    if _is_below(path, "task") or any(_is_below(path, f"data.{n}") for n in _PARTS):
        fed = (*fed, *(name for name in changed if name.startswith("data.")))
    if _is_below(path, "data.valid"):
        fed = (*fed, "trainer", "cross_validator")
    if path in _CHOOSING:
        fed = (*fed, "trainer")
    return frozenset(fed)


def _is_below(path: str, key: str) -> bool:
    return path == key or path.startswith((f"{key}.", f"{key}["))


def _reached(start: frozenset[str], plans: tuple[Plan, ...]) -> frozenset[str]:
    """The nodes, those of every fold, and all that need them; nodes stand after what they need."""
    found = set(start)
    for plan in plans:
        for node in plan.nodes:
            if base_name(node.id) in start or found.intersection(node.needs):
                found.add(node.id)
    return frozenset(found)


def _fact_leaves(old: Plan, new: Plan) -> Iterator[tuple[str, Any, Any]]:
    """Facts of data and machine that differ."""
    for name in _PARTS:
        before, after = old.facts.parts.get(name), new.facts.parts.get(name)
        if before != after:
            yield f"data.{name}", _samples(before), _samples(after, other_than=before)
    for name in ("device", "threads"):
        first, second = getattr(old.facts, name), getattr(new.facts, name)
        if first != second:
            yield f"facts.{name}", first, second


def _samples(part: Part | None, other_than: Part | None = None) -> str | None:
    if part is None:
        return None
    same_number = other_than is not None and other_than.num_samples == part.num_samples
    return f"{part.num_samples} {'other samples' if same_number else 'samples'}"


def _plugin_leaves(old: Plan, new: Plan) -> Iterator[tuple[str, Any, Any]]:
    before = {use.name: use for use in old.plugins}
    after = {use.name: use for use in new.plugins}
    for name in sorted(before | after):
        if before.get(name) != after.get(name):
            yield f"plugins.{name}", _content(before.get(name)), _content(after.get(name))


def _content(use: PluginUse | None) -> str | None:
    return None if use is None else f"{use.version} ({use.sha256[:12]})"


def _leaves(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Every difference of two plain trees; a component of another type is one difference."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        if path and before.get("type") != after.get("type"):
            yield path, before, after
            return
        for key in sorted(before.keys() | after.keys()):
            below = f"{path}.{key}" if path else str(key)
            yield from _leaves(before.get(key), after.get(key), below)
    elif _is_list_of_maps(before) and _is_list_of_maps(after):
        for index in range(max(len(before), len(after))):
            first, second = (side[index : index + 1] for side in (before, after))
            yield from _leaves(
                first[0] if first else None, second[0] if second else None, f"{path}[{index}]"
            )
    elif before != after:
        yield path, before, after


def _is_list_of_maps(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in value)
