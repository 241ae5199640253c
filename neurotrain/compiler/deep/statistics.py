"""What a batch normalisation keeps of its batch, as the CPU does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import torch

_WEIGHTS: Final = slice(1, 5)
"""Where weight, bias, running mean and running variance stand among the arguments."""


def float_statistics() -> torch.utils._python_dispatch.TorchDispatchMode:
    """A context in which half-precision batches are normalised with statistics in float32.

    The CPU's kernel keeps them so where the weights or running statistics are float32; torch's
    stand-in for fake tensors has them in the batch's type.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class FloatStatistics(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            found = operation(*args, **(kwargs or {}))
            if operation is not torch.ops.aten.native_batch_norm.default:
                return found
            kept = [tensor.dtype for tensor in args[_WEIGHTS] if tensor is not None]
            if torch.float32 not in kept:
                return found
            output, mean, deviation = found
            return output, mean.float(), deviation.float()

    return FloatStatistics()  # type: ignore[no-untyped-call]
