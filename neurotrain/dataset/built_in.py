"""The datasets that NeuroTrain brings."""

from __future__ import annotations

from typing import Final

from neurotrain.component.base import Component
from neurotrain.dataset.digits import Digits
from neurotrain.dataset.image_folder import ImageFolder
from neurotrain.dataset.image_table import ImageTable
from neurotrain.dataset.paired_images import PairedImages
from neurotrain.dataset.phantom import RetinaPhantom

BUILT_IN: Final[tuple[type[Component], ...]] = (
    *(RetinaPhantom, Digits, PairedImages, ImageFolder, ImageTable),
)
