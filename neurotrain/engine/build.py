"""From a plan to objects: data, model, loss, optimizer, schedule."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import CorruptSample, Dataset, SampleInfo
from neurotrain.dataset.curriculum import members
from neurotrain.dataset.loader import WHOLE, BatchMaker, EvalLoader, Share, TrainLoader
from neurotrain.dataset.split import digest, divide
from neurotrain.dataset.store import SampleStore
from neurotrain.engine.course import CurriculumLoader
from neurotrain.engine.foreign import EpochLoader
from neurotrain.engine.inference import Inference
from neurotrain.engine.predictor import Predictor
from neurotrain.engine.schedule import StepSchedule
from neurotrain.engine.setup import Setup
from neurotrain.losses.multi_task import HeadsLoss
from neurotrain.losses.total import TotalLoss
from neurotrain.models.base import build_network
from neurotrain.models.loading import Fit, load_pretrained
from neurotrain.models.pretrained import survey_weights
from neurotrain.optim.parameters import parameter_groups
from neurotrain.optim.schedules import Plateau
from neurotrain.plan.folds import fold_plan
from neurotrain.plan.graph import training_digest
from neurotrain.plan.plan import Plan
from neurotrain.plan.spread import portable_digest
from neurotrain.transforms.draws import DISCRIMINATOR_STREAM, mix


class EnvironmentLacks(Exception):
    """This machine lacks something that the plan needs (exit code 5)."""


class StageNotReady(Exception):
    """A stage is asked for before what it needs is there (exit code 2)."""


class DataChanged(Exception):
    """The data is not that of the plan (exit code 65)."""


@dataclass(frozen=True)
class Builder:
    """Builds what the stages of a plan need."""

    plan: Plan
    resolver: Resolver
    tell: Callable[[str], None] | None = None
    """What is told of samples that are left out."""
    run_dir: Path | None = None
    """Where `cache: disk` keeps samples."""
    _makers: dict[str, BatchMaker] = field(default_factory=dict)
    _folders: dict[str, Path | None] = field(default_factory=dict)
    """The folder of each source's files, once it is surveyed."""

    @cached_property
    def samples(self) -> Mapping[str, tuple[SampleInfo, ...]]:
        """The samples of each part, found anew and compared with the plan.

        Raises:
            DataChanged: they are other ones.
        """
        data, facts = self.plan.experiment.data, self.plan.facts
        found: dict[str, tuple[SampleInfo, ...]] = {}
        for key in {part.source for part in facts.parts.values()}:
            found[key] = self._survey(key)
        found |= divide(found["train"], data.valid, data.test, self.plan.experiment.seed)
        for name, part in facts.parts.items():
            if digest(found[name]) != part.digest:
                what = "numbers" if facts.targets else "values"
                numbers = f", or {what} of the table" if facts.targets or facts.heads else ""
                raise DataChanged(
                    f"the {name} data is not that of the plan: {len(found[name])} samples, planned "
                    f"{part.num_samples}; names or file sizes{numbers} differ. Compile again, or "
                    "put the data back"
                )
        return found

    def of_fold(self, number: int | None) -> Builder:
        """Builds for the training of one fold, counted from 1; None: for the only training."""
        if number is None:
            return self
        return replace(self, plan=fold_plan(self.plan, number), _makers={}, _folders={})

    def device(self) -> torch.device:
        """The planned device, with the planned number of threads set.

        Raises:
            EnvironmentLacks: it is not there.
        """
        facts = self.plan.facts
        torch.set_num_threads(facts.threads)
        if facts.device == "cuda" and not torch.cuda.is_available():
            raise EnvironmentLacks(
                "the plan wants a GPU, and torch finds none here: compile with "
                "--set engine.device=cpu, or install a torch build with CUDA"
            )
        lacking = _lacking(self.plan)
        if lacking:
            raise EnvironmentLacks(lacking)
        return torch.device(facts.device)

    def train_loader(self, share: Share = WHOLE) -> EpochLoader:
        """Training batches, of all processes or one's share; with a curriculum by its levels."""
        curriculum = self.plan.experiment.data.curriculum
        if curriculum is None:
            return self._train_loader(share, None)
        samples, used = self.samples["train"], set(curriculum.starts.values())
        loaders = {
            level: self._train_loader(share, members(patterns, samples))
            for level, patterns in curriculum.levels.items()
            if level in used
        }
        return CurriculumLoader(curriculum.starts, loaders)

    def _train_loader(self, share: Share, chosen: Sequence[int] | None) -> TrainLoader:
        experiment, facts = self.plan.experiment, self.plan.facts
        crops = 1
        for transform in experiment.data.transforms.train:
            crops *= transform.per_image
        return TrainLoader(
            self._maker("train"),
            batch_size=facts.micro_batch,
            crops_per_image=crops,
            options=experiment.data.loader,
            share=share,
            members=chosen,
        )

    def eval_loader(self, part: str, share: Share = WHOLE) -> EvalLoader:
        """The samples of validation or test, all or one process's share."""
        names = tuple(info.id for info in self.samples[part])
        batch = self.plan.experiment.test.batch
        return EvalLoader(self._maker(part), batch_size=batch, names=names, share=share)

    def model(self) -> nn.Module:
        """The network with its first weights, which depend on the seed alone."""
        facts, experiment = self.plan.facts, self.plan.experiment
        torch.manual_seed(mix(experiment.seed, 0) & (2**63 - 1))
        channels = (facts.in_channels, facts.out_channels)
        return build_network(experiment.model, channels, facts.image_size, facts.tokens)

    def discriminator(self) -> nn.Module:
        """The discriminator with its first weights, which depend on the seed alone."""
        facts, experiment = self.plan.facts, self.plan.experiment
        adversarial = experiment.train.adversarial
        assert adversarial is not None
        torch.manual_seed(mix(experiment.seed, DISCRIMINATOR_STREAM) & (2**63 - 1))
        channels = facts.in_channels + facts.out_channels
        return adversarial.discriminator.build(channels, facts.image_size)

    def pretrain(self, model: nn.Module) -> Fit | None:
        """Put the planned file's weights into the model; None where the plan has none.

        Raises:
            DataChanged: the file is not that of the plan.
            UnusableWeights, WeightsDoNotFit: they cannot be used, or not for this model.
        """
        options = self.plan.experiment.pretrained
        if options is None:
            return None
        path = self.resolver.path(options.file)
        try:
            found = survey_weights(path)
        except FileNotFoundError as error:
            raise DataChanged(f"the pretrained weights are gone: there is no {path}") from error
        if found != self.plan.facts.pretrained:
            raise DataChanged(
                f"{path} is not the file of the plan: its SHA-256 is {found[:12]}…, planned "
                f"{str(self.plan.facts.pretrained)[:12]}…. Compile again, or put it back"
            )
        return load_pretrained(model, path, options)

    def criterion(self) -> TotalLoss | HeadsLoss:
        """The weighted sum of the losses, or of those of the heads."""
        experiment, facts = self.plan.experiment, self.plan.facts
        if facts.heads is None:
            return TotalLoss(experiment.losses, facts.targets)
        heads = experiment.task.heads
        losses = {head.name: head.loss for head in heads}
        return HeadsLoss(facts.heads, losses, {head.name: head.weight for head in heads})

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """The optimizer of the parameters that are trained.

        Raises:
            NoSuchParameter: a group of the spec matches none.
        """
        optimizer = self.plan.experiment.train.optimizer
        return optimizer.build(parameter_groups(optimizer, model))

    def schedule(self, optimizer: torch.optim.Optimizer) -> StepSchedule:
        """The learning rate of every step."""
        facts, horizon = self.plan.facts, self.plan.facts.horizon
        scheduler, monitor = self.plan.experiment.train.scheduler, facts.monitor
        if isinstance(scheduler, Plateau) and scheduler.monitor is not None:
            monitor = scheduler.monitor
        mode = self.setup().mode_of(monitor)
        return StepSchedule(optimizer, scheduler, horizon, monitor=monitor, mode=mode)

    def setup(self) -> Setup:
        """What the trainer has to know."""
        experiment, facts = self.plan.experiment, self.plan.facts
        return Setup(
            seed=experiment.seed,
            classes=facts.classes,
            targets=facts.targets,
            tokens=facts.tokens,
            metrics=experiment.metrics,
            heads=facts.heads or (),
            head_metrics={head.name: head.metrics for head in experiment.task.heads},
            monitor=facts.monitor,
            accumulation=facts.accumulation,
            divisor=experiment.model.divisor,
            window=experiment.test.sliding_window,
            overlap=experiment.test.overlap,
            plan_digest=training_digest(self.plan),
            portable_digest=portable_digest(self.plan),
        )

    def inference(self, device: torch.device) -> Inference:
        """How test and prediction apply the model."""
        experiment = self.plan.experiment
        return Inference(
            device=device,
            precision=experiment.train.precision,
            divisor=experiment.model.divisor,
            window=experiment.test.sliding_window,
            overlap=experiment.test.overlap,
            flips=experiment.test.flips,
        )

    def predictor(self, model: nn.Module, device: torch.device, folder: Path) -> Predictor:
        """The predictor of a trained model, which writes into a folder."""
        experiment, facts = self.plan.experiment, self.plan.facts
        return Predictor(
            model,
            device,
            folder,
            facts.classes,
            experiment.data.transforms.eval,
            postprocess=experiment.predict.postprocess if experiment.predict is not None else (),
            inference=self.inference(device),
            num_channels=facts.raw_channels,
            targets=facts.targets,
            heads=facts.heads or (),
            label_values=getattr(experiment.data.train, "label_values", None),
        )

    def _survey(self, key: str) -> tuple[SampleInfo, ...]:
        dataset = getattr(self.plan.experiment.data, key)
        task = self.plan.experiment.task
        survey = task.survey(dataset, self.resolver, max_headers=0)
        if survey.faults:
            raise DataChanged("; ".join(found.message for found in survey.faults[:3]))
        self._folders[key] = Path(survey.folder) if survey.folder else None
        return task.samples_of(survey).samples

    def preload(self, progress: Callable[[int, int], None]) -> list[str]:
        """Load every sample of every part into its cache, before anything is trained.

        So a damaged test image is told now and not after the training. Returns what is odd about
        the data as a whole.

        Raises:
            CorruptSample: samples cannot be used; the text names the first of them.
        """
        makers = [self._maker(part) for part in self.plan.facts.parts]
        total = sum(len(maker) for maker in makers if maker.caches)
        refused: list[str] = []
        done = 0
        for maker in makers:
            for index, error in enumerate(maker.filling()):
                done += 1
                if error is not None:
                    refused += _refused(maker, index, error)
                progress(done, total)
        if refused and self.plan.experiment.data.loader.skip_corrupt:
            raise CorruptSample(refused[-1])
        if refused:
            more = f"; and {len(refused) - 3} more" if len(refused) > 3 else ""
            raise CorruptSample("; ".join(refused[:3]) + more)
        absent = self._maker("train").absent_labels(len(self.plan.facts.classes))
        told = [
            f"no training sample has the class '{self.plan.facts.classes[label]}'"
            for label in absent
        ]
        for part in self.plan.facts.parts:
            maker = self._maker(part)
            if lost := maker.without_region():
                names = ", ".join(maker.name(index) for index in lost[:3])
                told.append(
                    f"the region of interest is empty after the transforms in {len(lost)} of "
                    f"{len(maker)} {part} samples, of which nothing counts: {names}"
                )
        return told

    def _maker(self, part: str) -> BatchMaker:
        if part not in self._makers:
            self._makers[part] = self._new_maker(part)
        return self._makers[part]

    def _new_maker(self, part: str) -> BatchMaker:
        data, facts = self.plan.experiment.data, self.plan.facts
        dataset: Dataset = getattr(data, facts.parts[part].source)
        opened = dataset.open(self.resolver, self.samples[part], len(facts.classes))
        transforms = data.transforms.train if part == "train" else data.transforms.eval
        seed = self.plan.experiment.seed
        names = tuple(info.id for info in self.samples[part])
        cache = "none" if dataset.in_place else data.loader.cache
        return BatchMaker(
            opened, transforms, seed=seed, cache=cache, names=names,
            store=self._store(part) if cache == "disk" else None,
            skip_corrupt=data.loader.skip_corrupt, tell=self._teller(part),
        )  # fmt: skip

    def _store(self, part: str) -> SampleStore:
        """The place of a part's prepared samples, which no other data or transforms share."""
        if self.run_dir is None:
            raise StageNotReady("`cache: disk` keeps samples in a run's folder, and there is none")
        found = self.samples[part]
        root = self._folders[self.plan.facts.parts[part].source]
        files = [[root / name for name in info.files] for info in found] if root else ()
        return SampleStore(self.run_dir / self._store_name(part), files)

    def _store_name(self, part: str) -> str:
        digest = next(node.digest for node in self.plan.nodes if node.id == f"loader.{part}")
        return f"cache/{part}-{digest[:16]}"

    def drop_stored(self, part: str) -> None:
        """Remove a part's prepared samples from the disk: each fold would have most of the data."""
        if self.run_dir is not None:
            shutil.rmtree(self.run_dir / self._store_name(part), ignore_errors=True)

    def _teller(self, part: str) -> Callable[[str], None]:
        def tell(text: str) -> None:
            if self.tell is not None:
                self.tell(f"{part} data: {text}")

        return tell


def _refused(maker: BatchMaker, index: int, error: CorruptSample) -> list[str]:
    """Why the run cannot go on with this sample; nothing where it may be left out."""
    try:
        maker.leave_out(index, error)
    except CorruptSample as refusal:
        return [str(refusal)]
    return []


def _lacking(plan: Plan) -> str:
    """What the planned way of computing needs and this machine does not have, with a remedy."""
    train, device = plan.experiment.train, plan.facts.device
    if train.precision == "bf16" and device == "cuda" and not torch.cuda.is_bf16_supported():
        return "this GPU has no bfloat16: compile with --set train.precision=fp16"
    compilers = [os.environ.get("CXX", "g++"), "g++", "clang++"]
    if train.compile is not None and device == "cpu" and not any(map(shutil.which, compilers)):
        return "train.compile needs a C++ compiler: install g++, or --set train.compile=null"
    return ""
