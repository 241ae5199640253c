"""Metrics without a value on a part, against what a pass over right answers gives."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
import torch
from PIL import Image

from neurotrain.metrics.tally import Tally
from neurotrain.spec.catalogue import built_in
from tests.compiler.conftest import Compiling

METRICS: Final = (
    "accuracy", "auroc", "average_precision", "balanced_accuracy", "cohen_kappa", "f1",
    "matthews", "precision", "recall", "specificity",
)  # fmt: skip
SPEC: Final = """\
extends: bases/classification.yaml
data: {{train: {{type: image_folder, root: {root}}}, valid: {{fraction: 0.3}}, test: null}}
loss: null
metrics: [accuracy, {metrics}]
train: {{batch: {{global: 2}}, epochs: 1}}
"""


@pytest.mark.parametrize("sizes", [(8, 1), (8, 1, 1), (8, 8), (8, 8, 1)], ids=str)
def test_what_a_right_model_has_no_value_of_is_told(
    compiling: Compiling, tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    """A fraction of a class with one image is none: validation then lacks the class."""
    rng = np.random.default_rng(1)
    for label, num in enumerate(sizes):
        folder = tmp_path / "data" / f"class{label}"
        folder.mkdir(parents=True)
        for number in range(num):
            pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    names = ", ".join(METRICS[1:])
    loss = "bce" if len(sizes) == 2 else "cross_entropy"
    text = SPEC.format(root=tmp_path / "data", metrics=names).replace("null\nm", f"[{loss}]\nm")
    outcome = compiling(text, deep=True)
    found = {d.message.split("'")[1] for d in outcome.report.items if "undefined" in d.code.id}
    truth = torch.tensor([label for label, num in enumerate(sizes) for _ in range(num // 3)])
    right = torch.nn.functional.one_hot(truth, len(sizes)).float()
    expected = set()
    for name in METRICS:
        metric = built_in().find("metric", name)()
        tally = Tally((metric,), len(sizes), is_map=False)
        tally.add(truth, right, truth, None)
        if np.isnan(tally.overall(metric)):
            expected.add(name)
    assert found == expected
    assert bool(found) == (len(set(truth.tolist())) < 2)
