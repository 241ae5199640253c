"""Components that a family does not have: which one is meant, or how one is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from neurotrain.compiler.codes import form
from neurotrain.compiler.draft import Draft, fault
from neurotrain.compiler.synonyms import LEFT_OUT, SYNONYMS
from neurotrain.compiler.validator import Violation
from neurotrain.compiler.written import shown, written
from neurotrain.language.diagnostics import Diagnostic
from neurotrain.language.suggest import closest, is_typo
from neurotrain.language.tree import SpecPath
from neurotrain.spec.fields import Reference

_FOR_TYPE: Final = dict.fromkeys(("name", "kind", "class", "id"), ("type",))
"""Words for a component's `type` in other tools."""
_HOLDOUTS: Final[dict[SpecPath, tuple[str, ...]]] = {
    ("data", "valid"): ("fraction", "folds"), ("data", "test"): ("fraction",),
}  # fmt: skip
"""Where a part of the training data may stand in a dataset's place, and the keys that say so."""


def unknown_component(
    error: Violation, path: SpecPath, draft: Draft, reference: Reference, others: str
) -> Diagnostic:
    """A component without type, of unknown type, or bare although it needs parameters."""
    rule, given = error.wanted, error.value
    family, names = rule["family"], sorted(rule["members"])
    if isinstance(given, Mapping) and "type" not in given:
        if (found := _misplaced_folds(path, given, draft)) is not None:
            return found
        telling = ["type", *_HOLDOUTS.get(path, ())]
        for key in given:
            likely = closest(key, telling, _FOR_TYPE)
            is_legal = any(reference.find(f"{family}.{name}.{key}") for name in names)
            if likely is not None and not is_legal:
                message, hint = f"a {family} has no key '{key}'", f"did you mean '{likely}'?"
                return fault(form.UNKNOWN_KEY, (*path, key), message, hint, at_key=True)
        hint = f"add type: one of {', '.join(names)}"
        named = [key for key in given if key in names]
        if len(given) == 1 and named:
            hint = f"write {{type: {named[0]}, …}} instead of {{{named[0]}: …}}"
        return fault(form.MISSING_TYPE, path, f"this {family} has no type", hint)
    name = given["type"] if isinstance(given, Mapping) else given
    at = (*path, "type") if isinstance(given, Mapping) else path
    if isinstance(given, str) and given in names:
        message = f"'{given}' needs parameters, so its name alone is not enough"
        return fault(form.MISSING_KEY, path, message, f"write {reference.written(family, given)}")
    if not isinstance(name, str):
        hint = f"write its type: one of {', '.join(names)}"
        if path in _HOLDOUTS and isinstance(given, (int, float)):
            key = _HOLDOUTS[path][-1] if isinstance(given, int) and given > 1 else "fraction"
            hint = f"write {{{key}: {written(path, draft)}}}, or a dataset with its type"
        elif isinstance(given, list) and given and given[0] in names:
            hint = f"only one can stand here: write {{type: {given[0]}, …}}"
        return fault(form.WRONG_TYPE, at, f"{shown(at, draft)} names no {family}", hint)
    likely = closest(name, names, SYNONYMS)
    hint = f"did you mean '{likely}'?" if likely else f"there are: {', '.join(names)}"
    hint = LEFT_OUT.get(name.lower(), hint) + others
    return fault(form.UNKNOWN_COMPONENT, at, f"no {family} is named '{name}'", hint)


def _misplaced_folds(
    path: SpecPath, given: Mapping[str, object], draft: Draft
) -> Diagnostic | None:
    """A fold of an unknown number of them, or folds of the test data."""
    if path == ("data", "valid") and "fold" in given:
        hint = f"say of how many: {{folds: 5, fold: {written((*path, 'fold'), draft)}}}"
        return fault(form.MISSING_TYPE, path, "a fold is one of several", hint)
    if path == ("data", "test") and "folds" in given:
        hint = "write {fraction: 0.2}, or a dataset; folds are those of data.valid"
        return fault(form.MISSING_TYPE, path, "the test data has no folds", hint)
    return None


def typo_of(error: Violation) -> str | None:
    """The type that a component of unknown type is a misspelling of; None if it is like none.

    A name that stands alone is like those only that need no parameters.
    """
    given = error.value
    name = given.get("type") if isinstance(given, Mapping) else given
    names = sorted(error.wanted["members" if isinstance(given, Mapping) else "bare"])
    if not isinstance(name, str) or name in names or name.lower() in (*LEFT_OUT, *SYNONYMS):
        return None
    likely = closest(name, sorted(error.wanted["members"]), SYNONYMS)
    return likely if likely and likely in names and is_typo(name, likely) else None


def plugin_hint(draft: Draft) -> str:
    """That an unknown component may be of a plugin that is installed and not listed."""
    from neurotrain.component.plugins import installed

    listed = [use.name for use in draft.plugins]
    others = [name for name in installed() if name not in listed]
    return f"; or is it of a plugin? not listed: {', '.join(others)}" if others else ""
