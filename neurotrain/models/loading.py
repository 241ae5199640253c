"""Weights from a file into a network, and what did and did not match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neurotrain.models.pretrained import (
    NoSuchEntry,
    Pretrained,
    UnusableWeights,
    header_of,
    is_torch,
)

if TYPE_CHECKING:
    import torch
    from torch import nn

_ENTRIES: Final = ("model_state_dict", "state_dict", "model")


class WeightsDoNotFit(Exception):
    """The weights of a file are not those of the network; the text says which, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How the weights of a file fit a network; names are those of the network."""

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    """Weights of the network that the file lacks; they keep their first values."""
    unexpected: tuple[str, ...]
    """Weights of the file that the network lacks."""
    mismatched: tuple[str, ...]
    """Weights of another shape, as `name: (3, 2) in the file, (4, 2) in the model`."""

    @property
    def is_whole(self) -> bool:
        """Whether everything matched."""
        return not (self.missing or self.unexpected or self.mismatched)

    def __str__(self) -> str:
        told = [f"{len(self.matched)} matched"]
        for what, names in (
            ("of another shape", self.mismatched),
            ("not in the file", self.missing),
            ("not in the model", self.unexpected),
        ):
            if names:
                more = f" and {len(names) - 3} more" if len(names) > 3 else ""
                told.append(f"{len(names)} {what}: {', '.join(names[:3])}{more}")
        return "; ".join(told)


def load_pretrained(model: nn.Module, file: Path | str, options: Pretrained | None = None) -> Fit:
    """Put the weights of a file into a network; `options.file` is not looked at.

    Raises:
        FileNotFoundError: there is no such file.
        UnusableWeights: it holds no weights, or is damaged.
        WeightsDoNotFit: nothing matches, or with `strict` not everything; the network is as before.
    """
    path = Path(file)
    given, fit = fitting(model, path, options or Pretrained(file=str(path)))
    model.load_state_dict({name: given[name] for name in fit.matched}, strict=False)
    return fit


def fitting(
    model: nn.Module, path: Path, options: Pretrained
) -> tuple[dict[str, torch.Tensor], Fit]:
    """The weights of a file by the network's names, and how they fit; a network on `meta` will do.

    Raises:
        FileNotFoundError: there is no such file.
        UnusableWeights: it holds no weights, or is damaged.
        WeightsDoNotFit: nothing matches, or with `strict` not everything.
    """
    weights = read_weights(path, options)
    given = {options.renamed(name): value for name, value in weights.items()}
    if len(given) < len(weights):
        raise WeightsDoNotFit(f"pretrained.rename gives two weights of {path.name} one name")
    own = model.state_dict()
    fit = compare(given, own)
    hint = "rename them with pretrained.rename, or take what matches with strict: false"
    if not fit.matched:
        shown = f"the file has {', '.join(list(given)[:3])}, the model {', '.join(list(own)[:3])}"
        raise WeightsDoNotFit(f"no weight of {path.name} is one of the model: {shown}; {hint}")
    if options.strict and not fit.is_whole:
        raise WeightsDoNotFit(f"the weights of {path.name} are not the model's: {fit}; {hint}")
    return given, fit


def compare(given: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]) -> Fit:
    """What of the given weights fits a network's own, by name and shape; meta tensors will do."""
    shared = [name for name in own if name in given]
    differing = [name for name in shared if given[name].shape != own[name].shape]
    return Fit(
        matched=tuple(name for name in shared if name not in differing),
        missing=tuple(name for name in own if name not in given),
        unexpected=tuple(name for name in given if name not in own),
        mismatched=tuple(
            f"{name}: {tuple(given[name].shape)} in the file, {tuple(own[name].shape)} in the model"
            for name in differing
        ),
    )


def read_weights(path: Path, options: Pretrained) -> dict[str, torch.Tensor]:
    """The tensors of a file by their names in it, on the CPU.

    Raises:
        FileNotFoundError: there is no such file.
        UnusableWeights: it holds no weights, or is damaged.
    """
    if not is_torch(path):
        if options.entry is not None:
            raise NoSuchEntry(f"{path.name} is of safetensors, which has no entries")
        return _read_safetensors(path)
    found = _entry(_read_torch(path), options.entry, path)
    weights = {str(name): value for name, value in found.items() if _is_tensor(value)}
    if not weights:
        raise UnusableWeights(f"{path.name} holds no weights; its keys are {_few(found)}")
    return weights


def _read_torch(path: Path) -> Mapping[Any, Any]:
    import pickle

    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        cause = " ".join(str(error).split())[:200]
        text = f"{path.name} cannot be read without running code from it, or is damaged: {cause}"
        raise UnusableWeights(text) from error
    if not isinstance(found, Mapping):
        raise UnusableWeights(f"{path.name} holds a {type(found).__name__}, not weights by name")
    return found


def _entry(found: Mapping[Any, Any], entry: str | None, path: Path) -> Mapping[Any, Any]:
    """The map of weights in what a file holds."""
    names = _ENTRIES if entry is None else (entry,)
    for name in names:
        if isinstance(found.get(name), Mapping):
            inner: Mapping[Any, Any] = found[name]
            return inner
    if entry is not None:
        text = f"{path.name} has no entry '{entry}'; it has {_few(found)}"
        inner_maps = (str(name) for name, value in found.items() if isinstance(value, Mapping))
        raise NoSuchEntry(text, tuple(inner_maps))
    return found


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    import torch

    types = {
        "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
        "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
        "U8": torch.uint8, "BOOL": torch.bool,
    }  # fmt: skip
    start, header = header_of(path)
    content = path.read_bytes()[start:]
    weights = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        kind = types[entry["dtype"]]
        if first == last:
            weights[name] = torch.empty(entry["shape"], dtype=kind)
        else:
            part = bytearray(content[first:last])
            weights[name] = torch.frombuffer(part, dtype=kind).reshape(entry["shape"])
    if not weights:
        raise UnusableWeights(f"{path.name} holds no weights")
    return weights


def _is_tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _few(found: Mapping[Any, Any]) -> str:
    names = [str(name) for name in found]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
