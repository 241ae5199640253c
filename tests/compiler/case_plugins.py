"""Small distributions with plugins for specs to name, each with one thing about it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.plugins.making import install

LOSS: Final = '''
from typing import Annotated
from msgspec import Meta
from neurotrain.component.base import Component
from neurotrain.losses.base import Loss

class {name}(Component, Loss, tag="{tag}", frozen=True, kw_only=True):
    """A loss of a plugin."""

    tasks = ("segmentation",)
    outputs = ("sigmoid", "softmax")
    weight: Annotated[float, Meta(description="Factor in the sum", ge=0)] = 1.0

    def build(self):
        return lambda logits, targets, roi: logits.sum()

COMPONENTS = ({name},)
'''
"""The module of a plugin with one loss."""

PARTS: Final = '''
from dataclasses import replace
from typing import Annotated, Literal
from msgspec import Meta
from neurotrain.component.base import Component
from neurotrain.losses.base import Loss
from neurotrain.metrics.base import MatrixMetric
from neurotrain.models.base import Model
from neurotrain.models.discriminators import Discriminator
from neurotrain.optim.optimizers import Optimizer
from neurotrain.transforms.base import Transform

FLOAT = Annotated[float, Meta(description="A number")]


class CaseNet(Component, Model, tag="case_net", frozen=True, kw_only=True):
    """A network that does something wrong."""

    tasks = ("segmentation",)
    wrong: Annotated[
        Literal["build", "forward", "channels", "size", "list", "type", "values", "evaluation"],
        Meta(description="What it does wrong"),
    ]

    def build(self, in_channels, out_channels, size):
        import torch

        if self.wrong == "build":
            raise ValueError("no such\\nnetwork")
        wrong = self.wrong

        class Net(torch.nn.Conv2d):
            def forward(self, x):
                y = super().forward(x)
                if wrong == "forward":
                    return y + y[:, :, 1:]
                if wrong == "values":
                    return y if y.mean() > 0 else -y
                if wrong == "evaluation" and not self.training:
                    raise RuntimeError("only in training")
                changed = {
                    "channels": y[:, :1].expand(-1, 5, -1, -1), "size": y[..., ::2, ::2],
                    "list": [y, y], "type": y.long(),
                }
                return changed.get(wrong, y)

        return Net(in_channels, out_channels, 1)


class CaseJudge(Component, Discriminator, tag="case_judge", frozen=True, kw_only=True):
    """A discriminator that does something wrong."""

    wrong: Annotated[
        Literal["build", "forward", "list", "type", "batch", "none"],
        Meta(description="What it does wrong"),
    ]

    def build(self, in_channels, size):
        import torch

        if self.wrong == "build":
            raise ValueError("no such network")
        wrong = self.wrong

        class Net(torch.nn.Conv2d):
            def forward(self, x):
                y = super().forward(x)
                changed = {"list": [y, y], "type": y.long(), "batch": y.mean()}
                return y + y[:, :, 1:] if wrong == "forward" else changed.get(wrong, y)

        return Net(in_channels, 1, 1)


class OneChannel(Component, Loss, tag="one_channel", frozen=True, kw_only=True):
    """A loss that says it takes any output and takes one channel."""

    tasks = ("segmentation",)
    outputs = ("sigmoid", "softmax")
    weight: FLOAT = 1.0

    def build(self):
        from torch.nn.functional import binary_cross_entropy_with_logits as bce

        return lambda logits, targets, roi: bce(logits, targets[:, None].float())


class Unreduced(Component, Loss, tag="unreduced", frozen=True, kw_only=True):
    """A loss that gives a number a pixel."""

    tasks = ("segmentation",)
    outputs = ("sigmoid", "softmax")
    weight: FLOAT = 1.0

    def build(self):
        return lambda logits, targets, roi: logits[:, 0] * targets


class OneValue(Component, MatrixMetric, tag="one_value", frozen=True, kw_only=True):
    """A metric that gives one value for all classes."""

    def per_class(self, counts_KK):
        return counts_KK.double().trace()


class Halved(Component, Transform, tag="halved", frozen=True, kw_only=True):
    """A transform that halves images and does not say so."""

    def build(self):
        def apply(batch, draws):
            return replace(batch, images=[x[:, ::2, ::2] for x in batch.images])

        return apply


class Doubles(Component, Transform, tag="doubles", frozen=True, kw_only=True):
    """A transform that turns images into another type."""

    def build(self):
        return lambda batch, draws: replace(batch, images=[x.double() for x in batch.images])


class FirstThree(Component, Transform, tag="first_three", frozen=True, kw_only=True):
    """A transform that reads values and fails."""

    def build(self):
        def apply(batch, draws):
            if float(batch.images[0].mean()) < 1:
                raise ValueError("images have no values of 1 and more")
            return batch

        return apply


class Bounded(Component, Optimizer, tag="bounded", frozen=True, kw_only=True):
    """An optimizer with a bound of its own."""

    learning_rate: FLOAT = 1.0

    def build(self, parameters):
        from torch.optim import LBFGS, SGD

        return LBFGS(parameters) if self.learning_rate > 1 else SGD(parameters, lr=0.1)


COMPONENTS = (
    CaseNet, CaseJudge, OneChannel, Unreduced, OneValue, Halved, Doubles, FirstThree, Bounded,
)
'''
"""The module of a plugin whose components fail only when they are used."""


def install_all(site: Path) -> None:
    """Every plugin that a case names."""
    modules = {
        "case-parts": PARTS,
        "case-losses": LOSS.format(name="CaseLoss", tag="case_loss"),
        "case-other": LOSS.format(name="OtherLoss", tag="case_loss"),
        "case-dice": LOSS.format(name="AnotherDice", tag="dice"),
        "case-class": LOSS.format(name="DiceLoss", tag="case_dice"),
        "case-refuses": LOSS.format(name="Refuses", tag="refuses").replace(
            "    def build",
            "    def __post_init__(self):\n        raise ValueError('never')\n\n    def build",
        ),
        "case-raises": "raise RuntimeError('first\\nsecond')\n",
        "case-exits": "import sys\nsys.exit(3)\n",
        "case-heavy": "import jax.numpy\n",
        "case-none": "X = 1\n",
        "case-function": "def f(): ...\nCOMPONENTS = (f,)\n",
        "case-no-build": LOSS.format(name="NoBuild", tag="no_build").replace("build", "make"),
        "case-no-weight": LOSS.format(name="Weightless", tag="weightless").replace("weight:", "w:"),
        "case-no-meaning": LOSS.format(name="Mute", tag="mute").replace("description=", "title="),
        "case-bad-tag": LOSS.format(name="BadTag", tag="bad-tag"),
        "case-bad-field": LOSS.format(name="Odd", tag="odd").replace("[float", "[complex"),
        "case-family": LOSS.format(name="Fam", tag="fam").replace(
            "class Fam(Component, Loss,",
            "class Own(Loss):\n    __slots__ = ()\n    family = 'own'\n\nclass Fam(Component, Own,",
        ),
    }
    for plugin, text in modules.items():
        module = plugin.replace("-", "_")
        install(site, {f"{module}.py": text}, {plugin: module})
    for number in (1, 2):
        install(site, {}, {"case-twice": "case_losses"}, name=f"case-twice-{number}")
