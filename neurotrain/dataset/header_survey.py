"""Headers of evenly spread samples, and what they tell that a listing cannot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from neurotrain.dataset.base import DataFault, SampleInfo
from neurotrain.dataset.faults import counted, some_names
from neurotrain.dataset.headers import Header, UnreadableImage
from neurotrain.dataset.pixels import Channels
from neurotrain.dataset.reader import FileReader


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderSurvey:
    """The headers of the image files that could be read, and the faults of all files read."""

    images: tuple[tuple[SampleInfo, Header], ...]
    faults: tuple[DataFault, ...]

    def known(self, channels: Channels) -> Mapping[str, SampleInfo]:
        """The samples whose header was read, completed, by id."""
        fixed = {"auto": None, "grey": 1, "rgb": 3}[channels]
        return {
            info.id: replace(
                info, size=(header.height, header.width), channels=fixed or header.channels
            )
            for info, header in self.images
        }


def spread(num_samples: int, max_headers: int | None) -> list[int]:
    """The indices of at most `max_headers` samples, evenly spread over the listing."""
    if max_headers is None or max_headers >= num_samples:
        return list(range(num_samples))
    return [index * num_samples // max_headers for index in range(max_headers)]


def read_headers(
    root: Path, infos: Sequence[SampleInfo], fields: tuple[str, ...], reader: FileReader
) -> HeaderSurvey:
    """Read the headers of all files of the samples; `fields` names the field of each file."""
    images = []
    unreadable: dict[str, list[str]] = defaultdict(list)
    mismatched: dict[str, list[str]] = defaultdict(list)
    for done, info in enumerate(infos, start=1):
        reader.tell("reading headers", done, len(infos))
        headers: dict[str, Header] = {}
        for field, name in zip(fields, info.files, strict=False):
            try:
                headers[field] = reader.header(root / name)
            except UnreadableImage as error:
                unreadable[field].append(f"{name} ({error.cause})")
        image = headers.pop(fields[0], None)
        if image is None:
            continue
        images.append((info, image))
        for field, header in headers.items():
            if (header.height, header.width) != (image.height, image.width):
                name = info.files[fields.index(field)]
                mismatched[field].append(f"{name} {_size(header)} for {info.id} {_size(image)}")
    faults = [_unreadable_fault(field, names) for field, names in unreadable.items()]
    faults += [_mismatch_fault(field, names) for field, names in mismatched.items()]
    return HeaderSurvey(images=tuple(images), faults=tuple(faults))


def channel_faults(channels: Channels, headers: HeaderSurvey) -> list[DataFault]:
    """The fault where images differ in their channels, or cannot become what is asked."""
    names: dict[int, list[str]] = defaultdict(list)
    for info, header in headers.images:
        names[header.channels].append(info.id)
    if channels == "auto":
        if len(names) < 2:
            return []
        groups = sorted(names.items(), key=lambda item: -len(item[1]))
        told = "; ".join(
            f"{counted(len(group), 'image')} with {counted(num, 'channel')}: {some_names(group)}"
            for num, group in groups
        )
        hint = "channels: rgb turns grey images into colour, channels: grey the reverse"
        return [_channel_fault(f"the images differ in their channels: {told}", hint)]
    odd = [name for num, group in sorted(names.items()) if num not in (1, 3) for name in group]
    if not odd:
        return []
    return [_channel_fault(f"images that cannot become {channels}: {some_names(odd)}", "")]


def _channel_fault(message: str, hint: str) -> DataFault:
    return DataFault(code="mixed-channels", field="channels", message=message, hint=hint)


def _unreadable_fault(field: str, names: list[str]) -> DataFault:
    return DataFault(
        code="unreadable-image",
        field=field,
        message=f"{counted(len(names), 'file')} cannot be read: {some_names(names)}",
    )


def _mismatch_fault(field: str, names: list[str]) -> DataFault:
    return DataFault(
        code="size-mismatch",
        field=field,
        message=(
            f"{counted(len(names), 'file')} of another size than the image "
            f"(height x width): {some_names(names)}"
        ),
        hint=(
            "export each mask in the size of its image as viewers show it (EXIF orientation "
            "applied)"
        ),
    )


def _size(header: Header) -> str:
    return f"{header.height}x{header.width}"
