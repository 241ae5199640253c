"""Check the resolved spec against the strict schema; every fault of form at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neurotrain.compiler.codes import form
from neurotrain.compiler.draft import Draft, fault
from neurotrain.compiler.misnamed import plugin_hint, unknown_component
from neurotrain.compiler.nulls import null_faults, split_numbers
from neurotrain.compiler.reformed import reformed
from neurotrain.compiler.synonyms import SYNONYMS
from neurotrain.compiler.unknown import misspelt, named, owner, unknown_keys
from neurotrain.compiler.validator import Violation, schema_of, violations
from neurotrain.compiler.wanted import bound, wanted
from neurotrain.compiler.written import shown, written
from neurotrain.language.diagnostics import Code, Diagnostic, Report, Severity
from neurotrain.language.reading_codes import DUPLICATE_KEY
from neurotrain.language.suggest import closest
from neurotrain.language.tree import SpecPath
from neurotrain.spec.fields import Reference


def check_schema(draft: Draft, report: Report) -> Draft:
    """Report every unknown or missing key, wrong type, value out of range and unknown component.

    `train: {epoch: 10}` is answered by `unknown-key` at `epoch` with the nearest legal key.
    """
    report.extend(found for found in null_faults(draft) if not report.taints(found.path))
    for path in split_numbers(draft):
        report.taint(path)
    faults: list[Diagnostic] = []
    schema = schema_of(draft.tree, draft.catalogue)
    errors, reference = list(violations(draft.tree, schema)), Reference(schema)
    others = plugin_hint(draft) if any(each.rule == "x-dispatch" for each in errors) else ""
    meant = {path for error in errors for path, _ in misspelt(error).values()}
    for error in errors:
        if error.rule == "required" and draft.incomplete:
            for key in error.wanted:
                if key not in error.value:
                    report.taint((*error.path, key))
            continue
        told = [d for d in _diagnose(error, draft, reference, others) if d.path not in meant]
        for each in told:
            if draft.lacks_plugins and each.code is form.UNKNOWN_COMPONENT:
                report.taint(each.path)
            elif not _is_echo(each, report, draft.mended.keys):
                faults.append(each)
    report.extend(faults)
    for path in meant:
        report.taint(path)
    return draft


def _is_echo(diagnostic: Diagnostic, report: Report, mended: frozenset[SpecPath]) -> bool:
    """Whether a fault only follows from one that the reading of the text has told.

    A faulty value far below a map does not make the map's own fault an echo; a faulty key in it
    may be the very one that seems to be missing.
    """
    path = diagnostic.path
    if diagnostic.code in (form.MISSING_KEY, form.MISSING_TYPE):
        owner = path[:-1] if diagnostic.at_key else path
        named = (item for item in report.items if item.path and item.code is not DUPLICATE_KEY)
        keys = (item.path for item in named if item.at_key and item.path not in mended)
        if any(key[:-1] == owner for key in keys):
            return True
    errors = [item for item in report.items if item.code.severity is Severity.ERROR]
    told = [item.path for item in errors if item.path]
    if any(path[: len(above)] == above for above in told):
        return True
    is_below = any(below[: len(path)] == path for below in told)
    return report.taints(path) and not is_below


def _diagnose(
    error: Violation, draft: Draft, reference: Reference, others: str
) -> Iterator[Diagnostic]:
    path, rule = error.path, error.rule
    if rule == "additionalProperties":
        yield from unknown_keys(error, reference)
    elif rule == "required":
        yield from _missing_keys(error, path)
    elif rule == "x-dispatch":
        yield unknown_component(error, path, draft, reference, others)
    elif rule == "type":
        yield _wrong_type(error, path, draft)
    elif rule in ("enum", "const"):
        yield _not_allowed(error, path, draft)
    elif rule == "pattern":
        wants = error.schema.get("x-wants", f"text that matches {error.wanted}")
        message = f"{shown(path, draft)} has not the form of {path[-1]}"
        likely = reformed(error.value, error.wanted)
        hint = f"did you mean '{likely}'? it wants {wants}" if likely else f"it wants {wants}"
        yield fault(form.WRONG_FORM, path, message, hint)
    else:
        yield _problem(form.OUT_OF_RANGE, error, path, draft, f"it takes {bound(error)}")


def _missing_keys(error: Violation, path: SpecPath) -> Iterator[Diagnostic]:
    for key in error.wanted:
        if key in error.value or key == "type":
            continue
        meaning = error.schema.get("properties", {}).get(key, {}).get("description", "")
        hint = f"add {key}: {meaning[:1].lower()}{meaning[1:]}" if meaning else f"add {key}"
        message = f"{owner(error)} needs the key '{key}'"
        yield fault(form.MISSING_KEY, (*path, key), message, hint, at_key=True)


def _wrong_type(error: Violation, path: SpecPath, draft: Draft) -> Diagnostic:
    return _problem(form.WRONG_TYPE, error, path, draft, wanted(error, written(path, draft)))


def _not_allowed(error: Violation, path: SpecPath, draft: Draft) -> Diagnostic:
    value = error.wanted
    legal = [value] if error.rule == "const" else list(value)
    likely = closest(str(error.value), [str(name) for name in legal], SYNONYMS)
    hint = f"did you mean '{likely}'?" if likely else f"it takes {_listed(legal)}"
    return _problem(form.NOT_ALLOWED, error, path, draft, hint)


def _problem(code: Code, error: Violation, path: SpecPath, draft: Draft, hint: str) -> Diagnostic:
    message = f"{shown(path, draft)} is not a value for {named(path)}"
    meaning = error.schema.get("description")
    return fault(code, path, message, f"{hint} ({meaning})" if meaning else hint)


def _listed(legal: list[Any]) -> str:
    words = [str(value) for value in legal]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
