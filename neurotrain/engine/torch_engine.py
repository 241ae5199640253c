"""What steps a model on one device: autocast, accumulation, clipping, the update."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from neurotrain.engine.evaluation import Criterion
from neurotrain.engine.inference import autocast
from neurotrain.transforms.batch import Batch


class Diverged(Exception):
    """The loss or a gradient is not finite; the weights are those before the update."""


class TorchEngine:
    """One process on one device."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        device: torch.device,
        precision: str,
        accumulation: int,
        clip_grad_norm: float | None,
        channels_last: bool = False,
    ) -> None:
        self.model, self.optimizer, self.device = model, optimizer, device
        self._precision, self._accumulation = precision, accumulation
        self._max_norm = clip_grad_norm if clip_grad_norm is not None else float("inf")
        self._format = torch.channels_last if channels_last else torch.preserve_format
        self._parameters = [p for group in optimizer.param_groups for p in group["params"]]

    def seed(self, value: int) -> None:
        """Start the random numbers of the model (dropout) from a value."""
        seed = value & (2**63 - 1)
        if self.device.type == "cuda":
            torch.cuda.default_generators[self.device.index or 0].manual_seed(seed)
        else:
            torch.default_generator.manual_seed(seed)

    def micro_step(self, batch: Batch, criterion: Criterion) -> torch.Tensor:
        """Forward and backward of one micro-batch; the loss, detached, of shape ()."""
        moved = batch.to(self.device)
        assert isinstance(moved.images, torch.Tensor)
        images = moved.images.to(memory_format=self._format)
        with autocast(self.device, self._precision):
            logits = self.model(images)
            loss = criterion(logits, moved.targets, moved.rois)  # type: ignore[arg-type]
        (loss / self._accumulation).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def step(self) -> torch.Tensor:
        """Clip and update; the norm of the gradient before clipping, of shape ().

        Raises:
            Diverged: the norm is not finite; nothing is updated.
        """
        norm = nn.utils.clip_grad_norm_(self._parameters, self._max_norm)
        if not bool(norm.isfinite()):
            self.optimizer.zero_grad(set_to_none=True)
            raise Diverged(f"the norm of the gradient is {float(norm)}")
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return norm

    def drop_gradients(self) -> None:
        """Forget what was accumulated."""
        self.optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Any]:
        """The weights and the optimizer's state, on the CPU."""
        return {
            "model_state_dict": {k: v.cpu() for k, v in self.model.state_dict().items()},
            "optimizer_state_dict": self.optimizer.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.model.load_state_dict(state["model_state_dict"])
        self.optimizer.load_state_dict(state["optimizer_state_dict"])
