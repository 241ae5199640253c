"""Recorded runs for the monitor's tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _load(file: str) -> ModuleType:
    """A module beside this file, under a name of its own: tests are not packages."""
    name = f"monitor_{file}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{file}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def logs() -> ModuleType:
    """The generator of recorded runs."""
    return _load("logs")


@pytest.fixture(scope="session")
def cluster(logs: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A live run of two processes on two GPUs that tells everything there is to tell."""
    run_dir = logs.live(tmp_path_factory.mktemp("cluster") / "run")
    return Path(_load("cluster").enrich(run_dir))


@pytest.fixture(scope="session")
def recorded(logs: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One run directory of each kind; tests that change one copy it first."""
    root = tmp_path_factory.mktemp("runs")
    found = {name: write(root / name) for name, write in logs.WRITERS.items()}
    found["digits"] = logs.finished(root / "digits", task="classification")
    found["synthetic"] = logs.live(root / "synthetic", synthetic=True)
    return found
