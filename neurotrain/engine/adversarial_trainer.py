"""The training loop with a second network, which the first learns to deceive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import torch
from torch import nn

from neurotrain.component.durations import Duration
from neurotrain.engine.adversarial_engine import AdversarialEngine
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.setup import DEFAULT_OPTIONS, Setup
from neurotrain.engine.signals import StopFlag
from neurotrain.engine.stepping import Engine
from neurotrain.engine.torch_engine import StepOptions, TorchEngine
from neurotrain.engine.trainer import Trainer
from neurotrain.optim.parameters import parameter_groups
from neurotrain.optim.schedules import Horizon
from neurotrain.plan.plan import TrainOptions
from neurotrain.spec.adversarial import Adversarial
from neurotrain.spec.nan_policy import RollBack, Skip

_NO_EPOCHS: Final = Horizon(num_steps=0, steps_per_epoch=0)
DEFAULT_FOLDER: Final = Path("runs/adversarial/train")


class AdversarialLosses(NamedTuple):
    """What one step of both networks gave."""

    generator: float
    discriminator: float | None
    """The mean over its updates; None where it was not its turn."""


class AdversarialTrainer(Trainer):
    """Trains a model and a discriminator against each other, on one device.

    `train` is that of `Trainer`, for segmentation: the discriminator sees images with masks,
    float32 (B, C + K, H, W), and gives logits of any shape (B, ...). The adversarial loss is added
    to the criterion's. `train_step`, `train_discriminator` and `train_generator` make single
    updates with what the discriminator takes, such as the samples of a generator of noise.

    Both optimizers are by default the one of `options.adversarial`: Adam with a rate of 2e-4 and
    betas of 0.5 and 0.999. Radford et al., "DCGAN", ICLR 2016.

    Raises:
        FileNotFoundError, CorruptCheckpoint: as `Trainer`.
        ValueError: the precision is fp16.
    """

    def __init__(
        self,
        model: nn.Module,
        discriminator: nn.Module,
        *,
        output_dir: Path = DEFAULT_FOLDER,
        is_continue_mode: bool = False,
        generator_optimizer: torch.optim.Optimizer | None = None,
        discriminator_optimizer: torch.optim.Optimizer | None = None,
        options: TrainOptions = DEFAULT_OPTIONS,
        setup: Setup | None = None,
        reporter: Reporter | None = None,
        flag: StopFlag | None = None,
        allow_inexact: bool = False,
    ) -> None:
        if options.precision == "fp16":
            raise ValueError(
                "fp16 scales the loss of each network by itself, and an update is of both: bf16"
            )
        super().__init__(
            output_dir, model, is_continue_mode, options=options, setup=setup, reporter=reporter,
            flag=flag, allow_inexact=allow_inexact,
        )  # fmt: skip
        self.discriminator = discriminator
        self.adversarial = options.adversarial or Adversarial()
        self._generator_optimizer = generator_optimizer
        self._discriminator_optimizer = discriminator_optimizer
        self._pair: AdversarialEngine | None = None

    def train_step(self, real: torch.Tensor, fake: torch.Tensor) -> AdversarialLosses:
        """Update the discriminator, as often as the options say, and then the model.

        `real` and `fake` are what the discriminator takes; `fake` comes from the model with its
        gradient.

        Raises:
            ValueError: the fakes have no gradient.
            NonFinite: a loss or gradient is not finite; that update is not made.
        """
        num = self.adversarial.steps if self._updating().is_due else 0
        losses = [self.train_discriminator(real, fake) for _ in range(num)]
        mean = sum(losses) / num if num else None
        return AdversarialLosses(generator=self.train_generator(fake), discriminator=mean)

    def train_discriminator(self, real: torch.Tensor, fake: torch.Tensor) -> float:
        """Update the discriminator once; its loss before that.

        Raises:
            NonFinite: the loss or gradient is not finite; nothing is updated.
        """
        return float(self._updating().train_discriminator(real, fake))

    def train_generator(self, fake: torch.Tensor) -> float:
        """Update the model once by its adversarial loss alone; that loss before it.

        Raises:
            ValueError: the fakes have no gradient, so that nothing could be learned.
            NonFinite: the loss or gradient is not finite; nothing is updated.
        """
        if not fake.requires_grad:
            raise ValueError("the fakes have no gradient: give what the model itself returned")
        return float(self._updating().train_generator(fake))

    def _updating(self) -> AdversarialEngine:
        """What makes updates: inside `train` its engine, else one for the calls alone."""
        if self._pair is None:
            if self._found is not None:
                raise ValueError("train() continues a checkpoint, single updates do not")
            device = next(self.model.parameters()).device
            optimizer = self._generator_optimizer or self._optimizer_of(self.model)
            self._pair = self._paired(optimizer, device, _NO_EPOCHS, defers=False)
        return self._pair

    def _new_engine(self, optimizer: torch.optim.Optimizer) -> Engine:
        if self._generator_optimizer not in (None, optimizer):
            raise ValueError("train() has another optimizer than generator_optimizer: give one")
        defers = self.device.type != "cpu"
        self._pair = self._paired(optimizer, self.device, self._horizon, defers=defers)
        return self._pair

    def _paired(
        self, optimizer: torch.optim.Optimizer, device: torch.device, horizon: Horizon, *,
        defers: bool,
    ) -> AdversarialEngine:  # fmt: skip
        """The engine of both networks; `defers`: what is not finite is masked and read later."""
        self.discriminator.to(device).train()
        options = msgspec.structs.replace(self.options, adversarial=None)
        plain = StepOptions.of(options, self._accumulation, horizon, device)
        plain = replace(plain, defers=defers)
        judged = replace(plain, ema_decay=None, compile_mode=None, grad_norms=False)
        second = self._discriminator_optimizer or self._optimizer_of(self.discriminator)
        self._discriminator_optimizer = second
        return AdversarialEngine(
            TorchEngine(self.model, optimizer, device, plain),
            TorchEngine(self.discriminator, second, device, judged),
            self.adversarial,
            accumulation=self._accumulation,
            every=Duration.parse(self.adversarial.every).count,
            keeps=isinstance(self.options.nan_policy, Skip),
        )

    def _optimizer_of(self, network: nn.Module) -> torch.optim.Optimizer:
        options = self.adversarial.optimizer
        return options.build(parameter_groups(options, network))

    def _roll_back(self) -> None:
        """Go back to the beginning of the epoch, both networks at a lower rate."""
        policy, groups = self.options.nan_policy, self._updating().discriminator_optimizer
        assert isinstance(policy, RollBack)
        rates = [policy.gamma * group["lr"] for group in groups.param_groups]
        super()._roll_back()
        for group, rate in zip(groups.param_groups, rates, strict=True):
            group["lr"] = rate
