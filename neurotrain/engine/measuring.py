"""Measures a trained model on a part of the data, with the tester that its task needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from neurotrain.engine.build import Builder
from neurotrain.engine.head_tester import HeadTester
from neurotrain.engine.tester import Tester, TestSetup
from neurotrain.engine.token_tester import TokenTester
from neurotrain.engine.value_tester import ValueTester
from neurotrain.losses.multi_task import HeadsLoss
from neurotrain.recorder.results import TestResult


def measure(
    builder: Builder,
    model: nn.Module,
    part: str,
    folder: Path,
    *,
    weights: str,
    plots: tuple[Path, ...],
    progress: Callable[[int, int], None],
) -> TestResult:
    """Test a model on `valid` or `test`, and write what a reader wants to see into a folder.

    `weights` says which they are; `plots` are shown in the report; `progress` takes the samples
    done and their number.
    """
    plan, facts = builder.plan, builder.plan.facts
    device, loader, criterion = builder.device(), builder.eval_loader(part), builder.criterion()
    inference = builder.inference(device)
    setup = TestSetup(
        run=plan.name,
        spec=plan.spec,
        synthetic=facts.synthetic,
        weights=weights,
        metrics=plan.experiment.metrics,
        names=loader.names,
        left_out=loader.left_out,
        num_pictures=plan.experiment.test.num_pictures,
        plots=plots,
        progress=progress,
    )
    if facts.heads is not None:
        assert isinstance(criterion, HeadsLoss)
        several = HeadTester(
            folder, model, facts.heads, builder.setup().head_metrics, setup=setup,
            inference=inference,
        )  # fmt: skip
        return several.test(loader, criterion, device)
    tester: Tester | ValueTester | TokenTester
    if facts.tokens is not None:
        tester = TokenTester(folder, model, setup=setup, inference=inference)
    elif facts.targets:
        tester = ValueTester(folder, model, facts.targets, setup=setup, inference=inference)
    else:
        tester = Tester(folder, model, facts.classes, setup=setup, inference=inference)
    return tester.test(loader, criterion, device)
