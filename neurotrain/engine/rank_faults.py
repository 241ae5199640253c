"""Which process of many ended a training: the first error, not those that follow from it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from neurotrain.engine import last_words
from neurotrain.engine.faults import Fault
from neurotrain.engine.placement import Placement
from neurotrain.engine.ranks import is_loss_of_peer

_WAIT_S: Final = 5.0
_LOOK_S: Final = 0.1
_FOLLOWED: Final = "another process ended first"


def behind(run_dir: Path, place: Placement) -> Fault | None:
    """What is behind a signal that this process got: another one that was killed or has failed.

    Its launcher ends all processes with a signal when one has ended. None where it came from
    outside.
    """
    words = last_words.culprit(run_dir, elsewhere=False)
    if words is None or words.rank == place.rank:
        return None
    last_words.end(run_dir, place.rank, 1, _FOLLOWED, of_another=True)
    assert words.exit_code is not None
    return Fault(exit_code=words.exit_code, message=words.message, hint=words.hint)


def settled(run_dir: Path, place: Placement, error: Exception, fault: Fault) -> Fault:
    """Leave this process's last words; the fault that the run has, on rank 0 the culprit's."""
    rank = place.rank
    if not is_loss_of_peer(error):
        last_words.end(run_dir, rank, fault.exit_code, fault.message, fault.hint)
        return fault
    last_words.end(run_dir, rank, 1, _FOLLOWED, of_another=True)
    followed = Fault(exit_code=1, message=f"{_FOLLOWED}: {fault.message}")
    if not place.leads:
        return followed
    until_s = time.monotonic() + _WAIT_S
    words = last_words.culprit(run_dir, elsewhere=False)
    while words is None and time.monotonic() < until_s:
        time.sleep(_LOOK_S)
        words = last_words.culprit(run_dir, elsewhere=False)
    words = words or last_words.culprit(run_dir)
    if words is None:
        return followed
    assert words.exit_code is not None
    return Fault(exit_code=words.exit_code, message=words.message, hint=words.hint)
