"""Loading processes that fail are found, named by their sample, and leave nothing behind."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import psutil
import pytest
import torch

from neurotrain.dataset.base import CorruptSample, Sample
from neurotrain.dataset.blocks import Loader
from neurotrain.dataset.loader import BatchMaker, EvalLoader, TrainLoader
from neurotrain.dataset.workers import WorkerCrashed, WorkerHung, WorkerKilled
from neurotrain.transforms.batch import Batch

NUM = 12


def kill() -> None:
    """As the out-of-memory killer does."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash() -> None:
    """As a decoder with a fault in its C code."""
    ctypes.string_at(0)


def leave() -> None:
    """As a library that thinks it may end the process."""
    os._exit(3)


def hang() -> None:
    """As a network disk that is gone."""
    time.sleep(600)


def stop() -> None:
    """As a debugger."""
    os.kill(os.getpid(), signal.SIGSTOP)


@dataclass(frozen=True)
class Failing:
    """Numbers, of which one does something to the process that loads it."""

    fail: Callable[[], None] | None = None
    corrupt: tuple[int, ...] = ()
    side: int = 1

    def __len__(self) -> int:
        return NUM

    def load(self, index: int) -> Sample:
        """One number."""
        if index in self.corrupt:
            raise CorruptSample(f"{index}.png: truncated")
        if index == 7 and self.fail is not None:
            self.fail()
        value = np.full((1, self.side, self.side), index, np.float32)
        return Sample(id=str(index), image_CHW=value, target=np.array(index))


def loader(
    samples: Failing, told: list[str] | None = None, cache: str = "none", **options: object
) -> TrainLoader:
    """Batches of two."""
    settings = Loader(**{"num_workers": 2, "timeout": "2 s", **options})  # type: ignore[arg-type]
    maker = BatchMaker(
        samples, (), seed=1, cache=cache, names=tuple(f"{n}.png" for n in range(NUM)),  # type: ignore[arg-type]
        skip_corrupt=settings.skip_corrupt, tell=None if told is None else told.append,
    )  # fmt: skip
    return TrainLoader(maker, batch_size=2, crops_per_image=1, options=settings)


def values(batches: list[Batch]) -> list[list[float]]:
    """What the batches hold."""
    held = []
    for batch in batches:
        assert isinstance(batch.images, torch.Tensor)
        held.append(batch.images.flatten().tolist())
    return held


@pytest.mark.parametrize(
    ("fail", "error", "says"),
    [
        (kill, WorkerKilled, r"was killed \(SIGKILL\) while it loaded '7\.png'"),
        (crash, WorkerCrashed, r"crashed \(SIGSEGV\) while it loaded '7\.png'"),
        (leave, WorkerCrashed, r"ended with exit code 3 while it loaded '7\.png'"),
        (hang, WorkerHung, r"gave nothing for 2 s \(data\.loader\.timeout\).*'7\.png'"),
        (stop, WorkerHung, r"gave nothing for 2 s \(data\.loader\.timeout\).*'7\.png'"),
    ],
)
@pytest.mark.parametrize("persistent", [False, True])
def test_a_failing_process_is_named_by_its_sample(
    fail: Callable[[], None], error: type[Exception], says: str, persistent: bool
) -> None:
    """Its end or silence is found when its batch is waited for, and no process is left."""
    before = set(psutil.Process().children())
    failing = loader(Failing(fail), persistent_workers=persistent)
    with pytest.raises(error, match=says):
        list(failing.epoch(1))
    assert set(psutil.Process().children()) <= before


def test_what_the_samples_raise_is_not_blamed_on_the_process() -> None:
    """A RuntimeError of a decoder comes through as it is."""

    def refuse() -> None:
        raise RuntimeError("no such codec")

    with pytest.raises(RuntimeError, match="no such codec"):
        list(loader(Failing(refuse)).epoch(1))


def test_a_death_between_batches_disturbs_nothing_else() -> None:
    """It is told when a batch is waited for, not wherever the training happens to be."""
    batches = loader(Failing(side=1000), prefetch_factor=1).epoch(1)
    next(batches)
    for child in psutil.Process().children():
        child.kill()
    time.sleep(0.3)
    with pytest.raises(WorkerKilled):
        list(batches)


