"""Whole runs in processes of their own: the command, its exit codes, and what it leaves."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurotrain.recorder.control import read_status
from neurotrain.recorder.events import read_all
from tests.engine.conftest import DIGITS, Project

LONG = DIGITS.replace("epochs: 3", "epochs: 30").replace("patience: 2", "patience: 30")
SEGMENTATION = """
version: 1
name: own
task: {type: segmentation, classes: [background, object]}
data:
  train: {type: paired_images, root: data, images: "images/*", masks: "masks/*"}
  valid: {fraction: 0.2}
  test: {fraction: 0.2}
  transforms: {train: [normalize, {type: random_crop, size: [16, 16]}], eval: [normalize]}
model: {type: unet, channels: [4, 8]}
loss: [dice]
metrics: [dice]
train: {epochs: 1, batch: {global: 2}}
predict: {input: "data/images/*", postprocess: [threshold]}
engine: {type: torch, device: cpu, threads: 1}
"""


def outcome(run: Path) -> dict[str, str]:
    """Digests of what a run has to give bit for bit."""
    names = ["train/metrics.csv", "test/metrics.json", "test/per_sample.csv"]
    files = [*(run / "train/checkpoints").glob("*.pth"), *(run / name for name in names)]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


def kinds(run: Path) -> list[str]:
    """The kinds of a run's events."""
    return [event.kind for event in read_all(run / "events.jsonl")]


def write_images(folder: Path, num: int = 10, seed: int = 0) -> None:
    """Images of different sizes with a bright square, and their masks."""
    draw = random.Random(seed)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for index in range(num):
        height, width = draw.randint(20, 33), draw.randint(20, 33)
        image = np.full((height, width, 3), 60, np.uint8)
        mask = np.zeros((height, width), np.uint8)
        image[6:14, 5:15], mask[6:14, 5:15] = 200, 255
        Image.fromarray(image).save(folder / f"images/{index:02d}.png")
        Image.fromarray(mask).save(folder / f"masks/{index:02d}.png")


def test_a_run_ends_with_its_score_and_a_second_call_tells_it_again(
    trained: Callable[[], Path],
) -> None:
    """The first call trains; the second starts nothing and prints the same."""
    run = trained()
    num_events = len(kinds(run))
    again = Project(run.parents[1]).call("run", "spec.yaml")
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("result       accuracy 0.")
    for name in ("test/report.html", "test/predictions", "train/plots", "neurotrain monitor"):
        assert name in again.stdout
    assert len(kinds(run)) == num_events
    status = read_status(run)
    assert status is not None
    assert (status.state, status.exit_code) == ("finished", 0)


