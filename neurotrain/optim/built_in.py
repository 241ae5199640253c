"""The optimizers and schedules that NeuroTrain brings, and their building from a plain dict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from neurotrain.component.base import Component
from neurotrain.component.catalogue import Catalogue
from neurotrain.optim.optimizers import SGD, Adam, AdamW, Optimizer
from neurotrain.optim.schedules import Constant, Cosine, Scheduler, Step

if TYPE_CHECKING:
    import torch

BUILT_IN: Final[tuple[type[Component], ...]] = (Adam, AdamW, SGD, Constant, Cosine, Step)


def get_optimizer(
    config: str | Mapping[str, Any], parameters: Iterable[torch.nn.Parameter]
) -> torch.optim.Optimizer:
    """The torch optimizer of a spec's `optimizer` block, for these parameters.

    Raises:
        ValueError: a name, key or value is wrong; names the nearest that is right.
    """
    return Catalogue.of(BUILT_IN).decode(config, Optimizer).build(parameters)


def get_scheduler(config: str | Mapping[str, Any]) -> Scheduler:
    """The schedule of a spec's `scheduler` block: `factor(step, horizon)` scales the peak rate.

    Raises:
        ValueError: a name, key or value is wrong; names the nearest that is right.
    """
    return Catalogue.of(BUILT_IN).decode(config, Scheduler)
