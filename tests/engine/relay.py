"""A process that trains a leg of a relay: `relay FOLDER LEG OVERRIDE…`.

Every leg goes on in the same run directory, `FOLDER/runs`, with the engine of its own overrides,
until the step that `LEG` names; 0 is to the end. `LEG` may end with `!`: then the process dies
after its part of the first save and before the manifest.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from neurotrain.cli.compiling import compile_file
from neurotrain.compiler.draft import Options
from neurotrain.component.paths import Resolver
from neurotrain.engine.build import Builder
from neurotrain.engine.deepspeed_trainer import DeepSpeedTrainer
from neurotrain.engine.epoch import Pace
from neurotrain.engine.placement import placed
from neurotrain.engine.ranks import joined
from neurotrain.engine.shards import ShardFolder, has_checkpoint
from neurotrain.engine.signals import Interrupted
from neurotrain.engine.trainer import Trainer
from neurotrain.plan.plan import Plan
from neurotrain.spec.engines import DeepSpeedEngine


class Leg(Trainer):
    """Is asked to stop at a step and draws nothing."""

    stop_at = 0

    def _after_batch(self, pace: Pace | None) -> None:
        if 0 < self.stop_at == self.state.step:
            self.flag.set("SIGTERM", 143)
        super()._after_batch(pace)

    def _write_tables(self, *, plots: bool) -> None:
        super()._write_tables(plots=False)

    def _resume(self) -> None:
        """Also keep the checkpoints as they are before and after a state is taken over."""
        if self._found is None or int(os.environ.get("RANK", "0")) > 0:
            super()._resume()
            return
        path, step = self._found.path, self._found.state["step"]
        copy = shutil.copytree if path.is_dir() else shutil.copy
        runs = self.output_dir.parent
        if not list(runs.glob(f"left-{step}*")):
            copy(path, runs / f"left-{step}{path.suffix}")
        super()._resume()
        shutil.copytree(self.checkpoints.folder, runs / f"taken-{step}", dirs_exist_ok=True)


class DeepSpeedLeg(Leg, DeepSpeedTrainer):
    """The same on many processes."""


class Dying(ShardFolder):
    """Ends the process where a manifest would be written."""

    def _write_manifest(self, folder: Path, files: Any) -> None:
        os._exit(9)


def train(folder: Path, plan: Plan, stop_at: int, *, dies: bool) -> None:
    """Train a leg."""
    builder = Builder(plan, Resolver(base=folder))
    engine = plan.experiment.engine
    run_dir = folder / "runs"
    resumes = has_checkpoint(run_dir / "train")
    valid = None
    if isinstance(engine, DeepSpeedEngine):
        ranks = joined(placed(os.environ), "cpu")
        model = builder.model()
        if engine.sync_batch_norm:
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        trainer: Leg = DeepSpeedLeg(
            run_dir / "train", model, plan.deepspeed, resumes,
            options=plan.experiment.train, setup=builder.setup(), ranks=ranks, device="cpu",
        )  # fmt: skip
        if dies:
            trainer._shards = Dying(trainer._shards.folder, ranks)
        loader = builder.train_loader(ranks.share)
        if "valid" in plan.facts.parts:
            shared = ranks.share if engine.zero.stage < 3 else None
            valid = builder.eval_loader("valid", *([shared] if shared else []))
    else:
        model = builder.model()
        trainer = Leg(
            run_dir / "train", model, resumes, options=plan.experiment.train,
            setup=builder.setup(),
        )  # fmt: skip
        loader = builder.train_loader()
        valid = builder.eval_loader("valid") if "valid" in plan.facts.parts else None
    trainer.stop_at = stop_at
    own = isinstance(engine, DeepSpeedEngine) and engine.optimizer == "deepspeed"
    optimizer: Any = None if own else builder.optimizer(model)
    theirs = isinstance(engine, DeepSpeedEngine) and engine.scheduler == "deepspeed"
    scheduler = None if theirs else plan.experiment.train.scheduler
    trainer.train(loader, valid, builder.criterion(), optimizer, scheduler)


def main() -> None:
    """Train the leg that the command line names."""
    folder, leg, *overrides = sys.argv[1:]
    torch.set_num_threads(1)
    compiled = compile_file(Path(folder) / "spec.yaml", overrides, Options())
    assert compiled.draft is not None
    assert compiled.draft.plan is not None, compiled.report.items
    try:
        train(Path(folder), compiled.draft.plan, int(leg.rstrip("!")), dies=leg.endswith("!"))
    except Interrupted:
        return


if __name__ == "__main__":
    main()