def test_persistent_processes_stay() -> None:
    """The second epoch is loaded by the processes of the first, with the same bits as anew."""
    staying, anew = loader(Failing(), persistent_workers=True), loader(Failing())
    first = values(list(staying.epoch(1)))
    children = {child.pid for child in psutil.Process().children()}
    second = values(list(staying.epoch(2)))
    assert {child.pid for child in psutil.Process().children()} == children
    assert [first, second] == [values(list(anew.epoch(epoch))) for epoch in (1, 2)]


def test_persistent_processes_stay_where_no_batch_beyond_the_last_is_asked_for() -> None:
    """A training counts batches and does not ask for one that is not there."""
    staying = loader(Failing(), persistent_workers=True)
    pids: list[set[int]] = []
    before = {child.pid for child in psutil.Process().children()}
    for epoch in (1, 2):
        batches = staying.epoch(epoch)
        for _ in range(len(staying)):
            next(batches)
        batches.close()  # type: ignore[attr-defined]
        pids.append({child.pid for child in psutil.Process().children()} - before)
    assert len(pids[0]) == 2
    assert pids[0] == pids[1]


def test_a_signal_while_processes_start_ends_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes before a process ignores it waits until it does."""
    fork = os.fork

    def signalled() -> int:
        pid = fork()
        if pid == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return pid

    monkeypatch.setattr(os, "fork", signalled)
    assert len(list(loader(Failing()).epoch(1))) == NUM // 2


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_persistent_processes_stay_where_batches_fill_no_whole_update(stop: int) -> None:
    """The epoch ends before the loader does, and nothing beyond is loaded."""
    staying, whole = loader(Failing(), persistent_workers=True), loader(Failing())
    pids: list[set[int]] = []
    before = {child.pid for child in psutil.Process().children()}
    for epoch in (1, 2, 3):
        found = values(list(staying.epoch(epoch, 0, stop)))
        assert found == values(list(whole.epoch(epoch)))[:stop]
        pids.append({child.pid for child in psutil.Process().children()} - before)
    assert len(pids[0]) == 2
    assert pids[0] == pids[1] == pids[2]


def test_an_abandoned_epoch_ends_its_processes() -> None:
    """Also those that would stay."""
    before = set(psutil.Process().children())
    batches = loader(Failing(), persistent_workers=True).epoch(1)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert set(psutil.Process().children()) <= before


@pytest.mark.parametrize("cache", ["none", "memory"])
@pytest.mark.parametrize("num_workers", [1, 2, 4])
def test_left_out_samples_are_replaced_alike(num_workers: int, cache: str) -> None:
    """Batches depend on the data alone: the same for any number of processes, from any start."""
    samples = Failing(corrupt=(3, 4, 11))
    told: list[str] = []
    plain = loader(samples, told, num_workers=0, skip_corrupt=3)
    wanted = values(list(plain.epoch(2)))
    held = sorted(value for batch in wanted for value in batch)
    assert held == sorted([0, 0, 1, 2, 5, 5, 5, 6, 7, 8, 9, 10])
    assert sorted(told) == [f"left out: {n}.png: truncated" for n in (11, 3, 4)]
    other: list[str] = []
    made = loader(samples, other, cache=cache, num_workers=num_workers, skip_corrupt=3)
    assert values(list(made.epoch(2, 2))) == wanted[2:]
    assert values(list(made.epoch(2))) == wanted
    assert sorted(other) == sorted(told)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_one_corrupt_sample_too_many_ends_it(num_workers: int) -> None:
    """The text says how many there are, how many may be, and names some."""
    made = loader(Failing(corrupt=(3, 4, 11)), num_workers=num_workers, skip_corrupt=2)
    with pytest.raises(CorruptSample, match=r"3 samples .* 2 may be left out .*\.png: truncated"):
        list(made.epoch(1))


def test_nothing_usable_is_an_error() -> None:
    """However many may be left out."""
    made = loader(Failing(corrupt=tuple(range(NUM))), skip_corrupt=100)
    with pytest.raises(CorruptSample, match="none of the samples can be used"):
        list(made.epoch(1))


def test_evaluation_leaves_them_out() -> None:
    """No other sample is counted in their place."""
    told: list[str] = []
    maker = BatchMaker(
        Failing(corrupt=(0, 5)), (), seed=1, cache="none", skip_corrupt=2, tell=told.append
    )
    batches = list(EvalLoader(maker, batch_size=4, names=()))
    assert values(batches) == [[1, 2, 3, 4], [6, 7, 8, 9], [10, 11]]
    assert told == ["left out: 0.png: truncated", "left out: 5.png: truncated"]
