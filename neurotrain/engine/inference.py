"""From images to logits in evaluation: padding, sliding windows and mirrored copies."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from neurotrain.dataset.heads import LearnedHead, outputs_of
from neurotrain.dataset.targets import Target, in_units


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """How a model is applied to whole images."""

    device: torch.device
    precision: str = "fp32"
    divisor: int = 1
    """Images are padded by reflection until height and width are divisible by it."""
    window: tuple[int, int] | None = None
    """Height and width of the windows in which images are cut; None takes them whole."""
    overlap: float = 0.25
    flips: bool = False
    """Average the probabilities or numbers of the four mirrored images."""

    def logits(self, model: nn.Module, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Float32 logits of shape (B, K, H, W), or (B, K) of a classifier or a regression."""
        if self.window is None:
            return self._whole(model, images_BCHW)
        from monai.inferers.utils import sliding_window_inference

        windows = sliding_window_inference(
            images_BCHW, self.window, 8, lambda x: self._whole(model, x),
            overlap=self.overlap, mode="gaussian",
        )  # fmt: skip
        assert isinstance(windows, torch.Tensor)
        return windows

    def probabilities(self, model: nn.Module, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Probabilities of all classes, (B, K, ...) with K at least 2; they sum to one."""
        return self.both(model, images_BCHW)[1]

    def both(
        self, model: nn.Module, images_BCHW: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits of the images as they are, and the probabilities."""
        logits = self.logits(model, images_BCHW)
        total = to_probabilities(logits)
        if not self.flips:
            return logits, total
        for dims in ((-1,), (-2,), (-2, -1)):
            likely = to_probabilities(self.logits(model, images_BCHW.flip(dims)))
            total = total + (likely.flip(dims) if likely.ndim == 4 else likely)
        return logits, total / 4

    def values(
        self, model: nn.Module, images_BCHW: torch.Tensor, targets: tuple[Target, ...]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The outputs of the images as they are, and the numbers that they stand for.

        Both (B, T); the numbers are float64 in the units of the targets, of `flips` the mean over
        the mirrored images.
        """
        outputs = self.logits(model, images_BCHW)
        total = in_units(outputs, targets)
        if not self.flips:
            return outputs, total
        for dims in ((-1,), (-2,), (-2, -1)):
            total = total + in_units(self.logits(model, images_BCHW.flip(dims)), targets)
        return outputs, total / 4

    def of_heads(
        self, model: nn.Module, images_BCHW: torch.Tensor, heads: tuple[LearnedHead, ...]
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The outputs (B, K) of the images as they are, and every head's answer.

        That is probabilities (B, classes), or float64 numbers (B, T) in the units of the targets;
        of `flips` the mean over the mirrored images.
        """
        outputs = self.logits(model, images_BCHW)
        totals = answers_of(heads, outputs)
        if not self.flips:
            return outputs, totals
        for dims in ((-1,), (-2,), (-2, -1)):
            more = answers_of(heads, self.logits(model, images_BCHW.flip(dims)))
            totals = [total + other for total, other in zip(totals, more, strict=True)]
        return outputs, [total / 4 for total in totals]

    def _whole(self, model: nn.Module, images_BCHW: torch.Tensor) -> torch.Tensor:
        height, width = images_BCHW.shape[-2:]
        padding = (-height % self.divisor, -width % self.divisor)
        if any(padding):
            mode = "reflect" if padding[0] < height and padding[1] < width else "replicate"
            images_BCHW = F.pad(images_BCHW, (0, padding[1], 0, padding[0]), mode=mode)
        with autocast(self.device, self.precision):
            logits: torch.Tensor = model(images_BCHW)
        if logits.ndim == 4:
            logits = logits[..., :height, :width]
        return logits.float()


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context in which a forward pass runs in the planned precision."""
    kind = torch.float16 if precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, kind, enabled=precision != "fp32")


def answers_of(heads: tuple[LearnedHead, ...], outputs_BK: torch.Tensor) -> list[torch.Tensor]:
    """Probabilities or numbers of every head."""
    parts = zip(heads, outputs_of(heads, outputs_BK), strict=True)
    return [to_probabilities(x) if h.classes else in_units(x, h.targets) for h, x in parts]


def to_probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Probabilities (B, K, ...) of logits; one logit gives two classes."""
    if logits.shape[1] == 1:
        foreground = logits.sigmoid()
        return torch.cat([1 - foreground, foreground], dim=1)
    return logits.softmax(1)
