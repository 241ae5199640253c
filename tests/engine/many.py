"""A process of a training with DeepSpeed that tries everything in one start: `many FOLDER`.

Rank 0 leaves what was found in `found-N.json` of the folder, N being the number of processes.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.cli.compiling import compile_file
from neurotrain.compiler.draft import Options
from neurotrain.component.paths import Resolver
from neurotrain.dataset.loader import WHOLE
from neurotrain.engine.build import Builder
from neurotrain.engine.checkpoint import CorruptCheckpoint, load
from neurotrain.engine.deepspeed_trainer import DeepSpeedTrainer
from neurotrain.engine.epoch import Pace
from neurotrain.engine.placement import placed
from neurotrain.engine.ranks import Ranks, joined
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.plan.plan import Plan
from neurotrain.recorder.events import read_all

STOP_AT: Final = 15
LEVELS: Final = (
    "data.curriculum={levels: {easy: ['digit-0[0-4]*'], hard: ['*']}, "
    "schedule: {0: easy, 1: hard}}",
    "train.epochs=3", "name=levels",
)  # fmt: skip
"""A short epoch, then longer ones; `STOP_AT` is in the last."""


class Quick(DeepSpeedTrainer):
    """Draws nothing."""

    def _write_tables(self, *, plots: bool) -> None:
        super()._write_tables(plots=False)


class Cut(Quick):
    """Is asked to stop at a step, on the last process alone."""

    def _after_batch(self, pace: Pace | None) -> None:
        if self.state.step == STOP_AT and self.ranks.rank == self.ranks.size - 1:
            self.flag.set("SIGTERM", 143)
        super()._after_batch(pace)


class CutInValidation(Quick):
    """Is asked to stop before the last process's second validation batch, on that process alone."""

    def _take_requests(self) -> None:
        super()._take_requests()
        if self.state.batch == self._num_batches and self.ranks.rank == self.ranks.size - 1:
            self.num_looks = getattr(self, "num_looks", 0) + 1
            if self.num_looks == 2:
                self.flag.set("SIGTERM", 143)


