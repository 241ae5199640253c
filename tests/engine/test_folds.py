"""A cross-validation: its trainings, what they come to together, and a run that is cut short."""

from __future__ import annotations

import csv
import json
import math
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import accuracy_score

from neurotrain.cli.compiling import compile_file
from neurotrain.compiler.draft import Options
from neurotrain.component.paths import Resolver
from neurotrain.engine.build import Builder
from neurotrain.engine.checkpoint import load
from neurotrain.plan.folds import fold_plan
from neurotrain.recorder.events import read_all
from tests.engine import test_regression as regression
from tests.engine.conftest import DIGITS, Project
from tests.engine.test_run import SEGMENTATION, wait_for, write_images

FOLDS = DIGITS.replace("valid: {fraction: 0.4}", "valid: {folds: 3}").replace("tiny", "folds")
KEPT = ("train/**/*.pth", "train/**/*.csv", "cross_validation/**/*.csv", "test/*.csv")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three folds, undisturbed."""
    project = Project(tmp_path_factory.mktemp("folds"))
    project.write(FOLDS)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    assert "training fold 2 of 3 …" in done.stderr
    assert "cross_validation/report.html" in done.stdout
    return project.folder / "runs" / "folds"


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with file.open() as lines:
        return list(csv.DictReader(lines))


def scores(file: Path) -> dict[str, Any]:
    """The record of a test."""
    record: dict[str, Any] = json.loads(file.read_text())
    return record


def bits(run: Path) -> dict[str, bytes]:
    """What has to be the same, bit for bit."""
    files = sorted({file for pattern in KEPT for file in run.glob(pattern)})
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def test_a_fold_is_trained_as_it_would_be_alone(whole: Path, tmp_path: Path) -> None:
    """The checkpoints of fold 2 are those of a run of its own, byte for byte."""
    project = Project(tmp_path)
    project.write(FOLDS)
    assert project.call("run", "spec.yaml", "--plain", "--set", "data.valid.fold=2").returncode == 0
    alone = project.folder / "runs" / "folds" / "train"
    names = sorted(path.name for path in (alone / "checkpoints").glob("*.pth"))
    assert names
    for name in names:
        both = [folder / "checkpoints" / name for folder in (alone, whole / "train" / "fold-2")]
        assert both[0].read_bytes() == both[1].read_bytes(), name


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_plan_of_a_fold_is_what_its_spec_compiles_to(project: Project, number: int) -> None:
    """The training of a fold in a run of all obeys the plan that it would have by itself."""
    own = fold_plan(project.plan(FOLDS), number)
    alone = project.plan(FOLDS, f"data.valid.fold={number}")
    for part in ("experiment", "facts", "nodes", "digest"):
        assert getattr(own, part) == getattr(alone, part), part


def test_every_sample_is_judged_by_the_model_that_has_not_seen_it(whole: Path) -> None:
    """The tables of the folds are the held out samples, and their scores are scikit-learn's."""
    folds = [rows(whole / f"cross_validation/fold-{n}/per_sample.csv") for n in (1, 2, 3)]
    ids = [row["id"] for fold in folds for row in fold]
    assert len(ids) == len(set(ids)) == len(rows(whole / "cross_validation/per_sample.csv"))
    assert not set(ids) & {row["id"] for row in rows(whole / "test/per_sample.csv")}
    wanted = [
        accuracy_score([row["truth"] for row in fold], [row["prediction"] for row in fold])
        for fold in folds
    ]
    record = scores(whole / "cross_validation/metrics.json")
    found = [fold["overall"]["accuracy"] for fold in record["folds"]]
    assert found == pytest.approx(wanted)
    assert record["overall"]["accuracy"] == pytest.approx(np.mean(wanted))
    assert record["sd"]["accuracy"] == pytest.approx(np.std(wanted, ddof=1))
    best = [rows(whole / f"train/fold-{n}/metrics.csv") for n in (1, 2, 3)]
    assert found == pytest.approx(
        [max(float(row["valid/accuracy"]) for row in each) for each in best]
    )


def test_the_test_is_of_the_mean_of_the_models(whole: Path) -> None:
    """A bare average of the softmax of the three files gives the tested answers."""
    plan = Project(whole.parents[1]).plan(FOLDS)
    builder = Builder(plan, Resolver(base=whole.parents[1]))
    total = torch.zeros(())
    for fold in (1, 2, 3):
        model = builder.model()
        state = load(whole / f"train/fold-{fold}/checkpoints/best.pth")
        model.load_state_dict(state["model_state_dict"])
        with torch.no_grad():
            batches = [model.eval()(batch.images) for batch in builder.eval_loader("test")]
        total = total + torch.cat(batches).softmax(1)
    names = builder.eval_loader("test").names
    wanted = dict(zip(names, map(str, total.argmax(1).tolist()), strict=True))
    found = {row["id"]: row["prediction"] for row in rows(whole / "test/per_sample.csv")}
    assert found == wanted


