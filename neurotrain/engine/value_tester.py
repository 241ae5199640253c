"""Measures a model of a regression on test data and writes everything a reader wants to see."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from neurotrain.dataset.targets import Target
from neurotrain.engine.foreign import as_batches, as_criterion
from neurotrain.engine.inference import Inference
from neurotrain.engine.report import write_reports
from neurotrain.engine.report_statistics import spread_ranks
from neurotrain.engine.tester import TestSetup, numbered
from neurotrain.engine.value_scoring import Measured, collect_values, measure
from neurotrain.metrics.base import Metric
from neurotrain.metrics.values import MAE, R2, RMSE
from neurotrain.recorder.results import TestResult
from neurotrain.transforms.batch import Batch
from neurotrain.visualizer.scatter import draw_scatter
from neurotrain.visualizer.value_samples import draw_values

_USUAL: Final[tuple[Metric, ...]] = (MAE(), RMSE(), R2())


class ValueTester:
    """Tests a model that predicts numbers; `output_dir` is a run's `test` folder."""

    def __init__(
        self,
        output_dir: Path,
        model: nn.Module,
        targets: tuple[Target, ...],
        *,
        setup: TestSetup | None = None,
        inference: Inference | None = None,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.model = model
        self.targets = targets
        self.setup = setup or TestSetup()
        self._inference = inference

    def test(
        self, test_loader: Iterable[Any], criterion: Any, device: str | torch.device = "cpu"
    ) -> TestResult:
        """Measure, and write metrics, tables, plots, pictures and reports.

        Raises:
            ValueError: the loader is empty.
        """
        started_s = time.monotonic()
        inference = self._inference or Inference(device=torch.device(device))
        self.model.to(inference.device)
        metrics = self.setup.metrics or _USUAL
        names = self.setup.names or numbered(test_loader)

        def measured(batches: Iterable[Batch]) -> Iterator[Measured]:
            return measure(
                self.model, batches, criterion=as_criterion(criterion), inference=inference,
                targets=self.targets,
            )  # fmt: skip

        parts = measured(as_batches(test_loader))
        told = self.setup.told(parts, lambda part: len(part.batch), len(names))
        scores = collect_values(told, targets=self.targets, names=names)
        if not scores.samples:
            raise ValueError("the test loader is empty")
        result = self.setup.result(
            scores,
            metrics,
            time.monotonic() - started_s,
            task="regression",
            targets=tuple(target.name for target in self.targets),
            per_class=scores.per_target(metrics, self.targets),
        )
        plot = self.output_dir / "prediction_by_truth.png"
        draw_scatter([one.values for one in result.samples], result.targets, plot)
        pictures = self._draw_samples(result, as_batches(test_loader))
        write_reports(result, self.output_dir, pictures=pictures, plots=[plot, *self.setup.plots])
        return result

    def _draw_samples(self, result: TestResult, batches: Iterable[Batch]) -> list[Path]:
        """Draw samples from the worst to the best, evenly spaced, in a second pass."""
        numbers = spread_ranks(result, self.setup.num_pictures)
        folder = self.output_dir / "predictions"
        folder.mkdir(parents=True, exist_ok=True)
        paths: dict[int, Path] = {}
        passed = 0
        for batch in batches if numbers else ():
            for row in range(len(batch)):
                number = numbers.get(passed + row)
                if number is not None:
                    sample = result.samples[passed + row]
                    paths[number] = folder / f"sample_{number:03d}.png"
                    draw_values(
                        paths[number], image_CHW=batch.images[row].float().cpu().numpy(),
                        values=sample.values, targets=result.targets, title=sample.id,
                    )  # fmt: skip
            passed += len(batch)
        return [paths[number] for number in sorted(paths)]
