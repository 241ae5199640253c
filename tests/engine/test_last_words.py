"""Who ended a training of many processes, by what each has left."""

from __future__ import annotations

import socket
from pathlib import Path

from neurotrain.engine import last_words
from neurotrain.engine.placement import Placement
from neurotrain.engine.rank_faults import behind


def move(folder: Path, rank: int) -> None:
    """Let a process be one of another machine."""
    file = folder / f"ranks/rank-{rank}.json"
    file.write_text(file.read_text().replace(socket.gethostname(), "elsewhere"))


def test_an_interruption_is_no_fault(tmp_path: Path) -> None:
    """A process that was asked to end, and the others with it, has not failed."""
    last_words.end(tmp_path, 0, 130, "the state is saved", is_interrupted=True)
    last_words.begin(tmp_path, 1)
    assert last_words.culprit(tmp_path) is None
    assert behind(tmp_path, Placement(rank=1, world_size=2)) is None


def test_silence_from_another_machine_is_no_death(tmp_path: Path) -> None:
    """While processes end in order, one that cannot be seen is not taken to be killed."""
    last_words.begin(tmp_path, 0)
    last_words.begin(tmp_path, 1)
    move(tmp_path, 1)
    assert behind(tmp_path, Placement(rank=0, world_size=2)) is None
    gone = last_words.culprit(tmp_path)
    assert gone is not None
    assert (gone.rank, gone.exit_code) == (1, 137)


def test_processes_of_a_larger_attempt_are_forgotten(tmp_path: Path) -> None:
    """What a third process said before has no part in an attempt of two."""
    last_words.end(tmp_path, 2, 1, "an old failure")
    last_words.begin(tmp_path, 0)
    last_words.clear_beyond(tmp_path, 2)
    assert [words.rank for words in last_words.said(tmp_path)] == [0]
