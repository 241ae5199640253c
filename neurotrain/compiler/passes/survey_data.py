"""List the data, read headers and split it into parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from neurotrain.compiler.codes import data as codes
from neurotrain.compiler.draft import Draft, Known, Parts, Tainted, attempt, fault
from neurotrain.compiler.learned import is_multi_task, learned_tasks
from neurotrain.component.base import tag_of
from neurotrain.dataset.base import DataFault, Dataset, Folds, Holdout, SampleInfo, Survey
from neurotrain.dataset.faults import counted, some_names
from neurotrain.dataset.reader import FileReader
from neurotrain.dataset.split import divide, divide_by_folds
from neurotrain.language.diagnostics import Diagnostic, Report
from neurotrain.language.suggest import closest
from neurotrain.language.tree import SpecPath
from neurotrain.spec.experiment import Task, plain_survey

_CODES = {code.id: code for code in codes.CODES}
_SPOKEN_OF: Final = {
    "channels": ("root",),
    "separator": ("table",),
}
"""What stands for a parameter of a dataset that is not written."""


def survey_data(draft: Draft, report: Report) -> Draft:
    """Find the samples of training, validation and test; report what is wrong with the files.

    `root: no/such/folder` is answered by `missing-files` at `root`.
    """
    for check in (_fractions, _fold):
        attempt(check, draft, report)
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
    draft = replace(draft, classes=_classes(draft, surveys, absent))
    if "train" not in (*surveys, *absent):
        return draft
    if report.taints(("data", "train")) and not surveys["train"].samples:
        return draft
    found = tuple(f"data.{key}" for key in absent)
    draft = replace(draft, absent=found)
    try:
        return replace(draft, parts=_split(draft, report, surveys, absent))
    except Tainted:
        return draft


def _survey(draft: Draft, report: Report, key: str, dataset: Dataset) -> Survey | None:
    """What is found of a dataset; None where it is absent and may be."""
    path = ("data", key)
    kind = tag_of(draft.kind)
    if kind not in dataset.tasks:
        message = f"'{draft.written(*path, 'type')}' has no targets for a {kind}"
        others = draft.catalogue.families["dataset"]
        fitting = [name for name in sorted(others) if kind in others[name].tasks]  # type: ignore[attr-defined]
        hint = f"take {', '.join(fitting)}; it serves {', '.join(dataset.tasks)}"
        report.add(fault(codes.WRONG_DATASET, (*path, "type"), message, hint))
        raise Tainted
    if is_multi_task(draft) and not report.taints(("task",)):
        _require_targets(draft, report, key, dataset)
    survey = _found(draft, dataset)
    is_absent = draft.options.no_data and any(found.is_absent for found in survey.faults)
    faults = [found for found in survey.faults if not (is_absent and found.is_absent)]
    report.extend(diagnose(path, draft, found) for found in faults)
    if is_multi_task(draft) and report.taints(("task",)):
        return None if is_absent else survey
    if not is_multi_task(draft):
        _require_targets(draft, report, key, dataset)
    chosen: Survey = draft.read("task").samples_of(survey)
    return None if is_absent else chosen


def _found(draft: Draft, dataset: Dataset) -> Survey:
    """What is found of a dataset for the task, or for what of it is right."""
    reader, max_headers = draft.options.reader, draft.options.max_headers
    if is_multi_task(draft) and draft.report.taints(("task",)):
        return dataset.survey_columns(
            draft.resolver, columns=_head_columns(draft), reader=reader or FileReader(),
            max_headers=max_headers if reader is None else None,
        )  # fmt: skip
    if draft.kind.gives_classes or is_multi_task(draft):
        task: Task = draft.read("task")
        return task.survey(dataset, draft.resolver, max_headers=max_headers, reader=reader)
    return plain_survey(
        dataset, draft.resolver, num_classes=0, max_headers=max_headers, reader=reader
    )


def _head_columns(draft: Draft) -> dict[str, tuple[str, ...]]:
    """The columns of the heads that are right so far, each with its classes."""
    found: dict[str, tuple[str, ...]] = {}
    for learned in learned_tasks(draft):
        if learned.classes:
            found[draft.read(*learned.place, "column") or learned.name] = learned.classes
        else:
            found |= dict.fromkeys(draft.read(*learned.place, "targets"), ())
    return found


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
    field = _parameter(path, draft, found)
    unset = draft.resolver.unset_variables(str(draft.written(*field)))
    hints = [found.hint] if found.hint else []
    if found.code == codes.MISSING_FILES.id and unset:
        hints.insert(0, f"set {' and '.join(unset)} to where the data lies")
    return fault(_CODES[found.code], field, found.message, "; ".join(hints))


def _parameter(path: SpecPath, draft: Draft, found: DataFault) -> SpecPath:
    """The parameter that a fault is about, or where it is absent, what it would speak of."""
    for field in (found.field, *_SPOKEN_OF.get(found.field, ())):
        if field and draft.has(*path, field):
            return (*path, field) if found.item is None else (*path, field, found.item)
    return path


def _split(draft: Draft, report: Report, surveys: Known[Survey], absent: list[str]) -> Parts:
    held: dict[str, Holdout | Folds] = {}
    sources = {"train": "train"}
    for key in ("valid", "test"):
        if key in surveys or key in absent:
            sources[key] = key
        elif not report.taints(("data", key)):
            value = draft.read("data", key)
            if isinstance(value, (Holdout, Folds)):
                held[key], sources[key] = value, "train"
    samples = Known({key: survey.samples for key, survey in surveys.items()})
    folds: list[dict[str, tuple[SampleInfo, ...]]] = []
    if held and "train" in surveys:
        valid, test, seed = held.get("valid"), held.get("test"), draft.read("seed")
        given = surveys["train"].samples
        if isinstance(valid, Folds):
            folds = divide_by_folds(given, valid, test, seed)
            _tell_empty(valid, folds, report)
            samples |= folds[(valid.fold or 1) - 1]
        else:
            samples |= divide(given, valid, test, seed)
        if isinstance(valid, Folds) and valid.is_whole:
            held_out = {sample.id for sample in samples.get("test", ()) if "test" in held}
            samples["train"] = tuple(one for one in given if one.id not in held_out)
            samples["valid"] = samples["train"]
        else:
            folds = []
    for part, members in samples.items():
        whole = surveys.get(sources[part])
        is_short = draft.kind.reads_text and whole is not None and not whole.samples
        is_told = any(report.taints(("data", each)) for each in (part, sources[part]))
        if not members and not is_short and not is_told:
            message = f"the {part} part has no samples"
            report.add(fault(codes.EMPTY_SPLIT, ("data", part), message, _enough(samples)))
    return Parts(surveys=surveys, samples=samples, sources=sources, folds=tuple(folds))


def _tell_empty(
    valid: Folds, folds: list[dict[str, tuple[SampleInfo, ...]]], report: Report
) -> None:
    """Every fold holds something out."""
    filled = sum(bool(each["valid"]) for each in folds)
    if filled < valid.folds and not report.taints(("data", "train")):
        whole = [one for each in folds for one in each["valid"]]
        groups = {one.group for one in whole if one.group is not None}
        num = len(groups or whole)
        given = counted(num, "group" if groups else "sample")
        message = f"{valid.folds - filled} of {valid.folds} folds would be empty: the training "
        message += f"data has {given}"
        hint = f"write folds: {num}" if num > 1 else "take more data"
        report.add(fault(codes.EMPTY_SPLIT, ("data", "valid", "folds"), message, hint))


def _fractions(draft: Draft, report: Report) -> None:
    """What is held out leaves something to train on."""
    held = {
        key: draft.read("data", key).fraction for key in ("valid", "test")
        if isinstance(draft.read("data", key), Holdout)
    }  # fmt: skip
    if sum(held.values()) >= 1:
        message = f"the fractions sum to {sum(held.values()):g}: no training data is left"
        hint = "write fractions that sum to less than 1, such as 0.1 and 0.2"
        first, *others = (("data", key, "fraction") for key in held)
        related = tuple((path, "added to this") for path in others)
        report.add(fault(codes.EMPTY_SPLIT, first, message, hint, related=related))


def _fold(draft: Draft, report: Report) -> None:
    """The fold to hold out is one of those that there are."""
    valid = draft.read("data", "valid")
    if isinstance(valid, Folds) and valid.fold is not None and valid.fold > valid.folds:
        message = f"there is no fold {valid.fold} among {valid.folds}"
        hint = f"write fold: 1 to {valid.folds}, or leave it out to train them all"
        report.add(fault(codes.NO_SUCH_FOLD, ("data", "valid", "fold"), message, hint))


def _enough(samples: dict[str, tuple[SampleInfo, ...]]) -> str:
    total = sum(len(members) for members in samples.values())
    groups = {each.group for members in samples.values() for each in members if each.group}
    if groups:
        return f"there are {len(groups)} groups in all, which stay whole; take more data"
    return f"there are {total} samples in all; take a larger share, or more data"


def _classes(draft: Draft, surveys: Known[Survey], absent: list[str]) -> tuple[str, ...] | None:
    try:
        if not draft.kind.gives_classes:
            return ()
    except Tainted:
        return None
    if draft.report.taints(("task",)):
        return None
    stated: tuple[str, ...] = getattr(draft.read("task"), "classes", ())
    if not stated and "train" in absent:
        message = "the names of the classes come from the training data, which is absent"
        hint = "state them in the order of their labels: classes: [cat, dog]"
        draft.report.add(fault(codes.CLASSES_UNKNOWN, ("task",), message, hint))
        return None
    if stated:
        return stated
    is_known = "train" in surveys and not draft.report.taints(("data", "train"))
    return (surveys["train"].classes or None) if is_known else None
