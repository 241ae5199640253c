"""Metrics against torchmetrics and scikit-learn: two and five classes, absent ones, regions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn
from torchmetrics.functional import classification as torchmetrics

from neurotrain.metrics.base import MatrixMetric, name_of
from neurotrain.metrics.functional import count
from neurotrain.metrics.overlap import (
    F1,
    Accuracy,
    BalancedAccuracy,
    CohenKappa,
    Dice,
    IoU,
    Matthews,
    Precision,
    Recall,
    Specificity,
)

Pair = tuple[torch.Tensor, torch.Tensor]
CASES = ["two", "five", "no-truth", "no-prediction", "absent", "one-class"]
METRICS: dict[str, MatrixMetric] = {
    name_of(metric): metric
    for metric in (
        *(Dice(), IoU(), Accuracy(), BalancedAccuracy()),
        *(Precision(), Recall(), Specificity(), F1()),
    )
}
ORACLES: dict[str, Callable[..., torch.Tensor]] = {
    "dice": torchmetrics.multiclass_f1_score,
    "f1": torchmetrics.multiclass_f1_score,
    "iou": torchmetrics.multiclass_jaccard_index,
    "accuracy": torchmetrics.multiclass_accuracy,
    "balanced_accuracy": torchmetrics.multiclass_accuracy,
    "precision": torchmetrics.multiclass_precision,
    "recall": torchmetrics.multiclass_recall,
    "specificity": torchmetrics.multiclass_specificity,
}


def labels_of(case: str) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Predicted labels, true labels and the number of classes."""
    rng = np.random.default_rng(len(case))
    num_classes = 2 if case == "two" else 5
    truth = rng.integers(0, num_classes, (3, 11, 17))
    right = rng.random(truth.shape) < 0.6
    predicted = np.where(right, truth, rng.integers(0, num_classes, truth.shape))
    if case in ("no-truth", "absent"):
        truth[truth == 3] = 1
    if case in ("no-prediction", "absent"):
        predicted[predicted == 3] = 2
    if case == "one-class":
        truth[:], predicted[:] = 2, 2
    return torch.from_numpy(predicted), torch.from_numpy(truth), num_classes


