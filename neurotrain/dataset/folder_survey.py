"""The survey of class folders: names, listing and headers; decodes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import DataFault, SampleInfo, Survey
from neurotrain.dataset.faults import counted, resolved_root, some_names
from neurotrain.dataset.groups import with_groups
from neurotrain.dataset.header_survey import channel_faults, read_headers, spread
from neurotrain.dataset.headers import EXTENSIONS
from neurotrain.dataset.listing import PLACEHOLDER, is_leftover
from neurotrain.dataset.pattern_files import files_of_pattern
from neurotrain.dataset.reader import FileReader

if TYPE_CHECKING:
    from neurotrain.dataset.image_folder import ImageFolder


def survey_folders(
    component: ImageFolder, resolver: Resolver, *, max_headers: int | None, reader: FileReader
) -> Survey:
    """List the class folders and read the headers of evenly spread samples."""
    root = resolved_root(resolver, component.root)
    if isinstance(root, DataFault):
        return Survey(samples=(), faults=(root,))
    if PLACEHOLDER in component.pattern:
        text, hint = f"{PLACEHOLDER} pairs images with masks; here is nothing to pair", "use *"
        fault = DataFault(code="missing-files", field="pattern", message=text, hint=hint)
        return Survey(samples=(), faults=(fault,))
    try:
        classes, stray = _folders(root)
    except OSError as error:
        text = f"the folder {root} cannot be listed ({error.strerror})"
        fault = DataFault(code="missing-files", field="root", message=text)
        return Survey(samples=(), faults=(fault,))
    faults = _folder_faults(root, classes, stray)
    infos, listing_faults = _infos(root, classes, component.pattern)
    chosen = spread(len(infos), max_headers)
    headers = read_headers(root, [infos[index] for index in chosen], ("pattern",), reader)
    known = headers.known(component.channels)
    samples, group_faults = with_groups(
        tuple(known.get(info.id, info) for info in infos), component.group_by
    )
    return Survey(
        samples=samples,
        classes=classes,
        faults=(
            *faults,
            *listing_faults,
            *headers.faults,
            *channel_faults(component.channels, headers),
            *group_faults,
        ),
        num_headers_read=len(chosen),
        origin=str(root),
        folder=str(root),
    )


def _folders(root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The class folders in label order, and the images that lie beside them."""
    folders, stray = [], []
    with os.scandir(root) as entries:
        for entry in entries:
            if is_leftover(entry.name):
                continue
            if entry.is_dir():
                folders.append(entry.name)
            elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS:
                stray.append(entry.name)
    are_numbers = all(name.isascii() and name.isdigit() for name in folders)
    ordered = sorted(folders, key=lambda name: (int(name) if are_numbers else 0, name))
    return tuple(ordered), tuple(sorted(stray))


def _folder_faults(root: Path, classes: tuple[str, ...], stray: tuple[str, ...]) -> list[DataFault]:
    faults = []
    if stray:
        text = f"{counted(len(stray), 'image')} beside the class folders: {some_names(stray)}"
        hint = "an image's class is the name of its folder; move or remove them"
        faults.append(DataFault(code="unpaired-images", field="root", message=text, hint=hint))
    if len(classes) < 2:
        held = f"only the folder '{classes[0]}'" if classes else "no folders"
        text = f"{root} has {held}; a classification needs at least two classes"
        hint = "root is the folder that holds one folder a class"
        faults.append(DataFault(code="too-few-classes", field="root", message=text, hint=hint))
    return faults


def _infos(
    root: Path, classes: tuple[str, ...], pattern: str
) -> tuple[tuple[SampleInfo, ...], list[DataFault]]:
    """The samples of all classes in order of their ids."""
    infos: list[SampleInfo] = []
    faults: list[DataFault] = []
    for label, name in enumerate(classes):
        files, class_faults = files_of_pattern(root / name, "pattern", pattern)
        faults += class_faults
        infos += (
            SampleInfo(
                id=f"{name}/{file.name}",
                files=(f"{name}/{file.name}",),
                file_bytes=(file.num_bytes,),
                label=label,
            )
            for file in files
        )
    return tuple(sorted(infos, key=lambda info: info.id)), _merged(faults)


def _merged(faults: list[DataFault]) -> list[DataFault]:
    """One fault where the pattern itself is wrong and every class would repeat it."""
    return list(dict.fromkeys(faults))
