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


def install_all(site: Path) -> None:
    """Every plugin that a case names."""
    modules = {
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
