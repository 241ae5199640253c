"""The transforms that NeuroTrain brings."""

from __future__ import annotations

from typing import Final

from neurotrain.component.base import Component
from neurotrain.transforms.fixed import Grey, Normalize, Resize
from neurotrain.transforms.random import (
    RandomAffine,
    RandomCrop,
    RandomFlip,
    RandomIntensity,
    RandomRotate90,
)

BUILT_IN: Final[tuple[type[Component], ...]] = (
    *(Normalize, Grey, Resize),
    *(RandomCrop, RandomFlip, RandomRotate90, RandomAffine, RandomIntensity),
)
