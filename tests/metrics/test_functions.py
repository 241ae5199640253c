"""Metrics as functions of predictions: what counts as predicted, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sklearn.metrics import f1_score, jaccard_score, recall_score, roc_auc_score

from neurotrain.metrics import (
    accuracy,
    auroc,
    cldice,
    dice,
    f1,
    get_metric_fns,
    hausdorff95,
    iou_seg,
    precision,
    recall,
    specificity,
)
from neurotrain.metrics.functional import to_labels

ORACLES = [(dice, f1_score), (iou_seg, jaccard_score), (accuracy, recall_score)]
with_oracle = pytest.mark.parametrize(("function", "oracle"), ORACLES)


def problem(channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and true labels."""
    generator = torch.Generator().manual_seed(channels)
    logits = torch.randn(3, channels, 8, 9, generator=generator)
    return logits, torch.randint(0, max(2, channels), (3, 8, 9), generator=generator)


@with_oracle
@pytest.mark.parametrize("channels", [2, 3, 5])
def test_values_of_a_softmax_are_sklearns(function: Any, oracle: Any, channels: int) -> None:
    """Logits, probabilities and labels of several channels give scikit-learn's values."""
    logits, targets = problem(channels)
    labels = logits.argmax(1)
    expected = oracle(targets.flatten(), labels.flatten(), average=None).tolist()
    assert function(logits, targets).tolist() == pytest.approx(expected)
    assert function(logits.softmax(1), targets, "probabilities").tolist() == pytest.approx(expected)
    assert function(labels, targets, inputs="labels").tolist() == pytest.approx(expected)


@with_oracle
def test_values_of_one_logit_are_sklearns(function: Any, oracle: Any) -> None:
    """One channel is the foreground of two classes, and both classes have a value."""
    logits, targets = problem(1)
    labels = (logits.sigmoid() >= 0.5)[:, 0].long()
    expected = oracle(targets.flatten(), labels.flatten(), average=None).tolist()
    assert function(logits, targets).tolist() == pytest.approx(expected)
    probabilities = function(logits.sigmoid(), targets, inputs="probabilities")
    assert probabilities.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_auroc_ranks_logits_and_probabilities(channels: int) -> None:
    """Both give scikit-learn's value of every class against the rest; labels cannot be ranked."""
    logits, targets = problem(channels)
    likely = logits.sigmoid() if channels == 1 else logits.softmax(1)
    scores = torch.cat([1 - likely, likely], 1) if channels == 1 else likely
    expected = [
        roc_auc_score((targets == label).flatten(), scores[:, label].flatten())
        for label in range(max(2, channels))
    ]
    assert auroc(logits, targets).tolist() == pytest.approx(expected, abs=1e-3)
    assert (
        auroc(likely, targets, inputs="probabilities").tolist() == auroc(logits, targets).tolist()
    )
    with pytest.raises(ValueError, match="'auroc' ranks logits or probabilities, not labels"):
        auroc(targets, targets, inputs="labels")


@pytest.mark.parametrize("function", [hausdorff95, cldice])
def test_shapes_need_label_maps(function: Any) -> None:
    """Distances and centre lines are those of maps; the background has none."""
    logits, targets = problem(3)
    values = function(logits, targets)
    assert values.isnan().tolist() == [True, False, False]
    with pytest.raises(ValueError, match="measures label maps"):
        function(logits[:, :, 0, 0], targets[:, 0, 0])


def test_distances_have_the_unit_of_the_spacing() -> None:
    """Pixels of two millimetres double the distance."""
    logits, targets = problem(3)
    pixels = hausdorff95(logits, targets)[1:]
    assert hausdorff95(logits, targets, spacing=(2.0, 2.0))[1:].tolist() == (2 * pixels).tolist()


