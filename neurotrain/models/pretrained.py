"""First weights from a file: what a spec says of them, and what can be told without torch.

A file is what `torch.save` writes, or safetensors: eight bytes with the length of a JSON header,
the header with type, shape and place of each tensor, and the tensors one after the other
(https://github.com/huggingface/safetensors, "Format"). Neither runs code when it is read.
"""

from __future__ import annotations

import hashlib
import json
import math
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeGuard

import msgspec
from msgspec import Meta

from neurotrain.component.base import Options
from neurotrain.component.paths import PathText

SAFETENSORS_BYTES: Final[Mapping[str, int]] = {
    **{"F64": 8, "I64": 8, "F32": 4, "I32": 4},
    **{"F16": 2, "BF16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1},
}
"""The types of a safetensors file that are read, with the bytes of one number."""
_MAX_HEADER_BYTES: Final = 100_000_000
_BLOCK_BYTES: Final = 1 << 20


class UnusableWeights(Exception):
    """A file of weights that cannot be used; the text names the file and the cause."""


class NoSuchEntry(UnusableWeights):
    """A file without the entry that is asked for."""

    def __init__(self, text: str, names: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.names = names
        """The entries that it has."""


class Pretrained(Options, frozen=True, kw_only=True):
    """The first weights of the model, from a file that torch.save or safetensors wrote."""

    file: Annotated[PathText, Meta(description="The file with the weights; only read, never run")]
    entry: (
        Annotated[
            str,
            Meta(
                description="Entry of a torch file that holds the weights; by default "
                "model_state_dict, state_dict or model where there is one, else the whole file"
            ),
        ]
        | None
    ) = None
    rename: Annotated[
        dict[str, str],
        Meta(
            description="Beginnings of names in the file, and what stands in the model instead; "
            "of several the longest is replaced. {module.: ''} takes a prefix away"
        ),
    ] = msgspec.field(default_factory=dict)
    strict: Annotated[
        bool,
        Meta(
            description="Every weight of the model must be in the file and the other way round; "
            "false takes what matches in name and shape"
        ),
    ] = True

    def renamed(self, name: str) -> str:
        """What a weight of the file is called in the model."""
        fitting = [start for start in self.rename if name.startswith(start)]
        if not fitting:
            return name
        start = max(fitting, key=len)
        return self.rename[start] + name[len(start) :]


def survey_weights(path: Path) -> str:
    """The SHA-256 of a usable file.

    Raises:
        FileNotFoundError: there is none.
        UnusableWeights: it is of no known form, damaged or unreadable.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnusableWeights(f"{path.name} is no regular file")
        if not is_torch(path):
            header_of(path)
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnusableWeights(f"{path.name} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def is_torch(path: Path) -> bool:
    """Whether a file is an archive of `torch.save`.

    Raises:
        UnusableWeights: it is another or a damaged archive.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start != b"PK\x03\x04":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise UnusableWeights(f"{path.name} is a damaged archive: {error}") from error
    if not any(name.endswith("/data.pkl") for name in names):
        raise UnusableWeights(f"{path.name} is an archive, but not one of torch.save")
    return True


def header_of(path: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Where the tensors of a safetensors file begin, and each one's type, shape and place.

    Raises:
        UnusableWeights: the file is no safetensors file, or a damaged one.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
            raise UnusableWeights(f"{path.name} is neither of safetensors nor of torch.save")
        text = file.read(length)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnusableWeights(f"{path.name} is neither of safetensors nor of torch.save") from error
    if not isinstance(header, dict):
        raise UnusableWeights(f"the header of {path.name} is no map")
    header.pop("__metadata__", None)
    for name, entry in header.items():
        if not _is_sound(entry, size - 8 - length):
            raise UnusableWeights(f"{path.name}: the entry of '{name:.80}' is damaged or unknown")
    return 8 + length, header


def _is_sound(entry: object, num_bytes: int) -> bool:
    """Whether a tensor's type is known, and its place in the file and of its size."""
    if not isinstance(entry, dict):
        return False
    shape, place = entry.get("shape"), entry.get("data_offsets")
    width = SAFETENSORS_BYTES.get(str(entry.get("dtype")))
    if width is None or not _are_counts(shape) or not _are_counts(place) or len(place) != 2:
        return False
    first, last = place
    return bool(last <= num_bytes and last - first == width * math.prod(shape))


def _are_counts(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(each) is int and each >= 0 for each in value)
