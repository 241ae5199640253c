"""Check that the images to predict are there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from neurotrain.compiler.codes import components as component_codes
from neurotrain.compiler.codes import data as codes
from neurotrain.compiler.draft import Draft, attempt, fault
from neurotrain.compiler.passes.survey_data import diagnose
from neurotrain.component.base import tag_of
from neurotrain.dataset.base import DataFault, SampleInfo
from neurotrain.dataset.faults import counted, some_names
from neurotrain.dataset.files import InputsNotFound, list_inputs, pair_regions
from neurotrain.dataset.header_survey import HeaderSurvey, read_headers, spread
from neurotrain.dataset.label_survey import region_faults
from neurotrain.dataset.reader import FileReader
from neurotrain.language.diagnostics import Report
from neurotrain.models.base import Model
from neurotrain.transforms.base import Shape
from neurotrain.transforms.fixed import Normalize


def check_inputs(draft: Draft, report: Report) -> Draft:
    """Find the files that `predict.input` stands for; the model has to take every one.

    `input: imgs/*.png` where nothing matches is answered by `missing-files` at the pattern.
    """
    predict = draft.read("predict")
    if predict is None or draft.kind.reads_text:
        return draft
    key, pattern = "input", predict.input
    regions: Mapping[Path, Path] = {}
    try:
        files = list_inputs(draft.resolver, predict.input)
        draft = replace(draft, inputs=_digest(files))
        if predict.roi is not None:
            key, pattern = "roi", predict.roi
            found = pair_regions(draft.resolver, files, predict.roi)
            regions = found if tag_of(draft.kind) == "segmentation" else {}
        draft = _with_headers(draft, report, files, regions)
    except InputsNotFound as error:
        if draft.options.no_data and error.is_absent:
            return replace(draft, absent=(*draft.absent, f"predict.{key}"))
        unset = draft.resolver.unset_variables(pattern)
        hint = f"set {' and '.join(unset)} to where the data lies" if unset else ""
        message, _, better = str(error).partition("; ")
        report.add(fault(codes.MISSING_FILES, ("predict", key), message, hint or better))
    for check in (_region, _sizes):
        attempt(check, draft, report)
    return replace(draft, input_sizes=()) if report.taints(("predict", "input")) else draft


def _with_headers(
    draft: Draft, report: Report, files: Sequence[Path], regions: Mapping[Path, Path]
) -> Draft:
    """Read the headers of the images, and the regions of interest where whole files are read."""
    pairs = [(str(file), *([str(regions[file])] if regions else ())) for file in files]
    infos = [SampleInfo(id=pair[0], files=pair, file_bytes=()) for pair in pairs]
    chosen = [infos[index] for index in spread(len(infos), draft.options.max_headers)]
    reader = draft.options.reader
    headers = read_headers(Path(), chosen, ("input", "roi"), reader or FileReader())
    faults = [*headers.faults, *_channel_faults(draft.raw_channels, headers)]
    if reader is not None and regions and not headers.faults:
        faults += region_faults(Path(), [info.files[1] for info in infos], reader)
    report.extend(diagnose(("predict",), draft, each) for each in faults)
    sizes = sorted({(header.height, header.width) for _, header in headers.images})
    return replace(draft, input_sizes=tuple(sizes))


def _channel_faults(trained: int | None, headers: HeaderSurvey) -> list[DataFault]:
    """The fault where images cannot become what the model was trained on."""
    if trained is None:
        return []
    fitting = (1, 3) if trained in (1, 3) else (trained,)
    odd = [info.id for info, header in headers.images if header.channels not in fitting]
    if not odd:
        return []
    message = f"{counted(len(odd), 'image')} cannot become one with "
    message += f"{counted(trained, 'channel')}, as in training: {some_names(odd)}"
    return [DataFault(code="mixed-channels", field="input", message=message)]


def _sizes(draft: Draft, report: Report) -> None:
    """A model that needs one size gets it in prediction as well, and no image is too small."""
    model: Model = draft.read("model")
    for size in draft.input_sizes:
        shape = Shape(1, size)
        for transform in draft.read("data", "transforms", "eval"):
            shape = transform.shape(shape)
        if shape.size is None:
            continue
        told = f"{shape.size[0]}x{shape.size[1]} pixels"
        sides = [-(-side // model.divisor) * model.divisor for side in shape.size]
        if model.needs_size and draft.image_size not in (None, shape.size):
            message = f"'{tag_of(model)}' needs images of one size; some to predict have {told}"
            hint = "write {type: resize, size: [height, width]} in both lists of transforms"
            code = component_codes.TRANSFORMS_DIFFER
        elif min(sides) < model.min_side and draft.read("test", "sliding_window") is None:
            message = f"'{tag_of(model)}' needs images of at least {model.min_side} pixels a side; "
            message += f"some to predict have {told}"
            hint, code = "take them away, or resize images in both lists", codes.IMAGE_TOO_SMALL
        else:
            continue
        report.add(fault(code, ("predict", "input"), message, hint))
        return


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
