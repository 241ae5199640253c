"""Several trained models as one: their mean answer, in the form in which one model gives it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from neurotrain.dataset.heads import LearnedHead, outputs_of
from neurotrain.dataset.targets import Target, in_units, standardized


class Ensemble(nn.Module):
    """Averages probabilities, or numbers in the units of their targets.

    Every model comes with the heads that it has learned, of which those with targets may have
    another scale in each. The output has the form of the first model's: logits whose sigmoid or
    softmax is the mean probability (L. K. Hansen, P. Salamon, "Neural network ensembles", 1990),
    and numbers on the first model's scale.
    """

    def __init__(
        self, models: Sequence[nn.Module], heads: Sequence[tuple[LearnedHead, ...]]
    ) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)
        self._heads = tuple(heads)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Outputs (B, K, ...) of images (B, C, H, W)."""
        given = [model(images_BCHW).float() for model in self.models]
        return torch.cat(list(self._mean(given)), dim=1)

    def _mean(self, given: list[torch.Tensor]) -> Iterator[torch.Tensor]:
        parts = [outputs_of(heads, x) for heads, x in zip(self._heads, given, strict=True)]
        for place, first in enumerate(self._heads[0]):
            own = [each[place] for each in parts]
            if first.classes:
                yield _mean_logits(own)
            else:
                yield _mean_numbers(own, [heads[place].targets for heads in self._heads])


def _mean_logits(logits: list[torch.Tensor]) -> torch.Tensor:
    """The logits of the mean probability; one logit stands for two classes."""
    several = torch.stack(logits)
    if several.shape[2] == 1:
        return F.logsigmoid(several).logsumexp(0) - F.logsigmoid(-several).logsumexp(0)
    return several.log_softmax(2).logsumexp(0)


def _mean_numbers(outputs: list[torch.Tensor], targets: list[tuple[Target, ...]]) -> torch.Tensor:
    """The mean in units, on the scale of the first."""
    numbers = [in_units(x, own) for x, own in zip(outputs, targets, strict=True)]
    return standardized(torch.stack(numbers).mean(0), targets[0])
