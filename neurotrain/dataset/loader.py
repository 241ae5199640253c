"""Batches as a function of (seed, epoch, batch number).

What a batch holds depends on nothing else: not on the number of workers, on what was loaded before
or on how often the run was resumed. So an epoch can be entered at any batch without replaying data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from neurotrain.dataset.base import CorruptSample, Samples
from neurotrain.dataset.blocks import Loader
from neurotrain.dataset.joining import gathered, joined, of_one, one_after_another
from neurotrain.dataset.orders import Order
from neurotrain.dataset.store import SampleStore
from neurotrain.dataset.workers import Made, Workers
from neurotrain.transforms.base import Transform
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws, permutation
from neurotrain.transforms.random import RandomCrop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Share(NamedTuple):
    """Which part of the data a process takes: every `size`-th batch from `rank` on."""

    rank: int = 0
    size: int = 1


WHOLE: Final = Share()


class BatchMaker:
    """Makes batches of an opened dataset: load, fixed transforms, cache, random transforms.

    Everything up to the first random transform is done once for each sample where the cache is on.
    Of samples that cannot be used as many as `skip_corrupt` are left out: in training, the next
    sample that can be used takes its place, so that batches depend on nothing but the data.
    """

    def __init__(
        self,
        samples: Samples,
        transforms: tuple[Transform, ...],
        *,
        seed: int,
        cache: Literal["memory", "disk", "none"],
        store: SampleStore | None = None,
        names: tuple[str, ...] = (),
        skip_corrupt: int = 0,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        first_random = next((i for i, t in enumerate(transforms) if t.random), len(transforms))
        self.samples = samples
        self.seed = seed
        self.unusable: dict[int, str] = {}
        """What is wrong with each sample that was left out."""
        assert (cache == "disk") == (store is not None)
        self._store = store
        self._names, self._limit, self._tell = names, skip_corrupt, tell
        self._fixed = [transform.build() for transform in transforms[:first_random]]
        self._random = [transform.build() for transform in transforms[first_random:]]
        self._cache: dict[int, Batch] | None = {} if cache == "memory" else None
        cut_first = first_random < len(transforms) and isinstance(
            transforms[first_random], RandomCrop
        )
        self._gathers = cache == "memory" and not cut_first
        self._table: Batch | None = None

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, order: Order) -> Batch:
        """The batch of an order, on the CPU, always computed with one thread.

        A normalisation differs in its last bits between one thread and two, and worker processes
        have one.
        """
        with _one_thread():
            if self._table is not None:
                batch = gathered(self._table, order)
            else:
                batch = joined([self._usable(int(i), order.members) for i in order.samples], order)
            if not self._random:
                return batch.stacked()
            draws = Draws.of(self.seed, order.epoch, order.samples, order.crops)
            for stream, transform in enumerate(self._random):
                batch = transform(batch, draws.at(stream))
            return batch.stacked()

    def make(self, order: Order) -> Made:
        """The batch of an order in a loading process, which leaves the decision to the training.

        A batch of which no sample can be used is none.
        """
        known, self._limit, self._tell = set(self.unusable), len(self), None
        try:
            batch: Batch | None = self[order]
        except CorruptSample:
            batch = None
        return Made(batch, {at: why for at, why in self.unusable.items() if at not in known})

    def take(self, made: Made) -> Batch:
        """The batch that a loading process made, once what it could not read is judged.

        Raises:
            CorruptSample: more samples are unusable than may be.
        """
        for index, reason in made.unusable.items():
            if index not in self.unusable:
                self.leave_out(index, CorruptSample(reason))
        if made.batch is None:
            raise CorruptSample("none of the samples can be used")
        return made.batch

    def leave_out(self, index: int, error: CorruptSample) -> None:
        """Leave a sample out from now on, and tell it.

        Raises:
            CorruptSample: the error, where no more samples may be left out.
        """
        self.unusable[index] = str(error)
        if len(self.unusable) <= self._limit:
            if self._tell is not None:
                self._tell(f"left out: {error}")
            return
        if self._limit == 0:
            raise error
        first = "; ".join(list(self.unusable.values())[:3])
        raise CorruptSample(
            f"{len(self.unusable)} samples cannot be used, and {self._limit} may be left out "
            f"(data.loader.skip_corrupt): {first}"
        ) from error

    def name(self, index: int) -> str:
        """A sample as people know it."""
        return f"'{self._names[index]}'" if self._names else f"sample {index}"

    def evaluated(self, share: Share = WHOLE) -> Iterator[Batch]:
        """Every sample of a share that can be used, prepared, in order."""
        for index in range(share.rank, len(self), share.size):
            if index in self.unusable:
                continue
            try:
                with _one_thread():
                    sample = self.prepared(index)
            except CorruptSample as error:
                self.leave_out(index, error)
                continue
            yield sample

    def _usable(self, index: int, members: NDArray[np.int64] | None) -> Batch:
        """The sample, or where it cannot be used the next one that can."""
        for candidate in _from(index, members, len(self)):
            if candidate in self.unusable:
                continue
            try:
                return self.prepared(candidate)
            except CorruptSample as error:
                self.leave_out(candidate, error)
        raise CorruptSample("none of the samples can be used")

    def prepared(self, index: int) -> Batch:
        """One sample after its fixed transforms, as a batch of one."""
        if self._cache is not None and index in self._cache:
            return self._cache[index]
        stamp = self._store.stamp(index) if self._store is not None else b""
        if self._store is not None and (kept := self._store.get(index, stamp)) is not None:
            return kept
        batch = of_one(self.samples.load(index), index)
        for transform in self._fixed:
            batch = transform(batch, Draws.of(self.seed, 0, batch.samples, batch.crops))
        batch = batch.stacked()
        if self._cache is not None:
            self._cache[index] = batch
        if self._store is not None:
            self._store.put(index, batch, stamp)
        return batch

    @property
    def caches(self) -> bool:
        """Whether prepared samples are kept."""
        return self._cache is not None

    def fill_cache(self) -> None:
        """Prepare every sample; worker processes that start later share the memory."""
        for index, error in enumerate(self.filling()):
            if error is not None:
                self.leave_out(index, error)

    def filling(self) -> Iterator[CorruptSample | None]:
        """Prepare sample by sample; what is wrong with each, or None. Nothing without a cache."""
        for index in range(len(self) if self.caches else 0):
            if index in self.unusable:
                yield None
                continue
            try:
                with _one_thread():
                    self.prepared(index)
            except CorruptSample as error:
                yield error
            else:
                yield None
        self._tabulate()

    def _tabulate(self) -> None:
        """Put a full cache of equal shapes into one table, from which batches are gathered.

        Not where windows are cut first: then whole images would be copied for the sake of small
        parts. The cached samples become views of the table, so that nothing is kept twice.
        """
        cache = self._cache
        if not self._gathers or not cache or self._table is not None or len(cache) < len(self):
            return
        shapes = {(_shape(batch), batch.rois is None) for batch in cache.values()}
        if len(shapes) > 1:
            return
        self._table = one_after_another([cache[index] for index in range(len(self))])
        for index in cache:
            cache[index] = self._table.select(slice(index, index + 1))

    def absent_labels(self, num_classes: int) -> list[int]:
        """The labels that no cached sample has; nothing without a cache."""
        import torch

        if not self._cache:
            return []
        present: set[int] = set()
        for batch in self._cache.values():
            assert isinstance(batch.targets, torch.Tensor)
            present |= set(torch.unique(batch.targets).tolist())
        return [label for label in range(num_classes) if label not in present]

    def without_region(self) -> list[int]:
        """The cached samples whose region of interest is empty after the fixed transforms."""
        lost = []
        for index, batch in sorted((self._cache or {}).items()):
            assert not isinstance(batch.rois, list)
            if batch.rois is not None and not bool(batch.rois.any()):
                lost.append(index)
        return lost


class TrainLoader:
    """Shuffled training batches of one size; the samples left over differ in each epoch.

    With a share, the batches of all processes together are those that one process would take. With
    members, an epoch has these samples alone, given by their places in the maker's, sorted.
    """

    def __init__(
        self,
        maker: BatchMaker,
        *,
        batch_size: int,
        crops_per_image: int,
        options: Loader | None = None,
        share: Share = WHOLE,
        members: Sequence[int] | None = None,
    ) -> None:
        import numpy as np

        self._maker = maker
        self._members = None if members is None else np.array(members, np.int64)
        self._num_samples = len(maker if members is None else members)
        self._batch_size, self._crops, self._share = batch_size, crops_per_image, share
        self._workers = None
        if options is not None and options.num_workers > 0:
            self._workers = Workers(maker, self._orders, options)

    def __len__(self) -> int:
        """Whole batches in an epoch."""
        return self._num_samples * self._crops // (self._batch_size * self._share.size)

    @property
    def num_samples(self) -> int:
        """The samples of an epoch, crops of one counted once."""
        return self._num_samples

    def rest(self) -> None:
        """End loading processes that wait for a next epoch; one starts them anew."""
        if self._workers is not None:
            self._workers.end()

    def epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        """The batches of an epoch from batch number `start` on and before `stop`."""
        end = len(self) if stop is None else min(stop, len(self))
        if self._workers is None:
            for order in self._orders(epoch, start, end):
                yield self._maker[order]
            return
        self._maker.fill_cache()
        with closing(self._workers.made(epoch, start, end)) as made:
            yield from map(self._maker.take, made)

    def _orders(self, epoch: int, start: int, stop: int) -> list[Order]:
        order = permutation(self._maker.seed, epoch, self._num_samples * self._crops)
        size, share = self._batch_size, self._share
        places = [i * share.size + share.rank for i in range(start, stop)]
        chunks = [order[i * size : (i + 1) * size] for i in places]
        return [self._order(epoch, chunk) for chunk in chunks]

    def _order(self, epoch: int, chunk: NDArray[np.int64]) -> Order:
        """The batch of some places among all crops of all samples."""
        members, samples = self._members, chunk // self._crops
        return Order(
            epoch=epoch,
            samples=samples if members is None else members[samples],
            crops=chunk % self._crops,
            members=members,
        )


class EvalLoader:
    """Every sample once, in order; images of one size go together, up to the batch size."""

    def __init__(
        self, maker: BatchMaker, *, batch_size: int, names: tuple[str, ...], share: Share = WHOLE
    ) -> None:
        self._maker, self._batch_size = maker, batch_size
        self.share = share
        self.names = names
        """The id of each sample."""

    def __len__(self) -> int:
        """The number of samples."""
        return len(self._maker)

    def left_out(self) -> tuple[str, ...]:
        """What is wrong with each sample that was left out so far."""
        return tuple(why for _, why in sorted(self._maker.unusable.items()))

    def __iter__(self) -> Iterator[Batch]:
        waiting: list[Batch] = []
        for sample in self._maker.evaluated(self.share):
            if waiting and (
                len(waiting) == self._batch_size or _shape(waiting[0]) != _shape(sample)
            ):
                yield joined(waiting, _eval_order(waiting)).stacked()
                waiting = []
            waiting.append(sample)
        if waiting:
            yield joined(waiting, _eval_order(waiting)).stacked()


def _from(index: int, members: NDArray[np.int64] | None, num: int) -> Iterator[int]:
    """All members once, or all of so many samples, from one on and around."""
    if members is None:
        yield from (place % num for place in range(index, index + num))
        return
    first = int(members.searchsorted(index))
    yield from map(int, members[first:])
    yield from map(int, members[:first])


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _eval_order(batches: list[Batch]) -> Order:
    import numpy as np

    samples = np.concatenate([batch.samples for batch in batches])
    return Order(epoch=0, samples=samples, crops=np.zeros_like(samples))


def _shape(batch: Batch) -> tuple[int, ...]:
    return tuple(batch.images[0].shape)