def test_the_report_shows_every_fold(whole: Path) -> None:
    """Text and page have a table of the folds with mean and deviation, and say how it came."""
    text = (whole / "cross_validation/report.txt").read_text()
    page = (whole / "cross_validation/report.html").read_text()
    for told in ("Over the folds", "sd", "its score is a little too good"):
        assert told in " ".join(text.split())
        assert told in page
    kinds = [row["scope"] for row in rows(whole / "cross_validation/metrics.csv")]
    assert kinds.count("fold") == 3
    assert kinds.count("sd") == 1


@pytest.mark.parametrize("stage", ["trainer-2", "trainer-3", "cross_validator"])
def test_killed_in_any_training_it_ends_with_the_same_bits(
    project: Project, whole: Path, stage: str
) -> None:
    """What is done is not done again, and the cut training goes on where it was saved."""
    project.write(FOLDS)
    run = project.folder / "runs" / "folds"
    process = project.start("run", "spec.yaml", "--plain")
    log = run / "events.jsonl"

    def is_reached() -> bool:
        events = list(read_all(log)) if log.exists() else []
        starts = [at for at, e in enumerate(events) if e.data.get("stage") == stage]
        since = [e.kind for e in events[starts[0] :]] if starts else []
        return bool(since) and (stage == "cross_validator" or "epoch.finished" in since)

    wait_for(is_reached, stage)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    again = project.call("run", "spec.yaml", "--plain")
    assert again.returncode == 0, again.stderr
    assert "trainer-1: done by an earlier attempt" in again.stderr
    assert bits(run) == bits(whole)


def test_more_epochs_go_on_in_every_fold(whole: Path, project: Project) -> None:
    """A longer training with a constant rate is continued from each fold's last checkpoint."""
    spec = FOLDS.replace("{type: cosine, warmup: 1 epoch}", "constant")
    project.write(spec.replace("  early_stopping: {monitor: valid/accuracy, patience: 2}\n", ""))
    assert project.call("run", "spec.yaml", "--plain").returncode == 0
    told = project.call("run", "spec.yaml", "--plain", "--set", "train.epochs=4")
    assert told.returncode == 0, told.stderr
    assert told.stderr.count("resumed from train/fold-") == 3
    run = project.folder / "runs" / "folds"
    assert [len(rows(run / f"train/fold-{n}/metrics.csv")) for n in (1, 2, 3)] == [4, 4, 4]
    refused = project.call("run", "spec.yaml", "--plain", "--set", "data.valid.folds=4")
    assert refused.returncode == 2
    assert "data.valid.folds" in refused.stderr


def test_stages_can_be_run_one_by_one(project: Project) -> None:
    """One fold alone, then all trainings; what needs them says which is missing."""
    project.write(FOLDS.replace("epochs: 3", "epochs: 2"))
    done = project.call("run", "spec.yaml", "--plain", "--only", "trainer-2")
    assert done.returncode == 0, done.stderr
    run = project.folder / "runs" / "folds"
    assert sorted(path.name for path in (run / "train").iterdir()) == ["fold-2"]
    early = project.call("run", "spec.yaml", "--plain", "--only", "tester")
    assert early.returncode == 2
    assert "run the trainer-1 first" in early.stderr
    assert project.call("run", "spec.yaml", "--plain", "--only", "trainer").returncode == 0
    assert project.call("run", "spec.yaml", "--plain", "--only", "tester").returncode == 0
    unknown = project.call("run", "spec.yaml", "--plain", "--only", "trainer-4")
    assert unknown.returncode == 2


def test_masks_are_predicted_by_the_mean_of_the_models(project: Project) -> None:
    """The stage and the command give the mask of the averaged probabilities, at any size."""
    write_images(project.folder / "data")
    project.write(SEGMENTATION.replace("valid: {fraction: 0.2}", "valid: {folds: 2}"))
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    run = project.folder / "runs" / "own"
    planned = sorted((run / "predict").rglob("*.png"))
    assert len(planned) == 10
    told = project.call("predict", "runs/own", "data/images/*.png", "-o", "masks")
    assert told.returncode == 0, told.stderr
    assert "the mean of 2 models" in told.stderr
    for file in planned:
        assert (project.folder / "masks" / file.name).read_bytes() == file.read_bytes()
    record = scores(run / "cross_validation/metrics.json")
    assert all(math.isfinite(fold["overall"]["dice"]) for fold in record["folds"])


