"""Measures a language model on test text and writes everything a reader wants to see."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from neurotrain.engine.foreign import as_batches, as_criterion
from neurotrain.engine.inference import Inference
from neurotrain.engine.report import write_reports
from neurotrain.engine.tester import TestSetup, numbered
from neurotrain.engine.token_scoring import collect_tokens, read
from neurotrain.metrics.base import Metric
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
        told = self.setup.told(parts, lambda part: len(part.samples), len(names))
        scores = collect_tokens(told, metrics, names=names)
        if not scores.samples:
            raise ValueError("the test loader is empty")
        seconds = time.monotonic() - started_s
        result = self.setup.result(scores, metrics, seconds, task="causal_lm")
        write_reports(result, self.output_dir, pictures=(), plots=self.setup.plots)
        return result