def test_the_run_directory_is_that_of_the_contract(trained: Callable[[], Path]) -> None:
    """Every file has its place."""
    run = trained()
    wanted = [
        "plan.json", "deepspeed.json", "graph.mmd", "launch.sh", "events.jsonl", "status.json",
        "lock", "spec/spec.yaml", "train/checkpoints/best.pth", "train/checkpoints/last.pth",
        "train/metrics.csv", "train/plots/loss.png", "test/metrics.json", "test/metrics.csv",
        "test/per_sample.csv", "test/confusion_matrix.png", "test/predictions/sample_001.png",
        "test/report.txt", "test/report.html",
    ]  # fmt: skip
    assert [name for name in wanted if not (run / name).exists()] == []
    assert not list(run.rglob("*.tmp"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_again_and_again_it_ends_with_the_same_bits(
    project: Project, number: signal.Signals
) -> None:
    """Ended at random instants, the same command gives the files of an undisturbed run."""
    draw = random.Random(number)
    project.write(LONG)
    whole = project.call("run", "spec.yaml", "--plain", "--runs-dir", "whole")
    assert whole.returncode == 0, whole.stderr
    run = project.folder / "cut/tiny"
    codes = []
    for _ in range(3):
        process = project.start("run", "spec.yaml", "--plain", "--runs-dir", "cut")
        before = kinds(run).count("epoch.finished") if run.exists() else 0
        wait_for(
            lambda before=before: (
                process.poll() is not None  # noqa: B023
                or kinds(run).count("epoch.finished") > before + 2
            ),
            "some epochs",
        )
        time.sleep(draw.random() * 0.3)
        process.send_signal(number)
        process.communicate(timeout=60)
        codes.append(process.returncode)
    wanted = {signal.SIGKILL: -9, signal.SIGTERM: 143}[number]
    assert codes[0] == wanted
    last = project.call("run", "spec.yaml", "--plain", "--runs-dir", "cut")
    assert last.returncode == 0, last.stderr
    assert outcome(run) == outcome(project.folder / "whole/tiny")


def test_ctrl_c_leaves_a_valid_last_checkpoint(project: Project) -> None:
    """Interrupted in training, it says how to go on."""
    from neurotrain.engine.checkpoint import load

    project.write(LONG)
    process = project.start("run", "spec.yaml", "--plain")
    run = project.folder / "runs/tiny"
    wait_for(lambda: "epoch.finished" in kinds(run), "an epoch")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in stderr
    assert load(run / "train/checkpoints/last.pth")["step"] > 0


def test_stop_and_save_reach_a_running_run(project: Project) -> None:
    """`save` writes a checkpoint, `stop` ends with the state saved."""
    project.write(LONG.replace("epochs: 30", "epochs: 5000"))
    process = project.start("run", "spec.yaml", "--plain")
    run = project.folder / "runs/tiny"
    wait_for(lambda: "epoch.finished" in kinds(run), "an epoch")
    assert project.call("save", "runs/tiny").returncode == 0
    assert project.call("stop", "runs/tiny").returncode == 0
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert kinds(run)[-1] == "run.interrupted"
    late = project.call("stop", "runs/tiny")
    assert late.returncode == 2
    assert "not running" in late.stderr


def test_two_starts_of_one_run(project: Project) -> None:
    """The second is refused and names the first."""
    project.write(LONG.replace("epochs: 30", "epochs: 5000"))
    process = project.start("run", "spec.yaml", "--plain")
    run = project.folder / "runs/tiny"
    wait_for(lambda: "run.started" in kinds(run), "the start")
    second = project.call("run", "spec.yaml", "--plain")
    process.kill()
    process.communicate()
    assert second.returncode == 2
    assert f"in use by process {process.pid}" in second.stderr


def test_another_plan_in_the_same_folder_is_refused_with_the_difference(
    trained: Callable[[], Path],
) -> None:
    """What differs is told, and nothing is lost."""
    run = trained()
    before = (run / "plan.json").read_bytes()
    other = Project(run.parents[1]).call("run", "spec.yaml", "--set", "train.epochs=4")
    assert other.returncode == 2
    assert "train.epochs: 3 (spec.yaml:15:11) -> 4 (--set:1:14)" in other.stderr
    assert "--fresh" in other.stderr
    assert (run / "plan.json").read_bytes() == before


def test_fresh_moves_the_old_run_aside(project: Project) -> None:
    """The old run keeps its files under another name."""
    project.write(DIGITS)
    assert project.call("run", "spec.yaml", "--plain", "--only", "trainer").returncode == 0
    again = project.call("run", "spec.yaml", "--plain", "--fresh", "--set", "train.epochs=2")
    assert again.returncode == 0, again.stderr
    assert (project.folder / "runs/tiny.1/train/checkpoints/best.pth").exists()
    assert (project.folder / "runs/tiny/test/metrics.json").exists()


def test_a_compiled_plan_runs_and_is_binding(project: Project) -> None:
    """`run plan.json` executes the plan; `--set` has no place there."""
    project.write(DIGITS)
    assert project.call("compile", "spec.yaml", "-o", "planned").returncode == 0
    refused = project.call("run", "planned/plan.json", "--set", "train.epochs=1")
    assert refused.returncode == 2
    assert "binding" in refused.stderr
    done = project.call("run", "planned/plan.json", "--plain")
    assert done.returncode == 0, done.stderr
    planned, ran = project.folder / "planned/plan.json", project.folder / "runs/tiny/plan.json"
    assert planned.read_bytes() == ran.read_bytes()


def test_a_damaged_checkpoint_is_told_with_exit_65(project: Project) -> None:
    """Nothing starts over silently when the only states are damaged."""
    project.write(DIGITS)
    assert project.call("run", "spec.yaml", "--plain", "--only", "trainer").returncode == 0
    for file in (project.folder / "runs/tiny/train/checkpoints").iterdir():
        content = bytearray(file.read_bytes())
        content[100] ^= 1
        file.write_bytes(content)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 65
    assert "SHA-256 differs" in done.stderr
    assert "Traceback" not in done.stderr


def test_own_images_from_folder_to_masks(project: Project) -> None:
    """Images of different sizes; every predicted mask has its image's size."""
    write_images(project.folder / "data")
    project.write(SEGMENTATION)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    run = project.folder / "runs/own"
    masks = sorted((run / "predict").glob("*.png"))
    assert len(masks) == 10
    for mask in masks:
        original = project.folder / "data/images" / mask.name
        assert Image.open(mask).size == Image.open(original).size
    metrics = json.loads((run / "test/metrics.json").read_text())
    assert set(metrics["per_class"]) == {"background", "object"}
    more = project.call("predict", "runs/own", "data/images/00.png", "-o", "more")
    assert more.returncode == 0, more.stderr
    assert (project.folder / "more/00.png").read_bytes() == (run / "predict/00.png").read_bytes()


def test_a_truncated_image_is_named_with_exit_65(project: Project) -> None:
    """What no header tells is told when the sample is loaded."""
    write_images(project.folder / "data")
    file = project.folder / "data/images/03.png"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (30, 30, 3), np.uint8)).save(file)
    Image.fromarray(np.zeros((30, 30), np.uint8)).save(project.folder / "data/masks/03.png")
    file.write_bytes(file.read_bytes()[:-800])
    project.write(SEGMENTATION)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 65
    assert "03.png" in done.stderr
    assert "Traceback" not in done.stderr


