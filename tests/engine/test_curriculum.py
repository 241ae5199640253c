"""Curricula: each epoch has the samples of its level, from a spec and from Python."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.dataset.loader import Share
from neurotrain.engine import CurriculumTrainer
from neurotrain.engine.build import Builder
from neurotrain.engine.checkpoint import ForeignCheckpoint, load
from neurotrain.engine.loop_state import History
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.engine.trainer import Trainer
from neurotrain.recorder.events import effective, read_all
from neurotrain.spec.train import Averaging, Batch, TrainOptions
from neurotrain.transforms.draws import mix
from tests.engine.conftest import DIGITS, Project
from tests.engine.test_trainer import train
from tests.engine.toys import StopAt, files, network, pairs

CURRICULUM = (
    "data.curriculum={levels: {easy: ['digit-0[0-4]*'], hard: ['*']}, schedule: {0: easy, 2: hard}}"
)
WHOLE = "data.curriculum={levels: {all: ['*']}, schedule: {0: all}}"
NAME = {"easy": "digit-0[0-4]*", "hard": "*"}


def places_of(builder: Builder, level: str) -> list[int]:
    """The places of the level's samples among the training samples."""
    samples = builder.samples["train"]
    return [place for place, each in enumerate(samples) if fnmatch(each.id, NAME[level])]


