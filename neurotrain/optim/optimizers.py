"""Optimizers of torch by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, Family, PositiveFloat

if TYPE_CHECKING:
    import torch

LearningRate = Annotated[
    float, Meta(description="Peak step size; the schedule scales it", gt=0.0, le=1000.0)
]
WeightDecay = Annotated[
    float, Meta(description="Strength of the pull of weights to zero", ge=0.0, le=1.0)
]
Beta = Annotated[float, Meta(ge=0.0, lt=1.0)]


class Optimizer(Family):
    """What updates the weights."""

    __slots__ = ()
    family: ClassVar[str] = "optimizer"
    learning_rate: float

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """The torch optimizer of these parameters."""
        raise AssertionError(f"{type(self).__name__} cannot be built")


class Adam(Component, Optimizer, tag="adam", frozen=True, kw_only=True):
    """Adam; weight decay is added to the gradient. Kingma and Ba, ICLR 2015."""

    learning_rate: LearningRate = 1e-3
    weight_decay: WeightDecay = 0.0
    betas: Annotated[
        tuple[Beta, Beta], Meta(description="Decay of the running mean of gradients and squares")
    ] = (0.9, 0.999)
    eps: Annotated[PositiveFloat, Meta(description="Added to the denominator")] = 1e-8

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """torch.optim.Adam."""
        from torch.optim import Adam as TorchAdam

        return TorchAdam(
            parameters, self.learning_rate, self.betas, self.eps, weight_decay=self.weight_decay
        )


class AdamW(Component, Optimizer, tag="adamw", frozen=True, kw_only=True):
    """Adam with decoupled weight decay. Loshchilov and Hutter, ICLR 2019."""

    learning_rate: LearningRate = 1e-3
    weight_decay: WeightDecay = 1e-2
    betas: Annotated[
        tuple[Beta, Beta], Meta(description="Decay of the running mean of gradients and squares")
    ] = (0.9, 0.999)
    eps: Annotated[PositiveFloat, Meta(description="Added to the denominator")] = 1e-8

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """torch.optim.AdamW."""
        from torch.optim import AdamW as TorchAdamW

        return TorchAdamW(
            parameters, self.learning_rate, self.betas, self.eps, weight_decay=self.weight_decay
        )


class SGD(Component, Optimizer, tag="sgd", frozen=True, kw_only=True):
    """Stochastic gradient descent with momentum."""

    learning_rate: LearningRate = 1e-2
    weight_decay: WeightDecay = 0.0
    momentum: Annotated[
        float, Meta(description="Share of the last update that is kept", ge=0.0, lt=1.0)
    ] = 0.9
    nesterov: Annotated[
        bool, Meta(description="Nesterov's form of momentum; momentum must be above 0")
    ] = False

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """torch.optim.SGD."""
        from torch.optim import SGD as TorchSGD

        return TorchSGD(
            parameters,
            self.learning_rate,
            self.momentum,
            weight_decay=self.weight_decay,
            nesterov=self.nesterov,
        )
