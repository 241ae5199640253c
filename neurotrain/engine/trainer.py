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
from neurotrain.dataset.loader import WHOLE
from neurotrain.engine.activations import ActivationProbe
from neurotrain.engine.checkpoint import CheckpointFolder, Found
from neurotrain.engine.course import Course
from neurotrain.engine.epoch import EpochBatches, Pace, PaceMeter
from neurotrain.engine.evaluation import Criterion
from neurotrain.engine.exactness import here
from neurotrain.engine.foreign import EpochLoader, as_criterion, as_epoch_loader, told_of_skipping
from neurotrain.engine.handover import Spread, is_complete, newest, opened, recorded, shards_of
from neurotrain.engine.judge import Judge
from neurotrain.engine.loop_state import History, write_tables
from neurotrain.engine.memory import memory_for
from neurotrain.engine.refusals import Refusals, RolledBack
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.saver import Saver, on_host
from neurotrain.engine.schedule import schedule_of
from neurotrain.engine.setup import DEFAULT_OPTIONS, Setup
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.engine.stepping import Diverged, Engine, NonFinite
from neurotrain.engine.torch_engine import StepOptions, TorchEngine, unheard
from neurotrain.engine.validation import validate
from neurotrain.plan.plan import TrainOptions
from neurotrain.spec.nan_policy import RollBack
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import mix


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
        self._spread = Spread(accumulation=self._accumulation)
        self.reporter = reporter or Reporter(self.output_dir.parent)
        self.flag = flag or StopFlag()
        self.checkpoints = CheckpointFolder(self.output_dir / "checkpoints")
        self._saver = Saver(self.checkpoints, options.checkpoints, self.reporter)
        self._share = WHOLE
        self._allow_inexact = allow_inexact
        self._shards = shards_of(self.checkpoints)
        self._found: Found | None = None
        if is_continue_mode:
            self._found = newest(self.checkpoints, self._shards)
            if self._found is None or not is_complete(self._found):
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
            Diverged: a loss, gradient or weight is not finite, and the policy bears no more.
            OutOfMemory: the device has too little of it.
            Interrupted: the run was asked to end; the state is saved.
            FileExistsError: a new training's folder has checkpoints of another.
        """
        # 1) The objects of the loop.
        self.device = torch.device(device)
        memory = torch.channels_last if self.options.channels_last else torch.preserve_format
        self.model.to(self.device).to(memory_format=memory)  # type: ignore[call-overload]
        self.num_epochs = self.options.epochs if num_epochs is None else num_epochs
        self.loader = as_epoch_loader(train_loader, self.setup.seed, self._share)
        self.valid_loader = valid_loader
        self.criterion = as_criterion(criterion)
        self._judge = Judge(self.options, self.setup, validates=valid_loader is not None)
        self._course = Course(self.loader, self._accumulation)
        self._horizon = self._course.horizon(self.num_epochs)
        self.engine = self._new_engine(optimizer)
        self.schedule = schedule_of(
            scheduler, self.engine.optimizer, self._horizon, self.setup, self._judge.monitor
        )
        self._probe = ActivationProbe(self.model, self.options.record.activations)
        # 2) Its state: new, or where a checkpoint left off.
        self.state = self._judge.new_state()
        self._refusals = Refusals(self.options.nan_policy, self._tell)
        self._epoch_start: dict[str, Any] = {}
        self._meter, self._save_asked = PaceMeter(), False
        self._resume()
        if not self._resumes_inside_epochs and (told := unheard(self.options, self._accumulation)):
            self._tell("warning.raised", message=told)
        # 3) The epochs.
        self.model.train()
        with self._saver, self._probe:
            while self.state.epoch <= self.num_epochs and not self._stopped:
                if self._ends_here():
                    self._end()
                try:
                    self._run_epoch()
                except RolledBack:
                    self._roll_back()
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

        A subclass may override it; such a trainer is resumed at the end of epochs, and takes a
        batch, or as many as are accumulated, for a step.
        """
        state = self.state
        for batch in train_loader:
            state.meters.add_loss(self.engine.micro_step(batch, criterion), criterion)
            self._refusals.note(batch.samples)
            if (state.batch + 1) % self._accumulation == 0:
                self._update()
        self._settle()
        return state.meters.mean_loss

    def _update(self) -> None:
        """Make an update, or do what the policy says about one that is not finite."""
        try:
            update = self.engine.step()
        except NonFinite as error:
            self._refusals.refuse(error, self.state)
            self._probe.drop_update()
        else:
            self.state.meters.add_update(update)
            self._refusals.forget()

    def _run_epoch(self) -> None:
        """Train an epoch, validate, record, judge, save."""
        state, started_s = self.state, time.monotonic()
        if (num_batches := self._num_batches) == 0:
            raise ValueError("an epoch has no whole update: the loader gives too few batches")
        if isinstance(self.options.nan_policy, RollBack) and state.batch == 0:
            self._epoch_start = on_host({**self.engine.state(), **state.state_dict()})
        told = {"lr": self.schedule.rate(state.step), "num_batches": num_batches}
        self._tell("epoch.started", **told, **self._course.begin(state.epoch, self._tell))
        batches = EpochBatches(
            self.loader, state, self._meter, num_batches=num_batches,
            accumulation=self._accumulation, before=self._before_batch, after=self._after_batch,
        )  # fmt: skip
        with memory_for("training"):
            loss = self.train_epoch(batches, self.criterion, self.engine.optimizer, self.device)
        if state.batch < num_batches and self._resumes_inside_epochs:
            raise ValueError(f"the loader gave {state.batch} batches, not {num_batches}")
        values = {"train/loss": loss, "lr": self._rate(), **state.meters.means(self.engine.names)}
        values |= self._probe.values()
        validated = self._validates()
        if validated:
            values |= self._validate()
        state.record(values)
        taken_s = time.monotonic() - started_s
        self.reporter.tell_epoch(values, state.step, state.epoch, taken_s, validated=validated)
        is_best = self._judge.judge(values, state, self._tell)
        self.schedule.after_epoch(values)
        finished = state.epoch
        state.next_epoch()
        self._probe.reset()
        is_end = state.epoch > self.num_epochs or self._stopped
        if self._saver.is_due(finished, is_best=is_best, is_end=is_end):
            self._saver.after_epoch(self.state_dict(), finished, is_best=is_best, is_end=is_end)
        self._write_tables(plots=False)

    def _validate(self) -> dict[str, float]:
        """The loss and the metrics on the validation data."""
        assert self.valid_loader is not None
        started_s = time.monotonic()
        try:
            with self.engine.evaluated(), memory_for("evaluation"):
                values = validate(
                    self.model, self._flagged(self.valid_loader), self.criterion, self.setup,
                    device=self.device, precision=self.options.precision,
                )  # fmt: skip
        except Interrupted:
            self._save_here()
            raise
        self._tell("validation.finished", metrics=values, seconds=time.monotonic() - started_s)
        return values

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resume needs.

        Raises:
            Diverged: some of it is not finite.
        """
        self._settle()
        if (bad := self.engine.non_finite()) is not None:
            raise Diverged(f"the {bad} is not finite after step {self.state.step}")
        return {
            **self.engine.state(),
            **self.state.state_dict(),
            "activations": self._probe.state_dict(),
            "epoch_start": self._epoch_start if self.state.batch else {},
            "scheduler_state_dict": self.schedule.state_dict(),
            "curriculum": self._course.state_dict(),
            "environment": here(self.device),
            **recorded(self._spread, self.setup),
        }

    def _settle(self) -> None:
        """Read what the device holds of the updates since the last look.

        Raises:
            Diverged: one of them was not finite.
        """
        meters = self.state.meters
        bad = meters.settle()
        if bad is not None:
            step = self.state.step - meters.num_updates + bad + 1
            where = f"(epoch {self.state.epoch}, batch {(bad + 1) * self._accumulation})"
            what = f"the loss or the norm of the gradient is not finite at step {step}"
            raise Diverged(f"{what} {where}; the last checkpoint is kept")

    def _roll_back(self) -> None:
        """Go back to the beginning of the epoch, at a lower rate."""
        policy, rolled_back = self.options.nan_policy, self.state.rolled_back
        assert isinstance(policy, RollBack)
        self.schedule.slow_down(policy.gamma)
        rates = [group["lr"] for group in self.engine.optimizer.param_groups]
        self.engine.load(self._epoch_start)
        for group, rate in zip(self.engine.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self.state.load_state_dict(self._epoch_start)
        self.state.rolled_back = rolled_back
        self._probe.reset()

    def _resume(self) -> None:
        """Go on from the checkpoint that was found, and say so."""
        if self._found is None:
            self.checkpoints.require_none()
            return
        found, is_taken_over, warnings = opened(
            self._found, self._spread, self.setup, self.num_epochs, self.device,
            allow_inexact=self._allow_inexact,
        )  # fmt: skip
        self._course.load_state_dict(found.get("curriculum", {}))
        self.engine.load(found)
        self.state.load_state_dict(found)
        self.schedule.load_state_dict(found["scheduler_state_dict"])
        self._probe.load_state_dict(found["activations"], self.device)
        self._epoch_start = found["epoch_start"]
        self._complete(self._found.path, is_taken_over=is_taken_over)
        loader = self._course.loader_of(self.state.epoch)
        for message in (*warnings, *told_of_skipping(loader, self.state.batch)):
            self.reporter.tell("warning.raised", message=message)
        self._tell(
            "run.resumed", from_step=self.state.step, from_epoch=self.state.epoch,
            best=self.state.best.value,
            checkpoint=str(self._found.path.relative_to(self.reporter.run_dir)),
        )  # fmt: skip

    def _complete(self, path: Path, *, is_taken_over: bool) -> None:
        """Finish the save that a checkpoint comes from; make another spread's state one's own."""
        if is_taken_over:
            self._saver.take_over(self.state_dict(), self.state.best.epoch, self._shards)
        else:
            self._saver.complete(path, self.state)

    def _before_batch(self) -> None:
        self.schedule.before_step(self.state.step)
        self.engine.seed(mix(self.setup.seed, self.state.micro_step))

    def _after_batch(self, pace: Pace | None) -> None:
        """Tell the step, and end or save where that was asked; only between updates."""
        self._saver.check()
        if self.state.batch % self._accumulation == 0:
            self._probe.count_update()
        if pace is not None:
            self._tell_step(pace)
            self._take_requests()
        if self.state.batch % self._accumulation:
            return
        self._agree()
        if self._save_asked and self._resumes_inside_epochs:
            self._saver.save(self.state_dict(), self.state.epoch)
            self._save_asked = False
        if self.flag.reason is not None:
            self._end()

    def _tell_step(self, pace: Pace) -> None:
        self._settle()
        meters = self.state.meters
        if meters.num_losses == 0 and self._resumes_inside_epochs:
            return
        loss = {"loss": meters.mean_loss} if meters.num_losses else {}
        self._tell(
            "step.finished", **loss, lr=self._rate(),
            grad_norm=meters.norms(()).get("grad_norm"), batch=self.state.batch,
            num_batches=self._num_batches, **pace.told(self.setup.tokens),
        )  # fmt: skip

    def _take_requests(self) -> None:
        for request in self.reporter.requests():
            if request == "save":
                self._save_asked = True
            else:
                self.flag.ask(request)

    def _ends_here(self) -> bool:
        """An epoch is over: whether the run is to end before the next."""
        return self.flag.end_of_part()

    def _end(self) -> None:
        """Save, where the state is whole, and raise `Interrupted`."""
        self._save_here()
        self.flag.check()

    def _save_here(self) -> None:
        if self._resumes_inside_epochs or self.state.batch == 0:
            self._saver.save(self.state_dict(), self.state.epoch)
        self._write_tables(plots=False)

    def _flagged(self, loader: Iterable[Any]) -> Iterable[Any]:
        """The validation batches, with a look at the flag before each."""
        for batch in loader:
            self._take_requests()
            self.flag.check()
            yield batch

    def _new_engine(self, optimizer: torch.optim.Optimizer) -> Engine:
        """What steps the model."""
        options = StepOptions.of(self.options, self._accumulation, self._horizon, self.device)
        return TorchEngine(self.model, optimizer, self.device, options)

    def _agree(self) -> None:
        """Decide with the other processes, where there are any, what is asked from outside."""

    def _validates(self) -> bool:
        epoch, every = self.state.epoch, Duration.parse(self.options.validate_every).count
        return self.valid_loader is not None and (epoch % every == 0 or epoch == self.num_epochs)

    @property
    def _num_batches(self) -> int:
        """The batches of an epoch that fill whole updates."""
        return self._course.num_batches(self.state.epoch)

    @property
    def _stopped(self) -> bool:
        return self.state.stopper is not None and self.state.stopper.stopped

    @property
    def _resumes_inside_epochs(self) -> bool:
        return type(self).train_epoch is Trainer.train_epoch

    def _rate(self) -> float:
        return float(self.engine.optimizer.param_groups[0]["lr"])

    def _write_tables(self, *, plots: bool) -> None:
        history, best = self.state.history, self.state.best.epoch
        write_tables(self.output_dir, history, best, self._judge.monitor, plots=plots)

    def _tell(self, kind: str, **data: Any) -> None:
        self.reporter.tell(kind, step=self.state.step, epoch=self.state.epoch, **data)
