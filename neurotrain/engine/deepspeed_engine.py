"""What steps a model on many processes: DeepSpeed.

Losses are means over the processes, and norms are of the whole gradient, so that every process
decides the same about them. DeepSpeed leaves an update out that is not finite.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from neurotrain.engine.checkpoint import CorruptCheckpoint
from neurotrain.engine.consolidated import Consolidated, buffers_of, consolidated
from neurotrain.engine.evaluation import Criterion
from neurotrain.engine.foreign import LossOfModel
from neurotrain.engine.inference import autocast
from neurotrain.engine.ranks import Ranks
from neurotrain.engine.repartition import put_in
from neurotrain.engine.stepping import NonFinite, Update
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import mix

_FORMATS: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}


class DeepSpeedEngine:
    """One process of many; without an optimizer the configuration names DeepSpeed's own."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer | None,
        config: Mapping[str, Any],
        ranks: Ranks,
        device: torch.device,
    ) -> None:
        import deepspeed

        self.model, self.ranks, self.device = model, ranks, device
        self.stage = int(config.get("zero_optimization", {}).get("stage", 0))
        self._casts = next((key for key in _FORMATS if config.get(key, {}).get("enabled")), None)
        self._autocast = str(config.get("torch_autocast", {}).get("dtype", ""))
        self._meant = {n for n, b in model.named_buffers() if not _is_finite(b)}
        """Buffers that are infinite from the start, such as masks."""
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.deepspeed, self.optimizer, _, self.scheduler = deepspeed.initialize(
            model=model, optimizer=optimizer, model_parameters=trained, config=dict(config)
        )
        if self._casts is not None:
            _wrap(model, _FORMATS[self._casts])
        self.names = [name for name, each in model.named_parameters() if each.requires_grad]
        self._loss: torch.Tensor | None = None

    def seed(self, value: int) -> None:
        """Start the random numbers of the model from a value and the rank."""
        own = value if self.ranks.rank == 0 else mix(value, self.ranks.rank)
        seed = own & (2**63 - 1)
        if self.device.type == "cuda":
            torch.cuda.default_generators[torch.cuda.current_device()].manual_seed(seed)
        else:
            torch.default_generator.manual_seed(seed)

    def micro_step(self, batch: Batch, criterion: Criterion) -> torch.Tensor:
        """Forward and backward of this process's micro-batch; the mean loss of all, of shape ()."""
        moved = batch.to(self.device)
        images: Any = moved.images
        loss = self.loss_of(self.deepspeed, images, moved, criterion)
        self.deepspeed.backward(loss)
        found = self.ranks.mean(loss.detach())
        self._loss = found if self._loss is None else self._loss + found
        if not self.deepspeed.is_gradient_accumulation_boundary():
            self.deepspeed.step()
        return found

    def loss_of(
        self, model: nn.Module, images: torch.Tensor, batch: Batch, criterion: Criterion
    ) -> torch.Tensor:
        """The loss of a batch; where the model returns it, that one.

        Raises:
            TypeError: there is no criterion and the model returns no loss.
        """
        if not isinstance(criterion, LossOfModel):
            logits = model(images)
            with self._autocasting():
                found = criterion(logits, batch.targets, batch.rois)  # type: ignore[arg-type]
            return found
        return _own_loss(model, self.model, images, batch.targets)

    def _autocasting(self) -> AbstractContextManager[Any]:
        short = {"bfloat16": "bf16", "float16": "fp16"}.get(self._autocast)
        return nullcontext() if short is None else autocast(self.device, short)

    def step(self) -> Update:
        """Clip and update, all processes alike; the norm of the gradient before clipping.

        Raises:
            NonFinite: the loss or gradient is not; nothing is updated.
        """
        loss, self._loss = self._loss, None
        assert loss is not None
        if not math.isfinite(loss):
            raise NonFinite(f"the loss is {float(loss)}")
        norm = self._norm() if self.stage == 0 and self._casts is None else None
        if norm is not None and not math.isfinite(norm):
            raise NonFinite(f"the gradient's norm is {float(norm)}")
        self.deepspeed.step()
        if norm is None:
            found = self.deepspeed.get_global_grad_norm()
            norm = torch.as_tensor(0.0 if found is None else found).detach().float().clone()
        if not self.deepspeed.was_step_applied():
            if self._casts == "fp16":
                return Update(norm, None, was_made=False)
            raise NonFinite("the gradient's norm is not finite")
        return Update(norm)

    def _norm(self) -> torch.Tensor:
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        norm: torch.Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        return norm

    @contextmanager
    def evaluated(self) -> Iterator[None]:
        """While it is entered, running statistics are those of rank 0, as in the saved weights."""
        buffers = list(self.model.buffers())
        kept = [buffer.clone() for buffer in buffers]
        for buffer in buffers:
            self.ranks.copy_first(buffer)
        try:
            yield
        finally:
            for buffer, own in zip(buffers, kept, strict=True):
                buffer.copy_(own)

    def non_finite(self) -> str | None:
        """The first weight, buffer or optimizer tensor, on any process, that is not finite."""
        tensors = {f"weight '{n}'": _held(p) for n, p in self.model.named_parameters()}
        buffers = {n: b for n, b in self.model.named_buffers() if n not in self._meant}
        tensors |= {f"buffer '{n}'": b for n, b in buffers.items()}
        for index, state in enumerate(self._base.state.values()):
            found = {k: v for k, v in state.items() if isinstance(v, torch.Tensor)}
            tensors |= {f"optimizer's '{k}' of part {index}": v for k, v in found.items()}
        bad = next((name for name, tensor in tensors.items() if not _is_finite(tensor)), None)
        return next((found for found in self.ranks.gathered(bad) if found is not None), None)

    @property
    def _base(self) -> torch.optim.Optimizer:
        """The optimizer inside DeepSpeed's."""
        base: torch.optim.Optimizer = getattr(self.optimizer, "optimizer", self.optimizer)
        return base

    def state(self) -> dict[str, Any]:
        """The whole weights on rank 0, and every process's own buffers; all must call it."""
        return {
            "model_state_dict": self._weights(),
            "buffers": dict(self.model.named_buffers()),
            "optimizer_state_dict": {},
            "scaler_state_dict": {},
            "ema_state_dict": {},
        }

    def _weights(self) -> dict[str, torch.Tensor]:
        """The model's state, gathered one by one, in float32 where the model is cast.

        A tied weight is gathered once, on every process alike.
        """
        from deepspeed.runtime.zero import GatheredParameters

        whole: dict[int, torch.Tensor | None] = {}
        held = self.model.state_dict(keep_vars=True)
        for tensor in held.values():
            if id(tensor) in whole:
                continue
            with GatheredParameters([tensor], enabled=hasattr(tensor, "ds_id")):
                copy = tensor.detach().cpu().clone() if self.ranks.leads else None
                whole[id(tensor)] = copy.float() if copy is not None and self._casts else copy
        copies = {name: whole[id(tensor)] for name, tensor in held.items()}
        return {name: copy for name, copy in copies.items() if copy is not None}

    def save(self, folder: Path, tag: str) -> None:
        """Write every process's part into `folder/tag`."""
        self.deepspeed.save_checkpoint(str(folder), tag, save_latest=False)

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a verified state: one's own part, or what another spread left as a whole.

        Raises:
            CorruptCheckpoint: DeepSpeed finds no checkpoint in the folder that the state names.
            ForeignCheckpoint: the state of another spread has not what is needed.
        """
        if "taken_over" in state:
            self._take_over(consolidated(state, self.names))
        else:
            folder = Path(state["folder"])
            path, _ = self.deepspeed.load_checkpoint(str(folder.parent), folder.name)
            if path is None:
                raise CorruptCheckpoint(f"DeepSpeed finds no checkpoint in {folder}")
        buffers = dict(self.model.named_buffers())
        with torch.no_grad():
            for name, value in buffers_of(state, self.model).items():
                buffers[name].copy_(value)

    def _take_over(self, whole: Consolidated) -> None:
        put_in(self.model, self.optimizer, self.stage, whole)
        if whole.schedule and self.scheduler is not None:
            self.scheduler.load_state_dict(whole.schedule)
            self.scheduler.step(self.scheduler.last_batch_iteration)


def _own_loss(called: nn.Module, model: nn.Module, *given: Any) -> torch.Tensor:
    """What a model that measures its own loss returns, called through DeepSpeed or by itself."""
    problem = ""
    try:
        inspect.signature(model.forward).bind(*given)
    except TypeError as error:
        problem = f"it does not take them ({error})"
    loss = None if problem else called(*given)
    if isinstance(loss, torch.Tensor) and loss.ndim == 0:
        return loss
    shape = f"shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else "no tensor"
    raise TypeError(
        "without a criterion the model is called with (inputs, targets) and returns its loss, a "
        f"tensor of shape (): {problem or f'it returned {shape}'}. Let it do so, or give train() a "
        "criterion of (outputs, targets)"
    )


def _wrap(model: nn.Module, kind: torch.dtype) -> None:
    """Let a cast model take and give float32."""

    def cast(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(x.to(kind) if _is_float(x) else x for x in inputs)

    def uncast(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
        return output.float() if _is_float(output) else output

    model.register_forward_pre_hook(cast)
    model.register_forward_hook(uncast)


def _is_float(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _held(parameter: torch.Tensor) -> torch.Tensor:
    """What this process has of a parameter."""
    held: torch.Tensor = getattr(parameter, "ds_tensor", parameter)
    return held.detach()


def _is_finite(tensor: torch.Tensor) -> bool:
    return not tensor.is_floating_point() or bool(tensor.isfinite().all())
