"""The loggers of a plan, from their structs to the sinks that take a run's events."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurotrain.component.base import tag_of
from neurotrain.engine.build import EnvironmentLacks
from neurotrain.engine.reporter import Reporter
from neurotrain.plan.plan import Plan
from neurotrain.recorder.events import read
from neurotrain.recorder.sinks import Background, Sink, TensorBoardSink, WandBSink
from neurotrain.spec.loggers import Logger, TensorBoard, WandB


@contextmanager
def logging_to(plan: Plan, run_dir: Path, reporter: Reporter) -> Iterator[None]:
    """Feed the plan's loggers with the events told inside.

    Raises:
        EnvironmentLacks: a logger's package is not installed here.
    """
    for logger in plan.experiment.loggers:
        if importlib.util.find_spec(logger.package) is None:
            raise EnvironmentLacks(
                f"the plan logs to {tag_of(logger)}, which is not installed: "
                f"pip install 'neurotrain[{tag_of(logger)}]'"
            )
    feeds = [
        Background(
            tag_of(logger),
            _sink(logger, plan, run_dir),
            lambda message: reporter.tell("warning.raised", message=message),
        )
        for logger in plan.experiment.loggers
    ]
    for feed in feeds:
        reporter.add(feed.put)
    try:
        yield
    finally:
        for feed in feeds:
            feed.close()


def _sink(logger: Logger, plan: Plan, run_dir: Path) -> Sink:
    if isinstance(logger, TensorBoard):
        return TensorBoardSink(run_dir / "tensorboard")
    assert isinstance(logger, WandB), logger
    return WandBSink(
        run_dir,
        project=logger.project,
        entity=logger.entity,
        mode=logger.mode,
        name=plan.name,
        run_id=f"{plan.name}-{_first_start(run_dir)}",
    )


def _first_start(run_dir: Path) -> int:
    """When the run was first started, in seconds of the Unix epoch: the same in every attempt."""
    events, _ = read(run_dir / "events.jsonl")
    return int(events[0].time if events else time.time())
