"""Components that other installed distributions bring, through entry points.

A distribution declares, in the group `neurotrain.components`, a name and the module whose
`COMPONENTS` are its component classes. Only a plugin that is asked for by name is imported, and
that module alone; it must not load torch or numpy, so that `check` stays light.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import Meta

from neurotrain.component.base import Component, Options, tag_of
from neurotrain.component.catalogue import Catalogue, family_of
from neurotrain.component.plugin_form import malformation
from neurotrain.component.plugin_hash import code_digest
from neurotrain.language.suggest import closest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "neurotrain.components"
ATTRIBUTE: Final = "COMPONENTS"
HEAVY: Final = frozenset(
    {
        "torch", "numpy", "deepspeed", "monai", "torchvision", "torchmetrics", "scipy", "skimage",
        "sklearn", "pandas", "matplotlib", "tifffile", "jinja2", "textual", "transformers", "cv2",
        "tensorflow", "jax",
    }
)  # fmt: skip
"""What a plugin's module must not load when it is imported."""


class PluginUse(Options, frozen=True, kw_only=True):
    """A plugin as a plan binds it."""

    name: Annotated[str, Meta(description="The name in the spec: that of the entry point")]
    distribution: Annotated[str, Meta(description="The installed distribution that declares it")]
    version: Annotated[str, Meta(description="The distribution's version")]
    sha256: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{64}$",
            description="SHA-256 over the relative names and contents of the distribution's code",
        ),
    ]
    components: Annotated[
        tuple[str, ...], Meta(description="What it brings, as family.type, sorted")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A plugin that was imported."""

    use: PluginUse
    components: tuple[type[Component], ...]


class PluginFault(Exception):
    """A plugin that cannot be used. `kind` is the diagnostic's code, `hint` the remedy."""

    def __init__(self, kind: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.kind, self.message, self.hint = kind, message, hint


class PluginAbsent(Exception):
    """A plugin of a plan is not installed here, or not as it was when the plan was made."""


def declares_plugins() -> bool:
    """Whether any installed distribution declares the group; reads texts, imports nothing."""
    return any(GROUP in text for folder in sys.path for text in _entry_point_texts(folder or "."))


def installed() -> tuple[str, ...]:
    """The names of all installed plugins, sorted; nothing is imported."""
    if not declares_plugins():
        return ()
    return tuple(sorted({found.name for found in _entry_points()}))


def load_plugin(name: str, catalogue: Catalogue) -> Plugin:
    """Import the plugin of this name, whose components must suit the catalogue's families.

    Raises:
        PluginFault: it is not installed, cannot be imported, or brings what cannot be used.
    """
    found = _entry_point(name)
    module = _imported(found, name)
    attribute = found.attr or ATTRIBUTE
    components = getattr(module, attribute, None)
    if not isinstance(components, (tuple, list)) or not components:
        raise PluginFault(
            "malformed-plugin",
            f"the module {found.module} of plugin '{name}' has no tuple of components {attribute}",
            f"write {attribute} = (MyLoss, …) in it",
        )
    for component in components:
        wrong = malformation(component, catalogue)
        if wrong:
            hint = "see docs/plugins.md, and tell the plugin's author"
            raise PluginFault("malformed-plugin", f"plugin '{name}': {wrong}", hint)
    assert found.dist is not None
    use = PluginUse(
        name=name,
        distribution=found.dist.name,
        version=found.dist.version,
        sha256=code_digest(found.dist, module),
        components=tuple(sorted(qualified(component) for component in components)),
    )
    return Plugin(use=use, components=tuple(components))


def qualified(component: Any) -> str:
    """A component, given as a struct or its class, as `family.type`."""
    kind = component if isinstance(component, type) else type(component)
    return f"{family_of(kind).family}.{tag_of(kind)}"


def clash(plugin: Plugin, catalogue: Catalogue, earlier: Iterable[Plugin]) -> str:
    """Which component of a plugin is there already, in one line; empty where none is."""
    seen: set[str] = set()
    for component in plugin.components:
        family, tag, name = family_of(component).family, tag_of(component), qualified(component)
        other = catalogue.find(family, tag)
        if name in seen or other is not None:
            bringer = next((each.use.name for each in earlier if name in each.use.components), None)
            owner = f"plugin '{bringer}'" if bringer else "NeuroTrain itself"
            owner = f"plugin '{plugin.use.name}' twice" if name in seen else owner
            return f"plugin '{plugin.use.name}' brings the {family} '{tag}', as does {owner}"
        seen.add(name)
    taken = {
        each.__name__: tag_of(each)
        for family_members in catalogue.families.values()
        for each in family_members.values()
    }
    for component in plugin.components:
        if component.__name__ in taken:
            return (
                f"plugin '{plugin.use.name}' has a class {component.__name__}, as has the "
                f"component '{taken[component.__name__]}'"
            )
    return ""


def catalogue_with(uses: Sequence[PluginUse], catalogue: Catalogue) -> Catalogue:
    """The catalogue with a plan's plugins, which must be installed as the plan knows them.

    Raises:
        PluginAbsent: one is not, or is of another version or content.
    """
    for use in uses:
        try:
            plugin = load_plugin(use.name, catalogue)
        except PluginFault as fault:
            wanted = f"the plan needs plugin '{use.name}' of {use.distribution} {use.version}"
            told = f"{wanted}: {fault.message}; pip install '{use.distribution}=={use.version}'"
            raise PluginAbsent(told) from fault
        if plugin.use != use:
            raise PluginAbsent(_difference(use, plugin.use))
        catalogue = catalogue.extended(plugin.components)
    return catalogue


def _difference(planned: PluginUse, here: PluginUse) -> str:
    start = f"the plan was made with plugin '{planned.name}' of {planned.distribution}"
    remedy = "install the planned one, or compile anew (run --fresh keeps the old run aside)"
    if (planned.distribution, planned.version) != (here.distribution, here.version):
        found = f"{here.distribution} {here.version}"
        return f"{start} {planned.version}, and {found} is installed here; {remedy}"
    return (
        f"{start} {planned.version} with the code {planned.sha256[:12]}, and the one here has "
        f"{here.sha256[:12]}: its files were changed; {remedy}"
    )


def _entry_point(name: str) -> EntryPoint:
    found = [each for each in _entry_points() if each.name == name and each.dist is not None]
    bringers = sorted({each.dist.name for each in found if each.dist is not None})
    if len(bringers) > 1:
        message = f"the plugin '{name}' is declared by several distributions: {', '.join(bringers)}"
        raise PluginFault("plugin-clash", message, f"uninstall all but one: pip uninstall {name}")
    if found:
        return found[0]
    names = installed()
    likely = closest(name, names)
    there = f"installed: {', '.join(names)}" if names else "no plugin is installed"
    hint = (
        f"did you mean '{likely}'?"
        if likely
        else f"install the distribution of it with pip; {there}"
    )
    raise PluginFault("unknown-plugin", f"no installed plugin is named '{name}'", hint)


def _imported(found: EntryPoint, name: str) -> ModuleType:
    """The plugin's module; what it must not load fails to be found."""
    heavy: str | None = None
    with _without_heavy() as guard:
        try:
            module = import_module(found.module)
            heavy = _heavy_name_in(module)
        except (Exception, SystemExit) as error:  # foreign code: whatever it is, it is told
            if not guard.refused:
                cause = " ".join(f"{type(error).__name__}: {error}".split())
                message = f"the module {found.module} of plugin '{name}' cannot be imported"
                remedy = "install another version of it, or tell the plugin's author"
                raise PluginFault("broken-plugin", f"{message}: {cause}", remedy) from error
            heavy = guard.refused[0]
    if heavy is not None:
        message = f"plugin '{name}' loads {heavy} when it is imported"
        hint = f"import {heavy} inside build(), not at the top of {found.module}"
        raise PluginFault("heavy-plugin", message, hint)
    return module


def _heavy_name_in(module: ModuleType) -> str | None:
    """A heavy package that the module's own names come from.

    Where such a package was loaded before, its import is not seen by the guard.
    """
    for value in vars(module).values():
        origin = (
            value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
        )
        if isinstance(origin, str) and origin.partition(".")[0] in HEAVY:
            return origin
    return None


class _Guard:
    """Refuses to find heavy packages that are not loaded yet."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        """Nothing, for all but heavy packages.

        Raises:
            ImportError: the package is heavy.
        """
        if fullname.partition(".")[0] in HEAVY:
            self.refused.append(fullname)
            raise ImportError(f"{fullname} must not be loaded here", name=fullname)
        return None


@contextmanager
def _without_heavy() -> Iterator[_Guard]:
    guard = _Guard()
    sys.meta_path.insert(0, guard)
    try:
        yield guard
    finally:
        sys.meta_path.remove(guard)


def _entry_points() -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP))


def _entry_point_texts(folder: str) -> Iterator[str]:
    """The declarations of the distributions in one folder of the import path."""
    try:
        kept = [
            each for each in Path(folder).iterdir() if each.suffix in (".dist-info", ".egg-info")
        ]
    except OSError:
        return
    for each in kept:
        try:
            yield (each / "entry_points.txt").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
