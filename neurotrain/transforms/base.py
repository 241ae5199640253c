"""What a transform component offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from neurotrain.component.base import Family
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws

Apply: TypeAlias = Callable[[Batch, Draws], Batch]


@dataclass(frozen=True, slots=True)
class Shape:
    """An image's shape as far as it is known before the run."""

    channels: int
    size: tuple[int, int] | None
    """Height and width in pixels; None where images differ or the headers were not read."""


class Transform(Family):
    """What is done to images, label maps and regions of interest together."""

    __slots__ = ()
    family: ClassVar[str] = "transform"
    random: ClassVar[bool] = False
    """Whether it draws random numbers; such a transform is for training only."""
    equal_sizes: ClassVar[bool] = False
    """Whether the images of a batch need one size before it, and so in training at its place."""

    def build(self) -> Apply:
        """The function that does it, on a batch."""
        raise AssertionError(f"{type(self).__name__} cannot be built")

    def shape(self, shape: Shape) -> Shape:
        """The shape after it."""
        return shape

    @property
    def per_image(self) -> int:
        """How many samples it makes of each image in an epoch."""
        return 1
