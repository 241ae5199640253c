"""The shipped specs do what the README says of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import f1_score


def run(root: Path, folder: Path, spec: str, *options: str) -> Path:
    """Run a shipped spec in a folder; its run directory."""
    command = [sys.executable, "-m", "neurotrain", "run", str(root / "specs" / spec), "--plain"]
    done = subprocess.run(
        [*command, *options], cwd=folder, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=600, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "runs" / Path(spec).stem


def overall(run_dir: Path) -> dict[str, float]:
    """The test's overall values."""
    metrics = json.loads((run_dir / "test/metrics.json").read_text())
    found: dict[str, float] = metrics["overall"]
    return found


@pytest.mark.slow
def test_the_quickstart_is_neither_trivial_nor_hopeless(root: Path, tmp_path: Path) -> None:
    """Its test Dice lies where the demo promises, and it says that the data is synthetic."""
    run_dir = run(root, tmp_path, "quickstart.yaml")
    assert 0.75 <= overall(run_dir)["dice"] <= 0.95
    assert "synthetic" in (run_dir / "test/report.txt").read_text().lower()
    assert "synthetic" in (run_dir / "test/report.html").read_text().lower()


@pytest.mark.slow
def test_digits_reach_97_percent(root: Path, tmp_path: Path) -> None:
    """Real scans, on samples that were not trained on."""
    assert overall(run(root, tmp_path, "digits.yaml"))["accuracy"] >= 0.97


@pytest.mark.slow
def test_drive_runs_from_end_to_end(
    root: Path, tmp_path: Path, drive_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two epochs on the real data; the score is scikit-learn's on the masks that are written."""
    monkeypatch.setenv("DRIVE_ROOT", str(drive_root))
    run_dir = run(
        root, tmp_path, "drive.yaml", "--set", "train.epochs=2", "--set",
        "train.validate_every=1 epoch", "--set", "train.scheduler.warmup=10 steps", "--set",
        "predict.postprocess=[threshold]", "--set", "test.flips=false", "--set",
        "test.num_pictures=2",
    )  # fmt: skip
    masks = sorted((run_dir / "predict").glob("*.tif"))
    assert len(masks) == 20
    truth, predicted = [], []
    for mask in masks:
        number = mask.name[:2]
        inside = np.asarray(Image.open(drive_root / f"test/mask/{number}_test_mask.gif")) > 0
        manual = np.asarray(Image.open(drive_root / f"test/1st_manual/{number}_manual1.gif")) > 0
        found = np.asarray(Image.open(mask)) > 0
        assert found.shape == (584, 565)
        assert not found[~inside].any()
        truth.append(manual[inside])
        predicted.append(found[inside])
    score = f1_score(np.concatenate(truth), np.concatenate(predicted))
    assert overall(run_dir)["dice"] == pytest.approx(score, abs=1e-9)
