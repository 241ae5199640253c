"""The tester's numbers are scikit-learn's, and its files are there and readable."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.engine import Tester
from neurotrain.engine.tester import TestSetup


class Half(nn.Module):
    """One logit a pixel: positive where the image is above a half."""

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """The first channel, shifted."""
        return (x_BCHW[:, :1] - 0.5) * 8


def images(num: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Images, and masks that agree with them on most pixels."""
    generator = torch.Generator().manual_seed(3)
    x_BCHW = torch.rand(num, 3, 24, 20, generator=generator)
    noise = torch.rand(num, 24, 20, generator=generator) < 0.15
    return x_BCHW, ((x_BCHW[:, 0] >= 0.5) ^ noise).long()


def test_segmentation_values_are_those_of_scikit_learn(tmp_path: Path) -> None:
    """Dice is F1 over all pixels; the confusion matrix and accuracy agree."""
    x_BCHW, target_BHW = images()
    loader = DataLoader(TensorDataset(x_BCHW, target_BHW), batch_size=2)
    result = Tester(tmp_path, Half(), ("background", "vessel")).test(
        loader, lambda logits, y: nn.functional.binary_cross_entropy_with_logits(
            logits[:, 0], y.float()
        ), "cpu",
    )  # fmt: skip
    truth, predicted = target_BHW.flatten(), (x_BCHW[:, 0] >= 0.5).long().flatten()
    assert result.overall["dice"] == pytest.approx(f1_score(truth, predicted))
    assert result.overall["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert np.array_equal(result.confusion, confusion_matrix(truth, predicted))
    by_class = f1_score(truth, predicted, average=None)
    assert result.per_class["background"]["dice"] == pytest.approx(by_class[0])
    losses = [
        nn.functional.binary_cross_entropy_with_logits((x[0] - 0.5) * 8, y.float())
        for x, y in zip(x_BCHW, target_BHW, strict=True)
    ]
    assert result.overall["loss"] == pytest.approx(float(torch.stack(losses).mean()), rel=1e-6)


def test_every_file_is_written(tmp_path: Path) -> None:
    """The files of the contract exist and can be read."""
    x_BCHW, target_BHW = images()
    loader = DataLoader(TensorDataset(x_BCHW, target_BHW), batch_size=2, shuffle=True)
    Tester(tmp_path, Half(), ("background", "vessel")).test(
        loader, lambda logits, y: (logits[:, 0] - y).square().mean()
    )
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert 0.7 < metrics["overall"]["dice"] < 1
    assert metrics["per_class"].keys() == {"background", "vessel"}
    rows = list(csv.DictReader((tmp_path / "per_sample.csv").open()))
    assert len(rows) == 5
    assert [float(row["dice"]) for row in rows] == sorted(float(row["dice"]) for row in rows)
    for name in ("confusion_matrix.png", "predictions/sample_001.png"):
        with Image.open(tmp_path / name) as picture:
            picture.load()
            assert picture.width > 200
    assert (tmp_path / "metrics.csv").exists()
    assert "dice" in (tmp_path / "report.txt").read_text()
    assert "<html" in (tmp_path / "report.html").read_text()


def test_pictures_go_from_the_worst_to_the_best(tmp_path: Path) -> None:
    """The first picture is of the worst sample, the last of the best."""
    from neurotrain.visualizer.canvas import title_of

    x_BCHW, target_BHW = images()
    target_BHW[3] = 1 - target_BHW[3]
    target_BHW[1] = (x_BCHW[1, 0] >= 0.5).long()
    loader = DataLoader(TensorDataset(x_BCHW, target_BHW), batch_size=2)
    Tester(tmp_path, Half(), setup=TestSetup(num_pictures=3)).test(
        loader, lambda logits, y: (logits[:, 0] - y).square().mean()
    )
    files = sorted((tmp_path / "predictions").iterdir())
    assert [file.name for file in files] == [f"sample_00{i}.png" for i in (1, 2, 3)]
    assert title_of(files[0]) == "sample-0004"
    assert title_of(files[-1]) == "sample-0002"


def test_classification_without_class_names(tmp_path: Path) -> None:
    """Classes are numbered as the model has outputs; pixels of a vector need an image shape."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    x_BCHW, y = torch.rand(9, 3, 2, 2), torch.arange(9) % 3
    result = Tester(tmp_path, model).test(
        DataLoader(TensorDataset(x_BCHW, y), batch_size=4), nn.CrossEntropyLoss()
    )
    with torch.inference_mode():
        predicted = model(x_BCHW).argmax(1)
    assert result.overall["accuracy"] == pytest.approx(accuracy_score(y, predicted))
    assert result.classes == ("0", "1", "2")


def test_an_empty_loader_is_an_error(tmp_path: Path) -> None:
    """There is nothing to measure."""
    empty = DataLoader(TensorDataset(torch.zeros(0, 3, 4, 4), torch.zeros(0)), batch_size=2)
    with pytest.raises(ValueError, match="empty"):
        Tester(tmp_path, Half()).test(empty, nn.CrossEntropyLoss())


def test_a_list_of_batches_is_numbered_as_it_comes(tmp_path: Path) -> None:
    """It has no data set to be counted."""
    x_BCHW, target_BHW = images(4)
    batches = [(x_BCHW[:2], target_BHW[:2]), (x_BCHW[2:], target_BHW[2:])]
    result = Tester(tmp_path, Half()).test(batches, lambda logits, y: logits.mean())
    assert [sample.id for sample in result.samples] == [f"sample-000{n}" for n in (1, 2, 3, 4)]


def test_both_passes_have_the_order_of_the_loaders_own_generator(tmp_path: Path) -> None:
    """So a picture shows the sample that its name and values are of."""
    data = TensorDataset(*images(6))
    loader = DataLoader(data, 2, shuffle=True, generator=torch.Generator().manual_seed(3))
    tester = Tester(tmp_path, Half())
    first, second = ([b.images for b in tester._batches(loader)] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
