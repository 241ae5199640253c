"""Loading processes: forked, watched, and told by the sample that they stop at.

Each process writes into a pipe of its own and shares no lock and no queue with another. So one that
is killed shows as the end of its pipe, one that hangs or is stopped as a pipe that stays silent,
at whatever instant that happens; torch's `DataLoader` can wait for ever there, for it asks the
process for every tensor. A signal to the whole group ends none of them, and none outlives the run.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import pickle
import queue
import select
import signal
import struct
import threading
import time
import traceback
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from neurotrain.dataset.base import Sample, Samples
from neurotrain.dataset.blocks import Loader

if TYPE_CHECKING:
    from neurotrain.dataset.orders import Order
    from neurotrain.transforms.batch import Batch

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""What asks a run to end."""
_HEAD: Final = struct.Struct("<Q")
_ASK: Final = struct.Struct("<QQQ")
_PIPE_BYTES: Final = 1 << 20
_PREFETCH: Final = 2


class WorkerKilled(Exception):
    """A loading process was killed from outside, as for memory."""


class WorkerCrashed(Exception):
    """A loading process crashed in the sample that the text names."""


class WorkerHung(Exception):
    """A loading process gave nothing for longer than is allowed."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a worker gives for an order: a batch, or nothing, and the samples it could not read."""

    batch: Batch | None
    unusable: Mapping[int, str]


class Maker(Protocol):
    """What makes a batch in a worker."""

    samples: Samples

    def make(self, order: Order) -> Made:
        """The batch of an order."""

    def name(self, index: int) -> str:
        """A sample as people know it."""


class Orders(Protocol):
    """The orders of an epoch from a batch number on and before another."""

    def __call__(self, epoch: int, start: int, stop: int, /) -> Sequence[Order]:
        """The same in every process."""


class Workers:
    """The loading processes of one loader; with `persistent_workers` they outlive an epoch."""

    def __init__(self, maker: Maker, orders: Orders, options: Loader) -> None:
        self._maker, self._orders, self._options = maker, orders, options
        self._kept: list[_Worker] = []

    def made(self, epoch: int, start: int, stop: int) -> Generator[Made]:
        """What the workers make of an epoch's orders from `start` on and before `stop`, in order.

        Workers that outlive the epoch are those whose last batch was given; where the epoch is
        left before it they are ended.

        Raises:
            WorkerKilled, WorkerCrashed, WorkerHung: one of them failed; all are ended then.
        """
        number = len(self._orders(epoch, start, stop))
        workers, self._kept = self._kept, []
        if not workers:
            workers = self._forked(number)
        whole = False
        try:
            for worker in workers:
                worker.ask(epoch, start, stop)
            for position in range(number):
                made = workers[position % len(workers)].take()
                whole = position + 1 == number
                yield made
        finally:
            if whole and self._options.persistent_workers:
                self._kept = workers
            else:
                _end(workers)

    def end(self) -> None:
        """End what outlived an epoch."""
        kept, self._kept = self._kept, []
        _end(kept)

    def __del__(self) -> None:
        self.end()

    def _forked(self, num_orders: int) -> list[_Worker]:
        number = self._options.num_workers
        if not self._options.persistent_workers:
            number = min(number, num_orders)
        workers: list[_Worker] = []
        with _signals_held():
            for index in range(number):
                job = _Job(self._maker, self._orders, index, number, self._options)
                workers.append(_Worker(job, others=workers))
        return workers


