"""Damaged specs never end in a traceback, and every fault is told inside the file."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from neurotrain.compiler.driver import PASSES

from .conftest import Outcome, compiled
from .damage import damaged_text, damaged_tree

SPECS: Final = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
NUM_MUTANTS: Final = 500


def _mutants(damage: Callable[[str, random.Random], str], seed: int) -> list[str]:
    dice = random.Random(seed)
    texts = [file.read_text(encoding="utf-8") for file in SPECS]
    return [damage(texts[index % len(texts)], dice) for index in range(NUM_MUTANTS // 2)]


def _assert_places(outcome: Outcome) -> None:
    for item in outcome.report.items:
        place = outcome.place(item)
        assert place.file in outcome.loaded.sources
        lines = outcome.loaded.sources[place.file].split("\n")
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1
        assert place.length >= 1


@pytest.mark.parametrize(("damage", "seed"), [(damaged_text, 1), (damaged_tree, 2)])
def test_damaged_specs_are_answered(
    damage: Callable[[str, random.Random], str], seed: int, tmp_path: Path
) -> None:
    """A plan or faults with places, never an exception: over five hundred damaged specs."""
    for number, text in enumerate(_mutants(damage, seed)):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8", newline="")
        try:
            outcome = compiled(file, {})
            _assert_places(outcome)
            assert outcome.text or not outcome.report.items
        except Exception as error:
            raise AssertionError(f"{error!r} of this spec:\n{text}") from error
        has_plan = outcome.draft is not None and outcome.draft.plan is not None
        assert has_plan != outcome.report.failed, text


def test_every_pass_is_tried() -> None:
    """The passes stand in the driver under the names of their files."""
    assert [each.__module__.rpartition(".")[2] for each in PASSES] == [
        each.__name__ for each in PASSES
    ]
