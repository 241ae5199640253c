"""The process that runs a plan: `python -m neurotrain.engine.worker RUN_DIR`.

Only what is light is imported here, so that signals are handled from the first instant; torch and
the rest come with `attempt`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from neurotrain.engine import lock
from neurotrain.engine.not_yet import EXIT_CODE, lacking_in
from neurotrain.engine.signals import StopFlag, handled


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the plan of a run directory; the exit code."""
    parser = argparse.ArgumentParser(prog="neurotrain.engine.worker", description=__doc__)
    parser.add_argument("run", type=Path, help="the run directory, or the plan.json in it")
    parser.add_argument("--only", help="run this stage alone")
    parser.add_argument("--allow-inexact", action="store_true", help="resume although not exact")
    parser.add_argument("--local_rank", type=int, help="put here by DeepSpeed's launcher")
    given = parser.parse_args(arguments)
    run_dir = given.run.parent if given.run.name == "plan.json" else given.run
    lack = lacking_in(run_dir / "plan.json")
    if lack:
        print(f"neurotrain: error: {lack}", file=sys.stderr)
        return EXIT_CODE
    flag = StopFlag()
    with handled(flag):
        descriptor = lock.inherited()
        try:
            if descriptor is None:
                descriptor = lock.take(run_dir)
            else:
                lock.sign(descriptor)
        except lock.RunIsLocked as error:
            print(f"neurotrain: error: {error}", file=sys.stderr)
            return 2
        lock.keep_to_this_process(descriptor)
        from neurotrain.engine.attempt import Job, run
        from neurotrain.spec.catalogue import built_in

        job = Job(run_dir=run_dir, only=given.only, allow_inexact=given.allow_inexact)
        return run(job, built_in(), flag)


if __name__ == "__main__":
    sys.exit(main())