def test_plain_functions_are_the_specs_metrics() -> None:
    """Each of them gives what the metric of its name gives."""
    logits, targets = problem(3)
    plain = (precision, recall, specificity, f1, auroc, hausdorff95, cldice)
    functions = get_metric_fns([function.__name__ for function in plain])
    for function in plain:
        expected = functions[function.__name__](logits, targets)
        assert torch.equal(function(logits, targets).nan_to_num(-1), expected.nan_to_num(-1))


def test_a_tie_is_foreground() -> None:
    """A logit of 0 and a probability of 0.5 are foreground."""
    assert to_labels(torch.zeros(1, 1), "logits").tolist() == [1]
    assert to_labels(torch.full((1, 1), 0.5), "probabilities").tolist() == [1]


def test_labels_can_state_their_classes() -> None:
    """Labels of fewer classes than there are have a value for each: none where it is absent."""
    labels = torch.tensor([[0, 1], [1, 1]])
    assert dice(labels, labels, "labels").tolist() == [1, 1]
    values = dice(labels, labels, "labels", num_classes=4)
    assert values[:2].tolist() == [1, 1]
    assert values[2:].isnan().all()


def test_labels_of_background_alone_are_of_two_classes() -> None:
    """Where nothing but background occurs, the foreground has no value."""
    values = dice(torch.zeros(2, 3), torch.zeros(2, 3), "labels")
    assert values[0] == 1
    assert bool(values[1].isnan())


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32, torch.uint8])
def test_targets_may_have_any_dtype(dtype: torch.dtype) -> None:
    """Masks as bool, float or bytes count as labels."""
    logits, targets = problem(1)
    assert torch.equal(dice(logits, targets.to(dtype)), dice(logits, targets))


@pytest.mark.parametrize(
    ("predictions", "targets", "settings", "told"),
    [
        (problem(1)[0], problem(1)[1], {"inputs": "logit"}, "labels, not 'logit'"),
        (problem(1)[0], problem(1)[1][:, None], {}, "(3, 8, 9), targets (3, 1, 8, 9)"),
        (problem(1)[0], problem(1)[1].mT, {}, "(3, 8, 9), targets (3, 9, 8)"),
        (problem(1)[0], problem(1)[1] + 1, {}, "a label 2 in data of 2 classes"),
        (problem(1)[0], problem(1)[1] - 1, {}, "a label -1 in data of 2 classes"),
        (problem(3)[0], problem(3)[1], {"num_classes": 2}, "3 classes are not of 2"),
    ],
)
def test_faults_are_named(predictions: Any, targets: Any, settings: Any, told: str) -> None:
    """Another kind of input, other shapes and labels that no class has are errors."""
    with pytest.raises(ValueError, match=r".") as caught:
        dice(predictions, targets, **settings)
    assert told in str(caught.value)


@pytest.mark.parametrize("config", [["dice", "iou", {"type": "accuracy"}]])
def test_metric_functions_are_the_plain_ones(config: Any) -> None:
    """Functions from a spec's `metrics` block, in its order, give what `dice` and others give."""
    functions = get_metric_fns(config)
    logits, targets = problem(3)
    assert list(functions) == ["dice", "iou", "accuracy"]
    for function, plain in zip(functions.values(), (dice, iou_seg, accuracy), strict=True):
        assert torch.equal(function(logits, targets), plain(logits, targets))


def test_every_metric_has_a_function() -> None:
    """One name alone is a list of one, and all metrics can be asked for."""
    logits, targets = problem(3)
    for name in ("precision", "recall", "specificity", "f1", "balanced_accuracy"):
        assert get_metric_fns(name)[name](logits, targets).shape == (3,)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (["dise"], "no metric is named 'dise'; did you mean 'dice'?"),
        ([{"type": "dice", "smooth": 1}], "'dice' has no key 'smooth'"),
        (["dice", "dice"], "named twice"),
    ],
)
def test_wrong_names_are_told(config: Any, told: str) -> None:
    """What is wrong is said, with the nearest name that is right."""
    with pytest.raises(ValueError, match=r".") as caught:
        get_metric_fns(config)
    assert told in str(caught.value)
