"""Executes a plan in a run directory: its stages in the order of the graph."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from neurotrain.component.base import tag_of
from neurotrain.component.durations import Duration
from neurotrain.dataset.files import list_inputs, pair_regions
from neurotrain.engine import done
from neurotrain.engine.adversarial_trainer import AdversarialTrainer
from neurotrain.engine.build import Builder, StageNotReady
from neurotrain.engine.cross_validation import write_cross_validation
from neurotrain.engine.measuring import measure
from neurotrain.engine.memory import memory_for
from neurotrain.engine.predictor import Prediction
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.settings import settings_of
from neurotrain.engine.shards import has_checkpoint
from neurotrain.engine.signals import StopFlag
from neurotrain.engine.trainer import Trainer
from neurotrain.engine.weights import model_of_fold, trained_model
from neurotrain.plan.graph import base_name, fold_of, folds_of, stages_of
from neurotrain.plan.plan import GraphNode, Plan
from neurotrain.recorder.results import TestResult


@dataclass
class Executor:
    """One attempt at a plan."""

    plan: Plan
    builder: Builder
    run_dir: Path
    reporter: Reporter
    flag: StopFlag
    only: str | None = None
    """Run this stage alone."""
    allow_inexact: bool = False
    """Resume on a machine that computes other bits."""
    result: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """Run every stage that is not done; what they find is in `result`.

        Raises:
            Interrupted, Diverged, CorruptCheckpoint, CorruptSample, OSError, …: the stage's fault.
        """
        started_s = time.monotonic()
        self._tell_start()
        for node in stages_of(self.plan.nodes):
            if self.only is not None and self.only not in (node.id, base_name(node.id)):
                continue
            self.flag.end_of_part()
            self.flag.check()
            self._require_training(node)
            self._run_stage(node)
        self.reporter.tell(
            "run.finished", seconds=time.monotonic() - started_s, result=self.result,
            score_name=self.score_name, outputs=done.outputs(self.run_dir),
        )  # fmt: skip

    @property
    def score_name(self) -> str:
        """The metric that stands for the result."""
        return next(iter(self.plan.experiment.measured), "loss")

    def _require_training(self, node: GraphNode) -> None:
        """Test and predict finished weights only: the score is that of the planned training."""
        trainers = [other for other in self.plan.nodes if other.kind == "trainer"]
        if node.kind == "trainer":
            return
        for trainer in trainers:
            if done.finished(self.run_dir, trainer) is None:
                raise StageNotReady(
                    f"the {node.id} needs the trained weights: run the {trainer.id} first"
                )

    def _run_stage(self, node: GraphNode) -> None:
        found = done.finished(self.run_dir, node)
        if found is not None:
            self.reporter.tell("stage.skipped", stage=node.id, reason="done by an earlier attempt")
        else:
            started_s = time.monotonic()
            was_begun = done.begin(self.run_dir, node)
            fold = fold_of(node)
            of_folds = {} if fold is None else {"folds": len(folds_of(self.plan.experiment))}
            self.reporter.tell("stage.started", stage=node.id, **of_folds)
            with memory_for("evaluation"):
                found = self._work(node, was_begun=was_begun)
            done.mark(self.run_dir, node, found)
            self.reporter.tell(
                "stage.finished", stage=node.id, seconds=time.monotonic() - started_s,
                result=found,
            )  # fmt: skip
        if node.kind in ("cross_validator", "tester") or not self.result:
            self.result = found

    def _work(self, node: GraphNode, *, was_begun: bool) -> dict[str, float]:
        """What a stage finds."""
        match node.kind:
            case "trainer":
                return self._train(node, was_begun=was_begun)
            case "cross_validator":
                return self._cross_validate(node)
            case "tester":
                return self._test(node)
            case _:
                return self._predict()

    def _train(self, node: GraphNode, *, was_begun: bool) -> dict[str, float]:
        builder = self.builder.of_fold(fold_of(node))
        device, model = builder.device(), builder.model()
        for warning in builder.preload(self._progress(node.id)):
            self.reporter.tell("warning.raised", message=warning)
        optimizer = builder.optimizer(model)
        folder = done.folder_of(self.run_dir, node)
        resumes = has_checkpoint(folder)
        if not resumes and (fit := builder.pretrain(model)) is not None:
            self.reporter.tell("weights.loaded", message=f"pretrained weights: {fit}")
        trainer = self._trainer(builder, folder, model, resumes=resumes)
        is_again = was_begun or fold_of(node) is None
        if not resumes and self.reporter.attempt > 1 and is_again:
            self.reporter.tell("run.resumed", from_step=0, from_epoch=1, checkpoint=None)
        valid = builder.eval_loader("valid") if "valid" in self.plan.facts.parts else None
        trainer.train(
            builder.train_loader(), valid, builder.criterion(), optimizer,
            scheduler=builder.schedule(optimizer), device=device,
        )  # fmt: skip
        if fold_of(node) is not None:
            builder.drop_stored("train")
        return self._trained(trainer)

    def _trained(self, trainer: Trainer) -> dict[str, float]:
        """What a training found; where no weights are the best, that is said."""
        if trainer.state.best.value is None:
            message = f"'{self.plan.facts.monitor}' was never a number: the last weights count"
            self.reporter.tell("warning.raised", message=message)
        return trained_result(trainer, self.plan)

    def _trainer(
        self, builder: Builder, folder: Path, model: nn.Module, *, resumes: bool
    ) -> Trainer:
        options, setup = self.plan.experiment.train, builder.setup()
        if options.adversarial is None:
            return Trainer(
                folder, model, resumes, options=options, setup=setup, reporter=self.reporter,
                flag=self.flag, allow_inexact=self.allow_inexact,
            )  # fmt: skip
        return AdversarialTrainer(
            model, builder.discriminator(), output_dir=folder, is_continue_mode=resumes,
            options=options, setup=setup, reporter=self.reporter, flag=self.flag,
            allow_inexact=self.allow_inexact,
        )  # fmt: skip

    def _cross_validate(self, node: GraphNode) -> dict[str, float]:
        """Measure each training's model on the samples that were held out of it."""
        folder, progress = done.folder_of(self.run_dir, node), self._progress(node.id)
        folds = [(fold, self.builder.of_fold(fold)) for fold in folds_of(self.plan.experiment)]
        total = sum(builder.plan.facts.parts["valid"].num_samples for _, builder in folds)
        results: list[TestResult] = []
        for fold, builder in folds:
            before = sum(len(result.samples) for result in results)
            model, weights = model_of_fold(builder, self.run_dir, fold)
            plots = (done.train_folder(self.run_dir, fold) / "plots").glob("*.png")
            results.append(
                measure(
                    builder, model, "valid", folder / f"fold-{fold}", weights=weights,
                    plots=tuple(sorted(plots)),
                    progress=_within(progress, before, total),
                )
            )  # fmt: skip
        return dict(write_cross_validation(results, folder).overall)

    def _test(self, node: GraphNode) -> dict[str, float]:
        model, weights = trained_model(self.builder, self.run_dir)
        plots = done.train_folder(self.run_dir) / "plots"
        result = measure(
            self.builder, model, "test", done.folder_of(self.run_dir, node), weights=weights,
            plots=tuple(sorted(plots.glob("*.png"))), progress=self._progress(node.id),
        )  # fmt: skip
        return dict(result.overall)

    def _predict(self) -> dict[str, float]:
        predict = self.plan.experiment.predict
        assert predict is not None
        resolver = self.builder.resolver
        files = list_inputs(resolver, predict.input)
        regions = pair_regions(resolver, files, predict.roi) if predict.roi else None
        device = self.builder.device()
        model, _ = trained_model(self.builder, self.run_dir)
        predictor = self.builder.predictor(model, device, self.run_dir / "predict")
        progress = self._progress("predictor")

        def told() -> Iterator[Prediction]:
            for count, prediction in enumerate(predictor.predict_files(files, regions), start=1):
                progress(count, len(files))
                yield prediction

        written = predictor.save_predictions(told())
        return {"images": float(len(files)), "files": float(len(written))}

    def _progress(self, stage: str) -> Callable[[int, int], None]:
        last_s = 0.0

        def progress(count: int, total: int) -> None:
            nonlocal last_s
            self.flag.check()
            for request in self.reporter.requests():
                self.flag.ask(request)
            if count == total or time.monotonic() - last_s > 0.25:
                last_s = time.monotonic()
                self.reporter.tell("progress.reported", stage=stage, done=count, total=total)

        return progress

    def _tell_start(self) -> None:
        told = {**start_summary(self.plan), **_here(), "settings": settings_of(self.plan)}
        self.reporter.tell("run.started", **told)