def test_a_bare_loop_over_the_levels_gives_the_same_losses(
    project: Project, tmp_path: Path
) -> None:
    """Samples, order, schedule, clipping and update, written out with torch and numpy alone."""
    builder = project.builder(DIGITS, CURRICULUM, "train.early_stopping=null")
    history = train(builder, tmp_path)
    facts, opened = builder.plan.facts, builder._maker("train").samples
    loaded = [opened.load(place) for place in range(len(opened))]
    images = torch.tensor(np.stack([sample.image_CHW for sample in loaded]))
    targets = torch.tensor([int(sample.target) for sample in loaded])
    mean, std = images.mean((1, 2, 3)), images.std((1, 2, 3), correction=0)
    prepared = torch.cat([builder._maker("train").prepared(i).images for i in range(len(loaded))])
    expected = (images - mean[:, None, None, None]) / std[:, None, None, None]
    assert torch.allclose(prepared, expected, atol=1e-5)
    torch.set_num_threads(1)
    model = builder.model().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
    sizes = {level: len(places_of(builder, level)) // 32 for level in NAME}
    assert facts.num_steps == 2 * sizes["easy"] + sizes["hard"]
    warmup, step, losses = sizes["easy"], 0, []
    for epoch, level in ((1, "easy"), (2, "easy"), (3, "hard")):
        places = np.array(places_of(builder, level))
        key = [mix(7, 1 << 32), epoch]
        order = np.random.Generator(np.random.Philox(key=key)).permutation(len(places))
        total = 0.0
        for batch in range(sizes[level]):
            chosen = places[order[32 * batch : 32 * batch + 32]]
            left = max(0, step - warmup) / (facts.num_steps - warmup)
            factor = 0.5 * (1 + np.cos(np.pi * left))
            factor = (step + 1) / (warmup + 1) if step < warmup else float(factor)
            optimizer.param_groups[0]["lr"] = 1e-2 * factor
            torch.manual_seed(mix(7, step) & (2**63 - 1))
            loss = nn.functional.cross_entropy(model(prepared[chosen]), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total, step = total + loss.item(), step + 1
        losses.append((epoch, total / sizes[level]))
    assert history["train/loss"] == losses


def test_a_level_of_all_samples_is_no_curriculum(project: Project, tmp_path: Path) -> None:
    """The same weights, history and steps, bit for bit."""
    for name, more in (("whole", [WHOLE]), ("plain", [])):
        train(project.builder(DIGITS, *more), tmp_path / name)
    whole, plain = (
        load(tmp_path / name / "train/checkpoints/last.pth") for name in ("whole", "plain")
    )
    assert whole["metrics_history"] == plain["metrics_history"]
    for name, value in plain["model_state_dict"].items():
        assert torch.equal(whole["model_state_dict"][name], value)


@pytest.mark.parametrize(
    "more",
    [
        ["data.loader.num_workers=2"],
        ["data.loader.num_workers=2", "data.loader.persistent_workers=true"],
        ["data.loader.cache=none"],
    ],
    ids=str,
)
def test_workers_and_caches_change_no_bit(
    project: Project, tmp_path: Path, more: list[str]
) -> None:
    """Loading processes follow the levels, and one cache serves all."""
    train(project.builder(DIGITS, CURRICULUM), tmp_path / "plain")
    train(project.builder(DIGITS, CURRICULUM, *more), tmp_path / "other")
    plain, other = (
        load(tmp_path / name / "train/checkpoints/last.pth") for name in ("plain", "other")
    )
    for name, value in plain["model_state_dict"].items():
        assert torch.equal(other["model_state_dict"][name], value)


def test_the_plan_has_the_steps_of_every_level(project: Project) -> None:
    """Epochs of each level, and the horizon of schedules as their sum."""
    builder = project.builder(DIGITS, CURRICULUM, "train.batch={micro: 16, accumulation: 2}")
    facts = builder.plan.facts
    sizes = [len(places_of(builder, level)) for level in NAME]
    assert facts.curriculum is not None
    found = [(each.epoch, each.level, each.num_samples) for each in facts.curriculum]
    assert found == [(0, "easy", sizes[0]), (2, "hard", sizes[1])]
    steps = [size // 16 // 2 for size in sizes]
    assert [each.steps_per_epoch for each in facts.curriculum] == steps
    assert facts.num_steps == 2 * steps[0] + steps[1]
    assert facts.steps_per_epoch == steps[0]
    loader = builder.train_loader()
    assert [len(list(loader.epoch(epoch))) for epoch in (1, 2, 3)] == [
        sizes[0] // 16, sizes[0] // 16, sizes[1] // 16,
    ]  # fmt: skip


def test_crops_of_a_level_are_those_of_its_images(project: Project) -> None:
    """Every image of the level gives all its crops, and no other gives any."""
    crops = "{type: random_crop, size: [4, 4], crops_per_image: 3}"
    more = f"data.transforms={{train: [normalize, {crops}], eval: [normalize]}}"
    builder = project.builder(
        DIGITS.replace("mlp, hidden: [16], dropout: 0.2", "simple_cnn, channels: [4]"),
        CURRICULUM, more, "train.batch={global: 4}", "train.early_stopping=null",
    )  # fmt: skip
    places = places_of(builder, "easy")
    batches = list(builder.train_loader().epoch(1))
    seen = [(int(s), int(c)) for b in batches for s, c in zip(b.samples, b.crops, strict=True)]
    assert len(seen) == len(set(seen)) == len(places) * 3 // 4 * 4
    assert set(seen) <= {(place, crop) for place in places for crop in range(3)}


def test_shares_of_processes_are_the_levels_batches(project: Project) -> None:
    """Together two processes take what one takes, in every level."""
    deepspeed = "engine={type: deepspeed, device: cpu, threads: 1, processes: 2}"
    one = project.builder(DIGITS, CURRICULUM)
    two = project.builder(DIGITS, CURRICULUM, deepspeed)
    for epoch in (1, 2, 3):
        whole = [batch.samples for batch in one.train_loader().epoch(epoch)]
        shares = [list(two.train_loader(Share(rank, 2)).epoch(epoch)) for rank in range(2)]
        for number, samples in enumerate(whole):
            parts = [share[number].samples for share in shares]
            assert np.array_equal(np.concatenate(parts), samples)


def test_changes_are_told_once_also_over_resumes(project: Project, tmp_path: Path) -> None:
    """With samples and batches, before the epoch that they begin with; the state is saved."""
    builder = project.builder(DIGITS, CURRICULUM)
    attempts = 0
    while True:
        try:
            train(builder, tmp_path, StopAt(looks=1 + attempts % 5))
            break
        except Interrupted:
            attempts += 1
    assert attempts > 5
    assert builder.plan.facts.curriculum is not None
    easy, hard = builder.plan.facts.curriculum
    kept = effective(read_all(tmp_path / "events.jsonl"))
    told = [event for event in kept if event.kind == "curriculum.changed"]
    assert [(event.epoch, event.step, event.data) for event in told] == [
        (1, 0, {"level": "easy", "before": None, "num_batches": easy.steps_per_epoch,
                "num_samples": easy.num_samples}),
        (3, 2 * easy.steps_per_epoch,
         {"level": "hard", "before": "easy", "num_batches": hard.steps_per_epoch,
          "num_samples": hard.num_samples}),
    ]  # fmt: skip
    levels = {event.epoch: event.data["level"] for event in kept if event.kind == "epoch.started"}
    assert levels == {1: "easy", 2: "easy", 3: "hard"}
    state = load(tmp_path / "train/checkpoints/last.pth")["curriculum"]
    assert state == {"schedule": {0: "easy", 2: "hard"}, "level": "hard"}


def fit(
    folder: Path,
    schedule: dict[int, str],
    *,
    options: TrainOptions | None = None,
    flag: StopFlag | None = None,
    shuffle: bool = False,
) -> tuple[CurriculumTrainer, History]:
    """A training in Python of two levels, or go on where it was left off."""
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    loaders = {
        "easy": DataLoader(pairs(32), 8, shuffle=shuffle),
        "hard": DataLoader(pairs(72), 8, shuffle=shuffle),
    }
    resumes = any((folder / "train/checkpoints").glob("*.pth"))
    trainer = CurriculumTrainer(
        folder / "train", model, resumes, schedule=schedule, loaders=loaders, flag=flag,
        reporter=Reporter(folder), options=options or TrainOptions(epochs=4),
    )  # fmt: skip
    checked = DataLoader(pairs(16), 8)
    return trainer, trainer.train(None, checked, nn.CrossEntropyLoss(), optimizer)


def test_a_trainer_in_python_tells_its_curriculum(tmp_path: Path) -> None:
    """Epochs count as in the schedule: those that are finished before."""
    trainer, _ = fit(tmp_path, {2: "hard", 0: "easy"})
    assert list(trainer.create_schedule().items()) == [(0, "easy"), (2, "hard")]
    told = [trainer.get_difficulty(epoch) for epoch in (0, 1, 2, 3, 100)]
    assert told == ["easy", "easy", "hard", "hard", "hard"]
    assert trainer.get_dataloader(1) is not trainer.get_dataloader(2)
    assert len(trainer.get_dataloader(2).dataset) == 72  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="no level for epoch -1"):
        trainer.get_difficulty(-1)


def test_a_bare_loop_in_python_gives_the_same_losses(tmp_path: Path) -> None:
    """The loader of the level, epoch by epoch, with torch alone."""
    _, history = fit(tmp_path, {0: "easy", 1: "hard", 3: "easy"})
    model = network().train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses, step = [], 0
    for epoch, num in ((1, 32), (2, 72), (3, 72), (4, 32)):
        total, loader = 0.0, DataLoader(pairs(num), 8)
        for inputs, targets in loader:
            torch.manual_seed(mix(42, step) & (2**63 - 1))
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total, step = total + loss.item(), step + 1
        losses.append((epoch, total / len(loader)))
    assert history["train/loss"] == losses


def test_a_shuffling_curriculum_in_python_resumes_exactly(tmp_path: Path) -> None:
    """With a remainder of accumulated batches in each level, and an average that starts late."""
    options = TrainOptions(
        epochs=4, batch=Batch(accumulation=3), ema=Averaging(decay=0.9, start="3 epochs")
    )
    fit(tmp_path / "whole", {0: "easy", 2: "hard"}, options=options, shuffle=True)
    wanted, looks, was_cut = files(tmp_path / "whole"), 0, True
    assert load(tmp_path / "whole/train/checkpoints/last.pth")["step"] == 2 * 1 + 2 * 3
    average = load(tmp_path / "whole/train/checkpoints/last.pth")["ema_state_dict"]
    assert average["num_updates"] == 8
    while was_cut:
        folder, looks, was_cut = tmp_path / str(looks), looks + 1, False
        given: dict[str, Any] = {"options": options, "shuffle": True}
        try:
            fit(folder, {0: "easy", 2: "hard"}, flag=StopAt(looks), **given)
        except Interrupted:
            was_cut = True
            fit(folder, {0: "easy", 2: "hard"}, **given)
        assert files(folder) == wanted, looks
    assert looks > 8


def test_another_schedule_is_another_training(tmp_path: Path) -> None:
    """A checkpoint is not continued on other data than it says."""
    with pytest.raises(Interrupted):
        fit(tmp_path, {0: "easy", 2: "hard"}, flag=StopAt(3))
    with pytest.raises(ForeignCheckpoint, match="the checkpoint's curriculum is"):
        fit(tmp_path, {0: "easy", 3: "hard"})
    model = network()
    plain = Trainer(tmp_path / "train", model, True, options=TrainOptions(epochs=4))
    optimizer = torch.optim.Adam(model.parameters())
    with pytest.raises(ForeignCheckpoint, match="this training's none"):
        plain.train(DataLoader(pairs(), 8), None, nn.CrossEntropyLoss(), optimizer)


def test_what_makes_no_curriculum_is_refused(tmp_path: Path) -> None:
    """Before anything is trained."""
    model, loaders = network(), {"easy": DataLoader(TensorDataset(torch.zeros(4, 8)), 8)}
    with pytest.raises(ValueError, match="starts with the level of epoch 0"):
        CurriculumTrainer(tmp_path, model, schedule={1: "easy"}, loaders=loaders)
    with pytest.raises(ValueError, match="no loader for hard"):
        CurriculumTrainer(tmp_path, model, schedule={0: "easy", 5: "hard"}, loaders=loaders)
    trainer = CurriculumTrainer(
        tmp_path, model, schedule={0: "easy"}, loaders=loaders,
        options=TrainOptions(batch=Batch(accumulation=2)),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters())
    with pytest.raises(ValueError, match="leave train_loader None"):
        trainer.train(loaders["easy"], None, nn.CrossEntropyLoss(), optimizer)
    with pytest.raises(ValueError, match="'easy' has too few batches"):
        trainer.train(None, None, nn.CrossEntropyLoss(), optimizer)
