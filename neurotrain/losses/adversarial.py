"""Losses of a generator and a discriminator, of the discriminator's logits for real and fake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import torch

AdversarialKind: TypeAlias = Literal["bce", "least_squares", "hinge"]


@dataclass(frozen=True, slots=True)
class AdversarialLoss:
    """Both sides of an adversarial loss; means over all logits, of shape ().

    `bce`: Goodfellow et al., "Generative adversarial nets", NIPS 2014, the generator's loss in
    its non-saturating form. `least_squares`: Mao et al., ICCV 2017. `hinge`: Lim and Ye,
    "Geometric GAN", 2017; Miyato et al., ICLR 2018.
    """

    kind: AdversarialKind = "bce"

    def of_discriminator(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """Half the loss of taking real for fake, and half that of taking fake for real."""
        return (self._of_real(real) + self._of_fake(fake)) / 2

    def of_generator(self, fake: torch.Tensor) -> torch.Tensor:
        """The loss of fakes that are not taken for real."""
        return -fake.float().mean() if self.kind == "hinge" else self._of_real(fake)

    def _of_real(self, logits: torch.Tensor) -> torch.Tensor:
        return _hinge(logits) if self.kind == "hinge" else self._distance(logits, 1.0)

    def _of_fake(self, logits: torch.Tensor) -> torch.Tensor:
        return _hinge(-logits) if self.kind == "hinge" else self._distance(logits, 0.0)

    def _distance(self, logits: torch.Tensor, label: float) -> torch.Tensor:
        import torch
        import torch.nn.functional as F

        logits = logits.float()
        labels = torch.full_like(logits, label)
        if self.kind == "bce":
            return F.binary_cross_entropy_with_logits(logits, labels)
        return F.mse_loss(logits, labels)


def _hinge(logits: torch.Tensor) -> torch.Tensor:
    return (1 - logits.float()).relu().mean()
