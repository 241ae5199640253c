"""What steps a model and the discriminator that it learns to deceive.

Each has an engine of its own. The gradients of both are those of the weights before the update; an
update is made of both networks or of none.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import nn

from neurotrain.engine.checkpoint import ForeignCheckpoint
from neurotrain.engine.evaluation import Criterion
from neurotrain.engine.stepping import NonFinite, Update
from neurotrain.engine.torch_engine import TorchEngine
from neurotrain.losses.adversarial import AdversarialLoss
from neurotrain.spec.adversarial import Adversarial
from neurotrain.transforms.batch import Batch

_STATES: Final = ("model", "optimizer", "scaler")
_PREFIX: Final = "discriminator_"


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a micro-step leaves for the update."""

    term: torch.Tensor
    """The adversarial loss of the model, of shape ()."""
    real: torch.Tensor | None = None
    """Images with true masks, (B, C + K, H, W), where the discriminator is updated."""
    fake: torch.Tensor | None = None
    """With those predicted."""


class AdversarialEngine:
    """Two networks on one device; the first is the one that is trained for its own sake."""

    def __init__(
        self,
        network: TorchEngine,
        discriminator: TorchEngine,
        options: Adversarial,
        *,
        accumulation: int,
        every: int,
        keeps: bool,
    ) -> None:
        """The engines of both, and whether an update that is not finite leaves all as it was.

        The discriminator is updated in the first of every `every` updates.
        """
        self._network, self._judge = network, discriminator
        self._options, self._loss = options, AdversarialLoss(options.loss)
        self._accumulation, self._every, self._keeps = accumulation, every, keeps
        self.optimizer, self.names = network.optimizer, network.names
        self._parts: list[_Parts] = []
        self._kept: dict[str, Any] = {}
        self._num_updates = 0

    @property
    def discriminator_optimizer(self) -> torch.optim.Optimizer:
        """What updates the discriminator."""
        return self._judge.optimizer

    @property
    def is_due(self) -> bool:
        """Whether the discriminator is updated with the next update of the model."""
        return self._num_updates % self._every == 0

    def seed(self, value: int) -> None:
        """Start the random numbers of both networks from a value."""
        self._network.seed(value)

    def micro_step(self, batch: Batch, criterion: Criterion) -> torch.Tensor:
        """Forward and backward of the model on one micro-batch.

        Its gradient is that of the criterion and of the weighted adversarial loss; returned is the
        criterion's alone, detached, of shape ().

        Raises:
            ValueError: the targets are no label maps.
        """
        if self._keeps and not self._parts:
            self._kept = copy.deepcopy(self._judge.state())
        device = self._network.device
        moved: Any = batch if device.type == "cpu" else batch.to(device)
        found: list[torch.Tensor] = []
        _require_label_maps(moved)

        def compute() -> torch.Tensor:
            logits = self._network.forward(moved)
            loss = criterion(logits, moved.targets, moved.rois)
            fake = torch.cat([moved.images, predicted_masks(moved, logits)], 1)
            term = self._of_generator(fake)
            found.append(loss.detach())
            parts = _Parts(term.detach())
            if self.is_due:
                real = torch.cat([moved.images, true_masks(moved, logits)], 1)
                parts = replace(parts, real=real, fake=fake.detach())
            self._parts.append(parts)
            return loss + self._options.weight * term

        self._network.accumulate(compute, self._accumulation)
        return found[0]

    def step(self) -> Update:
        """Update the model, and the discriminator where it is its turn.

        Raises:
            NonFinite: the loss or gradient of either is not; both are as before the micro-steps.
        """
        parts, self._parts = self._parts, []
        terms: dict[str, torch.Tensor] = {}
        try:
            examined = self._network.examine()
            if self.is_due:
                terms = self._update_discriminator(parts)
            update = self._network.apply(examined)
        except NonFinite:
            self._network.discard()
            self._judge.discard()
            if self._kept:
                self._judge.load(self._kept)
            raise
        self._num_updates += 1
        term = torch.stack([part.term for part in parts]).mean()
        return update._replace(terms={"train/adversarial_loss": term, **terms})

    def _update_discriminator(self, parts: list[_Parts]) -> dict[str, torch.Tensor]:
        """Update it as often as the options say; what is recorded of that.

        Raises:
            NonFinite: a loss or gradient is not.
        """
        losses, norms = [], []
        for _ in range(self._options.steps):
            losses += [self._of_both(part, len(parts)) for part in parts]
            try:
                update = self._judge.step()
            except NonFinite as error:
                raise NonFinite(f"of the discriminator {error}") from error
            norms += [update.norm] if update.was_made else []
        found = {"train/discriminator_loss": torch.stack(losses).mean()}
        return {**found, "discriminator_grad_norm": torch.stack(norms).mean()} if norms else found

    def _of_both(self, part: _Parts, num_parts: int) -> torch.Tensor:
        assert part.real is not None
        assert part.fake is not None
        return self._accumulate(part.real, part.fake, num_parts)

    def train_discriminator(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """One update of the discriminator; its loss, detached, of shape ().

        Raises:
            NonFinite: the loss or gradient is not; nothing is updated.
        """
        loss = self._accumulate(real, fake.detach(), 1)
        self._require_finite(loss, self._judge.step())
        return loss

    def train_generator(self, fake: torch.Tensor) -> torch.Tensor:
        """One update of the model by its adversarial loss alone, detached, of shape ().

        Raises:
            NonFinite: the loss or gradient is not; nothing is updated.
        """
        loss = self._network.accumulate(lambda: self._of_generator(fake))
        self._require_finite(loss, self._network.step())
        self._num_updates += 1
        return loss

    @staticmethod
    def _require_finite(loss: torch.Tensor, update: Update) -> None:
        """Where the device does not look, the update was masked."""
        if update.was_made and not bool((loss + update.norm).isfinite()):
            raise NonFinite("the loss or the norm of the gradient is not finite")

    def _accumulate(self, real: torch.Tensor, fake: torch.Tensor, parts: int) -> torch.Tensor:
        def compute() -> torch.Tensor:
            return self._loss.of_discriminator(self._verdict(real), self._verdict(fake))

        return self._judge.accumulate(compute, parts)

    def _of_generator(self, fake: torch.Tensor) -> torch.Tensor:
        """The adversarial loss, which has a gradient in the fakes alone."""
        with _fixed(self._judge.model):
            return self._loss.of_generator(self._verdict(fake))

    def _verdict(self, given: torch.Tensor) -> torch.Tensor:
        """The discriminator's logits; of one that returns its features too, the last."""
        found: Any = self._judge.model(given)
        logits: torch.Tensor = found[-1] if isinstance(found, (list, tuple)) else found
        return logits

    def evaluated(self) -> AbstractContextManager[None]:
        """While it is entered, the model has the weights that are to be evaluated."""
        return self._network.evaluated()

    def non_finite(self) -> str | None:
        """The first tensor of either network that is not finite; reads the device."""
        found = self._judge.non_finite()
        return self._network.non_finite() or (f"discriminator's {found}" if found else None)

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of both networks and their updates."""
        judge = self._judge.state()
        names = [f"{name}_state_dict" for name in _STATES]
        return {
            **self._network.state(),
            **{_PREFIX + name.removeprefix("model_"): judge[name] for name in names},
            "adversarial_updates": self._num_updates,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state.

        Raises:
            ForeignCheckpoint: it has no discriminator.
        """
        if "discriminator_state_dict" not in state:
            raise ForeignCheckpoint("the checkpoint has no discriminator: another training's")
        self._network.load({k: v for k, v in state.items() if not k.startswith(_PREFIX)})
        names = [f"{name}_state_dict" for name in _STATES]
        judge = {name: state[_PREFIX + name.removeprefix("model_")] for name in names}
        self._judge.load(judge)
        self._num_updates = state["adversarial_updates"]


def true_masks(batch: Batch, logits: torch.Tensor) -> torch.Tensor:
    """The labels as one channel a class, or the foreground's alone: float32, as the logits' shape.

    Outside the region of interest all are 0.
    """
    labels = batch.targets
    assert isinstance(labels, torch.Tensor)
    num = logits.shape[1]
    masks = (labels == 1)[:, None] if num == 1 else F.one_hot(labels, num).movedim(-1, 1)
    return _inside(batch, masks.float())


def _require_label_maps(batch: Batch) -> None:
    labels = batch.targets
    if not isinstance(labels, torch.Tensor) or labels.ndim != 3 or labels.is_floating_point():
        raise ValueError("an adversarial training needs label maps of shape (B, H, W)")


def predicted_masks(batch: Batch, logits: torch.Tensor) -> torch.Tensor:
    """The probabilities in the form of `true_masks`."""
    logits = logits.float()
    return _inside(batch, logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(1))


def _inside(batch: Batch, masks: torch.Tensor) -> torch.Tensor:
    assert not isinstance(batch.rois, list)
    return masks if batch.rois is None else masks * batch.rois[:, None]


@contextmanager
def _fixed(network: nn.Module) -> Iterator[None]:
    """While it is entered, no gradient of the network's own weights is asked for."""
    asked = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in asked:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in asked:
            parameter.requires_grad_(True)
