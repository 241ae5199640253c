"""What each process of a training leaves for the others: that it began, and how it ended.

A process that began and left no last words was killed. Needs no torch.
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A process of a training, as it says itself."""

    rank: int
    pid: int
    host: str
    time: float
    exit_code: int | None = None
    """None while it has not ended in order."""
    message: str = ""
    hint: str = ""
    of_another: bool = False
    """It ended because another process did."""
    is_interrupted: bool = False
    """It was asked to end, and has saved."""


def begin(run_dir: Path, rank: int) -> None:
    """Say that this process began."""
    _write(run_dir, _here(rank))


def end(
    run_dir: Path, rank: int, exit_code: int, message: str, hint: str = "", *,
    of_another: bool = False, is_interrupted: bool = False,
) -> None:  # fmt: skip
    """Say how this process ends."""
    words = _here(rank, exit_code, message, hint)
    _write(run_dir, replace(words, of_another=of_another, is_interrupted=is_interrupted))


def clear(run_dir: Path, ranks: range | None = None) -> None:
    """Forget the processes of earlier attempts: all, or those that this machine starts."""
    names = "*" if ranks is None else [str(rank) for rank in ranks]
    for name in names:
        for file in _folder(run_dir).glob(f"rank-{name}.json"):
            file.unlink(missing_ok=True)


def clear_beyond(run_dir: Path, size: int) -> None:
    """Forget the processes that earlier attempts had beyond so many."""
    for words in said(run_dir):
        if words.rank >= size:
            (_folder(run_dir) / f"rank-{words.rank}.json").unlink(missing_ok=True)


def said(run_dir: Path) -> list[Words]:
    """What every process said last, in the order of ranks; torn files are passed over."""
    found = []
    for file in _folder(run_dir).glob("rank-*.json"):
        try:
            found.append(Words(**json.loads(file.read_text())))
        except (OSError, ValueError, TypeError):
            continue
    return sorted(found, key=lambda words: words.rank)


def culprit(run_dir: Path, *, elsewhere: bool = True) -> Words | None:
    """The process that ended the training: the first that failed by itself, else one that was
    killed; its message says which it was. None where neither is found.

    `elsewhere`: one on another machine that has not spoken is taken to be gone.
    """
    words = said(run_dir)
    ended = [each for each in words if each.exit_code and not each.is_interrupted]
    failed = [each for each in ended if not each.of_another]
    if failed:
        first = min(failed, key=lambda each: each.time)
        return Words(**{**asdict(first), "message": f"rank {first.rank}: {first.message}"})
    silent = [each for each in words if each.exit_code is None and not _lives(each, elsewhere)]
    if not silent:
        return None
    first = silent[0]
    message = f"rank {first.rank} (process {first.pid} on {first.host}) ended without a word: "
    message += f"killed, or crashed; its log is {log_name(first.rank)}"
    hint = "give the same command again to go on; look for the out-of-memory killer if it recurs"
    return Words(**{**asdict(first), "exit_code": 137, "message": message, "hint": hint})


def log_name(rank: int) -> str:
    """The log of a rank, relative to the run directory."""
    return f"logs/rank-{rank}.log"


def _lives(words: Words, elsewhere: bool) -> bool:
    """Whether a process is there; of one on another machine that cannot be seen."""
    if words.host != socket.gethostname():
        return not elsewhere
    try:
        os.kill(words.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return ") Z " not in Path(f"/proc/{words.pid}/stat").read_text()
    except OSError:
        return True


def _here(rank: int, exit_code: int | None = None, message: str = "", hint: str = "") -> Words:
    return Words(
        rank=rank, pid=os.getpid(), host=socket.gethostname(), time=time.time(),
        exit_code=exit_code, message=message, hint=hint,
    )  # fmt: skip


def _write(run_dir: Path, words: Words) -> None:
    """Replace the file in one step; it is not made durable, a crash of the machine voids it."""
    folder = _folder(run_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{words.rank}.tmp"
        temporary.write_text(json.dumps(asdict(words)))
        temporary.replace(folder / f"rank-{words.rank}.json")
    except OSError:
        return


def _folder(run_dir: Path) -> Path:
    return run_dir / "ranks"
