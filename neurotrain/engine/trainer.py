"""The training loop, to be read from top to bottom.

State is a function, not a stream: the order of samples and their augmentation depend on (seed,
epoch, sample), the model's random numbers on (seed, micro-step). So a resume goes on inside an
epoch without replaying data, and ends with the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from neurotrain.component.durations import Duration
from neurotrain.engine.checkpoint import CheckpointFolder, Found, require_plan
from neurotrain.engine.early_stopping import Best, EarlyStopping
from neurotrain.engine.epoch import EpochBatches, Pace, PaceMeter
from neurotrain.engine.evaluation import Criterion, collect, mean_loss, score
from neurotrain.engine.exactness import check, here
from neurotrain.engine.foreign import (
    EpochLoader,
    ForeignLoader,
    as_batches,
    as_criterion,
    as_epoch_loader,
)
from neurotrain.engine.inference import Inference
from neurotrain.engine.loop_state import History, LoopState
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.saver import Saver
from neurotrain.engine.schedule import StepSchedule
from neurotrain.engine.setup import Setup
from neurotrain.engine.signals import StopFlag
from neurotrain.engine.torch_engine import Diverged, TorchEngine
from neurotrain.optim.schedules import Horizon, Scheduler
from neurotrain.plan.plan import TrainOptions
from neurotrain.recorder.tables import write_history
from neurotrain.spec.train import Checkpoints
from neurotrain.spec.train import EarlyStopping as StoppingOptions
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import mix
from neurotrain.visualizer.curves import draw_curves

DEFAULT_OPTIONS = TrainOptions(
    early_stopping=StoppingOptions(), checkpoints=Checkpoints(every="10 epochs")
)


class Trainer:
    """Trains a model on one device; `output_dir` is a run's `train` folder.

    With `is_continue_mode` the newest valid checkpoint in it is continued.

    Raises:
        FileNotFoundError: there is none to continue.
        CorruptCheckpoint: there are some, but none is valid.
    """

    def __init__(
        self,
        output_dir: Path,
        model: nn.Module,
        is_continue_mode: bool = False,
        *,
        options: TrainOptions = DEFAULT_OPTIONS,
        setup: Setup | None = None,
        reporter: Reporter | None = None,
        flag: StopFlag | None = None,
        allow_inexact: bool = False,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.model = model
        self.options = options
        self.setup = setup or Setup()
        self._accumulation = self.setup.accumulation or options.batch.accumulation or 1
        self.reporter = reporter or Reporter(self.output_dir.parent)
        self.flag = flag or StopFlag()
        self.checkpoints = CheckpointFolder(self.output_dir / "checkpoints")
        self._saver = Saver(self.checkpoints, options.checkpoints, self.reporter)
        self._allow_inexact = allow_inexact
        self._found: Found | None = None
        if is_continue_mode:
            self._found = self.checkpoints.newest()
            if self._found is None:
                raise FileNotFoundError(f"no checkpoint to continue in {self.checkpoints.folder}")

    def train(
        self,
        train_loader: Iterable[Any] | EpochLoader,
        valid_loader: Iterable[Any] | None,
        criterion: Any,
        optimizer: torch.optim.Optimizer,
        scheduler: Any = None,
        num_epochs: int | None = None,
        device: str | torch.device = "cpu",
    ) -> History:
        """Train, validate, schedule, stop early, save; the history of all recorded values.

        Raises:
            Diverged: a loss or gradient is not finite.
            Interrupted: the run was asked to end; the state is saved.
        """
        # 1) The objects of the loop.
        self.device = torch.device(device)
        memory = torch.channels_last if self.options.channels_last else torch.preserve_format
        self.model.to(self.device).to(memory_format=memory)  # type: ignore[call-overload]
        self.num_epochs = self.options.epochs if num_epochs is None else num_epochs
        self.loader = as_epoch_loader(train_loader, self.setup.seed)
        self.valid_loader = valid_loader
        self.criterion = as_criterion(criterion)
        self.scheduler = self._stepped(scheduler, optimizer)
        self.engine = TorchEngine(
            self.model, optimizer, device=self.device, precision=self.options.precision,
            accumulation=self._accumulation, clip_grad_norm=self.options.clip_grad_norm,
            channels_last=self.options.channels_last,
        )  # fmt: skip
        # 2) Its state: new, or where a checkpoint left off.
        self._monitor, self.state = self._new_state()
        self._meter, self._save_asked = PaceMeter(), False
        self._resume()
        # 3) The epochs.
        self.model.train()
        with self._saver:
            while self.state.epoch <= self.num_epochs and not self._stopped:
                if self.flag.end_of_part():
                    self._end()
                self._run_epoch()
        # 4) What every training leaves behind.
        self._write_tables(plots=True)
        return self.state.history

    def train_epoch(
        self,
        train_loader: Iterable[Batch],
        criterion: Criterion,
        optimizer: torch.optim.Optimizer,
        device: torch.device,
    ) -> float:
        """Train on what is left of an epoch; its mean loss.

        A subclass may override it; such a trainer is resumed at the end of epochs.
        """
        state = self.state
        for batch in train_loader:
            loss = self.engine.micro_step(batch, criterion)
            state.meters.add_loss(loss)
            if (state.batch + 1) % self._accumulation == 0:
                if isinstance(self.scheduler, StepSchedule):
                    self.scheduler.apply(state.step)
                state.meters.add_step(self._update())
                state.step += 1
        return float(state.meters.loss) / max(1, state.meters.num_losses)

    def _update(self) -> torch.Tensor:
        try:
            return self.engine.step()
        except Diverged as error:
            state = self.state
            where = f"at step {state.step + 1} (epoch {state.epoch}, batch {state.batch + 1})"
            raise Diverged(f"{error} {where}; the last checkpoint is kept") from error

    def _run_epoch(self) -> None:
        """Train an epoch, validate, record, judge, save."""
        state, started_s = self.state, time.monotonic()
        if (num_batches := self._num_batches) == 0:
            raise ValueError("an epoch has no whole update: the loader gives too few batches")
        stepped = isinstance(self.scheduler, StepSchedule)
        rate = self.scheduler.rate(state.step) if stepped else self._rate()
        self._tell("epoch.started", lr=rate, num_batches=num_batches)
        batches = EpochBatches(
            self.loader, state, self._meter, num_batches=num_batches,
            before=self._before_batch, after=self._after_batch,
        )  # fmt: skip
        loss = self.train_epoch(batches, self.criterion, self.engine.optimizer, self.device)
        if state.batch < num_batches and self._resumes_inside_epochs:
            raise ValueError(f"the loader gave {state.batch} batches, not {num_batches}")
        values = {"train/loss": loss, "lr": self._rate()}
        values["grad_norm"] = float(state.meters.grad_norm) / max(1, state.meters.num_steps)
        validated = self._validates()
        if validated:
            values |= self._validate()
        state.record(values)
        taken_s = time.monotonic() - started_s
        self._tell("epoch.finished", metrics=values, seconds=taken_s, validated=validated)
        is_best = self._judge(values)
        self._step_foreign_scheduler(values)
        finished = state.epoch
        state.next_epoch()
        is_end = state.epoch > self.num_epochs or self._stopped
        self._saver.after_epoch(self.state_dict(), finished, is_best=is_best, is_end=is_end)
        self._write_tables(plots=False)

    def _validate(self) -> dict[str, float]:
        """The loss and the metrics on the validation data."""
        assert self.valid_loader is not None
        started_s = time.monotonic()
        inference = Inference(
            device=self.device, precision=self.options.precision, divisor=self.setup.divisor,
            window=self.setup.window, overlap=self.setup.overlap,
        )  # fmt: skip
        batches = as_batches(self._flagged(self.valid_loader))
        classes, metrics = self.setup.classes, self.setup.metrics
        if classes:
            scored = score(
                self.model, batches, criterion=self.criterion, inference=inference,
                num_classes=len(classes),
            )  # fmt: skip
            scores = collect(scored, metrics, classes=classes)
            values = {"valid/loss": scores.loss}
            values |= {f"valid/{name}": value for name, value in scores.overall(metrics).items()}
        else:
            loss = mean_loss(self.model, batches, criterion=self.criterion, inference=inference)
            values = {"valid/loss": loss}
        self._tell("validation.finished", metrics=values, seconds=time.monotonic() - started_s)
        return values

    def _judge(self, values: dict[str, float]) -> bool:
        """Whether these are the best weights; counts patience."""
        state = self.state
        value = values.get(self._monitor)
        is_best = value is not None and state.best.offer(
            value, state.epoch, values.get("valid/loss")
        )
        stopper, options = state.stopper, self.options.early_stopping
        if stopper is None or options is None or self._stopping_monitor not in values:
            return is_best
        stopper(values[self._stopping_monitor])
        if stopper.counter == 0:
            state.stopper_epoch = state.epoch
        every = self._validation_interval if self._stopping_monitor.startswith("valid/") else 1
        left = stopper.patience - stopper.counter
        self._tell(
            "early_stopping.updated", monitor=self._stopping_monitor, mode=stopper.mode,
            min_delta=stopper.min_delta, value=values[self._stopping_monitor], best=stopper.best,
            best_epoch=state.stopper_epoch, counter=stopper.counter,
            patience=stopper.patience, needed=stopper.needed,
            stops_at_epoch=state.epoch + left * every, stopped=stopper.stopped,
            reason=f"no improvement in {stopper.counter} validations" if stopper.stopped else "",
        )  # fmt: skip
        return is_best

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resume needs."""
        foreign = self.scheduler is not None and not isinstance(self.scheduler, StepSchedule)
        return {
            **self.engine.state(),
            **self.state.state_dict(),
            "scheduler_state_dict": self.scheduler.state_dict() if foreign else {},
            "plan_digest": self.setup.plan_digest,
            "environment": here(self.device),
        }

    def _resume(self) -> None:
        """Go on from the checkpoint that was found, and say so."""
        if self._found is None:
            return
        found = self._found.state
        require_plan(found, self.setup.plan_digest, self._found.path)
        inexact = check(found["environment"], self.device, allowed=self._allow_inexact)
        if inexact:
            self.reporter.tell("warning.raised", message=inexact)
        self.engine.load(found)
        self.state.load_state_dict(found)
        self._saver.complete(self._found.path, self.state)
        if found["scheduler_state_dict"] and self.scheduler is not None:
            self.scheduler.load_state_dict(found["scheduler_state_dict"])
        warnings = [f"passed over: {problem}" for problem in self._found.passed_over]
        if isinstance(self.loader, ForeignLoader) and self.state.batch:
            warnings.append(f"{self.state.batch} batches of the loader are given again and skipped")
        for message in warnings:
            self.reporter.tell("warning.raised", message=message)
        self._tell(
            "run.resumed", from_step=self.state.step, from_epoch=self.state.epoch,
            best=self.state.best.value,
            checkpoint=str(self._found.path.relative_to(self.output_dir.parent)),
        )  # fmt: skip

    def _before_batch(self) -> None:
        self.engine.seed(mix(self.setup.seed, self.state.micro_step))

    def _after_batch(self, pace: Pace | None) -> None:
        """Tell the step, and end or save where that was asked; only between updates."""
        self._saver.check()
        if pace is not None:
            self._tell_step(pace)
            self._take_requests()
        if self.state.batch % self._accumulation:
            return
        if self._save_asked and self._resumes_inside_epochs:
            self._saver.save(self.state_dict(), self.state.epoch)
            self._save_asked = False
        if self.flag.reason is not None:
            self._end()

    def _tell_step(self, pace: Pace) -> None:
        meters = self.state.meters
        norm = float(meters.grad_norm) / meters.num_steps if meters.num_steps else None
        self._tell(
            "step.finished", loss=float(meters.loss) / max(1, meters.num_losses), lr=self._rate(),
            grad_norm=norm, samples_per_s=pace.samples_per_s, data_wait=pace.data_wait,
            batch=self.state.batch, num_batches=self._num_batches,
        )  # fmt: skip

    def _take_requests(self) -> None:
        for request in self.reporter.requests():
            if request == "save":
                self._save_asked = True
            else:
                self.flag.ask(request)

    def _end(self) -> None:
        """Save, where the state is whole, and raise `Interrupted`."""
        if self._resumes_inside_epochs:
            self._saver.save(self.state_dict(), self.state.epoch)
        self._write_tables(plots=False)
        self.flag.check()

    def _flagged(self, loader: Iterable[Any]) -> Iterable[Any]:
        """The validation batches, with a look at the flag before each."""
        for batch in loader:
            self._take_requests()
            if self.flag.reason is not None:
                self._end()
            yield batch

    def _new_state(self) -> tuple[str, LoopState]:
        """A fresh state, and the value that chooses the best weights."""
        stopping = self.options.early_stopping
        wanted = stopping.monitor if stopping else "valid/loss"
        if self.valid_loader is None and wanted.startswith("valid/"):
            wanted = "train/loss"
        self._stopping_monitor = wanted
        monitor = self.setup.monitor or wanted
        stopper = None
        if stopping is not None:
            stopper = EarlyStopping(
                stopping.patience, stopping.min_delta, self.setup.mode_of(self._stopping_monitor)
            )
        return monitor, LoopState(best=Best(mode=self.setup.mode_of(monitor)), stopper=stopper)

    def _stepped(self, scheduler: Any, optimizer: torch.optim.Optimizer) -> Any:
        """A spec's scheduler on the optimizer; torch's as it is."""
        if not isinstance(scheduler, Scheduler):
            return scheduler
        steps = len(self.loader) // self._accumulation
        horizon = Horizon(num_steps=steps * self.num_epochs, steps_per_epoch=steps)
        return StepSchedule(optimizer, scheduler, horizon)

    def _step_foreign_scheduler(self, values: dict[str, float]) -> None:
        """A torch scheduler is stepped once an epoch, plateau with the monitored value."""
        if self.scheduler is None or isinstance(self.scheduler, StepSchedule):
            return
        if isinstance(self.scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            if self._monitor in values:
                self.scheduler.step(values[self._monitor])
        else:
            self.scheduler.step()

    def _validates(self) -> bool:
        last = self.state.epoch == self.num_epochs
        due = self.state.epoch % self._validation_interval == 0
        return self.valid_loader is not None and (due or last)

    @property
    def _num_batches(self) -> int:
        """The batches of an epoch that fill whole updates."""
        return len(self.loader) // self._accumulation * self._accumulation

    @property
    def _validation_interval(self) -> int:
        return Duration.parse(self.options.validate_every).count

    @property
    def _stopped(self) -> bool:
        return self.state.stopper is not None and self.state.stopper.stopped

    @property
    def _resumes_inside_epochs(self) -> bool:
        return type(self).train_epoch is Trainer.train_epoch

    def _rate(self) -> float:
        return float(self.engine.optimizer.param_groups[0]["lr"])

    def _write_tables(self, *, plots: bool) -> None:
        write_history(self.state.history, self.output_dir / "metrics.csv")
        if plots:
            best = self.state.best
            draw_curves(
                self.state.history, self.output_dir / "plots",
                best_epoch=best.epoch or None, monitor=self._monitor,
            )  # fmt: skip

    def _tell(self, kind: str, **data: Any) -> None:
        self.reporter.tell(kind, step=self.state.step, epoch=self.state.epoch, **data)
