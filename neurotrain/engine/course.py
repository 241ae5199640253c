"""How long the epochs of a training are, and which level of a curriculum each has.

Without a curriculum all are alike. The level that was begun last is state, so that a resume tells a
change once and in the right place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from neurotrain.dataset.curriculum import Schedule, in_order, level_at
from neurotrain.dataset.loader import TrainLoader
from neurotrain.engine.checkpoint import ForeignCheckpoint
from neurotrain.engine.foreign import EpochLoader
from neurotrain.optim.schedules import Horizon
from neurotrain.transforms.batch import Batch


class CurriculumLoader:
    """Training batches of the level that a schedule gives each epoch.

    Bengio et al., "Curriculum learning", ICML 2009. The schedule's numbers are those of finished
    epochs; the loop's epochs count from 1.

    Raises:
        ValueError: the schedule does not start at 0, or a level has no loader.
    """

    def __init__(self, schedule: Schedule, loaders: Mapping[str, EpochLoader]) -> None:
        require_schedule(schedule, loaders)
        self.schedule, self._loaders = in_order(schedule), dict(loaders)

    def __len__(self) -> int:
        """Batches in the first epoch."""
        return len(self.of_epoch(1))

    def level(self, epoch: int) -> str:
        """The level of an epoch, counted from 1."""
        return level_at(self.schedule, epoch - 1)

    def of_epoch(self, epoch: int) -> EpochLoader:
        """The loader of an epoch, counted from 1."""
        return self._loaders[self.level(epoch)]

    def epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        """The batches of an epoch from one batch number on and before another."""
        loader = self.of_epoch(epoch)
        for other in self._loaders.values():
            if other is not loader and isinstance(other, TrainLoader):
                other.rest()
        return loader.epoch(epoch, start, stop)


def require_schedule(schedule: Schedule, loaders: Mapping[str, Any]) -> None:
    """A level for every epoch, and a loader for every level.

    Raises:
        ValueError: the schedule does not start at 0, or a level has no loader.
    """
    if min(schedule, default=1) != 0:
        raise ValueError(f"a schedule starts with the level of epoch 0; this is {dict(schedule)}")
    lacking = sorted(set(schedule.values()) - set(loaders))
    if lacking:
        raise ValueError(f"there is no loader for {', '.join(lacking)}; there are {list(loaders)}")


class Course:
    """The epochs of a training with one loader."""

    def __init__(self, loader: EpochLoader, accumulation: int) -> None:
        self._loader, self._accumulation = loader, accumulation
        self._curriculum = loader if isinstance(loader, CurriculumLoader) else None
        self._level: str | None = None

    def loader_of(self, epoch: int) -> EpochLoader:
        """What gives the batches of an epoch."""
        return self._loader if self._curriculum is None else self._curriculum.of_epoch(epoch)

    def num_batches(self, epoch: int) -> int:
        """The batches of an epoch that fill whole updates."""
        return self._num_updates(epoch) * self._accumulation

    def horizon(self, num_epochs: int) -> Horizon:
        """The updates of so many epochs.

        Raises:
            ValueError: a level has too few batches for one.
        """
        schedule = {0: ""} if self._curriculum is None else self._curriculum.schedule
        stretches = [(first, self._num_updates(first + 1)) for first in schedule]
        for first, num_updates in stretches:
            if num_updates == 0 and schedule[first]:
                raise ValueError(f"the level '{schedule[first]}' has too few batches for an update")
        return Horizon.of(stretches, num_epochs)

    def begin(self, epoch: int, tell: Callable[..., None]) -> dict[str, Any]:
        """Tell a change of level; what the beginning of an epoch tells of its own."""
        if self._curriculum is None:
            return {}
        level = self._curriculum.level(epoch)
        if level != self._level:
            loader = self.loader_of(epoch)
            known = {"num_samples": loader.num_samples} if isinstance(loader, TrainLoader) else {}
            before, self._level = self._level, level
            tell(
                "curriculum.changed", level=level, before=before,
                num_batches=self.num_batches(epoch), **known,
            )  # fmt: skip
        return {"level": level}

    def state_dict(self) -> dict[str, Any]:
        """The schedule and the level that was begun last; empty without a curriculum."""
        if self._curriculum is None:
            return {}
        return {"schedule": self._curriculum.schedule, "level": self._level}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state.

        Raises:
            ForeignCheckpoint: it is that of another schedule.
        """
        before, now = state.get("schedule"), self.state_dict().get("schedule")
        if before != now:
            raise ForeignCheckpoint(
                f"the checkpoint's curriculum is {before or 'none'}, this training's "
                f"{now or 'none'}: take another folder, or the same schedule"
            )
        self._level = state.get("level")

    def _num_updates(self, epoch: int) -> int:
        return len(self.loader_of(epoch)) // self._accumulation
