"""The process that runs a plan: `python -m neurotrain.engine.worker RUN_DIR`.

With DeepSpeed it is one of many, started by DeepSpeed's launcher, torchrun or srun. Only what is
light is imported here, so that signals are handled from the first instant; torch and the rest come
with `attempt`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from neurotrain.engine import last_words, lock
from neurotrain.engine.placement import BadLaunch, Placement, placed, planned_size, require_size
from neurotrain.engine.signals import StopFlag, end_when_stuck, handled


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the plan of a run directory; the exit code."""
    parser = argparse.ArgumentParser(prog="neurotrain.engine.worker", description=__doc__)
    parser.add_argument("run", type=Path, help="the run directory, or the plan.json in it")
    parser.add_argument("--only", help="run this stage alone")
    parser.add_argument("--allow-inexact", action="store_true", help="resume although not exact")
    parser.add_argument("--local_rank", type=int, help="put here by DeepSpeed's launcher")
    given = parser.parse_args(arguments)
    run_dir = given.run.parent if given.run.name == "plan.json" else given.run
    flag = StopFlag()
    with handled(flag):
        place: Placement | None = None
        try:
            place = _placed(run_dir, flag)
            if place is None or place.leads:
                _lock(run_dir)
        except (lock.RunIsLocked, BadLaunch) as error:
            print(f"neurotrain: error: {error}", file=sys.stderr)
            if place is not None:
                last_words.end(run_dir, place.rank, 2, str(error))
            return 2
        from neurotrain.engine.attempt import Job, run
        from neurotrain.spec.catalogue import built_in

        job = Job(run_dir=run_dir, only=given.only, allow_inexact=given.allow_inexact, place=place)
        return run(job, built_in(), flag)


def _placed(run_dir: Path, flag: StopFlag) -> Placement | None:
    """This process among those of a plan with DeepSpeed; None where the plan has none.

    Raises:
        BadLaunch: the launcher started other processes than planned.
    """
    planned = planned_size(run_dir / "plan.json")
    if planned is None:
        return None
    place = placed(os.environ)
    try:
        require_size(place, planned, f"{run_dir / 'plan.json'}")
    except BadLaunch as error:
        last_words.end(run_dir, place.rank, 2, str(error))
        raise
    last_words.begin(run_dir, place.rank)
    if place.leads:
        last_words.clear_beyond(run_dir, place.world_size)
    rank = place.rank
    end_when_stuck(
        flag, lambda code: last_words.end(run_dir, rank, code, "waited in vain", of_another=True)
    )
    if not place.leads:
        _talk_to(run_dir / last_words.log_name(place.rank))
    return place


def _lock(run_dir: Path) -> None:
    """Hold the run's lock until this process ends.

    Raises:
        RunIsLocked: another process holds it.
    """
    descriptor = lock.inherited()
    if descriptor is None:
        descriptor = lock.take(run_dir)
    else:
        lock.sign(descriptor)
    lock.keep_to_this_process(descriptor)


def _talk_to(log: Path) -> None:
    """Send what this process prints to its log; rank 0 alone talks to the terminal."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
