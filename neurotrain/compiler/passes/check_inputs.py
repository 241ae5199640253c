"""Check that the images to predict are there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from neurotrain.compiler.codes import data as codes
from neurotrain.compiler.draft import Draft, attempt, fault
from neurotrain.dataset.files import InputsNotFound, list_inputs, pair_regions
from neurotrain.language.diagnostics import Report
from neurotrain.transforms.fixed import Normalize


def check_inputs(draft: Draft, report: Report) -> Draft:
    """Find the files that `predict.input` stands for.

    `input: imgs/*.png` where nothing matches is answered by `missing-files` at the pattern.
    """
    predict = draft.read("predict")
    if predict is None or draft.kind.reads_text:
        return draft
    key, pattern = "input", predict.input
    try:
        files = list_inputs(draft.resolver, predict.input)
        draft = replace(draft, inputs=_digest(files))
        if predict.roi is not None:
            key, pattern = "roi", predict.roi
            pair_regions(draft.resolver, files, predict.roi)
    except InputsNotFound as error:
        if draft.options.no_data and error.is_absent:
            return replace(draft, absent=(*draft.absent, f"predict.{key}"))
        unset = draft.resolver.unset_variables(pattern)
        hint = f"set {' and '.join(unset)} to where the data lies" if unset else ""
        message, _, better = str(error).partition("; ")
        report.add(fault(codes.MISSING_FILES, ("predict", key), message, hint or better))
    attempt(_region, draft, report)
    return draft


def _digest(files: Iterable[Path]) -> str:
    named = sorted(f"{file.name} {file.stat().st_size}" for file in files)
    return hashlib.sha256("\n".join(named).encode()).hexdigest()


def _region(draft: Draft, report: Report) -> None:
    """What was normalised inside a region in training is so in prediction."""
    trained_inside = draft.has("data", "train", "roi") and any(
        isinstance(transform, Normalize) and transform.inside_roi
        for transform in draft.read("data", "transforms", "eval")
    )
    if trained_inside and draft.read("predict").roi is None:
        message = "training normalises inside the region of interest, prediction has none"
        hint = "add roi: with the pattern of the regions, or write {type: normalize, "
        hint += "inside_roi: false}"
        related = ((("data", "train", "roi"), "the region in training"),)
        code = codes.REGION_MISSING
        report.add(fault(code, ("predict",), message, hint, related=related, at_key=True))
