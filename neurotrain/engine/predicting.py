"""Prediction with a run's weights, outside of the run."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from neurotrain.component.paths import Resolver
from neurotrain.engine.build import Builder, EnvironmentLacks, StageNotReady
from neurotrain.engine.faults import fault_of
from neurotrain.engine.weights import trained_model
from neurotrain.plan.reading import load
from neurotrain.spec.catalogue import built_in


def predict(
    run_dir: Path, files: Sequence[Path], output: Path, regions: Mapping[Path, Path] | None
) -> int:
    """Predict images into a folder, print the files written; the exit code.

    Images that cannot be predicted are named at the end, with exit code 65; the others are done.
    """
    try:
        plan = load(run_dir / "plan.json", built_in())
        if plan.facts.tokens is not None:
            raise StageNotReady("a causal_lm has no predictions: this command is for images")
        builder = Builder(plan, Resolver(base=run_dir))
        model, weights = trained_model(builder, run_dir)
        predictor = builder.predictor(model, _device(builder), output)
        print(f"{len(files)} images with {weights}", file=sys.stderr)
        failures: list[str] = []
        for path in predictor.save_predictions(predictor.predict_files(files, regions, failures)):
            print(path)
    except Exception as error:  # the command's last line: whatever it is, it is told
        fault = fault_of(error)
        if fault.exit_code == 1:
            traceback.print_exc()
        print(f"neurotrain: error: {fault.message}", file=sys.stderr)
        if fault.hint:
            print(f"   = help: {fault.hint}", file=sys.stderr)
        return fault.exit_code
    for failure in failures:
        print(f"neurotrain: error: {failure}", file=sys.stderr)
    return 65 if failures else 0


def _device(builder: Builder) -> torch.device:
    """The planned device, or the CPU where there is none of its kind; that is said."""
    try:
        return builder.device()
    except EnvironmentLacks:
        print(
            "the run was trained on a GPU; there is none here, so the CPU is used", file=sys.stderr
        )
        return torch.device("cpu")
