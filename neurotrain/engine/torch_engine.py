"""What steps a model on one device: autocast, scaling, accumulation, clipping, the update."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import torch
from torch import nn

from neurotrain.engine.averages import Averages
from neurotrain.engine.checkpoint import ForeignCheckpoint
from neurotrain.engine.consolidated import consolidated
from neurotrain.engine.evaluation import Criterion
from neurotrain.engine.finite import StateCheck
from neurotrain.engine.inference import autocast
from neurotrain.engine.stepping import NonFinite, Update
from neurotrain.optim.schedules import Horizon
from neurotrain.spec.nan_policy import NanPolicy, Skip, Stop
from neurotrain.spec.train import TrainOptions
from neurotrain.transforms.batch import Batch

_LOWEST_SCALE: Final = 1.0
"""A loss scale below it means that gradients overflow unscaled, as DeepSpeed has it."""
_CLIP_EPS: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOptions:
    """How updates are made."""

    precision: str = "fp32"
    accumulation: int = 1
    clip_grad_norm: float | None = None
    clip_grad_value: float | None = None
    channels_last: bool = False
    nan_policy: NanPolicy = field(default_factory=Stop)
    compile_mode: str | None = None
    """None runs the model as it is."""
    defers: bool = False
    """Mask what is not finite instead of looking at every update, which waits for a device."""
    grad_norms: bool = False
    """Measure the norm of each parameter's gradient."""
    ema_decay: float | None = None
    ema_start: int = 0
    """Updates after which the mean begins."""
    ema_evaluated: bool = True

    @classmethod
    def of(
        cls, train: TrainOptions, accumulation: int, horizon: Horizon, device: torch.device
    ) -> StepOptions:
        """What the `train` block of a spec means on a device.

        Raises:
            ValueError: it is of an adversarial training.
        """
        if train.adversarial is not None:
            raise ValueError("options.adversarial is for an AdversarialTrainer")
        ema = train.ema
        return cls(
            precision=train.precision,
            accumulation=accumulation,
            clip_grad_norm=train.clip_grad_norm,
            clip_grad_value=train.clip_grad_value,
            channels_last=train.channels_last,
            nan_policy=train.nan_policy,
            compile_mode=train.compile.mode if train.compile is not None else None,
            defers=device.type != "cpu",
            grad_norms=train.record.grad_norms,
            ema_decay=ema.decay if ema is not None else None,
            ema_start=horizon.steps_of(ema.start) if ema is not None else 0,
            ema_evaluated=ema is None or ema.evaluate == "averaged",
        )


def unheard(train: TrainOptions, accumulation: int) -> str:
    """A warning for a loop of one's own: the options that only an engine obeys; empty for none."""
    names = ("precision", "clip_grad_norm", "clip_grad_value", "ema", "compile", "nan_policy")
    plain = TrainOptions()
    changed = [name for name in names if getattr(train, name) != getattr(plain, name)]
    changed += ["batch.accumulation"] if accumulation > 1 else []
    changed += ["record.grad_norms"] if train.record.grad_norms else []
    where = "hold where it uses self.engine"
    return f"train_epoch is overridden: {', '.join(changed)} {where}" if changed else ""


class Examined(NamedTuple):
    """The gradient of an update that may be made."""

    gradients: list[torch.Tensor]
    norms: tuple[torch.Tensor, ...]
    norm: torch.Tensor
    """Of the whole, of shape ()."""
    is_usable: bool
    """False where the gradient scaler leaves the update out."""


