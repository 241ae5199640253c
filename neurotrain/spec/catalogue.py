"""Every component that NeuroTrain brings, family by family."""

from __future__ import annotations

from neurotrain import dataset, losses, metrics, models, optim, postprocess, transforms
from neurotrain.component.catalogue import Catalogue
from neurotrain.spec import multi_task, nan_policy
from neurotrain.spec.engines import DeepSpeedEngine, TorchEngine
from neurotrain.spec.experiment import CausalLM, Classification, Regression, Segmentation
from neurotrain.spec.loggers import TensorBoard, WandB


def built_in() -> Catalogue:
    """The catalogue without plugins."""
    return Catalogue.of(
        (
            *(Segmentation, Classification, Regression, CausalLM, multi_task.MultiTask),
            *multi_task.BUILT_IN,
            *dataset.BUILT_IN,
            *transforms.BUILT_IN,
            *models.BUILT_IN,
            *models.DISCRIMINATORS,
            *losses.BUILT_IN,
            *metrics.BUILT_IN,
            *optim.BUILT_IN,
            *postprocess.BUILT_IN,
            *nan_policy.BUILT_IN,
            *(TorchEngine, DeepSpeedEngine),
            *(TensorBoard, WandB),
        )
    )