def _within(
    progress: Callable[[int, int], None], before: int, total: int
) -> Callable[[int, int], None]:
    """The progress of a part, told as that of the whole."""
    return lambda count, _: progress(before + count, total)


def trained_result(trainer: Trainer, plan: Plan) -> dict[str, float]:
    """What a training found: its epochs, the best of them and its value."""
    best = trainer.state.best
    found = {"epochs": float(trainer.state.epoch - 1), "best_epoch": float(best.epoch)}
    if best.value is not None:
        found[plan.facts.monitor] = best.value
    return found


def start_summary(plan: Plan) -> dict[str, Any]:
    """The plan as `run.started` tells it."""
    facts, train = plan.facts, plan.experiment.train
    stopping = train.early_stopping
    return {
        "name": plan.name,
        "spec": plan.spec,
        "digest": plan.digest[:12],
        "task": facts.task,
        "device": facts.device,
        "precision": plan.experiment.engine.casts or train.precision,
        "seed": plan.experiment.seed,
        "world_size": facts.world_size,
        "threads": facts.threads,
        "stages": [node.id for node in stages_of(plan.nodes)],
        "epochs": train.epochs,
        **({"folds": len(facts.folds)} if facts.folds else {}),
        "steps_per_epoch": facts.steps_per_epoch,
        **_curriculum(plan),
        "validate_every": Duration.parse(train.validate_every).count,
        "monitor": {"name": facts.monitor, "mode": facts.monitor_mode},
        "early_stopping": None
        if stopping is None
        else {"patience": stopping.patience, "min_delta": stopping.min_delta},
        "classes": list(facts.classes),
        "targets": [target.name for target in facts.targets],
        "model": tag_of(plan.experiment.model),
        "num_samples": {name: part.num_samples for name, part in facts.parts.items()},
        "synthetic": facts.synthetic,
        **_predicted(plan),
    }


def _curriculum(plan: Plan) -> dict[str, Any]:
    """The levels by the epochs that are finished before them; nothing without a curriculum."""
    phases = plan.facts.curriculum
    if phases is None:
        return {}
    told = [
        {"epoch": phase.epoch, "level": phase.level, "num_samples": phase.num_samples,
         "steps_per_epoch": phase.steps_per_epoch}
        for phase in phases
    ]  # fmt: skip
    return {"curriculum": told}


def _predicted(plan: Plan) -> dict[str, Any]:
    """What the plan predicts: by name, value and unit; the parameters on their own besides."""
    found = {each.name: {"value": each.value, "unit": each.unit} for each in plan.predictions}
    count = found.get("parameters")
    told: dict[str, Any] = {"predictions": found}
    return told if count is None else {"num_parameters": int(count["value"]), **told}  # type: ignore[call-overload]


def _here() -> dict[str, Any]:
    """What is only known where the run is."""
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "versions": {"torch": str(torch.__version__)},
    }
