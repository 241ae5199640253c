"""A regression from a table to predictions: a whole run, its files, its resume, its refusals."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import metrics as sklearn
from torch.nn.functional import mse_loss

from neurotrain.engine.build import DataChanged
from neurotrain.engine.predictor import Predictor
from neurotrain.engine.trainer import Trainer
from neurotrain.transforms.draws import permutation

from .conftest import Project

SPEC = """
version: 1
name: ages
task: {type: regression, targets: [weight, age], standardize: true}
data:
  train: {type: image_table, root: faces, table: labels.csv, image: file, targets: [age, weight]}
  valid: {fraction: 0.25}
  test: {fraction: 0.25}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: mlp, hidden: [8], dropout: 0.1}
loss: [mse, {type: huber, weight: 0.5}]
metrics: [mae, rmse, r2]
train:
  epochs: 12
  batch: {global: 4}
  optimizer: {type: adamw, learning_rate: 1e-2}
  early_stopping: {monitor: valid/mae, patience: 12}
  checkpoints: {every: 1 epoch}
test: {num_pictures: 2, batch: 5}
predict: {input: "faces/*.png"}
engine: {type: torch, device: cpu, threads: 1}
"""


def write(folder: Path) -> None:
    """Images whose two halves differ by what is to be predicted, and their table."""
    draw = np.random.default_rng(4)
    (folder / "faces").mkdir(exist_ok=True)
    rows = []
    for number in range(32):
        age, weight = draw.uniform(20, 80), draw.uniform(50, 100)
        image = draw.normal(100, 10, (8, 8))
        image[:, :4] += age
        image[:4] += weight
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(folder / f"faces/{number:02}.png")
        rows.append(f"{number:02}.png,{age:.1f},{weight:.2f}")
    (folder / "faces/labels.csv").write_text("\n".join(["file,age,weight", *rows]) + "\n")


@pytest.fixture
def faces(project: Project) -> Project:
    """A project with the images and the spec."""
    write(project.folder)
    project.write(SPEC)
    return project


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run, made once."""
    project = Project(tmp_path_factory.mktemp("faces"))
    write(project.folder)
    project.write(SPEC)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    return project.folder / "runs/ages"


def table(file: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("mae", sklearn.mean_absolute_error),
        ("rmse", sklearn.root_mean_squared_error),
        ("r2", sklearn.r2_score),
    ],
)
def test_scores_are_those_of_the_samples(
    run: Path, name: str, oracle: Callable[..., float]
) -> None:
    """scikit-learn finds the metrics again in per_sample.csv, in the units of the table."""
    rows = table(run / "test/per_sample.csv")
    found = json.loads((run / "test/metrics.json").read_text())
    for target in ("weight", "age"):
        pairs = [(float(r[f"truth({target})"]), float(r[f"prediction({target})"])) for r in rows]
        expected = oracle(*zip(*pairs, strict=True))
        assert found["per_target"][target][name] == pytest.approx(expected, rel=1e-10)
    mean = np.mean([values[name] for values in found["per_target"].values()])
    assert found["overall"][name] == pytest.approx(mean, rel=1e-12)


def test_truth_is_that_of_the_table(run: Path) -> None:
    """To the digit that was written, for every tested image; the worst loss comes first."""
    written = {row["file"]: row for row in table(run.parents[1] / "faces/labels.csv")}
    rows = table(run / "test/per_sample.csv")
    assert len(rows) == 8
    for row in rows:
        for target in ("age", "weight"):
            assert float(row[f"truth({target})"]) == float(written[row["id"]][target])
    losses = [float(row["loss"]) for row in rows]
    assert losses == sorted(losses, reverse=True)


def test_it_has_learned_something(run: Path) -> None:
    """The best validated error is far below that of the training mean, which is about 13."""
    values = [float(row["valid/mae"]) for row in table(run / "train/metrics.csv")]
    assert min(values) < 0.8 * values[0]


def test_predictions_are_those_of_the_test(run: Path) -> None:
    """An image has the same numbers in predictions.csv and in the test, up to rounding."""
    predicted = {Path(row["image"]).name: row for row in table(run / "predict/predictions.csv")}
    assert len(predicted) == 32
    for row in table(run / "test/per_sample.csv"):
        for target in ("age", "weight"):
            column = f"prediction({target})"
            assert float(predicted[row["id"]][column]) == pytest.approx(float(row[column]))


def test_reports_speak_of_targets(run: Path) -> None:
    """No word of classes; a scatter plot in place of the confusion matrix; 80 columns of text."""
    text = (run / "test/report.txt").read_text()
    page = (run / "test/report.html").read_text()
    assert "Per target" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "Prediction against truth" in page
    assert not (run / "test/confusion_matrix.png").exists()
    assert (run / "test/prediction_by_truth.png").exists()
    assert len(list((run / "test/predictions").glob("*.png"))) == 2
    for told in (text, page.partition("<body>")[2]):
        assert "class" not in told.replace('class="', "").replace("classif", "")
    first, overall, *targets = table(run / "test/metrics.csv")[:1] + table(run / "test/metrics.csv")
    assert first["scope"] == overall["scope"] == "overall"
    assert [(row["scope"], row["target"]) for row in targets] == [
        ("target", "weight"),
        ("target", "age"),
    ]


