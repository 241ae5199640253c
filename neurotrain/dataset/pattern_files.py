"""The files of a dataset's pattern, or the fault that says why there are none."""

from __future__ import annotations

from pathlib import Path

from neurotrain.dataset.base import DataFault
from neurotrain.dataset.faults import counted, some_names
from neurotrain.dataset.listing import BadPattern, FoundFile, list_files
from neurotrain.dataset.no_match import no_match


def files_of_pattern(
    root: Path, field: str, pattern: str
) -> tuple[tuple[FoundFile, ...], list[DataFault]]:
    """The files that a field's pattern matches, and the faults where it matches none."""
    try:
        listing = list_files(root, pattern)
    except BadPattern as error:
        text, _, hint = str(error).partition("; ")
        return (), [DataFault(code="missing-files", field=field, message=text, hint=hint)]
    except OSError as error:
        text = f"the folder {error.filename} cannot be listed ({error.strerror})"
        return (), [DataFault(code="missing-files", field=field, message=text)]
    faults = []
    if listing.dead_links:
        text = (
            f"{counted(len(listing.dead_links), 'file')} of '{pattern}' are links to nothing: "
            f"{some_names(listing.dead_links)}"
        )
        hint = "fetch the data (git-annex get, dvc pull), or remove the links"
        faults.append(DataFault(code="missing-files", field=field, message=text, hint=hint))
    elif not listing.files:
        faults.append(no_match(root, field, pattern))
    return listing.files, faults
