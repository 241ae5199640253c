"""Check the parts of the data against each other: no file and no group in two of them."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Final

from neurotrain.compiler.codes import data as codes
from neurotrain.compiler.draft import Draft, attempt, fault, need
from neurotrain.component.base import tag_of
from neurotrain.dataset.base import Folds, Holdout, Survey
from neurotrain.dataset.duplicates import identities
from neurotrain.dataset.faults import counted, some_names
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath

_PARTS: Final = {"train": "training", "valid": "validation", "test": "test"}
_UNEVEN: Final = 0.5
"""By which share of a fraction a part may differ from it without a word."""


def check_splits(draft: Draft, report: Report) -> Draft:
    """Report samples and groups that are in two parts, and groups that nothing looks at.

    `test` with the folder of `train` is answered by `same-data` at `test`.
    """
    checks = (
        _rare,
        _same_data,
        _shared_groups,
        _unused_groups,
        _uneven,
        _uneven_folds,
        _batch,
        _one_by_one,
    )
    for check in checks:
        attempt(check, draft, report)
    return draft


def _same_data(draft: Draft, report: Report) -> None:
    surveys = need(draft.parts).surveys
    if len(surveys) < 2:
        return
    known = {key: identities(survey) for key, survey in surveys.items()}
    for first, second in combinations(known, 2):
        shared = sorted(known[second][each] for each in known[first].keys() & known[second].keys())
        if not shared:
            continue
        noun = "samples" if not draft.kind.reads_text else "files"
        message = f"{len(shared)} of the {second} {noun} are {_PARTS[first]} {noun}: "
        message += some_names(shared)
        hint = f"name other data, or hold a part out: {second}: {{fraction: 0.2}}"
        related = ((("data", first), f"the {_PARTS[first]} data"),)
        code, path = codes.SAME_DATA, ("data", second)
        report.add(fault(code, path, message, hint, related=related, at_key=True))


def _shared_groups(draft: Draft, report: Report) -> None:
    """No group is in two datasets; the same file in both is told as that."""
    for first, second in combinations(_grouped(draft), 2):
        surveys = need(draft.parts).surveys
        known, others = _by_group(surveys[first], surveys[second])
        shared = [
            f"'{group}' ({known[group]}, {others[group]})" for group in sorted(known)
            if group in others
        ]  # fmt: skip
        if shared:
            message = f"{counted(len(shared), 'group')} of the {_PARTS[second]} data "
            message += (
                f"{'is' if len(shared) == 1 else 'are'} in the {_PARTS[first]} data as well: "
            )
            message += some_names(shared)
            hint = "move all images of a group into one of them; where equal names are different "
            hint += "patients, let {group} stand for more of the name"
            path = ("data", second, "group_by")
            related = ((("data", first, "group_by"), f"the groups of the {_PARTS[first]} data"),)
            report.add(fault(codes.SHARED_GROUP, path, message, hint, related=related))


def _by_group(first: Survey, second: Survey) -> tuple[dict[str, str], dict[str, str]]:
    """A sample of each group of both, by the group, without the files that are in both."""
    one, other = identities(first), identities(second)
    same = one.keys() & other.keys()
    found = []
    for survey, known in ((first, one), (second, other)):
        shared_ids = {known[identity] for identity in same}
        members = reversed([s for s in survey.samples if s.id not in shared_ids])
        found.append({sample.group: sample.id for sample in members if sample.group is not None})
    return found[0], found[1]


def _unused_groups(draft: Draft, report: Report) -> None:
    grouped = _grouped(draft)
    held = [draft.read("data", key) for key in ("valid", "test")]
    holds_out = any(isinstance(each, (Holdout, Folds)) for each in held)
    if len(grouped) != 1 or (grouped == ["train"] and holds_out):
        return
    message = "group_by has no effect: nothing is held out of this dataset, and no other dataset "
    message += "states its groups"
    hint = "write group_by beside every dataset whose patients are to be compared, or leave it out"
    path = ("data", grouped[0], "group_by")
    report.add(fault(codes.UNUSED_GROUP, path, message, hint))


def _uneven(draft: Draft, report: Report) -> None:
    """A part is about as large as its fraction says."""
    samples = need(draft.parts).samples
    if "train" not in _grouped(draft) or report.taints(("data", "train")):
        return
    whole = need(draft.parts).surveys["train"].samples
    num_groups = len({sample.group for sample in whole})
    for key in ("valid", "test"):
        holdout = draft.read("data", key)
        if not isinstance(holdout, Holdout):
            continue
        share = len(samples[key]) / len(whole)
        if abs(share - holdout.fraction) > _UNEVEN * holdout.fraction:
            message = f"the {key} part has {len(samples[key]):,} of {len(whole):,} images, a share "
            message += f"of {share:.2g}: the {num_groups:,} groups cannot be divided better"
            hint = f"write fraction: {share:.2g}, or group_by with smaller groups"
            path = ("data", key, "fraction")
            related = ((("data", "train", "group_by"), "the groups"),)
            report.add(fault(codes.UNEVEN_SPLIT, path, message, hint, related=related))


def _uneven_folds(draft: Draft, report: Report) -> None:
    """Folds of whole groups are about as large as one another."""
    folds = need(draft.parts).folds
    if not folds or "train" not in _grouped(draft) or report.taints(("data", "train")):
        return
    sizes = need(draft.parts).num_samples("valid")
    mean = sum(sizes) / len(sizes)
    if min(sizes) > 0 and max(abs(size - mean) for size in sizes) > _UNEVEN * mean:
        groups = {sample.group for fold in folds for sample in fold["valid"]}
        message = f"the folds have {min(sizes):,} to {max(sizes):,} images: each of "
        message += f"{len(groups):,} groups stays whole, and every fold gets groups of each class"
        path, related = ("data", "train", "group_by"), "the groups"
        hint = "take fewer folds, or group_by with smaller groups"
        report.add(
            fault(codes.UNEVEN_SPLIT, ("data", "valid", "folds"), message, hint,
                  related=((path, related),))
        )  # fmt: skip


def _rare(draft: Draft, report: Report) -> None:
    """Every class is in every fold."""
    parts = need(draft.parts)
    classes = need(draft.classes)
    if not parts.folds or report.taints(("data", "train")):
        return
    known = Counter(one.label for one in parts.samples["train"] if one.label is not None)
    rare = [name for label, name in enumerate(classes) if 0 < known[label] < len(parts.folds)]
    if rare:
        first = known[classes.index(rare[0])]
        message = f"the class '{rare[0]}' has {counted(first, 'sample')} for {len(parts.folds)} "
        message += "folds, so that some of them cannot measure it"
        message += f"; so has {some_names(rare[1:])}" if len(rare) > 1 else ""
        hint = f"write folds: {first}, or take more data" if first > 1 else "take more data of it"
        report.add(fault(codes.RARE_CLASS, ("data", "valid", "folds"), message, hint))


def _one_by_one(draft: Draft, report: Report) -> None:
    """What serves one training alone is not to train all folds."""
    valid = draft.read("data", "valid")
    if not isinstance(valid, Folds) or not valid.is_whole:
        return
    reasons: list[tuple[SpecPath, str]] = []
    if draft.has("engine") and tag_of(draft.read("engine")) == "deepspeed":
        reasons.append((("engine",), "DeepSpeed's processes serve one training"))
    if draft.has("data", "curriculum"):
        reasons.append((("data", "curriculum"), "a curriculum serves one training"))
    if draft.kind.reads_text:
        reasons.append((("task",), "a language model is not averaged over folds"))
    for path, reason in reasons[:1]:
        message = f"{valid.folds} folds are not trained in one run here: {reason}"
        hint = f"write {{folds: {valid.folds}, fold: 1}}, and a run for each of the others"
        place = ("data", "valid", "folds")
        report.add(fault(codes.ONE_FOLD_AT_A_TIME, place, message, hint, related=((path, "this"),)))


def _batch(draft: Draft, report: Report) -> None:
    """No stated batch of the evaluation is larger than a part."""
    if not draft.has("test", "batch"):
        return
    batch, samples = draft.read("test", "batch"), need(draft.parts).samples
    parts = need(draft.parts)
    sizes = {key: min(parts.num_samples(key)) for key in ("valid", "test") if key in samples}
    small = {key: num for key, num in sizes.items() if 0 < num < batch}
    if small:
        held = " and ".join(f"{num:,} in {key}" for key, num in small.items())
        message = f"a batch of {batch:,} is larger than what is evaluated: {held}"
        hint = f"write batch: {min(small.values())}"
        report.add(fault(codes.BATCH_EXCEEDS_PART, ("test", "batch"), message, hint))


def _grouped(draft: Draft) -> list[str]:
    """The datasets that tell groups."""
    surveys = need(draft.parts).surveys
    return [key for key in surveys if any(s.group is not None for s in surveys[key].samples[:1])]