class TorchEngine:
    """One process on one device."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        device: torch.device,
        options: StepOptions,
    ) -> None:
        self.model, self.optimizer, self.device = model, optimizer, device
        self._options = options
        self._parameters = [p for group in optimizer.param_groups for p in group["params"]]
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        self.names = [names.get(id(parameter), "?") for parameter in self._parameters]
        self._forward: Any = model
        if options.compile_mode is not None:
            self._forward = torch.compile(model, mode=options.compile_mode)
        self._scaler = torch.amp.GradScaler(device.type, enabled=options.precision == "fp16")
        self._average: Averages | None = None
        if options.ema_decay is not None:
            self._average = Averages(model, options.ema_decay, options.ema_start)
        self._check = StateCheck(model)
        self._looks = options.nan_policy.waits or self._scales or not options.defers
        self._bad: torch.Tensor | None = None
        """Whether any update so far was not finite, kept on the device."""
        self._loss: torch.Tensor | None = None
        self._buffers = list(model.buffers()) if isinstance(options.nan_policy, Skip) else []
        self._kept: list[torch.Tensor] = []
        self._is_unscaled = False

    @property
    def _scales(self) -> bool:
        return self._options.precision == "fp16"

    def seed(self, value: int) -> None:
        """Start the random numbers of the model (dropout) from a value."""
        seed = value & (2**63 - 1)
        if self.device.type == "cuda":
            torch.cuda.default_generators[self.device.index or 0].manual_seed(seed)
        else:
            torch.default_generator.manual_seed(seed)

    def micro_step(self, batch: Batch, criterion: Criterion) -> torch.Tensor:
        """Forward and backward of one micro-batch; the loss, detached, of shape ()."""
        moved = batch if self.device.type == "cpu" else batch.to(self.device)

        def compute() -> torch.Tensor:
            return criterion(self.forward(moved), moved.targets, moved.rois)  # type: ignore[arg-type]

        return self.accumulate(compute, self._options.accumulation)

    def forward(self, moved: Batch) -> torch.Tensor:
        """The model's output for a batch that is on the device."""
        images: Any = moved.images
        if self._options.channels_last and images.ndim == 4:
            images = images.to(memory_format=torch.channels_last)
        output: torch.Tensor = self._forward(images)
        return output

    def accumulate(self, compute: Callable[[], torch.Tensor], parts: int = 1) -> torch.Tensor:
        """Add the gradient of a loss that is one of so many parts of an update's mean.

        It is computed in the planned precision; the loss, detached, of shape ().
        """
        if self._loss is None:
            self._kept = [buffer.clone() for buffer in self._buffers]
        with self._autocast():
            loss = compute()
        share = loss if parts == 1 else loss / parts
        self._scaler.scale(share).backward()  # type: ignore[no-untyped-call]
        found = loss.detach()
        self._loss = found if self._loss is None else self._loss + found
        return found

    def _autocast(self) -> AbstractContextManager[Any]:
        if self._options.precision == "fp32":
            return nullcontext()
        return autocast(self.device, self._options.precision)

    def step(self) -> Update:
        """Clip and update; the norm of the gradient before clipping.

        Raises:
            NonFinite: the loss or gradient is not, and that is known at once; nothing is updated.
        """
        return self.apply(self.examine())

    def examine(self) -> Examined:
        """Look at the gradient of the running update; nothing is updated yet.

        Raises:
            NonFinite: the loss or gradient is not, and that is known at once; it is discarded.
        """
        loss, self._loss = self._loss, None
        assert loss is not None
        if self._scales:
            if not math.isfinite(loss):
                raise self._refused("the loss", loss)
            self._scaler.unscale_(self.optimizer)
            self._is_unscaled = True
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        norms = torch._foreach_norm(gradients)
        norm = torch.linalg.vector_norm(torch.stack(norms))
        return Examined(gradients, norms, norm, self._is_usable(norm, loss, gradients))

    def apply(self, examined: Examined) -> Update:
        """Clip and update with a gradient that was examined.

        Raises:
            NonFinite: the gradient scaler cannot help; nothing is updated.
        """
        gradients, norms, norm, was_made = examined
        if was_made:
            self._clip(gradients, norm)
            self.optimizer.step()
            if self._average is not None:
                self._average.update()
        each = self._aligned(norms) if self._options.grad_norms else None
        self._drop_gradients()
        if self._scales:
            self._rescale(was_made)
        self._kept = []
        return Update(norm, each, was_made)

    def discard(self) -> None:
        """Undo what was accumulated for the running update."""
        self._loss = None
        self._drop_gradients()
        self._restore_buffers()
        if self._is_unscaled:
            self._adapt_scale()

    def _is_usable(
        self, norm: torch.Tensor, loss: torch.Tensor, gradients: list[torch.Tensor]
    ) -> bool:
        """Whether the update is to be made; where that is not looked at, gradients are masked."""
        if not self._looks:
            bad = (norm + loss).isfinite().logical_not()
            self._bad = bad if self._bad is None else self._bad | bad
            for gradient in gradients:
                gradient.masked_fill_(self._bad, 0)
            return True
        if math.isfinite(norm + loss):
            if not self._options.nan_policy.waits or self._check.buffers_are_finite():
                return True
            raise self._refused("a running statistic", norm)
        if self._scales:
            return False
        if not math.isfinite(loss):
            raise self._refused("the loss", loss)
        named = zip(self.names, self._parameters, strict=True)
        first = next((name for name, p in named if _is_bad(p.grad)), "?")
        raise self._refused(f"the gradient's norm, first in '{first}',", norm)

    def _refused(self, what: str, value: torch.Tensor) -> NonFinite:
        """Undo what the micro-steps did, and say why."""
        self.discard()
        return NonFinite(f"{what} is {'not finite' if math.isfinite(value) else float(value)}")

    @torch.no_grad()
    def _restore_buffers(self) -> None:
        kept, self._kept = self._kept, []
        for buffer, before in zip(self._buffers, kept, strict=bool(kept)):
            buffer.copy_(before)

    def _adapt_scale(self) -> float:
        self._scaler.update()
        self._is_unscaled = False
        return self._scaler.get_scale()

    def _clip(self, gradients: list[torch.Tensor], norm: torch.Tensor) -> None:
        """Clip every entry, then the norm of what that leaves. Pascanu et al., ICML 2013."""
        value, largest = self._options.clip_grad_value, self._options.clip_grad_norm
        if value is not None:
            torch._foreach_clamp_min_(gradients, -value)
            torch._foreach_clamp_max_(gradients, value)
            if largest is not None:
                norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        if largest is not None:
            factor = torch.clamp(largest / (norm + _CLIP_EPS), max=1.0)
            torch._foreach_mul_(gradients, factor)

    def _rescale(self, was_made: bool) -> None:
        """Adapt the loss scale to whether gradients were finite.

        Raises:
            NonFinite: it cannot help, or has fallen so low that it never will.
        """
        before = self._scaler.get_scale()
        scale = self._adapt_scale()
        helps = scale >= _LOWEST_SCALE and (was_made or scale < before)
        if not helps:  # NaN is never greater
            self._restore_buffers()
            raise NonFinite(f"gradients are not finite in fp16 at a loss scale of {scale:g}")

    def _drop_gradients(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None

    def _aligned(self, norms: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """The norms in the order of the parameters, zero for one without gradient."""
        found = iter(norms)
        zero = torch.zeros_like(norms[0])
        return torch.stack([zero if p.grad is None else next(found) for p in self._parameters])

    def evaluated(self) -> AbstractContextManager[None]:
        """While it is entered, the model has the weights that are to be evaluated."""
        if self._average is None or not self._options.ema_evaluated:
            return nullcontext()
        return self._average.swapped_in()

    def non_finite(self) -> str | None:
        """The first weight, buffer or optimizer tensor that is not finite; reads the device."""
        averages = self._average.tensors() if self._average is not None else {}
        if self._scales and not math.isfinite(self._scaler.get_scale()):
            return "loss scale"
        return self._check.first(self.optimizer, averages)

    def state(self) -> dict[str, Any]:
        """The weights, their mean, and the states of optimizer and scaler."""
        return {
            "model_state_dict": self.model.state_dict(),
            "optimizer_state_dict": self.optimizer.state_dict(),
            "scaler_state_dict": self._scaler.state_dict(),
            "ema_state_dict": self._average.state_dict() if self._average is not None else {},
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state, also that of another engine.

        Raises:
            ForeignCheckpoint: it is that of two networks.
        """
        if "discriminator_state_dict" in state:
            raise ForeignCheckpoint("the checkpoint has a discriminator: take AdversarialTrainer")
        if "taken_over" in state:
            whole = consolidated(state, self.names)
            state = {**state, **whole.torch_state(self.model, self.optimizer)}
        self.model.load_state_dict(state["model_state_dict"])
        self.optimizer.load_state_dict(state["optimizer_state_dict"])
        if self._scales:
            self._scaler.load_state_dict(state["scaler_state_dict"])
        if self._average is not None:
            self._average.load_state_dict(state["ema_state_dict"])


def _is_bad(gradient: torch.Tensor | None) -> bool:
    return gradient is not None and not bool(gradient.isfinite().all())
