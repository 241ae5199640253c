"""Training by a curriculum from Python: a loader for each level, and when each begins.

The loop is the trainer's, and so is the curriculum that a spec's runtime goes by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from neurotrain.dataset.curriculum import Schedule, in_order, level_at
from neurotrain.engine.course import CurriculumLoader, require_schedule
from neurotrain.engine.foreign import EpochLoader, as_epoch_loader
from neurotrain.engine.loop_state import History
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.setup import DEFAULT_OPTIONS, Setup
from neurotrain.engine.signals import StopFlag
from neurotrain.engine.trainer import Trainer
from neurotrain.plan.plan import TrainOptions


class CurriculumTrainer(Trainer):
    """Trains a model on levels of samples, one after another; else it is a `Trainer`.

    Bengio et al., "Curriculum learning", ICML 2009. `schedule` gives levels by the number of
    epochs that are finished before them: `{0: "easy", 20: "medium"}` trains epochs 1 to 20 on
    `loaders["easy"]`. A subclass may override `create_schedule`.

    Raises:
        ValueError: the schedule does not start at 0, or a level has no loader.
        FileNotFoundError, CorruptCheckpoint: there is nothing to continue.
    """

    def __init__(
        self,
        output_dir: Path,
        model: nn.Module,
        is_continue_mode: bool = False,
        *,
        schedule: Schedule,
        loaders: Mapping[str, Iterable[Any] | EpochLoader],
        options: TrainOptions = DEFAULT_OPTIONS,
        setup: Setup | None = None,
        reporter: Reporter | None = None,
        flag: StopFlag | None = None,
        allow_inexact: bool = False,
    ) -> None:
        self._given, self._loaders = in_order(schedule), dict(loaders)
        require_schedule(self.create_schedule(), loaders)
        super().__init__(
            output_dir, model, is_continue_mode, options=options, setup=setup, reporter=reporter,
            flag=flag, allow_inexact=allow_inexact,
        )  # fmt: skip

    def create_schedule(self) -> dict[int, str]:
        """Levels by the number of epochs that are finished before them, in order."""
        return dict(self._given)

    def get_difficulty(self, epoch: int) -> str:
        """The level of an epoch, which counts as in the schedule: 0 is the first.

        Raises:
            ValueError: the epoch is negative.
        """
        return level_at(self.create_schedule(), epoch)

    def get_dataloader(self, epoch: int) -> Iterable[Any] | EpochLoader:
        """The loader of an epoch, as it was given; 0 is the first epoch.

        Raises:
            ValueError: the epoch is negative.
        """
        return self._loaders[self.get_difficulty(epoch)]

    def train(
        self,
        train_loader: Iterable[Any] | EpochLoader | None = None,
        valid_loader: Iterable[Any] | None = None,
        criterion: Any = None,
        optimizer: torch.optim.Optimizer | None = None,
        scheduler: Any = None,
        num_epochs: int | None = None,
        device: str | torch.device = "cpu",
    ) -> History:
        """Train as `Trainer.train` does; the training data is that of the levels.

        Raises:
            ValueError: there is another train_loader, or no criterion or optimizer.
        """
        if train_loader is not None:
            raise ValueError("the training data is that of `loaders`: leave train_loader None")
        if criterion is None or optimizer is None:
            raise ValueError("train() needs a criterion and an optimizer")
        loaders = {
            level: as_epoch_loader(loader, self.setup.seed, self._share)
            for level, loader in self._loaders.items()
        }
        curriculum = CurriculumLoader(self.create_schedule(), loaders)
        return super().train(
            curriculum, valid_loader, criterion, optimizer, scheduler, num_epochs, device
        )
