"""List the data, read headers and split it into parts."""

from __future__ import annotations

from dataclasses import replace

from neurotrain.compiler.codes import data as codes
from neurotrain.compiler.draft import Draft, Parts, Tainted, fault
from neurotrain.dataset.base import DataFault, Dataset, Holdout, SampleInfo, Survey
from neurotrain.dataset.split import split
from neurotrain.language.diagnostics import Diagnostic, Report
from neurotrain.language.tree import SpecPath
from neurotrain.spec.experiment import Task

_CODES = {code.id: code for code in codes.CODES}


def survey_data(draft: Draft, report: Report) -> Draft:
    """Find the samples of training, validation and test; report what is wrong with the files.

    `root: no/such/folder` is answered by `missing-files` at `root`.
    """
    surveys = {}
    for key in ("train", "valid", "test"):
        try:
            dataset = draft.read("data", key)
            if isinstance(dataset, Dataset):
                surveys[key] = _survey(draft, report, key, dataset)
        except Tainted:
            continue
    if "train" not in surveys or report.taints(("data", "train")):
        return draft
    parts = _split(draft, report, surveys)
    return replace(draft, parts=parts, classes=_classes(draft, surveys))


def _survey(draft: Draft, report: Report, key: str, dataset: Dataset) -> Survey:
    path = ("data", key)
    task: Task = draft.read("task")
    kind = draft.written("task", "type") or draft.written("task")
    if kind not in dataset.tasks:
        message = f"'{draft.written(*path, 'type')}' has no targets for a {kind}"
        hint = f"it serves: {', '.join(dataset.tasks)}"
        report.add(fault(codes.WRONG_DATASET, (*path, "type"), message, hint))
        raise Tainted
    num_classes = len(getattr(task, "classes", ()))
    reader, max_headers = draft.options.reader, draft.options.max_headers
    if reader is None:
        survey = dataset.survey(draft.resolver, max_headers=max_headers, num_classes=num_classes)
    else:
        survey = dataset.survey_whole(draft.resolver, num_classes=num_classes, reader=reader)
    report.extend(diagnose(path, draft, found) for found in survey.faults)
    return survey


def diagnose(path: SpecPath, draft: Draft, found: DataFault) -> Diagnostic:
    """A diagnostic at the dataset's parameter, or at the dataset itself."""
    field = (*path, found.field) if found.field and draft.has(*path, found.field) else path
    unset = draft.resolver.unset_variables(str(draft.written(*field)))
    hints = [found.hint] if found.hint else []
    if found.code == codes.MISSING_FILES.id and unset:
        hints.insert(0, f"set {' and '.join(unset)} to where the data lies")
    return fault(_CODES[found.code], field, found.message, "; ".join(hints))


def _split(draft: Draft, report: Report, surveys: dict[str, Survey]) -> Parts:
    fractions = {}
    sources = {"train": "train"}
    for key in ("valid", "test"):
        if key in surveys:
            sources[key] = key
        elif not report.taints(("data", key)) and isinstance(draft.read("data", key), Holdout):
            fractions[key] = draft.read("data", key).fraction
            sources[key] = "train"
    samples: dict[str, tuple[SampleInfo, ...]] = {
        key: surveys[key].samples for key in sources if sources[key] == key
    }
    if sum(fractions.values()) >= 1:
        message = f"the fractions sum to {sum(fractions.values()):g}: no training data is left"
        hint = "write fractions that sum to less than 1, such as 0.1 and 0.2"
        related = tuple((("data", key, "fraction"), "added to this") for key in fractions)
        path = ("data", "valid", "fraction")
        report.add(fault(codes.EMPTY_SPLIT, path, message, hint, related=related[1:]))
        raise Tainted
    if fractions:
        samples |= split(surveys["train"].samples, fractions, draft.read("seed"))
    for part, members in samples.items():
        if not members and not report.taints(("data", part)):
            message = f"the {part} part has no samples"
            report.add(fault(codes.EMPTY_SPLIT, ("data", part), message, _enough(samples)))
    return Parts(surveys=surveys, samples=samples, sources=sources)


def _enough(samples: dict[str, tuple[SampleInfo, ...]]) -> str:
    total = sum(len(members) for members in samples.values())
    groups = {each.group for members in samples.values() for each in members if each.group}
    if groups:
        return f"there are {len(groups)} groups in all, which stay whole; take more data"
    return f"there are {total} samples in all; take a larger share, or more data"


def _classes(draft: Draft, surveys: dict[str, Survey]) -> tuple[str, ...] | None:
    if draft.report.taints(("task",)):
        return None
    stated: tuple[str, ...] = getattr(draft.read("task"), "classes", ())
    return stated or surveys["train"].classes or None
