"""The datasets that NeuroTrain brings."""

from __future__ import annotations

from typing import Final

from neurotrain.component.base import Component
from neurotrain.dataset.digits import Digits
from neurotrain.dataset.image_folder import ImageFolder
from neurotrain.dataset.image_table import ImageTable
from neurotrain.dataset.paired_images import PairedImages
from neurotrain.dataset.phantom import RetinaPhantom
from neurotrain.dataset.sums import Sums
from neurotrain.dataset.text_files import TextFiles

BUILT_IN: Final[tuple[type[Component], ...]] = (
    *(RetinaPhantom, Digits, PairedImages, ImageFolder, ImageTable),
    *(TextFiles, Sums),
)
