"""The training loop on many processes, by DeepSpeed.

The loop is the trainer's; here is what many processes add: each takes its share of every global
batch, all decide alike, and checkpoints are sharded.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from neurotrain.dataset.loader import EvalLoader
from neurotrain.engine.checkpoint import CorruptCheckpoint
from neurotrain.engine.deepspeed_engine import DeepSpeedEngine
from neurotrain.engine.epoch import Pace
from neurotrain.engine.foreign import EpochLoader, LossOfModel, as_batches
from neurotrain.engine.handover import Spread, is_complete, newest, shards_of
from neurotrain.engine.loop_state import History
from neurotrain.engine.memory import memory_for
from neurotrain.engine.op_locks import clear_locks, folder_of_ops
from neurotrain.engine.ranks import Ranks
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.setup import DEFAULT_OPTIONS, Setup
from neurotrain.engine.shard_saver import ShardSaver
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.engine.stepping import Engine
from neurotrain.engine.task_criterion import TaskCriterion
from neurotrain.engine.trainer import Trainer
from neurotrain.engine.validation import validate, validate_shared, validate_text
from neurotrain.losses.multi_task import HeadsLoss, MultiTaskLoss
from neurotrain.plan.plan import TrainOptions
from neurotrain.transforms.batch import Batch

_NEEDED: Final = ("train_micro_batch_size_per_gpu", "gradient_accumulation_steps")


class DeepSpeedTrainer(Trainer):
    """Trains a model on this process and its peers; `output_dir` is a run's `train` folder.

    `deepspeed_config` is DeepSpeed's configuration or the file with it; an optimizer and a
    scheduler in it are DeepSpeed's own.

    Raises:
        ValueError: the configuration leaves the batch open, or the options ask for adversarial
            training.
        CorruptCheckpoint: there is none to continue, or none is whole.
    """

    def __init__(
        self,
        output_dir: Path,
        model: nn.Module,
        deepspeed_config: Mapping[str, Any] | Path | str,
        is_continue_mode: bool = False,
        *,
        options: TrainOptions = DEFAULT_OPTIONS,
        setup: Setup | None = None,
        reporter: Reporter | None = None,
        flag: StopFlag | None = None,
        allow_inexact: bool = False,
        ranks: Ranks | None = None,
        device: str | None = None,
    ) -> None:
        if options.adversarial is not None:
            raise ValueError("options.adversarial is for an AdversarialTrainer, without DeepSpeed")
        self.config = _read(deepspeed_config)
        self._kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.ranks = ranks or _ranks_here(self._kind)
        run_dir = Path(output_dir).parent
        super().__init__(
            output_dir, model, options=options, setup=setup, flag=flag,
            reporter=reporter or Reporter(run_dir, rank=self.ranks.rank),
            allow_inexact=allow_inexact,
        )  # fmt: skip
        self._accumulation = int(self.config["gradient_accumulation_steps"])
        stage = int(self.config.get("zero_optimization", {}).get("stage", 0))
        self._spread = Spread(
            world_size=self.ranks.size, accumulation=self._accumulation, stage=stage
        )
        self._share = self.ranks.share
        self._shards = shards_of(self.checkpoints, self.ranks)
        if is_continue_mode:
            self._found = newest(self.checkpoints, self._shards)
            if self._found is None or not is_complete(self._found):
                folder = self._shards.folder
                raise CorruptCheckpoint(f"no whole checkpoint to continue in {folder}")

    def train(
        self,
        train_loader: Iterable[Any] | EpochLoader,
        valid_loader: Iterable[Any] | None = None,
        criterion: Any = None,
        optimizer: torch.optim.Optimizer | None = None,
        scheduler: Any = None,
        num_epochs: int | None = None,
        device: str | torch.device | None = None,
    ) -> History:
        """Train as `Trainer.train` does; all processes call it.

        Without a criterion the model is called with (inputs, targets) and returns its loss. The
        n-th of N processes takes every N-th batch of a foreign loader from the n-th on.
        """
        if isinstance(criterion, (MultiTaskLoss, HeadsLoss, TaskCriterion)):
            raise ValueError("several tasks are not trained with DeepSpeed: take Trainer")
        _require_batch(train_loader, int(self.config["train_micro_batch_size_per_gpu"]))
        if optimizer is None and "optimizer" not in self.config:
            raise ValueError("no optimizer: give train() one, or write it in the configuration")
        return super().train(
            train_loader, valid_loader, LossOfModel() if criterion is None else criterion,
            optimizer,  # type: ignore[arg-type]
            scheduler, num_epochs, device or self._kind,
        )  # fmt: skip

    def _new_engine(self, optimizer: torch.optim.Optimizer | None) -> Engine:
        if os.environ.get("LOCAL_RANK", "0") == "0":
            for message in clear_locks(folder_of_ops()):
                self.reporter.tell("warning.raised", message=message)
        self.ranks.wait()
        engine = DeepSpeedEngine(self.model, optimizer, self.config, self.ranks, self.device)
        self._saver = ShardSaver(
            self.checkpoints, self.options.checkpoints, self.reporter, self._shards, engine
        )
        self._stepper = engine
        return engine

    def _complete(self, path: Path, *, is_taken_over: bool) -> None:
        if path.is_dir():
            self._shards.drop_newer(path)
        self._saver.renew(self.state_dict(), self.state.best.epoch)  # type: ignore[attr-defined]

    def _validate(self) -> dict[str, float]:
        """The values of the whole validation data, the same on every process."""
        assert self.valid_loader is not None
        self._look()
        started_s = time.monotonic()
        try:
            with self.engine.evaluated(), memory_for("evaluation"):
                values = self._validated(self.valid_loader)
        except Interrupted:
            self._save_here()
            raise
        self._tell("validation.finished", metrics=values, seconds=time.monotonic() - started_s)
        self._look()
        return values

    def _validated(self, loader: Iterable[Any]) -> dict[str, float]:
        batches, precision = self._flagged(loader), self.options.precision
        if isinstance(self.criterion, LossOfModel):
            return {"valid/loss": self._mean_loss(as_batches(batches))}
        shares = isinstance(loader, EvalLoader) and loader.share.size > 1
        if self.setup.tokens is not None:
            return validate_text(
                self.model, batches, self.criterion, self.setup, device=self.device,
                precision=precision, ranks=self.ranks if shares else Ranks(),
            )  # fmt: skip
        if not shares or not self._is_measured:
            return validate(
                self.model, batches, self.criterion, self.setup, device=self.device,
                precision=precision,
            )  # fmt: skip
        return validate_shared(
            self.model, batches, self.criterion, self.setup, device=self.device,
            precision=precision, ranks=self.ranks,
        )  # fmt: skip

    @property
    def _is_measured(self) -> bool:
        """Whether more than the loss is known of validation samples."""
        return bool(self.setup.classes or self.setup.targets)

    def _flagged(self, loader: Iterable[Any]) -> Iterator[Any]:
        """The validation batches; all processes look together before each, as long as any has one.

        In stage 3 all have as many; below it a process may be ready before the others.
        """
        batches = iter(loader)
        batch = next(batches, None)
        while self.ranks.any(batch is not None):
            self._take_requests()
            self._agree()
            self.flag.check()
            if batch is not None:
                yield batch
                batch = next(batches, None)

    def _mean_loss(self, batches: Iterator[Batch]) -> float:
        """The mean over the samples of what the model returns."""
        total, num_samples = 0.0, 0
        self.model.eval()
        for batch in batches:
            moved: Any = batch.to(self.device)
            with torch.no_grad():
                loss = self._stepper.loss_of(self.model, moved.images, moved, self.criterion)
            total, num_samples = total + float(loss) * len(batch), num_samples + len(batch)
        self.model.train()
        return total / num_samples if num_samples else float("nan")

    def _look(self) -> None:
        """Agree, and end where that was asked; the epoch's updates are done."""
        self._agree()
        if self.flag.reason is not None:
            self._end()

    def _ends_here(self) -> bool:
        """One decision for all ranks."""
        super()._ends_here()
        self._agree()
        return self.flag.reason is not None

    def _agree(self) -> None:
        self._save_asked = self.ranks.agree(self.flag, self._save_asked)

    def _tell_step(self, pace: Pace) -> None:
        whole = pace.samples_per_s * self.ranks.size
        super()._tell_step(replace(pace, samples_per_s=whole))

    def _write_tables(self, *, plots: bool) -> None:
        if self.ranks.leads:
            super()._write_tables(plots=plots)


def _read(config: Mapping[str, Any] | Path | str) -> dict[str, Any]:
    """The configuration, which must state the batch."""
    found = config if isinstance(config, Mapping) else json.loads(Path(config).read_text())
    missing = [key for key in _NEEDED if not isinstance(found.get(key), int)]
    if missing:
        names = " and ".join(missing)
        raise ValueError(f"deepspeed_config must state {names} in whole numbers, not 'auto'")
    return dict(found)


def _ranks_here(device: str) -> Ranks:
    """This process's peers by the environment; alone where it states none."""
    from neurotrain.engine.placement import placed
    from neurotrain.engine.ranks import joined

    return joined(placed(os.environ), device)


def _require_batch(loader: Any, micro: int) -> None:
    size = getattr(loader, "batch_size", None)
    if isinstance(size, int) and size != micro:
        raise ValueError(
            f"train_loader gives batches of {size}, deepspeed_config says "
            f"train_micro_batch_size_per_gpu: {micro}"
        )
