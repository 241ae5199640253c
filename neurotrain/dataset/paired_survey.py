"""The survey of paired images: listing, pairing and headers; decodes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import DataFault, SampleInfo, Survey
from neurotrain.dataset.faults import counted, resolved_root, some_names
from neurotrain.dataset.groups import with_groups
from neurotrain.dataset.header_survey import HeaderSurvey, channel_faults, read_headers, spread
from neurotrain.dataset.listing import PLACEHOLDER, FoundFile
from neurotrain.dataset.pairing import Pairing, pair_files
from neurotrain.dataset.pattern_files import files_of_pattern
from neurotrain.dataset.reader import FileReader

if TYPE_CHECKING:
    from neurotrain.dataset.paired_images import PairedImages

_MAX_GROUP: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listings:
    """The files of each pattern, and what was wrong with it."""

    images: tuple[FoundFile, ...]
    masks: tuple[FoundFile, ...]
    roi: tuple[FoundFile, ...] | None
    faults: tuple[DataFault, ...]


def survey_pairs(
    component: PairedImages,
    resolver: Resolver,
    *,
    max_headers: int | None,
    num_classes: int,
    reader: FileReader,
) -> Survey:
    """List and pair the files and read the headers of evenly spread samples."""
    faults = [*_label_faults(component, num_classes), *_placeholder_faults(component)]
    root = resolved_root(resolver, component.root)
    if isinstance(root, DataFault):
        return Survey(samples=(), faults=(*faults, root))
    listings = _listings(component, root)
    faults += listings.faults
    if not listings.images or not listings.masks or _placeholder_faults(component):
        return Survey(samples=(), faults=tuple(faults))
    masks = pair_files(listings.images, listings.masks, component.pair_by)
    faults += _pairing_faults("masks", "mask", listings.images, masks)
    regions = None
    if listings.roi:
        regions = pair_files(listings.images, listings.roi, component.pair_by)
        faults += _pairing_faults("roi", "region of interest", listings.images, regions)
    infos = _infos(listings.images, masks, regions)
    chosen = spread(len(infos), max_headers)
    fields = ("images", "masks", "roi")
    headers = read_headers(root, [infos[index] for index in chosen], fields, reader)
    faults += headers.faults
    faults += channel_faults(component.channels, headers)
    samples, group_faults = with_groups(
        _with_headers(component, infos, headers), component.group_by
    )
    faults += group_faults
    return Survey(
        samples=samples,
        faults=tuple(faults),
        num_headers_read=len(chosen),
        origin=str(root),
        folder=str(root),
    )


def _label_faults(component: PairedImages, num_classes: int) -> list[DataFault]:
    values, threshold = component.label_values, component.mask_threshold
    if threshold is not None and values is not None:
        text, hint = "mask_threshold and label_values exclude each other", "keep one of them"
        return [DataFault(code="label-values", field="mask_threshold", message=text, hint=hint)]
    if threshold is not None and num_classes > 2:
        text = f"mask_threshold makes two classes, but the task has {num_classes}"
        hint = "use label_values: the grey value of each class"
        return [DataFault(code="label-values", field="mask_threshold", message=text, hint=hint)]
    if values is None:
        return []
    if len(set(values)) < len(values):
        text = f"label_values {list(values)} names a value twice"
        return [DataFault(code="label-values", field="label_values", message=text)]
    if num_classes and len(values) != num_classes:
        text = f"label_values has {counted(len(values), 'value')}, the task {num_classes} classes"
        hint = "write the value of each class in class order, background first"
        return [DataFault(code="label-values", field="label_values", message=text, hint=hint)]
    return []


def _placeholder_faults(component: PairedImages) -> list[DataFault]:
    patterns = _patterns(component)
    without = [field for field, pattern in patterns.items() if PLACEHOLDER not in pattern]
    if len(without) == len(patterns):
        return []
    if without:
        return [
            DataFault(
                code="ambiguous-pairs",
                field=without[0],
                message=f"{' and '.join(without)} lacks {PLACEHOLDER}, other patterns have it",
                hint=f"put {PLACEHOLDER} into every pattern, or into none",
            )
        ]
    if component.pair_by == "auto":
        return []
    text = f"pair_by: {component.pair_by} has no effect beside {PLACEHOLDER}"
    return [DataFault(code="ambiguous-pairs", field="pair_by", message=text, hint="remove pair_by")]


def _patterns(component: PairedImages) -> dict[str, str]:
    patterns = {"images": component.images, "masks": component.masks}
    return patterns if component.roi is None else {**patterns, "roi": component.roi}


def _listings(component: PairedImages, root: Path) -> _Listings:
    """The files of each pattern; what masks and roi match is no image."""
    found: dict[str, tuple[FoundFile, ...]] = {}
    faults: list[DataFault] = []
    patterns = _patterns(component)
    for field, pattern in patterns.items():
        found[field], fault = files_of_pattern(root, field, pattern)
        faults += fault
    masks, roi = found["masks"], found.get("roi")
    taken = {file.name for file in (*masks, *(roi or ()))}
    images = tuple(file for file in found["images"] if file.name not in taken)
    if found["images"] and not images:
        same = [key for key, pattern in patterns.items() if pattern == component.images]
        field = same[-1]
        text = f"every file that '{component.images}' matches is matched by masks or roi too"
        hint = "state patterns that tell images from masks, such as images/*.png and masks/*.png"
        if field != "images":
            text = f"{field} has the same pattern as images, '{component.images}'"
            hint = f"write the pattern of the {field}, such as {field}/*.png"
        faults.append(DataFault(code="missing-files", field=field, message=text, hint=hint))
    return _Listings(images=images, masks=masks, roi=roi, faults=tuple(faults))


def _pairing_faults(
    field: str, noun: str, images: tuple[FoundFile, ...], pairing: Pairing
) -> list[DataFault]:
    hint = f"{PLACEHOLDER} in every pattern states the pairing: images/{PLACEHOLDER}.png"
    if not pairing.partners and not pairing.ambiguous:
        text = (
            f"no image could be paired with a {noun}: "
            f"such as {images[0].name} and {pairing.unused[0]}"
        )
        return [DataFault(code="unpaired-images", field=field, message=text, hint=hint)]
    faults = []
    if pairing.alone:
        text = (
            f"{counted(len(pairing.alone), 'image')} of {len(images):,} without a {noun} "
            f"(paired by {pairing.rule}): {some_names(pairing.alone)}"
        )
        remedy = f"add each missing {noun}, or take the image away; {hint}"
        faults.append(DataFault(code="unpaired-images", field=field, message=text, hint=remedy))
    if pairing.unused:
        text = (
            f"{counted(len(pairing.unused), 'file')} of {field} without an image "
            f"(paired by {pairing.rule}): {some_names(pairing.unused)}"
        )
        remedy = f"add the images, or take these files away; {hint}"
        faults.append(DataFault(code="unpaired-images", field=field, message=text, hint=remedy))
    if pairing.ambiguous:
        groups = [" = ".join(names[:_MAX_GROUP]) for names in pairing.ambiguous]
        text = (
            f"{counted(len(groups), 'group')} of files could be paired in more than one way: "
            f"{some_names(groups)}"
        )
        faults.append(DataFault(code="ambiguous-pairs", field=field, message=text, hint=hint))
    return faults


def _infos(
    images: tuple[FoundFile, ...], masks: Pairing, regions: Pairing | None
) -> tuple[SampleInfo, ...]:
    """The complete samples in order of their ids."""
    infos = []
    for image in images:
        mask = masks.partners.get(image.name)
        region = None if regions is None else regions.partners.get(image.name)
        if mask is None or (regions is not None and region is None):
            continue
        files: tuple[str, ...] = (image.name, mask.name)
        file_bytes: tuple[int, ...] = (image.num_bytes, mask.num_bytes)
        if region is not None:
            files, file_bytes = (*files, region.name), (*file_bytes, region.num_bytes)
        infos.append(SampleInfo(id=image.name, files=files, file_bytes=file_bytes))
    return tuple(infos)


def _with_headers(
    component: PairedImages, infos: tuple[SampleInfo, ...], headers: HeaderSurvey
) -> tuple[SampleInfo, ...]:
    known: Mapping[str, SampleInfo] = headers.known(component.channels)
    return tuple(known.get(info.id, info) for info in infos)
