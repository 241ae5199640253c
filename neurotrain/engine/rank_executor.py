"""Executes a plan on many processes: all train, rank 0 alone tests and predicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from neurotrain.component.paths import Resolver
from neurotrain.engine import done
from neurotrain.engine.build import EnvironmentLacks
from neurotrain.engine.deepspeed_trainer import DeepSpeedTrainer
from neurotrain.engine.executor import Executor
from neurotrain.engine.placement import BadLaunch, Placement
from neurotrain.engine.ranks import Ranks, joined
from neurotrain.engine.shards import has_been_saved
from neurotrain.plan.plan import GraphNode, Plan
from neurotrain.spec.engines import DeepSpeedEngine


@dataclass
class RankExecutor(Executor):
    """One process of an attempt at a plan."""

    place: Placement = field(default_factory=Placement)
    _ranks: Ranks | None = None

    def run(self) -> None:
        """Train with the others where that is not done; rank 0 goes on with the other stages.

        Raises:
            BadLaunch: the processes are not those of the plan.
            EnvironmentLacks: they do not have the same plan.
            Interrupted: it was asked for before the processes met.
        """
        device = self.builder.device()
        self._ranks = self._joined(device.type)
        require_same_plan(self.plan, self._ranks)
        trainer = next(node for node in self.plan.nodes if node.id == "trainer")
        is_wanted = self.only in (None, "trainer")
        is_wanted = is_wanted and done.finished(self.run_dir, trainer) is None
        trains = self._ranks.first(is_wanted)
        if not trains:
            self._ranks.leave()
        if self.place.leads:
            super().run()
        elif trains:
            self._train(trainer, was_begun=True)

    def _joined(self, device: str) -> Ranks:
        """Meet the others; a signal that came before would be heard only with them."""
        self.flag.is_joining = True
        try:
            self.flag.check()
            return joined(self.place, device)
        finally:
            self.flag.is_joining = False

    def _train(self, node: GraphNode, *, was_begun: bool) -> dict[str, float]:
        builder, plan, ranks = self.builder, self.plan, self._ranks
        engine = plan.experiment.engine
        assert ranks is not None
        assert isinstance(engine, DeepSpeedEngine)
        model = builder.model()
        if engine.sync_batch_norm:
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        for warning in builder.preload(self._preloading()):
            self.reporter.tell("warning.raised", message=warning)
        ranks.agree(self.flag, False)
        self.flag.check()
        config = with_paths(plan.deepspeed, builder.resolver)
        folder = self.run_dir / "train"
        resumes = ranks.first(has_been_saved(self.run_dir))
        if not resumes and (fit := builder.pretrain(model)) is not None:
            self.reporter.tell("weights.loaded", message=f"pretrained weights: {fit}")
        trainer = DeepSpeedTrainer(
            folder, model, config, resumes, options=plan.experiment.train,
            setup=builder.setup(), reporter=self.reporter, flag=self.flag,
            allow_inexact=self.allow_inexact, ranks=ranks, device=plan.facts.device,
        )  # fmt: skip
        if not resumes and self.reporter.attempt > 1:
            self.reporter.tell("run.resumed", from_step=0, from_epoch=1, checkpoint=None)
        own = engine.optimizer == "deepspeed"
        valid = None
        if "valid" in plan.facts.parts:
            shared = ranks.share if engine.zero.stage < 3 else Ranks().share
            valid = builder.eval_loader("valid", shared)
        trainer.train(
            builder.train_loader(ranks.share), valid, builder.criterion(),
            None if own else builder.optimizer(model),
            scheduler=None if engine.scheduler == "deepspeed" else plan.experiment.train.scheduler,
        )  # fmt: skip
        ranks.leave()
        return self._trained(trainer)

    def _preloading(self) -> Any:
        """The progress of loading; where there are others, the flag is looked at afterwards."""
        assert self._ranks is not None
        if self._ranks.size == 1:
            return self._progress("trainer")

        def told(count: int, total: int) -> None:
            if count == total:
                self.reporter.tell("progress.reported", stage="trainer", done=count, total=total)

        return told


def require_same_plan(plan: Plan, ranks: Ranks) -> None:
    """Compare batches and plan over the processes, before a model is built.

    Raises:
        BadLaunch: the batch does not hold for this number of processes.
        EnvironmentLacks: a process has another plan.
    """
    facts = plan.facts
    product = facts.micro_batch * facts.accumulation * ranks.size
    if product != facts.global_batch:
        raise BadLaunch(
            f"plan.json has a global batch of {facts.global_batch}, but {facts.micro_batch} "
            f"(micro) x {facts.accumulation} (accumulation) x {ranks.size} (processes here) is "
            f"{product}"
        )
    digests = ranks.gathered(plan.digest)
    other = next((rank for rank, each in enumerate(digests) if each != digests[0]), None)
    if other is not None:
        raise EnvironmentLacks(
            f"the processes have different plans: {digests[0][:12]} on rank 0, "
            f"{digests[other][:12]} on rank {other} (the digest in its plan.json): give all "
            "machines the same folder"
        )


def with_paths(config: dict[str, Any], resolver: Resolver) -> dict[str, Any]:
    """The configuration with the folders of NVMe disks as this machine has them."""
    zero = dict(config.get("zero_optimization", {}))
    for key in ("offload_optimizer", "offload_param"):
        if "nvme_path" in zero.get(key, {}):
            path = str(Path(resolver.path(zero[key]["nvme_path"])))
            zero[key] = {**zero[key], "nvme_path": path}
    return {**config, "zero_optimization": zero}
