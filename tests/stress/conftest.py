"""How hard to try: `make test` a little with a fixed seed, `make stress` long with a new one."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Effort:
    """The tier that runs, and its seed."""

    is_long: bool
    seed: int

    def times(self, short: int, long: int) -> int:
        """How often to try."""
        return long if self.is_long else short

    def random(self, name: str) -> random.Random:
        """The random numbers of one test."""
        return random.Random(f"{self.seed} {name}")


def _effort() -> Effort:
    is_long = os.environ.get("NEUROTRAIN_STRESS", "") == "long"
    return Effort(is_long=is_long, seed=int(os.environ.get("NEUROTRAIN_STRESS_SEED", "1")))


def pytest_report_header() -> str:
    """Say what a failure can be repeated with."""
    found = _effort()
    return f"stress: {'long' if found.is_long else 'short'}, NEUROTRAIN_STRESS_SEED={found.seed}"


@pytest.fixture(scope="session")
def effort() -> Effort:
    """How hard to try."""
    return _effort()
