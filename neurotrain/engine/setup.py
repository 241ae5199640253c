"""What a trainer has to know besides its options and objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from neurotrain.component.base import tag_of
from neurotrain.dataset.heads import LearnedHead
from neurotrain.dataset.targets import Target
from neurotrain.engine.early_stopping import Mode
from neurotrain.metrics.base import Metric
from neurotrain.plan.plan import TrainOptions
from neurotrain.spec.train import Checkpoints
from neurotrain.spec.train import EarlyStopping as StoppingOptions

DEFAULT_OPTIONS: Final = TrainOptions(
    early_stopping=StoppingOptions(), checkpoints=Checkpoints(every="10 epochs")
)
"""What a trainer of a Python caller does who says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The setting of a training; the defaults serve Python callers."""

    seed: int = 42
    classes: tuple[str, ...] = ()
    """Class names in label order; without them, and without targets, only losses are measured."""
    targets: tuple[Target, ...] = ()
    """What a regression predicts."""
    heads: tuple[LearnedHead, ...] = ()
    """What several tasks predict, in the order of the model's outputs."""
    tokens: int | None = None
    """The tokens of a sample of text, whose metrics are of their likelihood."""
    metrics: tuple[Metric, ...] = ()
    head_metrics: Mapping[str, tuple[Metric, ...]] = field(default_factory=dict)
    """Those of each head by its name."""
    monitor: str | None = None
    """The recorded value that chooses the best weights; by default that of early stopping."""
    accumulation: int | None = None
    """Micro-batches of one update; by default that of the options."""
    divisor: int = 1
    window: tuple[int, int] | None = None
    overlap: float = 0.25
    plan_digest: str = ""
    """The training's identity, which its checkpoints carry."""
    portable_digest: str = ""
    """That apart from its spread over processes."""

    def mode_of(self, monitor: str) -> Mode:
        """The direction of a recorded value: losses fall, a metric says for itself."""
        better = {tag_of(metric): metric.better for metric in self.metrics}
        for head, metrics in self.head_metrics.items():
            better |= {f"{head}/{tag_of(metric)}": metric.better for metric in metrics}
        return better.get(monitor.partition("/")[2], "min")
