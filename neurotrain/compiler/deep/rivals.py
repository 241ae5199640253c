"""What a discriminator adds to the costs of a training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neurotrain.compiler.deep.check_update import updated_once
from neurotrain.compiler.deep.count_state import Memory, memory_of
from neurotrain.compiler.deep.count_step import StepShape, count_flops, count_saved_bytes
from neurotrain.compiler.deep.foreign import ComponentFailed
from neurotrain.compiler.deep.shapes import num_outputs
from neurotrain.compiler.draft import Draft, Tainted, need
from neurotrain.losses.adversarial import AdversarialLoss

if TYPE_CHECKING:
    import torch
    from torch import nn

    from neurotrain.compiler.deep.count_step import Criterion
    from neurotrain.spec.adversarial import Adversarial


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """The discriminator on `meta` with the optimizer that updated it once."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    options: Adversarial
    channels: int
    """Those of the images and of their masks."""

    @classmethod
    def of(cls, draft: Draft) -> Rival | None:
        """That of the spec; None where there is none.

        Raises:
            Tainted: it could not be built, or its optimizer cannot be followed.
        """
        if not draft.has("train", "adversarial"):
            return None
        network, options = need(draft.discriminator), draft.read("train", "adversarial")
        try:
            optimizer = updated_once(options.optimizer, network)
        except ComponentFailed as failed:
            raise Tainted from failed
        channels = need(draft.in_channels) + num_outputs(draft)
        return cls(network=network, optimizer=optimizer, options=options, channels=channels)

    @property
    def num_parameters(self) -> int:
        """Its own."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def added_to(self, memory: Memory) -> Memory:
        """The memory of both networks."""
        own = memory_of(self.network, self.optimizer, averaged=False)
        return replace(
            memory,
            parameters=memory.parameters + own.parameters,
            gradients=memory.gradients + own.gradients,
            optimizer_states=memory.optimizer_states + own.optimizer_states,
        )

    def flops(self, network: nn.Module, loss: Criterion, shape: StepShape) -> int:
        """Operations of a micro-step in which both are updated.

        Raises:
            Exception: whatever a network or the criterion raises.
        """
        with_model = count_flops(*self._deceived(network, loss), shape)
        updates = count_flops(self.network, self._judged, self._pairs(shape))
        return with_model + self.options.steps * updates

    def saved_bytes(self, network: nn.Module, loss: Criterion, shape: StepShape) -> int:
        """What autograd saves at most: for the model through the discriminator, or for this.

        Raises:
            Exception: whatever a network or the criterion raises.
        """
        with_model = count_saved_bytes(*self._deceived(network, loss), shape)
        return max(with_model, count_saved_bytes(self.network, self._judged, self._pairs(shape)))

    def state(self) -> dict[str, Any]:
        """What a checkpoint has of it."""
        return {
            "discriminator_state_dict": self.network.state_dict(),
            "discriminator_optimizer_state_dict": self.optimizer.state_dict(),
        }

    def _judged(self, logits: Any, targets: Any, roi: Any) -> torch.Tensor:
        """The discriminator's loss of a batch whose first half is real."""
        return AdversarialLoss(self.options.loss).of_discriminator(*logits.chunk(2))

    def _pairs(self, shape: StepShape) -> StepShape:
        """Real and fake images with masks."""
        micro, _, *size = shape.images
        return replace(shape, images=(2 * micro, self.channels, *size), regions=False)

    def _deceived(self, network: nn.Module, loss: Criterion) -> tuple[nn.Module, Any]:
        """The model with the discriminator behind it, and the loss of what both give."""
        adversarial = AdversarialLoss(self.options.loss)

        def criterion(outputs: Any, targets: Any, roi: Any) -> torch.Tensor:
            logits, verdicts = outputs
            term = self.options.weight * adversarial.of_generator(verdicts)
            return loss(logits, targets, roi) + term

        return _behind(network, self.network), criterion


def _behind(network: nn.Module, discriminator: nn.Module) -> nn.Module:
    import copy

    import torch
    from torch import nn

    class Deceiving(nn.Module):
        """A network whose masks go through a discriminator that is not trained by that."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.judge = copy.deepcopy(discriminator).requires_grad_(False)

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            logits = self.network(images)
            masks = logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(1)
            return logits, self.judge(torch.cat([images, masks.float()], 1))

    return Deceiving()
