"""Check what the files hold: labels of masks, and images that are there twice."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Final

from neurotrain.compiler.codes import data as codes
from neurotrain.compiler.draft import Draft, Parts, attempt, fault, need
from neurotrain.compiler.passes.survey_data import diagnose
from neurotrain.dataset.base import Dataset
from neurotrain.dataset.duplicates import PlacedImage, placed, same_bytes
from neurotrain.dataset.faults import counted, some_names
from neurotrain.dataset.label_survey import REGION, region_faults, survey_labels
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath

_FOLDS: Final = "folds"


def check_contents(draft: Draft, report: Report) -> Draft:
    """Decode masks and compare images, where the whole files are read and not only headers.

    A mask that holds a 7 in a task of three classes is answered by `label-values` at `masks`.
    """
    if draft.options.reader is not None:
        checks = (_labels, _regions, _duplicates) if not draft.kind.reads_text else ()
        for check in checks:
            attempt(check, draft, report)
    return draft


def _labels(draft: Draft, report: Report) -> None:
    """All values of masks stand for classes, and all classes are in some training mask."""
    parts, reader = need(draft.parts), need(draft.options.reader)
    classes = need(draft.classes)
    seen: set[int] = set()
    is_complete = False
    for key, survey in parts.surveys.items():
        dataset: Dataset = draft.read("data", key)
        coding = dataset.label_coding(len(classes))
        if coding is None or not survey.folder:
            continue
        found = survey_labels(Path(survey.folder), survey.samples, coding, reader)
        report.extend(diagnose(("data", key), draft, each) for each in found.faults)
        if key == "train" and not found.faults:
            is_complete = True
            seen = {label for sample in parts.samples["train"] for label in found.labels[sample.id]}
    if not is_complete:
        return
    for label, name in enumerate(classes):
        if label not in seen:
            message = f"none of the {len(parts.samples['train']):,} training masks has a pixel of "
            message += f"the class '{name}', which is label {label}"
            hint = "leave the class out, or add images that show it"
            report.add(fault(codes.ABSENT_CLASS, ("task", "classes", label), message, hint))


def _regions(draft: Draft, report: Report) -> None:
    """Every region of interest marks something."""
    parts, reader = need(draft.parts), need(draft.options.reader)
    for key, survey in parts.surveys.items():
        dataset: Dataset = draft.read("data", key)
        has_masks = dataset.label_coding(len(need(draft.classes))) is not None
        if has_masks and dataset.gives_regions and survey.folder:
            names = [sample.files[REGION] for sample in survey.samples]
            faults = region_faults(Path(survey.folder), names, reader)
            report.extend(diagnose(("data", key), draft, each) for each in faults)


def _duplicates(draft: Draft, report: Report) -> None:
    """No image is in two parts, or twice in one, under different names."""
    parts, reader = need(draft.parts), need(draft.options.reader)
    within: dict[str, list[str]] = defaultdict(list)
    across: dict[tuple[str, str], list[str]] = defaultdict(list)
    for group in same_bytes(_images(parts), reader):
        by_part: dict[str, list[PlacedImage]] = defaultdict(list)
        for image in group:
            by_part[image.part].append(image)
        for part, images in by_part.items():
            if len(images) > 1:
                within[_kind(part)].append(" = ".join(image.id for image in images[:5]))
        kinds = dict.fromkeys(map(_kind, by_part))
        if sum(_kind(part) == _FOLDS for part in by_part) > 1:
            told = [f"{by_part[part][0].id} ({part})" for part in by_part if _kind(part) == _FOLDS]
            across[_FOLDS, _FOLDS].append(" = ".join(told[:5]))
        for first, second in combinations(kinds, 2):
            one, other = (_one_of(by_part, kind) for kind in (first, second))
            across[first, second].append(f"{one.id} ({one.part}) = {other.id} ({other.part})")
    for (first, second), pairs in across.items():
        message = f"{counted(len(pairs), 'image')} of {_spoken(second)} {_are(pairs)} in "
        message += f"{_spoken(first)} under another name: {some_names(pairs)}"
        if first == second:
            message = f"{counted(len(pairs), 'image')} {_are(pairs)} in several folds under "
            message += f"another name: {some_names(pairs)}"
        hint = "their bytes are the same: take one of each pair away, with its mask"
        path = _key(second)
        related = ((_key(first), _spoken(first)),) if _key(first) != path else ()
        code = codes.LEAKED_IMAGES
        report.add(fault(code, path, message, hint, related=related, at_key=True))
    for part, groups in within.items():
        message = f"{_spoken(part)} holds {counted(len(groups), 'image')} more than once: "
        message += some_names(groups)
        hint = "their bytes are the same: keep one of each, with its mask"
        place = ("data", "train") if part == _FOLDS else _key(part)
        report.add(fault(codes.DUPLICATE_IMAGES, place, message, hint, at_key=True))


def _one_of(by_part: dict[str, list[PlacedImage]], kind: str) -> PlacedImage:
    return next(images[0] for part, images in by_part.items() if _kind(part) == kind)


def _images(parts: Parts) -> list[PlacedImage]:
    """The images with the part that each is in: of the training data its fold, where it has one."""
    members = {
        name: found for name, found in parts.samples.items() if not parts.folds or name == "test"
    }
    members |= {f"fold {at}": fold["valid"] for at, fold in enumerate(parts.folds, start=1)}
    return [
        image
        for part, samples in members.items()
        for image in placed(part, parts.surveys[parts.sources.get(part, "train")], samples)
    ]


def _kind(part: str) -> str:
    return _FOLDS if part.startswith("fold ") else part


def _spoken(kind: str) -> str:
    return "a fold" if kind == _FOLDS else f"the {kind} part"


def _key(kind: str) -> SpecPath:
    """Where a part of the data is written."""
    return ("data", "valid" if kind == _FOLDS else kind)


def _are(several: list[str]) -> str:
    return "is" if len(several) == 1 else "are"
