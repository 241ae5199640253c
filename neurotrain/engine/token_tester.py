"""Measures a language model on test text and writes everything a reader wants to see."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from neurotrain.engine.foreign import as_batches, as_criterion
from neurotrain.engine.inference import Inference
from neurotrain.engine.report import write_reports
from neurotrain.engine.tester import TestSetup, numbered
from neurotrain.engine.token_scoring import ReadBatch, TokenScores, collect_tokens, read
from neurotrain.metrics.base import Metric, name_of
from neurotrain.metrics.language import Perplexity, TokenAccuracy
from neurotrain.recorder.results import TestResult

_USUAL: Final[tuple[Metric, ...]] = (Perplexity(), TokenAccuracy())


class TokenTester:
    """Tests a model that predicts tokens; `output_dir` is a run's `test` folder."""

    def __init__(
        self,
        output_dir: Path,
        model: nn.Module,
        *,
        setup: TestSetup | None = None,
        inference: Inference | None = None,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.model = model
        self.setup = setup or TestSetup()
        self._inference = inference

    def test(
        self, test_loader: Iterable[Any], criterion: Any, device: str | torch.device = "cpu"
    ) -> TestResult:
        """Measure, and write metrics, tables and reports.

        Raises:
            ValueError: the loader is empty.
        """
        started_s = time.monotonic()
        inference = self._inference or Inference(device=torch.device(device))
        self.model.to(inference.device)
        metrics = self.setup.metrics or _USUAL
        names = self.setup.names or numbered(test_loader)
        parts = read(
            self.model, as_batches(test_loader), criterion=as_criterion(criterion),
            inference=inference,
        )  # fmt: skip
        scores = collect_tokens(self._told(parts, len(names)), metrics, names=names)
        if not scores.samples:
            raise ValueError("the test loader is empty")
        result = self._result(scores, metrics, time.monotonic() - started_s)
        write_reports(result, self.output_dir, pictures=(), plots=self.setup.plots)
        return result

    def _result(
        self, scores: TokenScores, metrics: tuple[Metric, ...], seconds: float
    ) -> TestResult:
        return TestResult(
            run=self.setup.run,
            spec=self.setup.spec,
            task="causal_lm",
            classes=(),
            synthetic=self.setup.synthetic,
            weights=self.setup.weights,
            scored_inside_roi=False,
            main_metric=name_of(metrics[0]),
            overall={**scores.overall(metrics), "loss": scores.loss},
            per_class={},
            falling=frozenset(name_of(metric) for metric in metrics if metric.better == "min"),
            confusion=(),
            samples=scores.samples,
            left_out=self.setup.left_out(),
            seconds=seconds,
        )

    def _told(self, parts: Iterable[ReadBatch], total: int) -> Iterator[ReadBatch]:
        """Pass the batches on and tell each as progress."""
        done = 0
        for part in parts:
            done += len(part.samples)
            self.setup.progress(done, total)
            yield part
