"""The weighted sum of the losses of several tasks that one network learns together.

Caruana, "Multitask learning", Machine Learning 28, 1997.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from neurotrain.dataset.heads import LearnedHead, outputs_of, targets_of
from neurotrain.losses.base import Loss
from neurotrain.losses.total import TotalLoss

if TYPE_CHECKING:
    import torch

    TaskLoss: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class MultiTaskLoss:
    """Each task's loss times the task's weight, added up.

    Without a loss of its own a task of integer targets has the cross-entropy, of one logit the
    binary one, and a task of floating-point targets the mean squared error.
    """

    def __init__(
        self,
        task_weights: Mapping[str, float],
        losses: Mapping[str, TaskLoss] | None = None,
    ) -> None:
        """The weight of every task, and the losses (outputs, targets) -> () of some or all.

        Raises:
            ValueError: there is no task, a weight is negative or not finite, or a loss is of none.
        """
        if not task_weights:
            raise ValueError("there is no task: give each its weight, such as {'sex': 1.0}")
        for name, weight in task_weights.items():
            if not 0 <= weight < float("inf"):
                raise ValueError(f"the weight of '{name}' is {weight}: it must be 0 or more")
        self.task_weights = dict(task_weights)
        self._losses = dict(losses or {})
        self._require(self._losses, "losses", partial=True)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks."""
        return tuple(self.task_weights)

    def __call__(
        self, outputs: Mapping[str, torch.Tensor], targets: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The weighted sum of a batch, and each task's own loss without its weight, all of ().

        By task, outputs are (B, K) and targets int64 (B,), or both (B, T) floating-point numbers;
        a loss of one's own may take others.

        Raises:
            ValueError: a task is missing or unknown, or its shapes do not belong together.
        """
        self._require(outputs, "outputs")
        self._require(targets, "targets")
        found = {name: self._loss(name, outputs[name], targets[name]) for name in self.tasks}
        first, *others = (weight * found[name] for name, weight in self.task_weights.items())
        return sum(others, start=first), found

    def _loss(self, name: str, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if name in self._losses:
            return self._losses[name](outputs, targets)
        from torch.nn import functional

        if not targets.is_floating_point():
            if outputs.shape[1] > 1:
                return functional.cross_entropy(outputs.float(), targets)
            terms = outputs[:, 0].float(), targets.float()
            return functional.binary_cross_entropy_with_logits(*terms)
        if outputs.shape != targets.shape:
            shapes = f"{tuple(outputs.shape)}, its targets {tuple(targets.shape)}"
            raise ValueError(f"the outputs of '{name}' have the shape {shapes}")
        return functional.mse_loss(outputs.float(), targets.float())

    def _require(self, given: Mapping[str, object], what: str, *, partial: bool = False) -> None:
        unknown = [name for name in given if name not in self.task_weights]
        if unknown:
            known = ", ".join(self.tasks)
            raise ValueError(f"the {what} have '{unknown[0]}', which is no task; there are {known}")
        lacking = [] if partial else [name for name in self.tasks if name not in given]
        if lacking:
            raise ValueError(f"the {what} lack the task '{lacking[0]}'")


class HeadsLoss:
    """The losses of a spec's heads, of outputs and targets that stand side by side."""

    def __init__(
        self,
        heads: tuple[LearnedHead, ...],
        losses: Mapping[str, tuple[Loss, ...]],
        weights: Mapping[str, float],
    ) -> None:
        """The heads in the order of the outputs, and the losses and the weight of each by name."""
        self.heads = heads
        self.of_head = {head.name: TotalLoss(losses[head.name], head.targets) for head in heads}
        self._loss = MultiTaskLoss({head.name: weights[head.name] for head in heads}, self.of_head)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the heads."""
        return self._loss.tasks

    @property
    def task_weights(self) -> Mapping[str, float]:
        """The weight of every head."""
        return self._loss.task_weights

    def __call__(
        self, outputs_BK: torch.Tensor, targets_BT: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The weighted sum of a batch, and each head's own loss without its weight, all of ()."""
        outputs = dict(zip(self.tasks, outputs_of(self.heads, outputs_BK), strict=True))
        targets = dict(zip(self.tasks, targets_of(self.heads, targets_BT), strict=True))
        return self._loss(outputs, targets)
