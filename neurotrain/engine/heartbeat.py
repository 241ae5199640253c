"""Tells that a run lives, and how loaded its machine is, from a thread of its own."""

from __future__ import annotations

import os
import socket
import threading
import time

from neurotrain.engine.machine import Machine
from neurotrain.engine.reporter import Reporter
from neurotrain.recorder.control import HEARTBEAT_S, Status, boot_id, write_status
from neurotrain.recorder.events import Event

_SAMPLE_EVERY = 2
_STATES = {
    "epoch.started": "training",
    "epoch.finished": "training",
    "validation.finished": "training",
}
_STAGE_STATES = {
    "trainer": "training", "cross_validator": "testing", "tester": "testing",
    "predictor": "predicting",
}  # fmt: skip


class Heartbeat:
    """Replaces `status.json` every two seconds; a failure to write it is not the run's."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._state = "starting"
        self._exit_code: int | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")

    def start(self) -> None:
        """Begin to beat."""
        self._write()
        self._thread.start()

    def note(self, event: Event) -> None:
        """Take the run's state from its events."""
        if event.kind == "stage.started":
            stage = str(event.data.get("stage")).partition("-")[0]
            self._state = _STAGE_STATES.get(stage, self._state)
        else:
            self._state = _STATES.get(event.kind, self._state)

    def end(self, state: str, exit_code: int) -> None:
        """Stop beating and leave the last status."""
        self._state, self._exit_code = state, exit_code
        self._ended.set()
        self._thread.join()
        self._write()

    def _beat(self) -> None:
        beats, machine = 0, Machine(self._reporter.run_dir)
        while not self._ended.wait(HEARTBEAT_S):
            self._write()
            if beats % _SAMPLE_EVERY == 0:
                self._reporter.tell("machine.sampled", **machine.sample())
            beats += 1

    def _write(self) -> None:
        status = Status(
            pid=os.getpid(),
            host=socket.gethostname(),
            boot_id=boot_id(),
            attempt=self._reporter.attempt,
            state=self._state,
            exit_code=self._exit_code,
            seq=self._reporter.seq,
            time=time.time(),
        )
        try:
            write_status(self._reporter.run_dir, status)
        except OSError:
            return
