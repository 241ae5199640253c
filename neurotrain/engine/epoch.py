"""The batches of one epoch on their way into the training step.

Reseeding, counting, step events and the look at the stop flag happen here, around each batch, so
that a trainer with a loop of its own has them as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from neurotrain.engine.foreign import EpochLoader
from neurotrain.engine.loop_state import LoopState
from neurotrain.transforms.batch import Batch

EVENT_INTERVAL_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast steps were since the last event."""

    samples_per_s: float
    data_wait: float
    """Share of the time spent waiting for batches."""

    def told(self, tokens: int | None) -> dict[str, float]:
        """What events say of it; of samples of text also their tokens."""
        found = {"samples_per_s": self.samples_per_s, "data_wait": self.data_wait}
        return found if tokens is None else {**found, "tokens_per_s": self.samples_per_s * tokens}


class PaceMeter:
    """Measures the pace over intervals that do not end with epochs."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._started_s = time.monotonic()
        self._num_samples, self._waited_s = 0, 0.0

    def add(self, num_samples: int, waited_s: float) -> Pace | None:
        """Add a batch; the pace where an interval is over."""
        self._num_samples += num_samples
        self._waited_s += waited_s
        elapsed_s = time.monotonic() - self._started_s
        if elapsed_s < EVENT_INTERVAL_S:
            return None
        pace = Pace(
            samples_per_s=self._num_samples / elapsed_s, data_wait=self._waited_s / elapsed_s
        )
        self._reset()
        return pace


class EpochBatches:
    """Iterates over what is left of the running epoch."""

    def __init__(
        self,
        loader: EpochLoader,
        state: LoopState,
        meter: PaceMeter,
        *,
        num_batches: int,
        accumulation: int,
        before: Callable[[], None],
        after: Callable[[Pace | None], None],
    ) -> None:
        self._loader, self._state, self._meter = loader, state, meter
        self.num_batches, self._accumulation = num_batches, accumulation
        self._before, self._after = before, after

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[Batch]:
        state = self._state
        batches = self._loader.epoch(state.epoch, state.batch, self.num_batches)
        while state.batch < self.num_batches:
            asked_s = time.monotonic()
            batch = next(batches, None)
            waited_s = time.monotonic() - asked_s
            if batch is None:
                return
            self._before()
            yield batch
            state.batch += 1
            state.micro_step += 1
            state.step += state.batch % self._accumulation == 0
            self._after(self._meter.add(len(batch), waited_s))
