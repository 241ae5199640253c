"""The processes that train together: one decision for all, values summed over them.

Decisions go through a group on the CPU, so that they never wait for a device.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, TypeVar

import torch
import torch.distributed as dist

from neurotrain.dataset.loader import Share
from neurotrain.engine import placement as placing
from neurotrain.engine.placement import BadLaunch, Placement
from neurotrain.engine.signals import StopFlag

_T = TypeVar("_T")
_LOST: Final = ("gloo/transport", "Connection closed by peer", "Connection reset by peer")
"""How torch's gloo says, in a plain RuntimeError, that another process is gone."""
_PATIENCE: Final = timedelta(minutes=30)


def is_loss_of_peer(error: BaseException) -> bool:
    """Whether an error says that another process has ended."""
    return isinstance(error, dist.DistError) or any(text in str(error) for text in _LOST)


class Ranks:
    """This process among its peers; alone it needs no group."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size
        self._group: Any = dist.new_group(backend="gloo", timeout=_PATIENCE) if size > 1 else None

    @property
    def leads(self) -> bool:
        """Whether this process decides, tells and writes results."""
        return self.rank == 0

    @property
    def share(self) -> Share:
        """The part of the data that is this process's."""
        return Share(self.rank, self.size)

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            dist.barrier(group=self._group)

    def gathered(self, value: _T) -> list[_T]:
        """The values of all processes, in the order of ranks."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value, group=self._group)
        return found

    def first(self, value: _T) -> _T:
        """The value of rank 0."""
        if self.size == 1:
            return value
        held: list[Any] = [value]
        dist.broadcast_object_list(held, src=0, group=self._group)
        return held[0]  # type: ignore[no-any-return]

    def any(self, wish: bool) -> bool:
        """Whether any process wishes it."""
        return self._largest([int(wish)])[0] > 0

    def mean(self, value: torch.Tensor) -> torch.Tensor:
        """The mean of a value of shape () over the processes, on its device."""
        if self.size == 1:
            return value
        total = value.detach().float().clone()
        dist.all_reduce(total)
        return total / self.size

    def copy_first(self, tensor: torch.Tensor) -> None:
        """Give a tensor the values that it has on rank 0."""
        if self.size > 1:
            dist.broadcast(tensor, src=0)

    def agree(self, flag: StopFlag, save_asked: bool) -> bool:
        """Set the flag where it is set on any process; whether any was asked to save."""
        if self.size == 1:
            return save_asked
        stops, saves = self._largest([int(flag.reason is not None), int(save_asked)])
        if stops:
            reasons = self.gathered((flag.reason, flag.exit_code))
            reason, code = next(each for each in reasons if each[0] is not None)
            assert reason is not None
            flag.set(reason, code)
        return saves > 0

    def leave(self) -> None:
        """Leave the group, with all others; afterwards each process is alone."""
        if self.size > 1:
            self.wait()
            self.rank, self.size = self.rank, 1
        if dist.is_initialized():
            dist.destroy_process_group()

    def _largest(self, numbers: list[int]) -> list[int]:
        if self.size == 1:
            return numbers
        held = torch.tensor(numbers, dtype=torch.int64)
        dist.all_reduce(held, op=dist.ReduceOp.MAX, group=self._group)
        return held.tolist()


def joined(placement: Placement, device: str) -> Ranks:
    """Meet the other processes, by DeepSpeed, on the planned device.

    Raises:
        BadLaunch: the port at which they meet is in use.
    """
    import os

    placing.settle(placement)
    os.environ["DS_ACCELERATOR"] = device
    import deepspeed

    # Only inference uses it, a start waits for ever where a killed one was building it, and it
    # leaves shared memory behind.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    if device == "cuda":
        torch.cuda.set_device(placement.local_rank)
    try:
        deepspeed.init_distributed(auto_mpi_discovery=False, verbose=False)
    except dist.DistNetworkError as error:
        if "EADDRINUSE" not in str(error):
            raise
        port = os.environ["MASTER_PORT"]
        raise BadLaunch(
            f"the port {port}, at which the processes meet, is in use on this machine: give "
            "another with the launcher's --master_port, or compile with another engine.master_port"
        ) from error
    return Ranks(placement.rank, placement.world_size)