def test_the_plan_has_mean_and_deviation_of_the_training_part(faces: Project) -> None:
    """NumPy finds them again; without `standardize` numbers are learned as they are."""
    builder = faces.builder(SPEC)
    values = np.array([sample.values for sample in builder.samples["train"]])
    targets = builder.plan.facts.targets
    assert [target.name for target in targets] == ["weight", "age"]
    np.testing.assert_allclose([target.mean for target in targets], values.mean(0))
    np.testing.assert_allclose([target.deviation for target in targets], values.std(0))
    plain = faces.plan(SPEC, "task.standardize=false").facts.targets
    assert {(target.mean, target.deviation) for target in plain} == {(0.0, 1.0)}


def test_the_training_is_that_of_a_bare_loop(faces: Project) -> None:
    """PyTorch alone, with the same order and seed, has the losses of two epochs."""
    changes = ("model.dropout=0", "loss=[mse]", "train.epochs=2", "train.optimizer.weight_decay=0")
    builder = faces.builder(SPEC, *changes)
    model, samples = builder.model(), builder.samples["train"]
    optimizer = builder.optimizer(model)
    trainer = Trainer(
        faces.folder / "train", model, options=builder.plan.experiment.train, setup=builder.setup()
    )
    history = trainer.train(
        builder.train_loader(), builder.eval_loader("valid"), builder.criterion(), optimizer,
        scheduler=builder.schedule(optimizer), device="cpu",
    )  # fmt: skip
    values = torch.tensor([one.values for one in samples], dtype=torch.float64)
    learned = ((values - values.mean(0)) / values.std(0, correction=0)).float()
    pixels = [np.asarray(Image.open(faces.folder / "faces" / one.id)) for one in samples]
    images = torch.from_numpy(np.stack(pixels)[:, None].astype(np.float32) / np.float32(255))
    images = images - images.mean((1, 2, 3), keepdim=True)
    images = images / images.std((1, 2, 3), keepdim=True, correction=0)
    bare = builder.model()
    adam = torch.optim.AdamW(bare.parameters(), 1e-2, weight_decay=0)
    for epoch in (1, 2):
        losses = []
        for rows in torch.from_numpy(permutation(42, epoch, len(samples))).split(4):
            loss = mse_loss(bare(images[rows]), learned[rows])
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            losses.append(loss.item())
        _, found = history["train/loss"][epoch - 1]
        assert found == pytest.approx(np.mean(losses), rel=1e-5)


def test_killed_it_ends_with_the_same_bits(run: Path, faces: Project) -> None:
    """Killed in the training, the same command gives the files of an undisturbed run."""
    process = faces.start("run", "spec.yaml", "--plain")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 3/"):
            break
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    last = faces.call("run", "spec.yaml", "--plain")
    assert last.returncode == 0, last.stderr
    names = ("train/metrics.csv", "test/metrics.json", "test/per_sample.csv")
    for name in (*names, "train/checkpoints/best.pth"):
        assert (faces.folder / "runs/ages" / name).read_bytes() == (run / name).read_bytes(), name


def test_a_changed_number_is_other_data(faces: Project) -> None:
    """The plan binds the learned numbers as well: names and sizes are the same."""
    builder = faces.builder(SPEC)
    file = faces.folder / "faces/labels.csv"
    lines = file.read_text().splitlines()
    name, age, weight = lines[5].split(",")
    lines[5] = f"{name},{float(age) + 0.1:.1f},{weight}"
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataChanged, match="numbers of the table differ"):
        assert not builder.samples


def test_an_open_plan_is_completed_where_the_table_is(project: Project) -> None:
    """Without data the scale is known at launch; with it the plan is that of the spec."""
    project.write(SPEC)
    opened = project.call("compile", "spec.yaml", "-o", "planned", "--no-data")
    assert opened.returncode == 0, opened.stderr
    facts = json.loads((project.folder / "planned/plan.json").read_text())["facts"]
    assert facts["targets"] == "known at launch"
    assert facts["out_channels"] == 2
    assert "regression: weight, age" in opened.stdout
    write(project.folder)
    done = project.call("run", "planned/plan.json", "--plain")
    assert done.returncode == 0, done.stderr
    plan = json.loads((project.folder / "runs/ages/plan.json").read_text())
    assert [target["name"] for target in plan["facts"]["targets"]] == ["weight", "age"]
    assert plan["facts"]["targets"][0]["mean"] > 50


def test_mirrored_images_are_averaged(faces: Project) -> None:
    """With `test.flips` a prediction is the mean over the four mirrored images."""
    builder = faces.builder(SPEC, "test.flips=true")
    model = builder.model()
    predictor = builder.predictor(model, torch.device("cpu"), faces.folder)
    plain = Predictor(
        model, "cpu", transforms=builder.plan.experiment.data.transforms.eval,
        targets=builder.plan.facts.targets,
    )  # fmt: skip
    pixels = np.asarray(Image.open(faces.folder / "faces/00.png"))
    mirrored = (pixels, pixels[::-1], pixels[:, ::-1], pixels[::-1, ::-1])
    expected = np.mean([plain.predict_single(image.copy()) for image in mirrored], axis=0)
    np.testing.assert_allclose(predictor.predict_single(pixels), expected, rtol=1e-6)
