"""What a model component offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from neurotrain.component.base import Family

if TYPE_CHECKING:
    from torch import nn


class Contradiction(NamedTuple):
    """What is wrong between the parameters of a model."""

    parameters: tuple[str, ...]
    """Those that contradict each other, the one to change first."""
    why: str
    """In one line, with the values."""
    remedy: str
    """What to write instead."""


class Model(Family):
    """A network."""

    __slots__ = ()
    family: ClassVar[str] = "model"
    tasks: ClassVar[tuple[str, ...]] = ()
    """The tasks whose output it gives: `segmentation`, `classification`, `regression`,
    `causal_lm`."""
    package: ClassVar[str] = ""
    """What has to be installed besides, by its import name; the extra of that name brings it."""
    needs_size: ClassVar[bool] = False
    """Whether all images must have one size that is known before the run."""

    @property
    def divisor(self) -> int:
        """Height and width must be divisible by this; evaluation pads to it by itself."""
        return 1

    @property
    def min_side(self) -> int:
        """Height and width have to be at least this."""
        return self.divisor

    @property
    def batch_statistics(self) -> bool:
        """Whether it normalises by statistics of the batch, and keeps running ones."""
        return getattr(self, "norm", None) == "batch"

    def contradiction(self) -> Contradiction | None:
        """What is wrong between the parameters, or nothing."""
        return None

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """The network: float32 (B, in_channels, H, W) to logits.

        Logits are (B, out_channels, H, W) for segmentation and (B, out_channels) for
        classification and regression. Weights come from torch's global generator.
        """
        raise AssertionError(f"{type(self).__name__} cannot be built")


class LanguageModel(Model):
    """A network that reads tokens."""

    __slots__ = ()
    tasks: ClassVar[tuple[str, ...]] = ("causal_lm",)

    def build_text(self, vocabulary: int, context_length: int) -> nn.Module:
        """The network: int64 tokens (B, T) to logits (B, vocabulary, T) of the next tokens.

        T is at most `context_length`. Weights come from torch's global generator.
        """
        raise AssertionError(f"{type(self).__name__} cannot be built")


def wrong_strides(channels: tuple[int, ...], strides: tuple[int, ...]) -> Contradiction | None:
    """Strides of another number than there are steps between levels."""
    wanted = len(channels) - 1
    if len(strides) == wanted:
        return None
    why = f"{len(channels)} channels are levels that need {wanted} strides; there are "
    why += str(len(strides))
    return Contradiction(("strides", "channels"), why, f"write strides: {[2] * wanted}")


def build_network(
    model: Model, channels: tuple[int, int], size: tuple[int, int] | None, tokens: int | None
) -> nn.Module:
    """The network of a model: by channels in and out and image size, or for samples of tokens."""
    if isinstance(model, LanguageModel):
        assert tokens is not None
        return model.build_text(channels[1], tokens)
    return model.build(*channels, size)