def present(predicted: torch.Tensor, truth: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Whether a class occurs at all."""
    return torch.tensor([bool(((predicted == k) | (truth == k)).any()) for k in range(num_classes)])


@pytest.mark.parametrize("case", CASES)
def test_the_confusion_matrix_is_sklearns(case: str) -> None:
    """Rows are truth, columns predictions."""
    predicted, truth, num_classes = labels_of(case)
    expected = sklearn.confusion_matrix(
        truth.flatten(), predicted.flatten(), labels=range(num_classes)
    )
    assert count(predicted, truth, num_classes).tolist() == expected.tolist()


@pytest.mark.parametrize("case", CASES)
def test_the_confusion_matrix_of_a_region_counts_inside(case: str) -> None:
    """With a region, only its pixels are counted."""
    predicted, truth, num_classes = labels_of(case)
    roi = torch.rand(truth.shape, generator=torch.Generator().manual_seed(1)) < 0.4
    expected = sklearn.confusion_matrix(truth[roi], predicted[roi], labels=range(num_classes))
    assert count(predicted, truth, num_classes, roi).tolist() == expected.tolist()


def test_an_empty_region_counts_nothing() -> None:
    """A region without a pixel gives a matrix of zeros and no values."""
    predicted, truth, _ = labels_of("two")
    counts = count(predicted, truth, 2, torch.zeros_like(truth, dtype=torch.bool))
    assert counts.tolist() == [[0, 0], [0, 0]]
    for metric in METRICS.values():
        assert metric.per_class(counts).isnan().all()
        assert np.isnan(metric.overall(counts, foreground_only=False))


@pytest.mark.parametrize("with_roi", [False, True])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", METRICS)
def test_values_are_torchmetrics(name: str, case: str, with_roi: bool) -> None:
    """Every class that has a value has torchmetrics' one."""
    predicted, truth, num_classes = labels_of(case)
    roi = None
    counts = count(predicted, truth, num_classes)
    if with_roi:
        roi = torch.rand(truth.shape, generator=torch.Generator().manual_seed(1)) < 0.4
        counts = count(predicted, truth, num_classes, roi)
        predicted, truth = predicted[roi], truth[roi]
    values = METRICS[name].per_class(counts)
    expected = ORACLES[name](predicted, truth, num_classes=num_classes, average="none").double()
    defined = ~values.isnan()
    assert (values.dtype, values.shape) == (torch.float64, (num_classes,))
    torch.testing.assert_close(values[defined], expected[defined], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", METRICS)
def test_values_are_missing_where_they_mean_nothing(name: str, case: str) -> None:
    """A class without value occurs nowhere, or the share would be one of nothing."""
    predicted, truth, num_classes = labels_of(case)
    occurs = present(predicted, truth, num_classes)
    in_truth = torch.tensor([bool((truth == k).any()) for k in range(num_classes)])
    others = torch.tensor([bool((truth != k).any()) for k in range(num_classes)])
    expected = {
        "accuracy": in_truth, "balanced_accuracy": in_truth, "recall": in_truth,
        "specificity": occurs & others,
    }.get(name, occurs)  # fmt: skip
    values = METRICS[name].per_class(count(predicted, truth, num_classes))
    assert (~values.isnan()).tolist() == expected.tolist()


@pytest.mark.parametrize("case", ["two", "five", "no-prediction", "absent"])
@pytest.mark.parametrize("name", ["dice", "f1", "iou", "precision", "recall", "specificity"])
def test_the_overall_value_is_torchmetrics_macro(name: str, case: str) -> None:
    """The mean over classes leaves out those that occur nowhere, as torchmetrics does."""
    predicted, truth, num_classes = labels_of(case)
    counts = count(predicted, truth, num_classes)
    expected = ORACLES[name](predicted, truth, num_classes=num_classes, average="macro")
    found = METRICS[name].overall(counts, foreground_only=False)
    assert found == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("name", ["dice", "f1", "iou", "precision", "recall", "specificity"])
def test_the_foreground_leaves_class_0_out(name: str) -> None:
    """The mean over the foreground is that of the other classes' own values."""
    counts = count(*labels_of("five"))
    found = METRICS[name].overall(counts, foreground_only=True)
    assert found == pytest.approx(float(METRICS[name].per_class(counts)[1:].mean()))


@pytest.mark.parametrize("foreground_only", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_accuracies_are_sklearns(case: str, foreground_only: bool) -> None:
    """Accuracy counts all pixels, balanced accuracy all classes of the truth; background too."""
    predicted, truth, num_classes = labels_of(case)
    counts, flat = count(predicted, truth, num_classes), (truth.flatten(), predicted.flatten())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        balanced = sklearn.balanced_accuracy_score(*flat)
    overall = {
        name: METRICS[name].overall(counts, foreground_only=foreground_only)
        for name in ("accuracy", "balanced_accuracy")
    }
    assert overall["accuracy"] == pytest.approx(sklearn.accuracy_score(*flat))
    assert overall["balanced_accuracy"] == pytest.approx(balanced)


def test_a_class_that_is_never_predicted_has_precision_0() -> None:
    """Leaving a class out does not raise the mean precision; scikit-learn says 0 too."""
    truth, predicted = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([0, 0, 1, 0, 1])
    values = Precision().per_class(count(predicted, truth, 3))
    expected = sklearn.precision_score(truth, predicted, average=None, zero_division=0)
    assert values.tolist() == pytest.approx(expected.tolist())


def test_counts_do_not_lose_single_pixels() -> None:
    """Counts beyond float32's whole numbers stay exact."""
    counts = torch.tensor([[2**40, 1], [0, 2**40]])
    assert 1 - float(Accuracy().overall(counts, foreground_only=False)) > 0


@pytest.mark.parametrize("name", METRICS)
def test_more_is_better(name: str) -> None:
    """Every metric of the confusion matrix rises with quality; a perfect prediction has 1."""
    assert METRICS[name].better == "max"
    perfect: Any = torch.tensor([[5, 0, 0], [0, 3, 0], [0, 0, 9]])
    assert METRICS[name].overall(perfect, foreground_only=True) == 1


AGREEMENT = {CohenKappa(): sklearn.cohen_kappa_score, Matthews(): sklearn.matthews_corrcoef}


@pytest.mark.parametrize("case", ["two", "five", "no-truth", "no-prediction", "absent"])
@pytest.mark.parametrize("metric", AGREEMENT, ids=name_of)
def test_agreement_is_sklearns(metric: MatrixMetric, case: str) -> None:
    """Kappa and Matthews: of all classes together, and of each class against the rest."""
    predicted, truth, num_classes = labels_of(case)
    counts, oracle = count(predicted, truth, num_classes), AGREEMENT[metric]
    found = metric.overall(counts, foreground_only=True)
    assert found == pytest.approx(oracle(truth.flatten(), predicted.flatten()))
    values, occurs = metric.per_class(counts), present(predicted, truth, num_classes)
    for label in range(num_classes):
        if occurs[label]:
            expected = oracle((truth == label).flatten(), (predicted == label).flatten())
            assert float(values[label]) == pytest.approx(expected)
        else:
            assert bool(values[label].isnan())


@pytest.mark.parametrize("metric", AGREEMENT, ids=name_of)
def test_agreement_of_nothing_is_not_defined(metric: MatrixMetric) -> None:
    """Where nothing was counted, and where all is of one class, there is nothing to agree on."""
    for counts in (torch.zeros(2, 2, dtype=torch.int64), torch.tensor([[7, 0], [0, 0]])):
        assert np.isnan(metric.overall(counts, foreground_only=False))
        assert metric.per_class(counts).isnan().all()


@pytest.mark.parametrize("metric", AGREEMENT, ids=name_of)
def test_guessing_one_class_agrees_by_chance_alone(metric: MatrixMetric) -> None:
    """All predicted as one class has 0, as in scikit-learn."""
    counts = torch.tensor([[5, 0], [4, 0]])
    assert metric.overall(counts, foreground_only=False) == pytest.approx(0, abs=1e-12)
    assert metric.per_class(counts).tolist() == pytest.approx([0, 0], abs=1e-12)


@pytest.mark.parametrize("metric", AGREEMENT, ids=name_of)
def test_agreement_of_many_pixels_does_not_overflow(metric: MatrixMetric) -> None:
    """Counts of a large test set give what their shares give."""
    counts = torch.tensor([[5, 2], [1, 4]])
    expected = metric.overall(counts, foreground_only=False)
    large = counts * 2**40
    assert metric.overall(large, foreground_only=False) == pytest.approx(expected)
    assert metric.per_class(large).tolist() == pytest.approx(metric.per_class(counts).tolist())
