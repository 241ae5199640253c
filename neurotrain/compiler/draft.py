"""What the passes hand to each other.

A pass reads values of the spec by path. Reading a value that an error taints ends the pass, or the
one check within it, without a word: so one fault gives one diagnostic, across passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

import msgspec

from neurotrain.component.base import Family
from neurotrain.component.catalogue import Catalogue, Choice
from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import SampleInfo, Survey
from neurotrain.dataset.reader import FileReader
from neurotrain.language.diagnostics import Code, Diagnostic, Report
from neurotrain.language.tree import Node, Place, SpecPath, Tree
from neurotrain.optim.schedules import Horizon
from neurotrain.plan.open_plan import OpenPlan
from neurotrain.plan.plan import Facts, Phase, Plan, PluginUse, Prediction
from neurotrain.spec.experiment import Experiment, Task

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T")


class Tainted(Exception):
    """A value depends on something that is already reported."""


class Known(dict[str, T]):
    """By name, for the data that is at hand; reading what is not ends a check without a word."""

    def __missing__(self, key: str) -> T:
        raise Tainted(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What an open plan has decided already; its paths start from the spec's folder."""

    device: str
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a spec is compiled."""

    max_headers: int | None = None
    """How many image headers are read of each dataset; None reads all."""
    reader: FileReader | None = None
    """Reads all headers, label maps and content hashes; None leaves the latter two unread."""
    no_data: bool = False
    """Data may be absent: what follows from it is known at launch."""
    decided: Decided | None = None
    """Set where an open plan is completed."""
    free_bytes: int | None = None
    """Free space where the run will write; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The data as surveyed and split."""

    surveys: Known[Survey]
    """By the dataset's key in the spec: train, valid, test."""
    samples: Known[tuple[SampleInfo, ...]]
    """By part: train, valid, test. Where every fold has its training, train and valid are the same:
    each sample is trained on, and held out once."""
    sources: Mapping[str, str]
    """Which survey each part comes from."""
    folds: tuple[Mapping[str, tuple[SampleInfo, ...]], ...] = ()
    """By part: train and valid of every fold, where each has its training."""

    @property
    def trainings(self) -> tuple[Mapping[str, tuple[SampleInfo, ...]], ...]:
        """The samples by part of each training."""
        return tuple({**self.samples, **fold} for fold in self.folds) or (self.samples,)

    def num_samples(self, part: str) -> tuple[int, ...]:
        """How many samples a part has; of each fold, where it differs between them."""
        many = [each[part] for each in self.folds if part in each] or [self.samples[part]]
        return tuple(len(members) for members in many)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Batch sizes and steps."""

    micro: int
    accumulation: int
    world_size: int
    num_samples: int | None
    """Training samples of one epoch, with a curriculum the first; None where the data is absent."""
    phases: tuple[Phase, ...] = ()
    """What a curriculum makes of the epochs."""
    fold_samples: tuple[int, ...] = ()
    """Training samples of one epoch of every fold, where each has its training."""

    @property
    def samples_per_epoch(self) -> int:
        """Training samples of one epoch.

        Raises:
            Tainted: they are known at launch.
        """
        return need(self.num_samples)

    @property
    def global_(self) -> int:
        """Samples per update."""
        return self.micro * self.accumulation * self.world_size

    @property
    def steps_per_epoch(self) -> int:
        """Updates in an epoch."""
        return self.steps_of(self.samples_per_epoch)

    def steps_of(self, num_samples: int) -> int:
        """Updates in an epoch of so many samples."""
        return num_samples // (self.micro * self.world_size) // self.accumulation

    def horizon(self, num_epochs: int) -> Horizon:
        """How long so many epochs are."""
        stretches = [(phase.epoch, phase.steps_per_epoch) for phase in self.phases]
        return Horizon.of(stretches or [(0, self.steps_per_epoch)], num_epochs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """Faults that are told and that the tree no longer has."""

    keys: frozenset[SpecPath] = frozenset()
    """Unknown keys, as written."""
    unsure: frozenset[SpecPath] = frozenset()
    """Maps with a key that is like no other: any absent key may be the one that it means."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Component types as written, each with the one that is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A spec on its way to a plan. What a later pass needs and no pass could give is None."""

    root: Node
    """The resolved spec with places."""
    tree: dict[str, Tree]
    """The same as plain values, without nulls."""
    catalogue: Catalogue
    resolver: Resolver
    options: Options
    report: Report
    spec_name: str
    mended: Mended = Mended()
    """What `mend_names` has told."""
    incomplete: bool = False
    """A base could not be read: what seems to be missing may be in it."""
    plugins: tuple[PluginUse, ...] = ()
    """The plugins whose components are in the catalogue."""
    lacks_plugins: bool = False
    """A plugin could not be used: components that seem unknown may be its own."""
    parts: Parts | None = None
    level_sizes: Mapping[str, int] | None = None
    """Training samples of each level of a curriculum; None where the data is absent."""
    classes: tuple[str, ...] | None = None
    raw_channels: int | None = None
    in_channels: int | None = None
    image_size: tuple[int, int] | None = None
    batches: Batches | None = None
    monitor: str | None = None
    device: str | None = None
    pretrained: str | None = None
    """The digest of the file of first weights."""
    inputs: str | None = None
    """The digest of the names and sizes of the images to predict."""
    input_sizes: tuple[tuple[int, int], ...] = ()
    """Height and width of the images to predict, each once, as far as headers were read."""
    facts: Facts | None = None
    absent: tuple[str, ...] = ()
    """Where the spec names files that are not on this machine."""
    plan: Plan | None = None
    open_plan: OpenPlan | None = None
    """The plan where data is absent."""
    network: nn.Module | None = None
    """The model on `meta`, where it could be built."""
    discriminator: nn.Module | None = None
    """The second network of an adversarial training on `meta`, where it could be built."""
    predictions: tuple[Prediction, ...] = ()
    """What the deep passes predict."""
    values: dict[SpecPath, Any] = field(default_factory=dict)
    """Typed values that were read already."""

    def read(self, *path: str | int) -> Any:
        """The typed value at a path, or its default.

        Raises:
            Tainted: an error stands at, above or below it, or beside it where it is absent.
        """
        if self.report.taints(path) or (path[:-1] in self.mended.unsure and not self.has(*path)):
            raise Tainted(path)
        if path not in self.values:
            self.values[path] = self._typed(path)
        return self.values[path]

    @property
    def kind(self) -> type[Task]:
        """The kind of the task, whatever else is wrong with it.

        Raises:
            Tainted: an error stands at its type.
        """
        if not isinstance(self.written("task"), Mapping):
            return type(self.read("task"))
        name, members = self.written("task", "type"), self.catalogue.families["task"]
        if self.report.taints(("task", "type")) or not isinstance(name, str):
            raise Tainted("task")
        found: type[Task] = members[name]  # type: ignore[assignment]
        return found

    def has(self, *path: str | int) -> bool:
        """Whether the spec itself has a value at a path."""
        return _at(self.tree, path) is not None

    def written(self, *path: str | int) -> Tree:
        """The plain value at a path as resolved, None where there is none."""
        value: Tree = _at(self.tree, path)
        return value

    def is_path(self, path: SpecPath) -> bool:
        """Whether the structs say that the value at a path is a path of the file system."""
        try:
            wanted = _type_at(path, self.tree, self.catalogue)
        except (AttributeError, KeyError, IndexError, TypeError, AssertionError, Tainted):
            return False
        extras = [meta.extra_json_schema or {} for meta in getattr(wanted, "__metadata__", ())]
        return any("x-path" in extra for extra in extras)

    def known_keys(self, path: SpecPath) -> tuple[str, ...] | None:
        """The legal keys of the map at a path; None where that is not known."""
        try:
            wanted = _type_at(path, self.tree, self.catalogue)
            wanted = _concrete(wanted, self.written(*path), self.catalogue)
            return tuple(info.encode_name for info in msgspec.structs.fields(wanted))
        except (AttributeError, LookupError, TypeError, ValueError, AssertionError, Tainted):
            return None

    def put(self, path: SpecPath, value: Tree) -> None:
        """Replace the plain value at a path; only before the passes run."""
        _at(self.tree, path[:-1])[path[-1]] = value

    def _typed(self, path: SpecPath) -> Any:
        if not path:
            return self.catalogue.decode(self.tree, Experiment)
        raw = _at(self.tree, path)
        if raw is not None:
            return self.catalogue.decode(raw, _type_at(path, self.tree, self.catalogue))
        owner, key = _at(self.tree, path[:-1]), path[-1]
        if isinstance(owner, Mapping) and isinstance(key, str):
            wanted = _type_at(path[:-1], self.tree, self.catalogue)
            return _default(_concrete(wanted, owner, self.catalogue), key)
        parent = self.read(*path[:-1])
        if parent is None:
            return None
        return parent[key] if isinstance(key, int) else getattr(parent, _attribute(parent, key))