@pytest.mark.parametrize(
    ("epochs", "kept"), [(1, "every: 1 epoch"), (3, "every: 1 epoch, keep_last: 5"), (2, "")]
)
def test_checkpoints_of_all_folds_are_predicted(project: Project, epochs: int, kept: str) -> None:
    """What lies on the disk at the end is what the plan said, to the twentieth of a file's form."""
    spec = FOLDS.replace("epochs: 3", f"epochs: {epochs}").replace("warmup: 1 epoch", "warmup: 0")
    spec = spec.replace("{type: cosine, warmup: 0}", "constant")
    spec = spec.replace("{every: 1 epoch, keep_last: 2}", f"{{{kept}}}")
    plan = project.plan(spec)
    assert plan.facts.folds is not None
    done = project.call("run", "spec.yaml", "--plain", "--only", "trainer")
    assert done.returncode == 0, done.stderr
    run = project.folder / "runs/folds"
    record = json.loads((run / "plan.json").read_text())
    said = {each["name"]: each["value"] for each in record["predictions"]}
    inodes = {file.stat().st_ino: file.stat().st_size for file in run.glob("train/**/*.pth")}
    assert 0.5 < sum(inodes.values()) / said["disk at its peak"] < 1.05
    assert said["optimizer steps"] == sum(fold.num_steps for fold in plan.facts.folds)


def test_a_regression_is_averaged_in_its_units(project: Project) -> None:
    """Every fold has standardised with its own samples; the test averages the numbers."""
    regression.write(project.folder)
    spec = regression.SPEC.replace("valid: {fraction: 0.25}", "valid: {folds: 2}")
    project.write(spec)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    run = project.folder / "runs/ages"
    whole = Builder(project.plan(spec), Resolver(base=project.folder))
    scales = [whole.of_fold(fold).plan.facts.targets for fold in (1, 2)]
    assert scales[0] != scales[1]
    total = torch.zeros(())
    for fold, targets in zip((1, 2), scales, strict=True):
        model = whole.model()
        state = load(run / f"train/fold-{fold}/checkpoints/best.pth")
        model.load_state_dict(state["model_state_dict"])
        with torch.no_grad():
            outputs = [model.eval()(batch.images) for batch in whole.eval_loader("test")]
        mean = torch.tensor([target.mean for target in targets], dtype=torch.float64)
        deviation = torch.tensor([target.deviation for target in targets], dtype=torch.float64)
        total = total + (torch.cat(outputs).double() * deviation + mean) / 2
    found = {row["id"]: row for row in rows(run / "test/per_sample.csv")}
    names = whole.eval_loader("test").names
    for name, wanted in zip(names, total.tolist(), strict=True):
        numbers = [float(found[name][f"prediction({target})"]) for target in ("weight", "age")]
        assert numbers == pytest.approx(wanted, rel=1e-5)


def test_what_no_fold_may_have_is_refused_at_once(project: Project) -> None:
    """All folds compile where each compiles by itself, and only there."""
    write_images(project.folder / "data")
    spec = SEGMENTATION.replace("valid: {fraction: 0.2}", "valid: {folds: 4}")
    spec = spec.replace("size: [16, 16]", "size: [32, 32]")
    file = project.write(spec)
    codes = [
        {item.code.id for item in compile_file(file, chosen, Options()).report.items}
        for chosen in ((), *((f"data.valid.fold={fold}",) for fold in (1, 2, 3, 4)))
    ]
    assert codes[0] == set.union(*codes[1:])
    assert "image-too-small" in codes[0]


def test_prepared_samples_of_a_fold_do_not_stay_on_the_disk(project: Project) -> None:
    """Each fold would keep most of the data once more."""
    project.write(
        FOLDS.replace("{type: digits}", "{type: image_folder, root: kinds}").replace(
            "  transforms:", "  loader: {cache: disk}\n  transforms:"
        )
    )
    draw = np.random.default_rng(0)
    for kind in ("a", "b"):
        (project.folder / "kinds" / kind).mkdir(parents=True)
        for number in range(60):
            values = draw.integers(0, 255, (8, 8), dtype=np.uint8)
            Image.fromarray(values).save(project.folder / f"kinds/{kind}/{number}.png")
    spec = (project.folder / "spec.yaml").read_text().replace("[cross_entropy]", "[bce]")
    project.write(spec)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    kept = [path.name for path in (project.folder / "runs/folds/cache").iterdir()]
    assert kept
    assert not any(name.startswith("train") for name in kept)
