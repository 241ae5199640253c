"""Where a run's values go besides its own files."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from neurotrain.component.base import Component, Family


class Logger(Family):
    """A further place that losses, metrics and rates are written to while the run goes on."""

    __slots__ = ()
    family: ClassVar[str] = "logger"
    package: ClassVar[str] = ""
    """The distribution that it needs on the machine of the run."""


class TensorBoard(Component, Logger, tag="tensorboard", frozen=True, kw_only=True):
    """Event files for TensorBoard, in the run's folder under `tensorboard`."""

    package: ClassVar[str] = "tensorboard"


class WandB(Component, Logger, tag="wandb", frozen=True, kw_only=True):
    """Weights & Biases; offline it writes into the run's folder, for `wandb sync`."""

    package: ClassVar[str] = "wandb"
    project: Annotated[
        str, Meta(description="The project that the run belongs to", min_length=1, max_length=128)
    ] = "neurotrain"
    entity: (
        Annotated[str, Meta(description="The user or team; by default your own", min_length=1)]
        | None
    ) = None
    mode: Annotated[
        Literal["online", "offline"],
        Meta(description="Whether values are sent at once, or kept for `wandb sync`"),
    ] = "offline"
