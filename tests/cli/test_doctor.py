"""`neurotrain doctor`: the truth about this machine, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]


def _doctor(*options: str, **environment: str) -> str:
    """What `doctor` prints; it must succeed and say nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "neurotrain", "doctor", *options],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def _json(**environment: str) -> Any:
    return json.loads(_doctor("--json", **environment))


def test_it_says_what_torch_and_deepspeed_say() -> None:
    """Versions, accelerator and ops are those that the libraries name themselves."""
    deepspeed = pytest.importorskip("deepspeed")
    import torch
    from deepspeed.accelerator import get_accelerator

    told = _json()
    assert told["torch"]["version"] == torch.__version__
    assert len(told["torch"]["gpus"]) == torch.cuda.device_count()
    assert told["deepspeed"]["version"] == deepspeed.__version__
    assert told["deepspeed"]["accelerator"] == get_accelerator().device_name()
    assert told["deepspeed"]["ops"].keys() >= {"cpu_adam", "fused_adam"}
    assert set(told["deepspeed"]["ops"].values()) <= {"built", "buildable", "no"}
    assert "bf16" in told["deepspeed"]["formats"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ModuleNotFoundError('No module named deepspeed')", "No module named deepspeed"),
        ("raise RuntimeError('broken build')", "broken build"),
        ("import sys; print('hello'); sys.exit(3)", "ended with code 3"),
        ("import os; os.abort()", "ended with code -6"),
        ("print('{}')", "cannot import name"),
    ],
)
def test_a_library_that_fails_is_told(tmp_path: Path, body: str, said: str) -> None:
    """Absent, broken or deadly on import: the rest is told all the same."""
    for name in ("torch", "deepspeed"):
        (tmp_path / f"{name}.py").write_text(body)
    if "import name" in said:
        (tmp_path / "deepspeed.py").unlink()
        (tmp_path / "deepspeed").mkdir()
        (tmp_path / "deepspeed/__init__.py").write_text(body)
        (tmp_path / "deepspeed/accelerator.py").write_text("")
    found = _json(PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert found["deepspeed"]["version"] is None
    assert said in found["deepspeed"]["error"]
    assert found["cores"] == os.cpu_count()


def test_lines_name_what_is_missing_and_its_cost(tmp_path: Path) -> None:
    """Without any program on the path each is absent, with what cannot be done without it."""
    for name in ("torch", "deepspeed"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not here')")
    text = _doctor(PATH=str(tmp_path), PYTHONPATH=f"{tmp_path}:{ROOT}")
    lines = {line[:16].strip(): line[17:] for line in text.splitlines()}
    assert lines["deepspeed"] == "absent: ImportError: not here"
    assert lines["c++"].startswith("absent: DeepSpeed cannot build its CPU Adam")
    assert lines["numactl"] == "absent: processes cannot be bound to cores"


def test_programs_are_found_on_the_path(tmp_path: Path) -> None:
    """A program is told by its path; CXX names another compiler."""
    for name in ("torch", "deepspeed"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not here')")
    for name in ("numactl", "my-c++"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    found = _json(PATH=str(tmp_path), CXX="my-c++", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert found["tools"]["numactl"] == str(tmp_path / "numactl")
    assert found["tools"]["c++"] == str(tmp_path / "my-c++")
    assert found["tools"]["pdsh"] is None