@dataclass
class Trial:
    """The processes, and a folder for what they do."""

    folder: Path
    ranks: Ranks
    found: dict[str, Any] = field(default_factory=dict)

    def plan(self, stage: int, *more: str, spec: str = "spec.yaml") -> Plan:
        """The spec's plan for these processes."""
        sets = [f"engine.processes={self.ranks.size}", f"engine.zero.stage={stage}", *more]
        plan = compile_file(self.folder / spec, sets, Options()).draft
        assert plan is not None
        assert plan.plan is not None
        return plan.plan

    def train(
        self, plan: Plan, name: str, kind: type[DeepSpeedTrainer] = Quick, *,
        resumes: bool = False,
    ) -> DeepSpeedTrainer:  # fmt: skip
        """Train a plan in a folder of this name."""
        builder = Builder(plan, Resolver(base=self.folder))
        model, ranks = builder.model(), self.ranks
        trainer = kind(
            self.folder / f"{name}-{ranks.size}" / "train", model, plan.deepspeed, resumes,
            options=plan.experiment.train, setup=builder.setup(), flag=StopFlag(), ranks=ranks,
            device="cpu",
        )  # fmt: skip
        shared = ranks.share if trainer.config["zero_optimization"]["stage"] < 3 else WHOLE
        trainer.train(
            builder.train_loader(ranks.share), builder.eval_loader("valid", shared),
            builder.criterion(), builder.optimizer(model), plan.experiment.train.scheduler,
        )  # fmt: skip
        return trainer

    def stage(self, stage: int) -> None:
        """Train undisturbed, and stopped inside an epoch and resumed."""
        plan = self.plan(stage)
        whole = self.train(plan, f"whole-{stage}")
        self.found[f"history-{stage}"] = whole.state.history
        if self.ranks.size == 1:
            return
        try:
            self.train(plan, f"cut-{stage}", Cut)
        except Interrupted as error:
            self.found[f"stopped-{stage}"] = self.ranks.gathered((error.reason, error.exit_code))
        resumed = self.train(plan, f"cut-{stage}", resumes=True)
        last = [t.checkpoints.folder / "last.pth" for t in (whole, resumed)]
        self.found[f"same-{stage}"] = self.leads and last[0].read_bytes() == last[1].read_bytes()
        module = whole.engine.state()["model_state_dict"]
        if self.leads:
            saved = load(last[0])["model_state_dict"]
            same = [torch.equal(module[key], saved[key]) for key in saved]
            self.found[f"weights-{stage}"] = len(same) > 0 and all(same)
            self.found[f"sizes-{stage}"] = _sizes(last[0].parents[2])

    def validation(self, stage: int) -> None:
        """Stop inside a validation, and resume."""
        plan = self.plan(stage)
        try:
            self.train(plan, f"seen-{stage}", CutInValidation)
        except Interrupted as error:
            self.found[f"seen-{stage}"] = self.ranks.gathered(error.exit_code)
        run_dir = self.folder / f"seen-{stage}-{self.ranks.size}"
        told = {event.kind for event in read_all(run_dir / "events.jsonl")}
        resumed = self.train(plan, f"seen-{stage}", resumes=True)
        whole = self.folder / f"whole-{stage}-{self.ranks.size}/train/checkpoints/last.pth"
        last = resumed.checkpoints.folder / "last.pth"
        same = self.leads and last.read_bytes() == whole.read_bytes()
        self.found[f"seen-same-{stage}"] = same and "validation.finished" not in told

    def values(self) -> None:
        """A regression, whose values every process has to find alike."""
        for stage in (1, 3):
            plan = self.plan(stage, "train.epochs=3", spec="values.yaml")
            history = self.train(plan, f"values-{stage}").state.history
            self.found[f"values-{stage}"] = self.ranks.gathered(history)

    def levels(self) -> None:
        """A curriculum, undisturbed and stopped in its second level."""
        plan = self.plan(2, *LEVELS)
        whole = self.train(plan, "levels")
        self.found["levels"] = whole.state.history
        try:
            self.train(plan, "levels-cut", Cut)
        except Interrupted as error:
            self.found["levels-stopped"] = error.exit_code
        resumed = self.train(plan, "levels-cut", resumes=True)
        last = [t.checkpoints.folder / "last.pth" for t in (whole, resumed)]
        self.found["levels-same"] = self.leads and last[0].read_bytes() == last[1].read_bytes()

    @property
    def leads(self) -> bool:
        """Whether this is rank 0."""
        return self.ranks.leads

    def damage(self) -> None:
        """What a resume makes of shards that are not whole."""
        plan, source = self.plan(1), self.folder / f"whole-1-{self.ranks.size}"
        cases = {"newest": 1, "all": 2}
        for case, count in cases.items():
            if self.leads:
                shutil.copytree(source, self.folder / f"{case}-{self.ranks.size}")
                shards = self.folder / f"{case}-{self.ranks.size}" / "train/checkpoints/shards"
                for folder in sorted(f for f in shards.iterdir() if f.is_dir())[-count:]:
                    _flip(folder / "mp_rank_00_model_states.pt")
            self.ranks.wait()
            self.found[case] = self._resumed(plan, case)
        if self.leads:
            shutil.copytree(source, self.folder / f"absent-{self.ranks.size}")
            for file in (self.folder / f"absent-{self.ranks.size}").rglob("manifest.json"):
                file.unlink()
        self.ranks.wait()
        self.found["absent"] = self._resumed(plan, "absent")

    def _resumed(self, plan: Plan, name: str) -> str:
        try:
            trainer = self.train(plan, name, resumes=True)
        except CorruptCheckpoint as error:
            return str(error)
        assert trainer._found is not None
        return "; ".join(trainer._found.passed_over)

    def own_loss(self) -> None:
        """Python: DeepSpeed's own configuration, and a model that returns its loss or not."""
        inputs = torch.linspace(-1, 1, 64).reshape(32, 2)
        data = TensorDataset(inputs, inputs.sum(1))
        config = {
            "train_micro_batch_size_per_gpu": 8 // self.ranks.size,
            "gradient_accumulation_steps": 1,
        }
        for name, model in {"loss": Line(), "outputs": nn.Linear(2, 1)}.items():
            loader = DataLoader(data, batch_size=8 // self.ranks.size, shuffle=True)
            trainer = Quick(
                self.folder / f"{name}-{self.ranks.size}" / "train", model, config,
                ranks=self.ranks, device="cpu",
            )  # fmt: skip
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            try:
                history = trainer.train(loader, loader, optimizer=optimizer, num_epochs=3)
                self.found[name] = history
            except TypeError as error:
                self.found[name] = str(error)


class Line(nn.Module):
    """A line that measures its own error."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(2, 1)
        nn.init.zeros_(self.line.weight)

    def forward(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean squared error."""
        return nn.functional.mse_loss(self.line(inputs)[:, 0], targets)


def _sizes(run_dir: Path) -> list[tuple[int, int, int]]:
    """Of each file that is there: the bytes last told, those it has, and those of its shards."""
    told = {
        event.data["path"]: event.data
        for event in read_all(run_dir / "events.jsonl")
        if event.kind == "checkpoint.saved"
    }
    return [
        (data["bytes"], (run_dir / path).stat().st_size, data["shards_bytes"])
        for path, data in told.items()
        if (run_dir / path).is_file()
    ]


def _flip(file: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def main() -> None:
    """Try everything."""
    torch.set_num_threads(1)
    trial = Trial(Path(sys.argv[1]), joined(placed(os.environ), "cpu"))
    for stage in range(4):
        trial.stage(stage)
    trial.levels()
    trial.own_loss()
    trial.values()
    if trial.ranks.size > 1:
        trial.damage()
        for stage in (2, 3):
            trial.validation(stage)
    if trial.leads:
        text = json.dumps(trial.found)
        (trial.folder / f"found-{trial.ranks.size}.json").write_text(text)
    trial.ranks.leave()


if __name__ == "__main__":
    main()
