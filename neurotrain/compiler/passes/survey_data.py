"""List the data, read headers and split it into parts."""

from __future__ import annotations

from dataclasses import replace

from neurotrain.compiler.codes import data as codes
from neurotrain.compiler.draft import Draft, Known, Parts, Tainted, fault
from neurotrain.dataset.base import DataFault, Dataset, Holdout, SampleInfo, Survey
from neurotrain.dataset.faults import some_names
from neurotrain.dataset.split import split
from neurotrain.language.diagnostics import Diagnostic, Report
from neurotrain.language.suggest import closest
from neurotrain.language.tree import SpecPath
from neurotrain.spec.experiment import Task

_CODES = {code.id: code for code in codes.CODES}


def survey_data(draft: Draft, report: Report) -> Draft:
    """Find the samples of training, validation and test; report what is wrong with the files.

    `root: no/such/folder` is answered by `missing-files` at `root`.
    """
    surveys: Known[Survey] = Known()
    absent = []
    for key in ("train", "valid", "test"):
        try:
            dataset = draft.read("data", key)
            if isinstance(dataset, Dataset):
                survey = _survey(draft, report, key, dataset)
                if survey is not None:
                    surveys[key] = survey
                else:
                    absent.append(key)
        except Tainted:
            continue
    if "train" not in (*surveys, *absent) or report.taints(("data", "train")):
        return draft
    found = tuple(f"data.{key}" for key in absent)
    draft = replace(draft, classes=_classes(draft, surveys), absent=found)
    try:
        return replace(draft, parts=_split(draft, report, surveys, absent))
    except Tainted:
        return draft


def _survey(draft: Draft, report: Report, key: str, dataset: Dataset) -> Survey | None:
    """What is found of a dataset; None where it is absent and may be."""
    path = ("data", key)
    task: Task = draft.read("task")
    kind = draft.written("task", "type") or draft.written("task")
    if kind not in dataset.tasks:
        message = f"'{draft.written(*path, 'type')}' has no targets for a {kind}"
        hint = f"it serves: {', '.join(dataset.tasks)}"
        report.add(fault(codes.WRONG_DATASET, (*path, "type"), message, hint))
        raise Tainted
    _require_targets(draft, report, key, dataset)
    reader, max_headers = draft.options.reader, draft.options.max_headers
    survey = task.survey(dataset, draft.resolver, max_headers=max_headers, reader=reader)
    is_absent = draft.options.no_data and any(found.is_absent for found in survey.faults)
    faults = [found for found in survey.faults if not (is_absent and found.is_absent)]
    report.extend(diagnose(path, draft, found) for found in faults)
    return None if is_absent else task.samples_of(survey)


def _require_targets(draft: Draft, report: Report, key: str, dataset: Dataset) -> None:
    """The task's targets are columns of the dataset.

    What the training data lacks is told at the task, and not again of the other data.
    """
    columns = draft.read("task").columns
    wanted: tuple[str, ...] = draft.read("task").target_names
    for index, (name, below) in enumerate(columns):
        if wanted.index(name) < index and key == "train":
            message, hint = f"the target '{name}' is named twice", "name it once"
            report.add(fault(codes.WRONG_TARGET, ("task", *below), message, hint))
    lacking = [name for name in wanted if name not in dataset.target_names]
    if not lacking:
        return
    known = draft.read("data", "train").target_names if key != "train" else wanted
    for name in lacking:
        message = f"the target '{name}' is no column of the {key} data's targets: "
        message += some_names(dataset.target_names)
        near = closest(name, dataset.target_names)
        hint = f"did you mean '{near}'?" if near else "add it to the targets of the dataset"
        path: SpecPath = ("data", key, "targets")
        if key == "train":
            path = ("task", *columns[wanted.index(name)][1])
        if name in known:
            report.add(fault(codes.WRONG_TARGET, path, message, hint))
    raise Tainted


def diagnose(path: SpecPath, draft: Draft, found: DataFault) -> Diagnostic:
    """A diagnostic at the dataset's parameter, or at the dataset itself."""
    field = (*path, found.field) if found.field and draft.has(*path, found.field) else path
    unset = draft.resolver.unset_variables(str(draft.written(*field)))
    hints = [found.hint] if found.hint else []
    if found.code == codes.MISSING_FILES.id and unset:
        hints.insert(0, f"set {' and '.join(unset)} to where the data lies")
    return fault(_CODES[found.code], field, found.message, "; ".join(hints))


def _split(draft: Draft, report: Report, surveys: Known[Survey], absent: list[str]) -> Parts:
    fractions = {}
    sources = {"train": "train"}
    for key in ("valid", "test"):
        if key in surveys or key in absent:
            sources[key] = key
        elif not report.taints(("data", key)) and isinstance(draft.read("data", key), Holdout):
            fractions[key] = draft.read("data", key).fraction
            sources[key] = "train"
    samples = Known({key: survey.samples for key, survey in surveys.items()})
    if sum(fractions.values()) >= 1:
        message = f"the fractions sum to {sum(fractions.values()):g}: no training data is left"
        hint = "write fractions that sum to less than 1, such as 0.1 and 0.2"
        related = tuple((("data", key, "fraction"), "added to this") for key in fractions)
        path = ("data", "valid", "fraction")
        report.add(fault(codes.EMPTY_SPLIT, path, message, hint, related=related[1:]))
        raise Tainted
    if fractions and "train" in surveys:
        samples |= split(surveys["train"].samples, fractions, draft.read("seed"))
    for part, members in samples.items():
        is_short = not members and draft.read("task").tokens is not None and part in surveys
        if not members and not is_short and not report.taints(("data", part)):
            message = f"the {part} part has no samples"
            report.add(fault(codes.EMPTY_SPLIT, ("data", part), message, _enough(samples)))
    return Parts(surveys=surveys, samples=samples, sources=sources)


def _enough(samples: dict[str, tuple[SampleInfo, ...]]) -> str:
    total = sum(len(members) for members in samples.values())
    groups = {each.group for members in samples.values() for each in members if each.group}
    if groups:
        return f"there are {len(groups)} groups in all, which stay whole; take more data"
    return f"there are {total} samples in all; take a larger share, or more data"


def _classes(draft: Draft, surveys: Known[Survey]) -> tuple[str, ...] | None:
    if draft.report.taints(("task",)):
        return None
    if not draft.read("task").gives_classes:
        return ()
    stated: tuple[str, ...] = getattr(draft.read("task"), "classes", ())
    if not stated and "train" not in surveys:
        message = "the names of the classes come from the training data, which is absent"
        hint = "state them in the order of their labels: classes: [cat, dog]"
        draft.report.add(fault(codes.CLASSES_UNKNOWN, ("task",), message, hint))
        return None
    return stated or surveys["train"].classes or None
