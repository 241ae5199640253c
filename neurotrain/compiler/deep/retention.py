"""How many checkpoint files lie on the disk at once, by the rule of what is kept."""

from __future__ import annotations


def most_files(num_epochs: int, every: int | None, keep_last: int) -> int:
    """The largest number of different checkpoint files at any time of a training.

    The worst case is that every epoch is saved and the first one stays the best. `last`, `best` and
    the numbered ones are names; names of one file count once. The new file is staged beside all
    others before any is removed. The number grows but for names that coincide, so that the last
    saves have the most.
    """
    ends = range(max(0, num_epochs - 3), num_epochs)
    return 1 + max(_named_after(epoch, every or num_epochs + 1, keep_last) for epoch in ends)


def most_left(num_epochs: int, every: int | None, keep_last: int) -> int:
    """The largest number of different files that a training leaves when it is over."""
    ends = range(max(1, num_epochs - 3), num_epochs + 1)
    return max(_named_after(epoch, every or num_epochs + 1, keep_last) for epoch in ends)


def _named_after(epoch: int, every: int, keep_last: int) -> int:
    """How many different files have a name when an epoch's save is over."""
    if epoch == 0:
        return 0
    numbered = min(epoch // every, keep_last)
    last_is_numbered = epoch % every == 0
    best_is_named = epoch == 1 or (every == 1 and epoch <= keep_last)
    return numbered + (not last_is_numbered) + (not best_is_named)
