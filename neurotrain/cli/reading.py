"""Reading the data of a spec on the command line: what is remembered where, and progress."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

from neurotrain.dataset.reader import FileReader

_INTERVAL_S: Final = 0.1
_PATIENCE_S: Final = 0.5
"""What takes less is not worth a line."""


def remembering_reader() -> FileReader:
    """A reader that remembers files in the user's cache and tells its progress to a terminal."""
    return FileReader(_store(), _Line() if sys.stderr.isatty() else None)


def _store() -> Path | None:
    """The file in the user's cache folder; none where there is no such folder."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    try:
        folder = folder.expanduser()
    except RuntimeError:
        return None
    return folder / "neurotrain" / "files.bin" if folder.is_absolute() else None


class _Line:
    """One line on stderr that is written over, and wiped when a survey is done."""

    def __init__(self) -> None:
        self._what = ""
        self._start_s = self._last_s = 0.0
        self._is_shown = False

    def __call__(self, what: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        if what != self._what:
            self._what, self._start_s = what, now_s
        if done == total:
            self._wipe()
        elif now_s - self._start_s > _PATIENCE_S and now_s - self._last_s > _INTERVAL_S:
            self._last_s, self._is_shown = now_s, True
            sys.stderr.write(f"\r\x1b[K{what}: {done:,} of {total:,}")
            sys.stderr.flush()

    def _wipe(self) -> None:
        self._what = ""
        if self._is_shown:
            self._is_shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