class _Worker:
    """One process, as the training process sees it."""

    def __init__(self, job: _Job, others: Sequence[_Worker]) -> None:
        self._job = job
        self._at = mmap.mmap(-1, mmap.PAGESIZE)
        asked, self._ask = os.pipe()
        self._data, given = os.pipe()
        _widen(self._data)
        self.pid = os.fork()
        if self.pid == 0:
            # Only the training process may hold its ends, or nobody would notice that it ended.
            for descriptor in (self._ask, self._data, *(d for o in others for d in o.ends)):
                os.close(descriptor)
            _be_worker(job, self._at, asked, given)
        os.close(asked)
        os.close(given)
        os.set_blocking(self._data, False)

    @property
    def ends(self) -> tuple[int, int]:
        """The training process's ends of the pipes."""
        return self._ask, self._data

    def ask(self, epoch: int, start: int, stop: int) -> None:
        """Ask for the batches of an epoch.

        Raises:
            WorkerKilled, WorkerCrashed: the process is gone.
        """
        try:
            os.write(self._ask, _ASK.pack(epoch, start, stop))
        except BrokenPipeError:
            raise self._ended() from None

    def take(self) -> Made:
        """The next of its batches.

        Raises:
            WorkerKilled, WorkerCrashed, WorkerHung: there will be none.
        """
        (size,) = _HEAD.unpack(self._read(_HEAD.size))
        found = pickle.loads(self._read(size))
        if isinstance(found, BaseException):
            raise found
        arrays, unusable = found
        batch = None if arrays is None else _batch_of(arrays)
        if batch is not None and self._job.options.pin_memory:
            import torch

            batch = batch.pinned() if torch.cuda.is_available() else batch
        return Made(batch, unusable)

    def end(self) -> None:
        """Kill the process, which holds nothing that must be put away, and forget it."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._close()

    def _close(self) -> None:
        self.pid = 0
        os.close(self._ask)
        os.close(self._data)

    def _read(self, size: int) -> bytearray:
        content, position = bytearray(size), 0
        view = memoryview(content)
        poll = select.poll()
        poll.register(self._data, select.POLLIN)
        while position < size:
            try:
                num_bytes = os.readv(self._data, [view[position:]])
            except BlockingIOError:
                self._wait(poll)
                continue
            if num_bytes == 0:
                raise self._ended()
            position += num_bytes
        return content

    def _wait(self, poll: select.poll) -> None:
        """Wait for data as long as is allowed. A signal interrupts no wait, its handler runs."""
        timeout_s = self._job.options.timeout_s
        give_up_s = time.monotonic() + timeout_s
        while (left_s := give_up_s - time.monotonic()) > 0:
            if poll.poll(left_s * 1000):
                return
        waited = f"gave nothing for {timeout_s} s (data.loader.timeout)"
        raise WorkerHung(f"a loading process {waited}{self._place()}")

    def _ended(self) -> Exception:
        place = self._place()
        _, status = os.waitpid(self.pid, 0)
        self._close()
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGKILL:
            return WorkerKilled(f"a loading process was killed (SIGKILL){place}")
        if code < 0:
            return WorkerCrashed(f"a loading process crashed ({_signal_name(-code)}){place}")
        return WorkerCrashed(f"a loading process ended with exit code {code}{place}")

    def _place(self) -> str:
        index = int.from_bytes(self._at[:8], "little") - 1
        return f" while it loaded {self._job.maker.name(index)}" if index >= 0 else ""


@dataclass(frozen=True, slots=True)
class _Job:
    """What a worker does: every `number`-th order from `index` on."""

    maker: Maker
    orders: Orders
    index: int
    number: int
    options: Loader


@dataclass(frozen=True, slots=True)
class _Watched:
    """Samples that leave word of the one being loaded where the training process can read it."""

    samples: Samples
    at: mmap.mmap

    def __len__(self) -> int:
        return len(self.samples)

    def load(self, index: int) -> Sample:
        self.at[:8] = (index + 1).to_bytes(8, "little")
        sample = self.samples.load(index)
        self.at[:8] = bytes(8)
        return sample


def _be_worker(job: _Job, at: mmap.mmap, asked: int, given: int) -> None:
    """Be a worker until the training process ends or has no more to ask. Does not return."""
    exit_code = 1
    try:
        for kind in _ENDING:
            signal.signal(kind, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        _die_with_parent()
        import torch

        torch.set_num_threads(1)
        job.maker.samples = _Watched(job.maker.samples, at)
        ahead = job.options.prefetch_factor or _PREFETCH
        made: queue.Queue[bytes] = queue.Queue(maxsize=max(1, ahead - 1))
        threading.Thread(target=_give, args=(made, given), daemon=True).start()
        while request := os.read(asked, _ASK.size):
            for order in job.orders(*_ASK.unpack(request))[job.index :: job.number]:
                made.put(_made_bytes(job.maker, order))
        exit_code = 0
    except BaseException:  # the process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(exit_code)


def _give(made: queue.Queue[bytes], given: int) -> None:
    """Write what is made; where nobody reads it any more, this process has nothing to do."""
    while True:
        content = memoryview(made.get())
        try:
            while content:
                content = content[os.write(given, content) :]
        except OSError:
            os._exit(0)


def _made_bytes(maker: Maker, order: Order) -> bytes:
    found: Any
    try:
        made = maker.make(order)
        found = (None if made.batch is None else _arrays_of(made.batch), made.unusable)
    except Exception as error:  # handed to the training process, which raises it
        error.add_note(traceback.format_exc())
        found = error
    content = _pickled(found)
    return _HEAD.pack(len(content)) + content


def _pickled(found: Any) -> bytes:
    """The object in bytes; an exception that cannot travel is replaced by its text."""
    try:
        content = pickle.dumps(found, protocol=5)
        if isinstance(found, BaseException):
            pickle.loads(content)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        if not isinstance(found, BaseException):
            raise
        text = f"{type(found).__name__}: {found} ({error})"
        content = pickle.dumps(RuntimeError(text), protocol=5)
    return content


def _arrays_of(batch: Batch) -> Any:
    def array(values: Any) -> Any:
        return None if values is None else values.numpy()

    return replace(
        batch, images=array(batch.images), targets=array(batch.targets), rois=array(batch.rois)
    )


def _batch_of(arrays: Any) -> Batch:
    import torch

    batch: Batch = replace(
        arrays,
        images=torch.from_numpy(arrays.images),
        targets=torch.from_numpy(arrays.targets),
        rois=None if arrays.rois is None else torch.from_numpy(arrays.rois),
    )
    return batch


def _end(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.end()


def _widen(pipe: int) -> None:
    """Let the pipe hold more, where the system can."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EBUSY):
                raise


def _die_with_parent() -> None:
    """On Linux, end as soon as the training process does, in the middle of a sample too."""
    set_death_signal = 1
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(set_death_signal, signal.SIGKILL)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back what may end a run while workers are forked.

    A worker starts with the mask of the process that forks it, so that no signal to the whole
    group ends one before it ignores them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
