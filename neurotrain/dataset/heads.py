"""The heads of a network that learns several tasks: which outputs and which targets are whose.

The outputs of all heads stand side by side in one tensor (B, K), the targets in another (B, T):
a class as its index, numbers as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from neurotrain.component.base import Options
from neurotrain.dataset.targets import Target

if TYPE_CHECKING:
    import torch


class LearnedHead(Options, frozen=True, kw_only=True):
    """One task of several: a class, or numbers."""

    name: Annotated[str, Meta(description="The task's name")]
    classes: Annotated[
        tuple[str, ...],
        Meta(description="Class names in label order; empty where numbers are predicted"),
    ] = ()
    targets: Annotated[
        tuple[Target, ...], Meta(description="The numbers in the order of the outputs")
    ] = ()

    @property
    def num_outputs(self) -> int:
        """Channels of its output: one for two classes, else one a class or number."""
        num = len(self.classes)
        return 1 if num == 2 else num or len(self.targets)

    @property
    def num_columns(self) -> int:
        """Columns of the targets: one for a class, else one a number."""
        return 1 if self.classes else len(self.targets)

    @property
    def column_names(self) -> tuple[str, ...]:
        """What its answers are called in tables: its own name; after that the name of a number,
        where it has several."""
        if len(self.targets) < 2:
            return (self.name,)
        return tuple(f"{self.name}/{target.name}" for target in self.targets)


def outputs_of(heads: Sequence[LearnedHead], outputs_BK: torch.Tensor) -> list[torch.Tensor]:
    """The output of each head, (B, its own K)."""
    return [outputs_BK[:, part] for part in _parts(head.num_outputs for head in heads)]


def targets_of(heads: Sequence[LearnedHead], targets_BT: torch.Tensor) -> list[torch.Tensor]:
    """The targets of each head: int64 class indices (B,), or numbers (B, its own T)."""
    parts = _parts(head.num_columns for head in heads)
    found = [targets_BT[:, part] for part in parts]
    return [x[:, 0].long() if h.classes else x for h, x in zip(heads, found, strict=True)]


def _parts(nums: Iterator[int]) -> Iterator[slice]:
    start = 0
    for num in nums:
        yield slice(start, start + num)
        start += num
