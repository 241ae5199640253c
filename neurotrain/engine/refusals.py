"""What a training does about updates that are not finite: its policy and how often it was used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from neurotrain.engine.loop_state import LoopState
from neurotrain.engine.stepping import Diverged, NonFinite
from neurotrain.spec.nan_policy import NanPolicy, RollBack, Skip

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RolledBack(Exception):
    """The epoch is to be begun again."""


class Refusals:
    """Applies the policy; the counters are in the loop's state."""

    def __init__(self, policy: NanPolicy, tell: Callable[..., None]) -> None:
        self._policy, self._tell = policy, tell
        self._samples: list[NDArray[np.int64]] = []

    def note(self, samples: NDArray[np.int64]) -> None:
        """Remember what the running update is made of."""
        self._samples.append(samples)

    def forget(self) -> None:
        """The update was made."""
        self._samples.clear()

    def refuse(self, error: NonFinite, state: LoopState) -> None:
        """Leave the running update out, if the policy bears it.

        Raises:
            RolledBack: the epoch is to be begun again.
            Diverged: the policy bears no more.
        """
        where = f"at step {state.step + 1} (epoch {state.epoch}, batch {state.batch + 1})"
        samples = [int(index) for batch in self._samples for index in batch]
        self._samples.clear()
        state.meters.drop_update()
        message = f"{error} {where}"
        if isinstance(self._policy, Skip) and state.skipped < self._policy.limit:
            state.skipped += 1
            told = f"{message}; update left out, {state.skipped} of {self._policy.limit} borne"
            self._report("update.skipped", told, state.skipped, samples)
            return
        if isinstance(self._policy, RollBack) and state.rolled_back < self._policy.limit:
            state.rolled_back += 1
            times = f"{state.rolled_back} of {self._policy.limit} times"
            told = f"{message}; back to the beginning of the epoch, {times}"
            self._report("training.rolled_back", told, state.rolled_back, samples)
            raise RolledBack
        raise Diverged(f"{message}; the last checkpoint is kept") from error

    def _report(self, kind: str, message: str, count: int, samples: list[int]) -> None:
        told: dict[str, Any] = {"message": message, "count": count, "samples": samples}
        self._tell(kind, **told)