def need(value: T | None) -> T:
    """The value that an earlier pass should have found.

    Raises:
        Tainted: it could not, for a reason that is reported.
    """
    if value is None:
        raise Tainted
    return value


def attempt(check: Callable[[Draft, Report], None], draft: Draft, report: Report) -> None:
    """Make one check of a pass; one that reads a tainted value is left out."""
    try:
        check(draft, report)
    except Tainted:
        return


def fault(
    code: Code,
    path: SpecPath,
    message: str,
    hint: str = "",
    *,
    related: tuple[tuple[SpecPath | Place, str], ...] = (),
    at_key: bool = False,
) -> Diagnostic:
    """A diagnostic at a path."""
    return Diagnostic(
        code=code, path=path, message=message, hint=hint, related=related, at_key=at_key
    )


def _at(tree: object, path: SpecPath) -> Any:
    for key in path:
        if isinstance(tree, Mapping) and isinstance(key, str):
            tree = tree.get(key)
        elif isinstance(tree, (list, tuple)) and isinstance(key, int) and key < len(tree):
            tree = tree[key]
        else:
            return None
    return tree


def _type_at(path: SpecPath, tree: Mapping[str, Tree], catalogue: Catalogue) -> Any:
    """The type that the structs give to the value at a path."""
    wanted: Any = Experiment
    for depth, key in enumerate(path):
        value = _at(tree, path[:depth])
        wanted = _concrete(wanted, value, catalogue)
        if isinstance(key, int):
            wanted = get_args(wanted)[0]
        else:
            wanted = _hints(wanted)[_attribute(wanted, key)]
        wanted = _without_none(wanted)
    return wanted


