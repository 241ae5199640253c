"""Measures a model on test data and writes everything that a reader wants to see."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import nn

from neurotrain.engine.evaluation import Criterion, Scored, Scores, collect, score
from neurotrain.engine.foreign import as_batches, as_criterion, seed_order
from neurotrain.engine.inference import Inference
from neurotrain.engine.report import write_reports
from neurotrain.engine.report_statistics import spread_ranks
from neurotrain.metrics.base import Metric, name_of
from neurotrain.metrics.overlap import F1, Accuracy, Dice, IoU
from neurotrain.recorder.results import SampleScore, TestResult
from neurotrain.transforms.base import Transform
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws
from neurotrain.visualizer.confusion import draw_confusion
from neurotrain.visualizer.samples import draw_classification, draw_segmentation

_Part = TypeVar("_Part")


class _Measures(Protocol):
    """What a pass over the test data gives."""

    @property
    def loss(self) -> float: ...

    @property
    def samples(self) -> tuple[SampleScore, ...]: ...

    def overall(self, metrics: Iterable[Metric]) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSetup:
    """What the report says about a test, and how much of it is drawn."""

    run: str = ""
    spec: str = ""
    synthetic: bool = False
    weights: str = "the model as given"
    metrics: tuple[Metric, ...] = ()
    names: tuple[str, ...] | None = None
    left_out: Callable[[], tuple[str, ...]] = tuple
    """Asked at the end: what was wrong with each sample that could not be read."""
    num_pictures: int = 8
    plots: tuple[Path, ...] = ()
    progress: Any = field(default=lambda done, total: None)
    """Called with the samples done and their number."""

    def told(
        self, parts: Iterable[_Part], size: Callable[[_Part], int], total: int
    ) -> Iterator[_Part]:
        """Pass the parts of a test on and tell the samples of each as progress."""
        done = 0
        for part in parts:
            done += size(part)
            self.progress(done, max(done, total))
            yield part

    def result(
        self,
        scores: _Measures,
        metrics: tuple[Metric, ...],
        seconds: float,
        *,
        task: str,
        classes: tuple[str, ...] = (),
        targets: tuple[str, ...] = (),
        per_class: Mapping[str, Mapping[str, float]] | None = None,
        confusion: tuple[tuple[int, ...], ...] = (),
        scored_inside_roi: bool = False,
    ) -> TestResult:
        """What was measured, with what this says about the test."""
        return TestResult(
            run=self.run,
            spec=self.spec,
            task=task,
            classes=classes,
            targets=targets,
            synthetic=self.synthetic,
            weights=self.weights,
            scored_inside_roi=scored_inside_roi,
            main_metric=name_of(metrics[0]),
            overall={**scores.overall(metrics), "loss": scores.loss},
            per_class=per_class or {},
            falling=frozenset(name_of(metric) for metric in metrics if metric.better == "min"),
            confusion=confusion,
            samples=scores.samples,
            left_out=self.left_out(),
            seconds=seconds,
        )


@dataclass(frozen=True, slots=True)
class _Apply:
    """The model on batches."""

    model: nn.Module
    criterion: Criterion
    inference: Inference
    num_classes: int

    def __call__(self, batches: Iterable[Batch]) -> Iterator[Scored]:
        return score(
            self.model, batches, criterion=self.criterion, inference=self.inference,
            num_classes=self.num_classes,
        )  # fmt: skip


class Tester:
    """Tests a model; `output_dir` is a run's `test` folder."""

    def __init__(
        self,
        output_dir: Path,
        model: nn.Module,
        class_labels: tuple[str, ...] | None = None,
        transforms: tuple[Transform, ...] | None = None,
        *,
        setup: TestSetup | None = None,
        inference: Inference | None = None,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.model = model
        self.classes = tuple(class_labels or ())
        self.setup = setup or TestSetup()
        self._transforms = [transform.build() for transform in transforms or ()]
        self._inference = inference

    def test(
        self, test_loader: Iterable[Any], criterion: Any, device: str | torch.device = "cpu"
    ) -> TestResult:
        """Measure, and write metrics, tables, pictures and reports.

        Raises:
            ValueError: the loader is empty.
        """
        started_s = time.monotonic()
        inference = self._inference or Inference(device=torch.device(device))
        self.model.to(inference.device)
        first = next(self._batches(test_loader), None)
        if first is None:
            raise ValueError("the test loader is empty")
        self.classes = self.classes or self._guessed_classes(first, inference)
        metrics = self.setup.metrics or _usual_metrics(first)
        names = self.setup.names
        apply = _Apply(self.model, as_criterion(criterion), inference, len(self.classes))
        parts = apply(self._batches(test_loader))
        scored = self.setup.told(parts, lambda part: len(part.batch), len(names or ()))
        name = names.__getitem__ if names is not None else _numbered
        scores = collect(scored, metrics, classes=self.classes, name=name)
        result = self._result(scores, metrics, first, time.monotonic() - started_s)
        matrix = self.output_dir / "confusion_matrix.png"
        draw_confusion(result.confusion, result.classes, matrix)
        pictures = self._draw_samples(result, test_loader, apply)
        write_reports(result, self.output_dir, pictures=pictures, plots=[matrix, *self.setup.plots])
        return result

    def _result(
        self, scores: Scores, metrics: tuple[Metric, ...], first: Batch, seconds: float
    ) -> TestResult:
        return self.setup.result(
            scores,
            metrics,
            seconds,
            task="segmentation" if first.has_label_maps else "classification",
            classes=self.classes,
            per_class=scores.per_class(metrics, self.classes),
            confusion=tuple(tuple(row) for row in scores.tally.counts.tolist()),
            scored_inside_roi=first.rois is not None,
        )

    def _draw_samples(self, result: TestResult, loader: Iterable[Any], apply: _Apply) -> list[Path]:
        """Draw samples from the worst to the best, evenly spaced, in a second pass."""
        numbers = spread_ranks(result, self.setup.num_pictures)
        folder = self.output_dir / "predictions"
        folder.mkdir(parents=True, exist_ok=True)
        paths: dict[int, Path] = {}
        passed = 0
        for batch in self._batches(loader) if numbers else ():
            rows = [row for row in range(len(batch)) if passed + row in numbers]
            for part in apply([batch.select(rows)] if rows else []):
                for at, row in enumerate(rows):
                    number = numbers[passed + row]
                    paths[number] = folder / f"sample_{number:03d}.png"
                    self._draw(part, at, result.samples[passed + row].id, paths[number])
            passed += len(batch)
        return [paths[number] for number in sorted(paths)]

    def _batches(self, loader: Iterable[Any]) -> Iterator[Batch]:
        """The transformed batches, in the same order in every pass."""
        seed_order(loader, 0)
        return (self._transformed(batch) for batch in as_batches(loader))

    def _draw(self, part: Scored, row: int, name: str, path: Path) -> None:
        batch = part.batch
        image = batch.images[row].float().cpu().numpy()
        if part.labels.ndim > 1:
            roi = None if batch.rois is None else batch.rois[row].cpu().numpy()
            draw_segmentation(
                path, image_CHW=image, truth_HW=batch.targets[row].cpu().numpy(),
                prediction_HW=part.labels[row].cpu().numpy(), roi_HW=roi,
                classes=self.classes, title=name,
            )  # fmt: skip
        else:
            draw_classification(
                path, image_CHW=image, truth=int(batch.targets[row]),
                prediction=int(part.labels[row]),
                confidences=part.probabilities[row].cpu().numpy(),
                classes=self.classes, title=name,
            )  # fmt: skip

    def _transformed(self, batch: Batch) -> Batch:
        draws = Draws.of(0, 0, batch.samples, batch.crops)
        for transform in self._transforms:
            batch = transform(batch, draws)
        return batch.stacked()

    def _guessed_classes(self, first: Batch, inference: Inference) -> tuple[str, ...]:
        """Numbers as names, as many as the model has outputs."""
        images = first.to(inference.device).images
        assert isinstance(images, torch.Tensor)
        with torch.inference_mode():
            num_outputs = inference.logits(self.model.eval(), images[:1]).shape[1]
        return tuple(str(index) for index in range(max(2, num_outputs)))


def _usual_metrics(first: Batch) -> tuple[Metric, ...]:
    return (Dice(), IoU(), Accuracy()) if first.has_label_maps else (Accuracy(), F1())


def numbered(loader: Iterable[Any]) -> tuple[str, ...]:
    """Numbers as names for the samples of a loader that has none."""
    dataset: Any = getattr(loader, "dataset", loader)
    return tuple(f"sample-{index + 1:04d}" for index in range(len(dataset)))


def _numbered(index: int) -> str:
    """The name of a sample of a loader that has none, by when it came."""
    return f"sample-{index + 1:04d}"
