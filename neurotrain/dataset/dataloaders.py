"""The loaders of training, validation and test from a plain dict.

Makes the same samples, parts and batches as a spec with these values; the batch size is the only
thing that a spec says elsewhere.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurotrain.component.base import Options, Positive, tag_of
from neurotrain.component.catalogue import Catalogue, refuse_unknown_keys
from neurotrain.component.paths import Resolver
from neurotrain.dataset import built_in as datasets
from neurotrain.dataset.base import Dataset, Folds, SampleInfo, Survey
from neurotrain.dataset.blocks import Data
from neurotrain.dataset.loader import BatchMaker, EvalLoader, TrainLoader
from neurotrain.dataset.split import divide
from neurotrain.dataset.targets import chosen
from neurotrain.transforms import built_in as transforms


class _Task(Options, frozen=True, kw_only=True):
    """What of a spec's task the data has to know."""

    type: str
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    """Columns of numbers; by default all that the dataset names."""


class _Request(Data, frozen=True, kw_only=True):
    """The `data` block with what a spec says elsewhere."""

    task: _Task
    seed: int = 42
    batch_size: Positive = 16


def get_train_valid_test_dataloader(
    config: Mapping[str, Any],
) -> tuple[TrainLoader, EvalLoader | None, EvalLoader | None]:
    """The loaders of training, validation and test; None where the config names no such data.

    `config` is a spec's `data` block with `task` (`{"type": "segmentation", "classes": […]}`, or
    `{"type": "regression", "targets": […]}`),
    `batch_size` (16) and `seed` (42). Relative paths start in the current folder.

    Raises:
        ValueError: a name, key or value is wrong, or something is wrong with the files.
    """
    request = _read(config)
    resolver = Resolver(base=Path.cwd())
    surveys = {
        part: _survey(part, dataset, request.task, resolver)
        for part in ("train", "valid", "test")
        if isinstance(dataset := getattr(request, part), Dataset)
    }
    samples = _samples(request, surveys)
    classes = request.task.classes or surveys["train"].classes
    makers = {
        part: _maker(part, request, resolver, members, len(classes))
        for part, members in samples.items()
    }
    evaluated = {
        part: EvalLoader(
            makers[part],
            batch_size=request.batch_size,
            names=tuple(info.id for info in samples[part]),
        )
        for part in makers
        if part != "train"
    }
    train = _train_loader(request, makers["train"])
    return train, evaluated.get("valid"), evaluated.get("test")


def _read(config: Mapping[str, Any]) -> _Request:
    refuse_unknown_keys(config, _Request, "the config")
    catalogue = Catalogue.of((*datasets.BUILT_IN, *transforms.BUILT_IN))
    task = config.get("task")
    plain = {**config, "task": {"type": task}} if isinstance(task, str) else config
    request = catalogue.decode(plain, _Request)
    if request.curriculum is not None:
        raise ValueError(
            "`curriculum` goes by epochs, which only a training counts: give "
            "engine.CurriculumTrainer a loader for each level"
        )
    if isinstance(request.valid, Folds) and request.valid.is_whole:
        raise ValueError(
            f"the loaders are those of one training: name one of the folds, from 1 to "
            f"{request.valid.folds}, such as {{folds: {request.valid.folds}, fold: 1}}"
        )
    if request.loader.cache == "disk":
        raise ValueError("`cache: disk` keeps samples in the folder of a run; take `memory`")
    for transform in request.transforms.eval:
        if transform.random:
            raise ValueError(
                f"{tag_of(transform)!r} is random and stands among the eval transforms"
            )
    return request


def _survey(part: str, dataset: Dataset, task: _Task, resolver: Resolver) -> Survey:
    if task.type == "multi_task":
        raise ValueError("loaders of several tasks are made from a spec alone")
    if task.type not in dataset.tasks:
        serves = ", ".join(dataset.tasks)
        raise ValueError(
            f"{tag_of(dataset)!r} has no targets for a {task.type!r}, but for {serves}"
        )
    lacking = [name for name in task.targets if name not in dataset.target_names]
    if lacking:
        has = ", ".join(dataset.target_names) or "none"
        raise ValueError(f"the {part} data has no target {lacking[0]!r}; it has {has}")
    try:
        survey = dataset.survey(resolver, max_headers=None, num_classes=len(task.classes))
    except KeyError as error:
        raise ValueError(f"the environment variable {error.args[0]} is not set") from error
    if survey.faults:
        told = "; ".join(fault.message for fault in survey.faults)
        raise ValueError(f"the {part} data: {told}")
    return chosen(survey, task.targets)


def _samples(request: _Request, surveys: Mapping[str, Survey]) -> dict[str, tuple[SampleInfo, ...]]:
    samples = {part: survey.samples for part, survey in surveys.items()}
    samples |= divide(samples["train"], request.valid, request.test, request.seed)
    for part, members in samples.items():
        if not members:
            raise ValueError(f"the {part} part has no samples")
    return samples


def _maker(
    part: str,
    request: _Request,
    resolver: Resolver,
    samples: tuple[SampleInfo, ...],
    num_classes: int,
) -> BatchMaker:
    own = getattr(request, part)
    dataset = own if isinstance(own, Dataset) else request.train
    return BatchMaker(
        dataset.open(resolver, samples, num_classes),
        request.transforms.train if part == "train" else request.transforms.eval,
        seed=request.seed,
        cache=request.loader.cache,
        names=tuple(info.id for info in samples),
        skip_corrupt=request.loader.skip_corrupt,
        tell=warnings.warn,
    )


def _train_loader(request: _Request, maker: BatchMaker) -> TrainLoader:
    crops = math.prod(transform.per_image for transform in request.transforms.train)
    loader = TrainLoader(
        maker,
        batch_size=request.batch_size,
        crops_per_image=crops,
        options=request.loader,
    )
    if len(loader) == 0:
        raise ValueError(
            f"an epoch has {len(maker) * crops} samples, fewer than a batch of {request.batch_size}"
        )
    return loader
