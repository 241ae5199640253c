"""The post-processing steps that NeuroTrain brings."""

from __future__ import annotations

from typing import Final

from neurotrain.component.base import Component
from neurotrain.postprocess.steps import (
    FillHoles,
    LargestComponent,
    Morphology,
    RemoveSmallObjects,
    Threshold,
)

BUILT_IN: Final[tuple[type[Component], ...]] = (
    *(Threshold, RemoveSmallObjects, FillHoles),
    *(LargestComponent, Morphology),
)
