"""Measures a model of several tasks: each head as a model of its task, then all together."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from neurotrain.dataset.heads import LearnedHead, outputs_of, targets_of
from neurotrain.engine.foreign import as_batches
from neurotrain.engine.inference import Inference
from neurotrain.engine.report import write_reports
from neurotrain.engine.tester import Tester, TestSetup
from neurotrain.engine.value_tester import ValueTester
from neurotrain.losses.multi_task import HeadsLoss
from neurotrain.metrics.base import Metric, name_of
from neurotrain.recorder.results import SampleScore, TestResult
from neurotrain.transforms.batch import Batch


class HeadTester:
    """Tests a model of several tasks; `output_dir` is a run's `test` folder.

    Every head has a folder in it with the report of its task; the model is applied for each anew.
    """

    def __init__(
        self,
        output_dir: Path,
        model: nn.Module,
        heads: tuple[LearnedHead, ...],
        metrics: Mapping[str, tuple[Metric, ...]],
        *,
        setup: TestSetup | None = None,
        inference: Inference | None = None,
    ) -> None:
        """The heads in the order of the outputs, and the metrics of each by its name."""
        self.output_dir = Path(output_dir)
        self.model = model
        self.heads = heads
        self.metrics = metrics
        self.setup = setup or TestSetup()
        self._inference = inference

    def test(
        self, test_loader: Iterable[Any], criterion: HeadsLoss, device: str | torch.device = "cpu"
    ) -> TestResult:
        """Measure, and write the reports of all heads and one of all together.

        Raises:
            ValueError: the loader is empty.
        """
        started_s = time.monotonic()
        inference = self._inference or Inference(device=torch.device(device))
        results = {
            head.name: self._tester(place, inference).test(
                _HeadLoader(test_loader, self.heads, place), criterion.of_head[head.name], device
            )
            for place, head in enumerate(self.heads)
        }
        result = self._together(results, criterion.task_weights, time.monotonic() - started_s)
        write_reports(result, self.output_dir, pictures=(), plots=self.setup.plots)
        return result

    def _tester(self, place: int, inference: Inference) -> Tester | ValueTester:
        """What tests one head."""
        head, own = self.heads[place], self.setup
        num = len(self.heads)

        def progress(done: int, total: int) -> None:
            own.progress(place * total + done, num * total)

        setup = replace(own, metrics=self.metrics.get(head.name, ()), plots=(), progress=progress)
        folder, model = self.output_dir / head.name, _HeadModel(self.model, self.heads, place)
        if head.classes:
            return Tester(folder, model, head.classes, setup=setup, inference=inference)
        return ValueTester(folder, model, head.targets, setup=setup, inference=inference)

    def _together(
        self, results: Mapping[str, TestResult], weights: Mapping[str, float], seconds: float
    ) -> TestResult:
        """The result of all heads: each value after the name of its head."""
        samples = tuple(
            _joined(dict(zip(results, own, strict=True)), self.heads, weights)
            for own in zip(*(result.samples for result in results.values()), strict=True)
        )
        values = {name: result.overall for name, result in results.items()}
        overall = {f"{name}/{key}": x for name, own in values.items() for key, x in own.items()}
        overall["loss"] = sum(sample.loss for sample in samples) / len(samples)
        falling = {f"{h}/{k}" for h, result in results.items() for k in result.falling}
        return TestResult(
            run=self.setup.run,
            spec=self.setup.spec,
            task="multi_task",
            classes=(),
            synthetic=self.setup.synthetic,
            weights=self.setup.weights,
            scored_inside_roi=False,
            main_metric=main_metric(self.metrics),
            overall=overall,
            per_class=values,
            falling=frozenset(falling),
            confusion=(),
            samples=samples,
            seconds=seconds,
            left_out=self.setup.left_out(),
        )


def main_metric(metrics: Mapping[str, tuple[Metric, ...]]) -> str:
    """The first metric of the first head that has one; else the loss of all."""
    named = (f"{head}/{name_of(own[0])}" for head, own in metrics.items() if own)
    return next(named, "loss")


class _HeadModel(nn.Module):
    """One head of a model as a model of its own."""

    def __init__(self, model: nn.Module, heads: tuple[LearnedHead, ...], place: int) -> None:
        super().__init__()
        self.model, self.heads, self.place = model, heads, place

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The outputs of the head, (B, its own K)."""
        return outputs_of(self.heads, self.model(images))[self.place]


@dataclass(frozen=True, slots=True)
class _HeadLoader:
    """Batches with the targets of one head."""

    loader: Iterable[Any]
    heads: tuple[LearnedHead, ...]
    place: int

    def __len__(self) -> int:
        return len(self.loader)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Batch]:
        for batch in as_batches(self.loader):
            assert isinstance(batch.targets, torch.Tensor)
            yield replace(batch, targets=targets_of(self.heads, batch.targets)[self.place])


def _joined(
    own: Mapping[str, SampleScore], heads: tuple[LearnedHead, ...], weights: Mapping[str, float]
) -> SampleScore:
    """One sample's values of all heads."""
    answers: dict[str, tuple[str, str]] = {}
    for head in heads:
        score = own[head.name]
        if head.classes:
            answers[head.name] = (score.truth, score.prediction)
            continue
        for name, (truth, predicted) in zip(head.column_names, score.values, strict=True):
            answers[name] = (repr(truth), repr(predicted))
    first = own[heads[0].name]
    return SampleScore(
        id=first.id,
        loss=sum(weights[name] * score.loss for name, score in own.items()),
        metrics={f"{name}/loss": score.loss for name, score in own.items()},
        answers=answers,
    )
