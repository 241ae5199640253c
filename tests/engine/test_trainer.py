"""The loop computes what a bare PyTorch loop does, and a resume changes no bit."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.engine.build import Builder
from neurotrain.engine.checkpoint import load
from neurotrain.engine.loop_state import History
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.engine.stepping import Diverged
from neurotrain.engine.trainer import Trainer
from neurotrain.recorder.control import ask
from neurotrain.recorder.events import read_all
from neurotrain.spec.train import TrainOptions
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import mix
from tests.engine.conftest import DIGITS, Project
from tests.engine.toys import StopAt, files, pairs


def train(builder: Builder, folder: Path, flag: StopFlag | None = None) -> History:
    """Train the plan in a folder, or go on where it was left off."""
    model = builder.model()
    optimizer = builder.optimizer(model)
    resumes = any((folder / "train/checkpoints").glob("*.pth"))
    trainer = Trainer(
        folder / "train", model, resumes, options=builder.plan.experiment.train,
        setup=builder.setup(), reporter=Reporter(folder), flag=flag,
    )  # fmt: skip
    return trainer.train(
        builder.train_loader(), builder.eval_loader("valid"), builder.criterion(), optimizer,
        scheduler=builder.schedule(optimizer), device=builder.device(),
    )  # fmt: skip


def test_a_bare_loop_gives_the_same_weights(project: Project, tmp_path: Path) -> None:
    """Forward, loss, clipping, schedule and update, written out with torch alone."""
    builder = project.builder(DIGITS)
    train(builder, tmp_path / "ours")

    torch.set_num_threads(1)
    model = builder.model().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
    criterion = nn.CrossEntropyLoss()
    loader, facts = builder.train_loader(), builder.plan.facts
    warmup = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: builder.plan.experiment.train.scheduler.factor(
            step, builder.schedule(optimizer)._horizon
        ),
    )  # fmt: skip
    step = 0
    for epoch in range(1, 4):
        for batch in loader.epoch(epoch):
            torch.manual_seed(mix(7, step) & (2**63 - 1))
            optimizer.zero_grad()
            criterion(model(batch.images), batch.targets).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            warmup.step()
            step += 1
    assert step == facts.num_steps
    found = load(tmp_path / "ours/train/checkpoints/last.pth")
    for name, value in model.state_dict().items():
        assert torch.equal(found["model_state_dict"][name], value), name


SETTINGS = {
    "plain": [],
    "accumulation": ["train.batch={micro: 16, accumulation: 2}"],
    "sgd": ["train.optimizer={type: sgd, learning_rate: 0.05}"],
    "bf16": ["train.precision=bf16"],
    "workers": ["data.loader.num_workers=2"],
    "averaged": [
        "train.ema={decay: 0.9, start: 1 epoch}",
        "train.batch={micro: 16, accumulation: 2}",
        "train.scheduler={type: plateau, patience: 0, warmup: 3 steps}",
    ],
    "groups": [
        "train.optimizer={type: radam, weight_decay: 0.1, weight_decay_on: weights, groups: "
        "[{match: '4.*', learning_rate: 0.1}]}",
        "train.record={grad_norms: true, activations: ['*']}",
    ],
    "curriculum": [
        "data.curriculum={levels: {easy: ['digit-0[0-4]*'], hard: ['*']}, "
        "schedule: {0: easy, 1: hard, 2: easy}}",
        "data.loader={num_workers: 2, persistent_workers: true}",
        "train.batch={micro: 16, accumulation: 2}",
        "train.nan_policy={type: roll_back}",
    ],
    "cnn": ["model={type: simple_cnn, channels: [8]}"],
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_resume_at_any_look_changes_no_bit(
    project: Project, tmp_path: Path, setting: str
) -> None:
    """Ended after every step, before every validation batch, again and again."""
    builder = project.builder(DIGITS, *SETTINGS[setting])
    train(builder, tmp_path / "whole")
    wanted = files(tmp_path / "whole")
    folder = tmp_path / "cut"
    attempts = 0
    while attempts < 100:
        try:
            train(builder, folder, StopAt(looks=1 + attempts % 5))
            break
        except Interrupted:
            attempts += 1
    assert attempts > 5
    assert files(folder) == wanted


def test_the_log_tells_each_epoch_once_after_resumes(project: Project, tmp_path: Path) -> None:
    """What a resume redid is superseded, so every epoch counts once."""
    from neurotrain.recorder.events import effective

    builder = project.builder(DIGITS)
    for looks in (2, 3, 9, 1000):
        try:
            train(builder, tmp_path, StopAt(looks))
        except Interrupted:
            continue
    kept = effective(read_all(tmp_path / "events.jsonl"))
    epochs = [event.epoch for event in kept if event.kind == "epoch.finished"]
    assert epochs == sorted(set(epochs))


def test_a_python_caller_trains_with_own_objects(tmp_path: Path) -> None:
    """A DataLoader, a torch criterion and a torch scheduler are enough."""
    model = nn.Linear(8, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    trainer = Trainer(tmp_path / "train", model)
    history = trainer.train(
        train_loader=DataLoader(pairs(), batch_size=16, shuffle=True),
        valid_loader=DataLoader(pairs(), batch_size=16),
        criterion=nn.CrossEntropyLoss(),
        optimizer=optimizer,
        scheduler=scheduler,
        num_epochs=6,
        device="cpu",
    )
    assert history["valid/loss"][-1][1] < history["valid/loss"][0][1]
    rates = [rate for _, rate in history["lr"]]
    assert rates == pytest.approx([0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125])
    found = load(tmp_path / "train/checkpoints/best.pth")
    wanted = {
        "model_state_dict", "optimizer_state_dict", "scheduler_state_dict", "epoch",
        "best_metric", "metrics_history",
    }  # fmt: skip
    assert wanted <= found.keys()


def test_a_foreign_shuffling_loader_resumes_exactly(tmp_path: Path) -> None:
    """Its order is seeded by the epoch; batches before the resume are skipped."""

    def run(folder: Path, flag: StopFlag | None) -> dict[str, Any]:
        torch.manual_seed(1)
        model = nn.Linear(8, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        resumes = (folder / "train/checkpoints/last.pth").exists()
        Trainer(folder / "train", model, resumes, flag=flag).train(
            DataLoader(pairs(), batch_size=16, shuffle=True), None, nn.CrossEntropyLoss(),
            optimizer, num_epochs=3,
        )  # fmt: skip
        return copy.deepcopy(model.state_dict())

    whole = run(tmp_path / "whole", None)
    with pytest.raises(Interrupted):
        run(tmp_path / "cut", StopAt(6))
    resumed = run(tmp_path / "cut", None)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_continuing_without_a_checkpoint_is_an_error(tmp_path: Path) -> None:
    """Nothing starts over silently."""
    with pytest.raises(FileNotFoundError, match="no checkpoint to continue"):
        Trainer(tmp_path / "train", nn.Linear(1, 1), is_continue_mode=True)


class OwnLoop(Trainer):
    """A trainer with a loop of its own."""

    def train_epoch(self, train_loader, criterion, optimizer, device):  # type: ignore[no-untyped-def]
        """Sum of losses, divided at the end."""
        losses = []
        for batch in train_loader:
            assert isinstance(batch, Batch)
            optimizer.zero_grad()
            loss = criterion(self.model(batch.images), batch.targets, None)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return sum(losses) / len(losses)


def test_an_overridden_epoch_keeps_everything_else(tmp_path: Path) -> None:
    """Validation, history, checkpoints and events work around a foreign loop."""
    model = nn.Linear(8, 2)
    trainer = OwnLoop(tmp_path / "train", model)
    loader = DataLoader(pairs(), batch_size=16)
    history = trainer.train(
        loader, loader, nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1),
        num_epochs=2,
    )  # fmt: skip
    assert len(history["train/loss"]) == 2
    assert load(tmp_path / "train/checkpoints/best.pth")["epoch"] == 3
    kinds = {event.kind for event in read_all(tmp_path / "events.jsonl")}
    assert {"epoch.started", "epoch.finished", "validation.finished"} <= kinds


def test_a_divergence_keeps_the_weights_before_it(tmp_path: Path) -> None:
    """NaN in the data ends the training, and no weight is touched by it."""
    inputs = torch.zeros(32, 8)
    inputs[20, 3] = float("nan")
    data = TensorDataset(inputs, torch.zeros(32, dtype=torch.long))
    model = nn.Linear(8, 2)
    trainer = Trainer(tmp_path / "train", model)
    with pytest.raises(Diverged, match=r"at step 3 \(epoch 1, batch 3\)"):
        trainer.train(
            DataLoader(data, batch_size=8), None, nn.CrossEntropyLoss(),
            torch.optim.Adam(model.parameters()), num_epochs=1,
        )  # fmt: skip
    assert all(bool(value.isfinite().all()) for value in model.state_dict().values())


def test_a_stop_request_saves_and_ends(project: Project, tmp_path: Path) -> None:
    """What the monitor and `neurotrain stop` leave is taken between steps."""
    builder = project.builder(DIGITS, "train.epochs=500", "train.early_stopping=null")
    ask(tmp_path, "stop")
    with pytest.raises(Interrupted, match="stop request"):
        train(builder, tmp_path)
    assert load(tmp_path / "train/checkpoints/last.pth")["step"] > 0


def test_a_stop_after_the_epoch_ends_where_an_epoch_ends(project: Project, tmp_path: Path) -> None:
    """Nothing of the next epoch is trained, and the whole one is saved."""
    builder = project.builder(DIGITS, "train.epochs=500", "train.early_stopping=null")
    flag = StopFlag()
    flag.ask("stop_after_epoch")
    assert flag.reason is None
    assert flag.end_of_part()
    ask(tmp_path, "stop_after_epoch")
    with pytest.raises(Interrupted, match="stop request"):
        train(builder, tmp_path)
    state = load(tmp_path / "train/checkpoints/last.pth")
    assert state["epoch"] > 1
    assert state["step"] == (state["epoch"] - 1) * builder.plan.facts.steps_per_epoch


def test_options_default_to_what_the_contract_says() -> None:
    """Patience 10, min_delta 1e-4, keep 3, every 10 epochs, monitor valid/loss."""
    import inspect

    options = inspect.signature(Trainer.__init__).parameters["options"].default
    assert isinstance(options, TrainOptions)
    stopping, checkpoints = options.early_stopping, options.checkpoints
    assert stopping is not None
    assert (stopping.patience, stopping.min_delta, stopping.monitor) == (10, 1e-4, "valid/loss")
    assert (checkpoints.keep_last, checkpoints.every) == (3, "10 epochs")


def test_a_resume_elsewhere_is_refused_unless_allowed(project: Project, tmp_path: Path) -> None:
    """Another torch version computes other bits, so it wants leave, and says so."""
    from neurotrain.engine.checkpoint import CheckpointFolder
    from neurotrain.engine.exactness import NotExact

    builder = project.builder(DIGITS)
    with pytest.raises(Interrupted):
        train(builder, tmp_path, StopAt(3))
    state = load(tmp_path / "train/checkpoints/last.pth")
    state["environment"]["torch"] = "1.0"
    CheckpointFolder(tmp_path / "train/checkpoints").save(
        state, best=False, epoch=None, keep_last=2
    )
    with pytest.raises(NotExact, match=r"torch: 1\.0, here"):
        train(builder, tmp_path)
    model = builder.model()
    Trainer(
        tmp_path / "train", model, True, options=builder.plan.experiment.train,
        setup=builder.setup(), reporter=Reporter(tmp_path), allow_inexact=True,
    ).train(
        builder.train_loader(), None, builder.criterion(), builder.optimizer(model)
    )  # fmt: skip
    messages = [
        e.data["message"] for e in read_all(tmp_path / "events.jsonl") if "message" in e.data
    ]
    assert any("resumed as allowed" in message for message in messages)


def test_a_crash_at_any_file_operation_changes_no_bit(project: Project, tmp_path: Path) -> None:
    """Killed at every operation of every save, it ends with the files of an undisturbed run."""
    from tests.engine.test_storage import CountingDisk, Crash

    builder = project.builder(DIGITS, "train.epochs=2")

    def attempt(folder: Path, disk: CountingDisk) -> None:
        model = builder.model()
        optimizer = builder.optimizer(model)
        resumes = any((folder / "train/checkpoints").glob("*.pth"))
        trainer = Trainer(
            folder / "train", model, resumes, options=builder.plan.experiment.train,
            setup=builder.setup(), reporter=Reporter(folder),
        )  # fmt: skip
        trainer.checkpoints.disk = disk
        trainer.train(
            builder.train_loader(), builder.eval_loader("valid"), builder.criterion(), optimizer,
            scheduler=builder.schedule(optimizer),
        )  # fmt: skip

    counting = CountingDisk()
    attempt(tmp_path / "whole", counting)
    wanted = files(tmp_path / "whole")
    for at in range(len(counting.names)):
        if counting.names[at] == "write":
            continue
        folder = tmp_path / str(at)
        with pytest.raises(Crash):
            attempt(folder, CountingDisk(at))
        attempt(folder, CountingDisk())
        assert files(folder) == wanted, counting.names[at]


def test_a_checkpoint_of_another_plan_is_refused(project: Project, tmp_path: Path) -> None:
    """Weights of one plan are not continued by another."""
    from neurotrain.engine.checkpoint import ForeignCheckpoint

    train(project.builder(DIGITS), tmp_path)
    with pytest.raises(ForeignCheckpoint, match="belongs to another plan"):
        train(project.builder(DIGITS, "seed=8"), tmp_path)


def test_the_averaged_weights_are_tested_and_predicted(project: Project, tmp_path: Path) -> None:
    """With `ema` the trained weights of a run are the mean, unless the spec says otherwise."""
    from neurotrain.engine.weights import trained_model

    for evaluate in ("averaged", "trained"):
        builder = project.builder(DIGITS, f"train.ema={{decay: 0.9, evaluate: {evaluate}}}")
        folder = tmp_path / evaluate
        train(builder, folder)
        model, told = trained_model(builder, folder)
        state = load(folder / "train/checkpoints/best.pth")
        averages = state["ema_state_dict"]["weights"]
        wanted = averages if evaluate == "averaged" else state["model_state_dict"]
        for name, parameter in model.named_parameters():
            assert torch.equal(parameter, wanted[name])
            assert not torch.equal(averages[name], state["model_state_dict"][name])
        assert ("averaged" in told) == (evaluate == "averaged")


def test_a_pattern_that_matches_nothing_ends_before_the_first_step(project: Project) -> None:
    """The parameters of the model are named, and the run ends with exit code 2."""
    from neurotrain.engine.faults import fault_of
    from neurotrain.optim.parameters import NoSuchParameter

    group = "train.optimizer.groups=[{match: 'encoder.*', learning_rate: 1e-4}]"
    builder = project.builder(DIGITS, group)
    with pytest.raises(NoSuchParameter, match=r"'encoder\.\*' matches no parameter") as caught:
        builder.optimizer(builder.model())
    assert fault_of(caught.value).exit_code == 2


def test_a_loop_of_ones_own_is_told_what_it_must_obey(tmp_path: Path) -> None:
    """Options that only the engine obeys are not ignored silently."""
    model = nn.Linear(8, 2)
    trainer = OwnLoop(tmp_path / "train", model, options=TrainOptions(clip_grad_norm=1.0, epochs=1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    trainer.train(DataLoader(pairs(), batch_size=16), None, nn.CrossEntropyLoss(), optimizer)
    events = read_all(tmp_path / "events.jsonl")
    told = [event.data["message"] for event in events if event.kind == "warning.raised"]
    assert told == ["train_epoch is overridden: clip_grad_norm hold where it uses self.engine"]


def test_compiling_without_a_compiler_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is trained, with the remedy."""
    from neurotrain.engine.build import EnvironmentLacks

    builder = project.builder(DIGITS, "train.compile={mode: default}")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(EnvironmentLacks, match=r"C\+\+ compiler"):
        builder.device()
