"""Losses of numbers: how far predictions are from the truth, on the scale that is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, NonNegative, PositiveFloat
from neurotrain.losses.base import Loss

if TYPE_CHECKING:
    import torch

    from neurotrain.losses.base import Compute


class MeanSquaredError(Component, Loss, tag="mse", frozen=True, kw_only=True):
    """The squared difference, averaged over samples and targets."""

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    outputs: ClassVar[tuple[str, ...]] = ("values",)
    weight: Annotated[NonNegative, Meta(description="Factor of this loss in the sum")] = 1.0

    def build(self) -> Compute:
        """torch's mean squared error."""
        from torch.nn.functional import mse_loss

        def compute(
            outputs: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            return mse_loss(outputs.float(), targets.float())

        return compute


class MeanAbsoluteErrorLoss(Component, Loss, tag="l1", frozen=True, kw_only=True):
    """The absolute difference, averaged over samples and targets; kinder to outliers than mse."""

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    outputs: ClassVar[tuple[str, ...]] = ("values",)
    weight: Annotated[NonNegative, Meta(description="Factor of this loss in the sum")] = 1.0

    def build(self) -> Compute:
        """torch's mean absolute error."""
        from torch.nn.functional import l1_loss

        def compute(
            outputs: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            return l1_loss(outputs.float(), targets.float())

        return compute


class HuberLoss(Component, Loss, tag="huber", frozen=True, kw_only=True):
    """Half the squared difference up to delta, then linear; averaged over samples and targets.

    Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 1964.
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    outputs: ClassVar[tuple[str, ...]] = ("values",)
    weight: Annotated[NonNegative, Meta(description="Factor of this loss in the sum")] = 1.0
    delta: Annotated[
        PositiveFloat,
        Meta(
            description="Difference from which on it is linear: in deviations where targets are "
            "standardised, else in their units"
        ),
    ] = 1.0

    def build(self) -> Compute:
        """torch's Huber loss."""
        from torch.nn.functional import huber_loss

        def compute(
            outputs: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            return huber_loss(outputs.float(), targets.float(), delta=self.delta)

        return compute
