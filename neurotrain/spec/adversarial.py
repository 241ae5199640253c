"""The `train.adversarial` block of a spec; also the options of the Python `AdversarialTrainer`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from neurotrain.component.base import Options, Positive, PositiveFloat
from neurotrain.component.durations import StepCount
from neurotrain.losses.adversarial import AdversarialKind
from neurotrain.models.discriminators import Discriminator, PatchDiscriminator
from neurotrain.optim.optimizers import Adam, Optimizer


class Adversarial(Options, frozen=True, kw_only=True):
    """A second network that learns to tell true masks from predicted ones, and is to be deceived.

    Luc et al., "Semantic segmentation using adversarial networks", NIPS workshop 2016.
    """

    discriminator: Annotated[
        Discriminator, Meta(description="The second network; it sees the image and a mask")
    ] = msgspec.field(default_factory=PatchDiscriminator)
    weight: Annotated[
        PositiveFloat,
        Meta(description="Factor of the adversarial loss beside the others in the model's loss"),
    ] = 0.01
    loss: Annotated[
        AdversarialKind, Meta(description="What the two networks make small or large")
    ] = "bce"
    optimizer: Annotated[
        Optimizer,
        Meta(description="What updates the discriminator; its learning rate stays as it is"),
    ] = msgspec.field(default_factory=lambda: Adam(learning_rate=2e-4, betas=(0.5, 0.999)))
    steps: Annotated[
        Positive, Meta(description="Updates of the discriminator, on the samples of one update")
    ] = 1
    every: Annotated[
        StepCount, Meta(description="Time between these updates: of the model's updates")
    ] = "1 step"
