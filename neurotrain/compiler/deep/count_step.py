"""What one training step computes and what it keeps for its backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    import torch
    from torch import nn

    Criterion: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None], torch.Tensor]

HALF: Final = {"bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShape:
    """The batch of one micro-step."""

    images: tuple[int, ...]
    """(B, C, H, W), or of text (B, T)."""
    targets: tuple[int, ...]
    """(B, H, W), (B,) of a classification, (B, T) of a regression or of text."""
    regions: bool
    """Whether there is a region of interest."""
    numbers: bool = False
    """Whether targets are numbers and not labels."""
    text: bool = False
    """Whether inputs are tokens."""
    precision: str = "fp32"
    channels_last: bool = False


def count_flops(network: nn.Module, criterion: Criterion, shape: StepShape) -> int:
    """Floating-point operations of one forward and backward pass of a network on `meta`.

    A multiplication and an addition are two. Counted are convolutions, matrix products and
    attention, as `torch.utils.flop_counter` does; on the CPU it would not see attention, and the
    weights' gradients of grouped convolutions have a formula of ours.

    Raises:
        Exception: whatever the network or the criterion raises.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    mapping = {torch.ops.aten.convolution_backward: _convolution_backward}
    counter = FlopCounterMode(display=False, custom_mapping=mapping)
    with torch.device("meta"), counter:
        images, targets, roi = _batch(shape)
        loss = criterion(network(images), targets, roi)
        loss.backward()  # type: ignore[no-untyped-call]
    network.zero_grad(set_to_none=True)
    return counter.get_total_flops()


def count_saved_bytes(network: nn.Module, criterion: Criterion, shape: StepShape) -> int:
    """Bytes that autograd saves in one forward pass on the CPU, each storage once.

    Parameters, images, labels and the region are left out: they are there anyway. The tensors are
    fake ones of the CPU, because autocast does nothing on `meta`.

    Raises:
        Exception: whatever the network or the criterion raises.
    """
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.func import functional_call

    from neurotrain.compiler.deep.statistics import float_statistics

    half = getattr(torch, HALF.get(shape.precision, "bfloat16"))
    with FakeTensorMode():
        weights = {name: _like(p, shape) for name, p in network.named_parameters()}
        buffers = {name: _like(b, shape) for name, b in network.named_buffers()}
        images, targets, roi = _batch(shape)
        given = [images, targets, *([] if roi is None else [roi])]
        saved = SavedStorages([*weights.values(), *given])
        with (
            float_statistics(),
            torch.autograd.graph.saved_tensors_hooks(saved.pack, _unpack),
            torch.autocast("cpu", half, enabled=shape.precision in HALF),
        ):
            output = functional_call(network, {**weights, **buffers}, (images,))
            criterion(output, targets, roi)
    return saved.num_bytes


def inputs_on_meta(shape: StepShape) -> torch.Tensor:
    """The images or tokens of a micro-step on `meta`."""
    import torch

    with torch.device("meta"):
        return _batch(shape)[0]


def _convolution_backward(
    grad_output: Sequence[int],
    given: Sequence[int],
    weight: Sequence[int],
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    output_mask: Sequence[bool],
    out_shape: Any,
) -> int:
    """Operations of a convolution's gradients: each wanted one takes as many as the forward pass.

    torch's own formula counts the weights' gradient once for each group.
    """
    places = given if transposed else grad_output
    return 2 * places[0] * prod(places[2:]) * prod(weight) * sum(output_mask[:2])


class SavedStorages:
    """The storages of tensors that autograd saves, but for those of some tensors."""

    def __init__(self, known: Iterable[torch.Tensor]) -> None:
        self._known = {tensor.untyped_storage()._cdata for tensor in known}
        self._saved: dict[int, torch.UntypedStorage] = {}

    def pack(self, tensor: torch.Tensor) -> torch.Tensor:
        """See a tensor that is saved; its storage is kept, so that no later one has its address."""
        storage = tensor.untyped_storage()
        if storage._cdata not in self._known:
            self._saved[storage._cdata] = storage
        return tensor

    @property
    def num_bytes(self) -> int:
        """The size of all storages."""
        return sum(storage.nbytes() for storage in self._saved.values())


def _unpack(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


def _batch(shape: StepShape) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """A batch without values on the current default device."""
    import torch

    memory = torch.channels_last if shape.channels_last else torch.contiguous_format
    kind = torch.int64 if shape.text else torch.float32
    images = torch.empty(shape.images, dtype=kind, memory_format=memory)
    targets = torch.empty(shape.targets, dtype=torch.float64 if shape.numbers else torch.int64)
    roi = torch.empty(shape.targets, dtype=torch.bool) if shape.regions else None
    return images, targets, roi


def _like(tensor: torch.Tensor, shape: StepShape) -> torch.Tensor:
    """A tensor of the same form on the current default device."""
    import torch

    memory = torch.contiguous_format
    if shape.channels_last and tensor.ndim == 4:
        memory = torch.channels_last
    made = torch.empty(tensor.shape, dtype=tensor.dtype, memory_format=memory)
    return made.requires_grad_(tensor.requires_grad)
