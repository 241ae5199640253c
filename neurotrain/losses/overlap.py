"""Losses that measure the overlap of areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, NonNegative, PositiveFloat
from neurotrain.losses.areas import ClassWeights, areas, mean_over_classes, summed_over
from neurotrain.losses.base import Loss, weights_fault

if TYPE_CHECKING:
    import torch

    from neurotrain.losses.base import Compute

_Weight = Annotated[NonNegative, Meta(description="Factor of this loss in the sum")]
_Smooth = Annotated[
    PositiveFloat, Meta(description="Added to both areas, in pixels, so that 0/0 is 1")
]
_OverBatch = Annotated[
    bool, Meta(description="Take the overlap over the whole batch instead of each sample")
]
_Background = Annotated[bool, Meta(description="With three or more classes, count class 0 as well")]


class DiceLoss(Component, Loss, tag="dice", frozen=True, kw_only=True):
    """One minus the soft Dice overlap, of each sample or of the whole batch.

    Two classes: of the foreground. More: the mean over classes, background excluded by default.
    Milletari, Navab and Ahmadi, "V-Net", 3DV 2016.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    outputs: ClassVar[tuple[str, ...]] = ("sigmoid", "softmax")
    weight: _Weight = 1.0
    smooth: _Smooth = 1.0
    over_batch: _OverBatch = False
    include_background: _Background = False
    class_weights: ClassWeights | None = None

    def contradiction(self, num_classes: int) -> tuple[str, str] | None:
        """A background that does not count, or weights of another number than what counts."""
        return _fault(self.class_weights, num_classes, self.include_background)

    def build(self) -> Compute:
        """Soft Dice on probabilities."""

        def compute(
            logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            likely, truth = _counted(logits, targets, roi, self.include_background)
            dims = summed_over(likely, over_batch=self.over_batch)
            shared = (likely * truth).sum(dims)
            total = likely.sum(dims) + truth.sum(dims)
            overlap = (2 * shared + self.smooth) / (total + self.smooth)
            return 1 - mean_over_classes(overlap, self.class_weights)

        return compute


class GeneralisedDiceLoss(Component, Loss, tag="generalised_dice", frozen=True, kw_only=True):
    """One minus the Dice overlap of all classes together, small classes weighing more.

    A class weighs 1 / area² of its truth; one that is absent weighs as much as the heaviest other.
    The background counts. Sudre et al., "Generalised Dice overlap", DLMIA 2017.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    outputs: ClassVar[tuple[str, ...]] = ("sigmoid", "softmax")
    weight: _Weight = 1.0
    smooth: Annotated[
        PositiveFloat, Meta(description="Added to both weighted areas, so that 0/0 is 1")
    ] = 1e-5
    over_batch: _OverBatch = False

    def build(self) -> Compute:
        """Weighted soft Dice on probabilities."""
        import torch

        def compute(
            logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            likely, truth = areas(logits, targets, roi, include_background=True)
            dims = summed_over(likely, over_batch=self.over_batch)
            area = truth.sum(dims)
            factor = torch.where(area > 0, area.clamp_min(1) ** -2, 0)
            factor = torch.where(area > 0, factor, factor.amax(-1, keepdim=True))
            shared = ((likely * truth).sum(dims) * factor).sum(-1)
            total = ((likely.sum(dims) + area) * factor).sum(-1)
            return 1 - torch.mean((2 * shared + self.smooth) / (total + self.smooth))

        return compute


class TverskyLoss(Component, Loss, tag="tversky", frozen=True, kw_only=True):
    """One minus the soft Tversky index TP / (TP + alpha FP + beta FN), to the power gamma.

    Alpha and beta 0.5 are Dice; a larger beta finds more and is less precise. Salehi, Erdogmus and
    Gholipour, MLMI 2017. With gamma other than 1 it is the focal Tversky loss of Abraham and Khan,
    ISBI 2019, who write 1/gamma: their 4/3 is 0.75 here.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    outputs: ClassVar[tuple[str, ...]] = ("sigmoid", "softmax")
    weight: _Weight = 1.0
    alpha: Annotated[NonNegative, Meta(description="Factor of false positives")] = 0.3
    beta: Annotated[NonNegative, Meta(description="Factor of false negatives")] = 0.7
    gamma: Annotated[PositiveFloat, Meta(description="Power of the loss of each class")] = 1.0
    smooth: _Smooth = 1.0
    over_batch: _OverBatch = False
    include_background: _Background = False
    class_weights: ClassWeights | None = None

    def contradiction(self, num_classes: int) -> tuple[str, str] | None:
        """No error that counts, or what Dice cannot have."""
        if self.alpha == 0 and self.beta == 0:
            return "alpha", "alpha and beta are both 0, so no error counts"
        return _fault(self.class_weights, num_classes, self.include_background)

    def build(self) -> Compute:
        """The soft index on probabilities."""

        def compute(
            logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            likely, truth = _counted(logits, targets, roi, self.include_background)
            dims = summed_over(likely, over_batch=self.over_batch)
            shared = (likely * truth).sum(dims)
            errors = self.alpha * (likely.sum(dims) - shared)
            errors = errors + self.beta * (truth.sum(dims) - shared)
            lost = 1 - (shared + self.smooth) / (shared + errors + self.smooth)
            if self.gamma != 1:
                # The slope at 0 is infinite for powers below one.
                lost = lost.clamp_min(1e-6) ** self.gamma
            return mean_over_classes(lost, self.class_weights)

        return compute


def _counted(
    logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None, background: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Soft areas; of two classes the foreground alone."""
    background = background and logits.shape[1] > 1
    return areas(logits, targets, roi, include_background=background)


def _fault(
    weights: tuple[float, ...] | None, num_classes: int, background: bool
) -> tuple[str, str] | None:
    if num_classes == 2 and background:
        return "include_background", "of two classes the foreground alone counts"
    if num_classes == 2:
        return weights_fault(weights, 1, "of two classes the foreground")
    if background:
        return weights_fault(weights, num_classes, f"{num_classes} classes")
    what = f"{num_classes} classes without the background"
    return weights_fault(weights, num_classes - 1, what)
