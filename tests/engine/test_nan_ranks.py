"""NaN and infinity on one process of two: both end, and no file of either has any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.engine.planted import PLACES
from tests.engine.test_nan_policy import all_finite
from tests.ports import free_port

pytest.importorskip("deepspeed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all trainings, done by two processes."""
    made = tmp_path_factory.mktemp("planted")
    port = str(free_port())
    meeting = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    common = {**os.environ, **meeting, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, "-m", "tests.engine.planted", str(made)]
    ranks = [
        subprocess.Popen(
            command, env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    said = [rank.communicate(timeout=300)[1] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], said
    return made


@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_both_end(folder: Path, stage: int) -> None:
    """Alike, wherever it was planted; a mask of infinities is no fault.

    ZeRO 1 and 2 give every process its weights anew from the parts of the optimizer, so that a
    weight that was spoiled elsewhere is healed by the next update.
    """
    found = json.loads((folder / "found.json").read_text())
    assert found[f"nothing-0.0-{stage}"] == ["done after 4 steps"] * 2
    harmed = {name: ends for name, ends in found.items() if name.endswith(f"-{stage}")}
    assert len(harmed) == (1 + 2 * len(PLACES) if stage < 3 else 2 * len(PLACES) - 1)
    for name, ends in harmed.items():
        assert ends[0] == ends[1]
        heals = name.startswith("parameter") and stage in (1, 2)
        if not (heals or name.startswith("nothing")):
            assert ends[0].startswith("diverged"), (name, ends)


@pytest.mark.slow
def test_no_file_has_any(folder: Path) -> None:
    """Neither whole weights nor any shard, though there was a save after every step."""
    files = [*folder.glob("*/train/checkpoints/*.pth"), *folder.glob("**/shards/*/*.p*t*")]
    assert len(files) > 100
    for file in files:
        state = torch.load(file, map_location="cpu", weights_only=False)
        for part in ("model_state_dict", "buffers", "module"):
            if isinstance(state.get(part), dict):
                state[part].pop("mask", None)
        assert all_finite(state), file
