"""Further places for a run's values. A sink that fails or hangs never hurts the run.

Each sink works on a thread of its own and is fed through a bounded queue, so nothing here makes
the training wait. What goes wrong is told once, and the sink is left out from then on.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

from neurotrain.recorder.events import Event, number

Mode: TypeAlias = Literal["online", "offline"]
_WAITING: Final = 10_000
"""Events that may wait for a sink; a slower one loses the newest."""
_END_S: Final = 10.0
"""How long the end of a run waits for a sink."""
_STEP_VALUES: Final = ("loss", "lr", "grad_norm", "samples_per_s", "tokens_per_s")


_MEASURING: Final = {"tester": "test", "cross_validator": "cross_validation"}


class Sink(Protocol):
    """A place for values."""

    def write(self, event: Event) -> None:
        """Take one event of the run."""

    def close(self) -> None:
        """Write out what is kept back."""


def scalars(event: Event) -> Iterator[tuple[str, float]]:
    """The named numbers of an event that a chart over steps can show.

    Those of the test have step 0, because a test stands after the training and not at a step.
    """
    if event.kind == "step.finished":
        found = {f"step/{name}": event.data.get(name) for name in _STEP_VALUES}
    elif event.kind in ("epoch.finished", "epoch.detailed"):
        found = dict(event.data.get("metrics", {}))
    elif event.kind == "stage.finished" and event.data.get("stage") in _MEASURING:
        group = _MEASURING[event.data["stage"]]
        found = {f"{group}/{name}": value for name, value in event.data.get("result", {}).items()}
    else:
        return
    for name, given in found.items():
        value = number(given)
        if value is not None:
            yield name, value


def fold_name(event: Event) -> str:
    """The name of the fold whose training a `stage.started` begins; empty where it is no fold's."""
    _, dash, fold = str(event.data.get("stage")).partition("-")
    return f"fold-{fold}" if dash else ""


class TensorBoardSink:
    """Scalars as TensorBoard event files; a resume hides the steps that it does again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None
        self._fold = ""

    def write(self, event: Event) -> None:
        """Write the event's numbers at its step; opens the file at the first.

        Every fold of a cross-validation has a folder of its own, which TensorBoard shows as a run.
        """
        if event.kind == "stage.started" and self._fold != fold_name(event):
            self.close()
            self._writer, self._fold = None, fold_name(event)
        if event.kind == "run.resumed":
            self._open(purge_from=int(number(event.data.get("from_step")) or 0) + 1)
        for name, value in scalars(event):
            if self._writer is None:
                self._open(purge_from=None)
            self._writer.add_scalar(name, value, event.step, walltime=event.time)

    def close(self) -> None:
        """Flush and close the file."""
        if self._writer is not None:
            self._writer.close()

    def _open(self, *, purge_from: int | None) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.close()
        self._writer = SummaryWriter(str(self._folder / self._fold), purge_step=purge_from)


class WandBSink:
    """Scalars for Weights & Biases. A resumed run goes on in the run of the same id.

    Values are placed by their own `step`, so that steps done again after a resume land where the
    first ones did.
    """

    def __init__(
        self, folder: Path, *, project: str, entity: str | None, mode: Mode, name: str, run_id: str
    ) -> None:
        self._folder = folder
        self._project, self._entity, self._mode = project, entity, mode
        self._name, self._run_id = name, run_id
        self._run: Any = None
        self._prefix = ""

    def write(self, event: Event) -> None:
        """Log the event's numbers; `run.started` gives the run its configuration."""
        if event.kind == "run.started":
            self._start(event.data)
        if event.kind == "stage.started":
            self._prefix = fold_name(event) and f"{fold_name(event)}/"
        values = {f"{self._prefix}{name}": value for name, value in scalars(event)}
        if values and self._run is not None:
            self._run.log({**values, "step": event.step})

    def close(self) -> None:
        """End the run at W&B's side."""
        if self._run is not None:
            self._run.finish()

    def _start(self, config: dict[str, Any]) -> None:
        import wandb

        self._folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project=self._project, entity=self._entity, mode=self._mode, name=self._name,
            id=self._run_id, resume="allow", dir=str(self._folder), config=config, save_code=False,
            settings=wandb.Settings(silent=True, console="off", disable_git=True),
        )  # fmt: skip
        self._run.define_metric("*", step_metric="step")


class Background:
    """Feeds a sink from a thread of its own."""

    def __init__(self, name: str, sink: Sink, tell: Callable[[str], None]) -> None:
        self._name, self._sink, self._tell = name, sink, tell
        self._events: queue.Queue[Event | None] = queue.Queue(_WAITING)
        self._failed = False
        self._num_lost = 0
        self._thread = threading.Thread(target=self._work, daemon=True, name=f"logger-{name}")
        self._thread.start()

    def put(self, event: Event) -> None:
        """Hand over one event; never waits."""
        try:
            self._events.put_nowait(event)
        except queue.Full:
            self._num_lost += 1

    def close(self) -> None:
        """Let the sink finish, for a limited time."""
        try:
            self._events.put(None, timeout=_END_S)
        except queue.Full:
            self._num_lost += 1
        self._thread.join(timeout=_END_S)
        if self._thread.is_alive():
            self._fail("it did not finish in time")
        elif self._num_lost:
            self._tell(f"the logger '{self._name}' was too slow: it lost {self._num_lost} events")

    def _work(self) -> None:
        while (event := self._events.get()) is not None:
            self._guarded(lambda event=event: self._sink.write(event))  # type: ignore[misc]
        self._guarded(self._sink.close)

    def _guarded(self, work: Callable[[], None]) -> None:
        if self._failed:
            return
        try:
            work()
        except Exception as error:  # the sinks' boundary: no logger may end a training
            self._fail(" ".join(f"{type(error).__name__}: {error}".split()))

    def _fail(self, cause: str) -> None:
        if not self._failed:
            self._failed = True
            self._tell(f"the logger '{self._name}' stopped, the run goes on: {cause}")