def test_data_that_changed_since_the_plan_is_refused(project: Project) -> None:
    """The plan is binding for the data as well."""
    write_images(project.folder / "data")
    project.write(SEGMENTATION)
    assert project.call("compile", "spec.yaml", "-o", "planned").returncode == 0
    for name in ("images", "masks"):
        (project.folder / f"data/{name}/04.png").unlink()
    done = project.call("run", "planned/plan.json", "--plain")
    assert done.returncode == 65
    assert "is not that of the plan" in done.stderr


def test_only_runs_one_stage_and_its_name_is_checked(project: Project) -> None:
    """A stage that the plan has not is told with those that it has."""
    project.write(DIGITS)
    wrong = project.call("run", "spec.yaml", "--only", "predictor")
    assert wrong.returncode == 2
    assert "trainer, tester" in wrong.stderr
    early = project.call("run", "spec.yaml", "--plain", "--only", "tester")
    assert early.returncode == 2
    assert "run the trainer first" in early.stderr


def test_detached_runs_go_on_by_themselves(project: Project) -> None:
    """`--detach` returns at once; the run has a session of its own."""
    project.write(DIGITS)
    started = project.call("run", "spec.yaml", "--detach")
    assert started.returncode == 0, started.stderr
    run = project.folder / "runs/tiny"
    wait_for(lambda: run.exists() and "run.started" in kinds(run), "the start")
    status = read_status(run)
    assert status is not None
    assert os.getsid(status.pid) != os.getsid(0) if status.exit_code is None else True
    wait_for(lambda: "run.finished" in kinds(run), "the end", 90)


def test_a_stage_whose_files_are_gone_is_run_again(project: Project) -> None:
    """A finished mark counts only together with what it stands for."""
    project.write(DIGITS)
    assert project.call("run", "spec.yaml", "--plain").returncode == 0
    report = project.folder / "runs/tiny/test/report.html"
    before = (project.folder / "runs/tiny/test/metrics.json").read_bytes()
    report.unlink()
    again = project.call("run", "spec.yaml", "--plain")
    assert again.returncode == 0, again.stderr
    assert report.exists()
    assert "trainer: done by an earlier attempt" in again.stderr
    assert (project.folder / "runs/tiny/test/metrics.json").read_bytes() == before


def test_a_plan_that_was_edited_is_refused(project: Project) -> None:
    """Only what the compiler wrote is obeyed."""
    project.write(DIGITS)
    assert project.call("compile", "spec.yaml", "-o", "planned").returncode == 0
    file = project.folder / "planned/plan.json"
    file.write_text(file.read_text().replace('"learning_rate": 0.01', '"learning_rate": 9.0'))
    refused = project.call("run", "planned/plan.json", "--plain")
    assert refused.returncode == 2
    assert "changed after it was compiled" in refused.stderr


def test_masks_never_overwrite_the_images(project: Project) -> None:
    """Predicting into the inputs' own folder is refused before anything is written."""
    write_images(project.folder / "data")
    project.write(SEGMENTATION)
    assert project.call("run", "spec.yaml", "--plain").returncode == 0
    image = project.folder / "data/images/00.png"
    before = image.read_bytes()
    refused = project.call("predict", "runs/own", "data/images/00.png", "-o", "data/images")
    assert refused.returncode == 74
    assert "would overwrite" in refused.stderr
    assert image.read_bytes() == before
    (project.folder / "data/images/bad.png").write_bytes(b"no image")
    mixed = project.call("predict", "runs/own", "data/images", "-o", "out")
    assert mixed.returncode == 65
    assert "bad.png" in mixed.stderr
    assert len(list((project.folder / "out").glob("*.png"))) == 10
    assert (project.folder / "out/predictions.csv").exists()


def test_a_signal_to_the_whole_group_reaches_the_run_first(project: Project) -> None:
    """Loading processes leave the decision to the run, which saves and ends with 143."""
    project.write(LONG.replace("epochs: 30", "epochs: 5000"))
    process = project.start("run", "spec.yaml", "--plain", "--set", "data.loader.num_workers=2")
    run = project.folder / "runs/tiny"
    wait_for(lambda: "epoch.finished" in kinds(run), "an epoch")
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert kinds(run)[-1] == "run.interrupted"


def test_the_result_survives_a_kill_before_it_was_told(trained: Callable[[], Path]) -> None:
    """It is read from what the stages left, not from the log's last line."""
    run = trained()
    log = run / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(
        b"".join(line for line in whole.splitlines(True) if b"run.finished" not in line)
    )
    again = Project(run.parents[1]).call("run", "spec.yaml")
    log.write_bytes(whole)
    assert again.returncode == 0
    assert again.stdout.startswith("result       accuracy 0.")


def test_a_closed_pipe_does_not_end_the_run(project: Project) -> None:
    """Nobody reading the lines is no reason to stop training."""
    project.write(DIGITS)
    process = project.start("run", "spec.yaml", "--plain")
    assert process.stderr is not None
    process.stderr.readline()
    process.stderr.close()
    assert process.wait(timeout=90) == 0
    assert "run.finished" in kinds(project.folder / "runs/tiny")
