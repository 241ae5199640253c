"""Several tasks from a table to predictions: a whole run, its files, its resume."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics as sklearn

from .conftest import Project
from .test_regression import table

SPEC = """
version: 1
name: people
task:
  type: multi_task
  heads:
    - type: classification
      name: sex
      classes: [female, male]
      loss: [bce]
      metrics: [accuracy, auroc]
    - {type: regression, name: body, targets: [weight, age], standardize: true, loss: [huber],
       weight: 0.25, metrics: [mae]}
    - {type: classification, name: site, column: clinic, classes: [a, b, c],
       loss: [cross_entropy], weight: 0.5}
data:
  train: {type: image_table, root: faces, table: people.csv, image: file,
          targets: [age, clinic, weight, sex]}
  valid: {fraction: 0.25}
  test: {fraction: 0.25}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: mlp, hidden: [8], dropout: 0.1}
train:
  epochs: 4
  batch: {global: 4, accumulation: 2}
  optimizer: {type: adamw, learning_rate: 1e-2}
  early_stopping: {monitor: valid/body/mae, patience: 3}
  checkpoints: {every: 1 epoch}
test: {num_pictures: 1, batch: 5}
predict: {input: "faces/*.png"}
engine: {type: torch, device: cpu, threads: 1}
"""


def write(folder: Path) -> None:
    """Images by what is to be predicted, and their table: names of classes, and places."""
    draw = np.random.default_rng(4)
    (folder / "faces").mkdir(exist_ok=True)
    rows = []
    for number in range(32):
        age, weight, clinic = draw.uniform(20, 80), draw.uniform(50, 100), number % 3
        image = draw.normal(100, 10, (8, 8))
        image[:, :4] += age
        image[:4] += weight
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(folder / f"faces/{number:02}.png")
        sex = ("female", "1")[number % 2]
        rows.append(f"{number:02}.png,{sex},{age:.1f},{weight:.2f},{'abc'[clinic]}")
    table = "\n".join(["file,sex,age,weight,clinic", *rows]) + "\n"
    (folder / "faces/people.csv").write_text(table)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run, made once."""
    project = Project(tmp_path_factory.mktemp("faces"))
    write(project.folder)
    project.write(SPEC)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    return project.folder / "runs/people"


def test_scores_are_those_of_the_samples(run: Path) -> None:
    """scikit-learn finds them again; the loss is the weighted sum of the heads' losses."""
    rows = table(run / "test/per_sample.csv")
    found = json.loads((run / "test/metrics.json").read_text())["overall"]
    for head in ("sex", "site"):
        pairs = [(row[f"truth({head})"], row[f"prediction({head})"]) for row in rows]
        name = "accuracy"
        expected = sklearn.accuracy_score(*zip(*pairs, strict=True))
        assert found[f"{head}/{name}"] == pytest.approx(expected, rel=1e-12)
    errors = [
        abs(float(row[f"truth(body/{name})"]) - float(row[f"prediction(body/{name})"]))
        for row in rows
        for name in ("age", "weight")
    ]
    assert found["body/mae"] == pytest.approx(np.mean(errors), rel=1e-9)
    total = found["sex/loss"] + 0.25 * found["body/loss"] + 0.5 * found["site/loss"]
    assert found["loss"] == pytest.approx(total, rel=1e-9)


def test_truth_is_that_of_the_table(run: Path) -> None:
    """Names and places of classes alike, numbers to the digit that was written."""
    written = {row["file"]: row for row in table(run.parents[1] / "faces/people.csv")}
    rows = table(run / "test/per_sample.csv")
    assert len(rows) == 8
    for row in rows:
        truth = written[row["id"]]
        assert row["truth(sex)"] == {"female": "female", "1": "male"}[truth["sex"]]
        assert row["truth(site)"] == truth["clinic"]
        for name in ("age", "weight"):
            assert float(row[f"truth(body/{name})"]) == float(truth[name])


def test_every_head_is_recorded_and_reported(run: Path) -> None:
    """Its loss in every epoch, its metrics, and a report of its own."""
    last = table(run / "train/metrics.csv")[-1]
    for part in ("train", "valid"):
        parts = [float(last[f"{part}/{head}/loss"]) for head in ("sex", "body", "site")]
        total = parts[0] + 0.25 * parts[1] + 0.5 * parts[2]
        assert float(last[f"{part}/loss"]) == pytest.approx(total, rel=1e-5)
    assert {"valid/sex/accuracy", "valid/sex/auroc", "valid/body/mae"} <= set(last)
    for head in ("sex", "body", "site"):
        assert (run / "test" / head / "report.html").stat().st_size > 1000
    assert "multi_task" in (run / "test/report.txt").read_text()


def test_predictions_are_those_of_the_test(run: Path) -> None:
    """The predictor says of the tested images what the tester measured."""
    said = {Path(row["image"]).name: row for row in table(run / "predict/predictions.csv")}
    assert len(said) == 32
    for row in table(run / "test/per_sample.csv"):
        own = said[row["id"]]
        assert own["prediction(sex)"] == row["prediction(sex)"]
        assert own["prediction(site)"] == row["prediction(site)"]
        for name in ("age", "weight"):
            key = f"prediction(body/{name})"
            assert float(own[key]) == pytest.approx(float(row[key]), rel=1e-5)
        shares = [float(own[f"p(site={name})"]) for name in "abc"]
        assert sum(shares) == pytest.approx(1, abs=1e-5)


def test_killed_it_ends_with_the_same_bits(run: Path, project: Project) -> None:
    """Killed in the training, the same command gives the files of an undisturbed run."""
    write(project.folder)
    project.write(SPEC)
    process = project.start("run", "spec.yaml", "--plain")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            break
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    last = project.call("run", "spec.yaml", "--plain")
    assert last.returncode == 0, last.stderr
    names = ("train/metrics.csv", "test/metrics.json", "test/per_sample.csv")
    for name in (*names, "train/checkpoints/best.pth"):
        mine = project.folder / "runs/people" / name
        assert mine.read_bytes() == (run / name).read_bytes(), name


def test_another_metric_is_another_report_alone(project: Project) -> None:
    """It changes neither what the data is nor what is trained."""
    write(project.folder)
    without = SPEC.replace("[accuracy, auroc]", "[accuracy]").replace("valid: {fraction: 0.25}", "")
    without = without.replace("  early_stopping: {monitor: valid/body/mae, patience: 3}\n", "")
    more = without.replace("[accuracy]", "[accuracy, f1]")
    before, after = ({n.id: n.digest for n in project.plan(t).nodes} for t in (without, more))
    changed = {name for name in before if before[name] != after[name]}
    assert "metrics" in changed
    assert not changed & {"data.train", "loader.train", "loss", "trainer", "weights"}
