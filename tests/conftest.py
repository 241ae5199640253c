"""What all tests share: one thread, the project's folders, and the DRIVE data where it lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("DS_ACCELERATOR", "cpu")
ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` rewrites the golden files instead of comparing with them."""
    parser.addoption("--update-goldens", action="store_true", help="rewrite the golden files")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Files that tests compile with are not remembered in the developer's cache."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture
def drive_root() -> Path:
    """The DRIVE data set; the test is skipped where it is absent."""
    named = os.environ.get("DRIVE_ROOT")
    places = [Path(named)] if named else [ROOT / "data/DRIVE", ROOT.parent / "shared/data/DRIVE"]
    for place in places:
        if (place / "training").is_dir():
            return place.resolve()
    pytest.skip("the DRIVE data is not here; set DRIVE_ROOT")