@cache
def _hints(struct: type) -> Mapping[str, Any]:
    return get_type_hints(struct, include_extras=True)


def _concrete(wanted: Any, value: Any, catalogue: Catalogue) -> Any:
    """The struct that a family or a choice means for this value."""
    wanted = get_args(wanted)[0] if hasattr(wanted, "__metadata__") else wanted
    if isinstance(wanted, type) and issubclass(wanted, Choice) and not issubclass(wanted, Family):
        wanted = wanted.select(value)
    if isinstance(wanted, type) and issubclass(wanted, Family):
        name = value if isinstance(value, str) else value.get("type")
        wanted = catalogue.find(wanted.family, name) if isinstance(name, str) else None
        if wanted is None:
            raise Tainted(name)
    return wanted


def _default(struct: Any, key: str) -> Any:
    """What an absent key of a struct means.

    Raises:
        Tainted: it means nothing; that is reported, or a base that could not be read may have it.
    """
    info = _fields(struct)[_attribute(struct, key)]
    if info.default_factory is not msgspec.NODEFAULT:
        return info.default_factory()
    if info.default is msgspec.NODEFAULT:
        raise Tainted(key)
    return info.default


def _without_none(wanted: Any) -> Any:
    bare = get_args(wanted)[0] if hasattr(wanted, "__metadata__") else wanted
    options = get_args(bare)
    if type(None) not in options:
        return wanted
    return next(option for option in options if option is not type(None))


def _attribute(struct: Any, key: str) -> str:
    """The attribute behind an encoded field name."""
    names = zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True)
    for encoded, name in names:
        if encoded == key:
            return str(name)
    raise AssertionError(f"{struct} has no field {key}")


@cache
def _fields(struct: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """The fields by attribute; msgspec reads the annotations anew each time."""
    return {info.name: info for info in msgspec.structs.fields(struct)}
