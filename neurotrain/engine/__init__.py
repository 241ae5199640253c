"""What executes a plan: trainer, tester, predictor, and everything that keeps a run safe."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from neurotrain.engine.adversarial_trainer import AdversarialTrainer
    from neurotrain.engine.curriculum import CurriculumTrainer
    from neurotrain.engine.deepspeed_trainer import DeepSpeedTrainer
    from neurotrain.engine.early_stopping import EarlyStopping
    from neurotrain.engine.predictor import Predictor
    from neurotrain.engine.tester import Tester
    from neurotrain.engine.trainer import Trainer
    from neurotrain.engine.value_tester import ValueTester

__all__ = [
    "AdversarialTrainer",
    "CurriculumTrainer",
    "DeepSpeedTrainer",
    "EarlyStopping",
    "Predictor",
    "Tester",
    "Trainer",
    "ValueTester",
]
_HOMES: Final = {
    "AdversarialTrainer": "neurotrain.engine.adversarial_trainer",
    "CurriculumTrainer": "neurotrain.engine.curriculum",
    "DeepSpeedTrainer": "neurotrain.engine.deepspeed_trainer",
    "EarlyStopping": "neurotrain.engine.early_stopping",
    "Predictor": "neurotrain.engine.predictor",
    "Tester": "neurotrain.engine.tester",
    "Trainer": "neurotrain.engine.trainer",
    "ValueTester": "neurotrain.engine.value_tester",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
