"""A trainer with an epoch of its own: the schedule, steps, records and resumes are all there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from neurotrain.engine.checkpoint import load
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.engine.trainer import Trainer
from neurotrain.optim.schedules import Cosine, Horizon, Plateau
from neurotrain.recorder.events import read_all
from neurotrain.spec.train import Averaging, Batch, Checkpoints, Recording, TrainOptions
from neurotrain.transforms.draws import mix
from tests.engine.toys import StopAt, files, network, pairs

RATE = 0.05
NUM_EPOCHS, NUM_STEPS = 3, 4


class Own(Trainer):
    """Plain steps with the loss doubled; notes the rate of each."""

    rates: list[float]

    def train_epoch(self, train_loader: Any, criterion: Any, optimizer: Any, device: Any) -> float:
        """The mean loss."""
        self.rates = getattr(self, "rates", [])
        total = 0.0
        for batch in train_loader:
            self.rates.append(optimizer.param_groups[0]["lr"])
            optimizer.zero_grad()
            loss = 2 * criterion(self.model(batch.images), batch.targets, None)
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total / len(train_loader)


def fit_own(folder: Path, scheduler: Any, *, flag: StopFlag | None = None, **changed: Any) -> Own:
    """Train in a folder, or go on where it was left off."""
    model = network()
    chosen = TrainOptions(**{"epochs": NUM_EPOCHS, "checkpoints": Checkpoints(), **changed})
    resumes = any((folder / "train/checkpoints").glob("*.pth"))
    trainer = Own(
        folder / "train", model, resumes, options=chosen, reporter=Reporter(folder), flag=flag
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    loader, checked = DataLoader(pairs(), batch_size=16), DataLoader(pairs(32), batch_size=16)
    trainer.train(loader, checked, nn.CrossEntropyLoss(), optimizer, scheduler)
    return trainer


def test_a_schedule_sets_the_rate_of_every_step(tmp_path: Path) -> None:
    """Weights and rates are those of a bare loop that sets them itself."""
    scheduler = Cosine(warmup="3 steps")
    trainer = fit_own(tmp_path, scheduler)
    model = network().train()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    inputs, targets = pairs().tensors
    horizon = Horizon(num_steps=NUM_EPOCHS * NUM_STEPS, steps_per_epoch=NUM_STEPS)
    wanted = []
    for step in range(NUM_EPOCHS * NUM_STEPS):
        optimizer.param_groups[0]["lr"] = RATE * scheduler.factor(step, horizon)
        wanted.append(optimizer.param_groups[0]["lr"])
        torch.manual_seed(mix(42, step) & (2**63 - 1))
        rows = slice(16 * (step % NUM_STEPS), 16 * (step % NUM_STEPS) + 16)
        optimizer.zero_grad()
        (2 * nn.functional.cross_entropy(model(inputs[rows]), targets[rows])).backward()
        optimizer.step()
    assert trainer.rates == wanted
    assert len(set(wanted)) > NUM_STEPS
    for name, value in model.state_dict().items():
        assert torch.equal(trainer.model.state_dict()[name], value), name


def test_a_plateau_lowers_the_rate_by_what_was_recorded(tmp_path: Path) -> None:
    """It watches values of whole epochs, whoever trained them."""
    trainer = fit_own(tmp_path, Plateau(patience=0, gamma=0.5, threshold=0.9))
    by_epoch = [trainer.rates[NUM_STEPS * epoch] for epoch in range(NUM_EPOCHS)]
    assert by_epoch == [RATE, RATE, RATE / 2]


def test_a_torch_scheduler_is_stepped_once_an_epoch(tmp_path: Path) -> None:
    """As around the trainer's own loop."""
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    trainer = Own(tmp_path / "train", model, options=TrainOptions(epochs=3))
    trainer.train(
        DataLoader(pairs(), batch_size=16), None, nn.CrossEntropyLoss(), optimizer,
        torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5),
    )  # fmt: skip
    assert trainer.rates == [RATE] * 4 + [RATE / 2] * 4 + [RATE / 4] * 4


def test_steps_are_counted_in_events_and_checkpoints(tmp_path: Path) -> None:
    """One for each batch; the events name no loss, which the trainer does not know inside."""
    trainer = fit_own(tmp_path, None)
    assert trainer.state.step == NUM_EPOCHS * NUM_STEPS
    assert load(tmp_path / "train/checkpoints/last.pth")["step"] == NUM_EPOCHS * NUM_STEPS
    told = [e for e in read_all(tmp_path / "events.jsonl") if e.kind == "epoch.finished"]
    assert [event.step for event in told] == [4, 8, 12]


def test_a_step_event_has_the_rate_and_no_loss(tmp_path: Path) -> None:
    """NaN in its place would look like a divergence."""

    class Slow(Own):
        def train_epoch(self, train_loader: Any, *given: Any) -> float:
            import time

            def slowed() -> Any:
                for batch in train_loader:
                    time.sleep(0.3)
                    yield batch

            for batch in slowed():
                self.rates = [batch.images.sum().item()]
            return 1.0

    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    trainer = Slow(tmp_path / "train", model, options=TrainOptions(epochs=1))
    trainer.train(DataLoader(pairs(), batch_size=16), None, nn.CrossEntropyLoss(), optimizer)
    told = [e for e in read_all(tmp_path / "events.jsonl") if e.kind == "step.finished"]
    assert told
    assert all("loss" not in event.data for event in told)
    assert all(event.data["lr"] == RATE for event in told)
    assert [event.step for event in told] == [event.data["batch"] for event in told]


def test_it_resumes_at_ends_of_epochs_to_the_same_bits(tmp_path: Path) -> None:
    """Ended again and again, wherever that is; what an epoch began is done anew."""
    scheduler = Cosine(warmup="3 steps")
    fit_own(tmp_path / "whole", scheduler)
    attempts = 0
    for looks in (3, 7, 2, 9, 100, 100, 100):
        try:
            fit_own(tmp_path / "cut", scheduler, flag=StopAt(looks))
        except Interrupted:
            attempts += 1
    assert attempts > 2
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"precision": "bf16"}, "precision"),
        ({"clip_grad_value": 1.0}, "clip_grad_value"),
        ({"ema": Averaging(decay=0.9)}, "ema"),
        ({"batch": Batch(accumulation=2)}, "batch.accumulation"),
        ({"record": Recording(grad_norms=True)}, "record.grad_norms"),
    ],
)
def test_what_only_the_engine_obeys_is_told(
    tmp_path: Path, changed: dict[str, Any], name: str
) -> None:
    """No option of the training is ignored silently."""
    fit_own(tmp_path, None, **changed)
    told = [e.data["message"] for e in read_all(tmp_path / "events.jsonl") if "message" in e.data]
    assert told == [f"train_epoch is overridden: {name} hold where it uses self.engine"]


def test_activations_are_recorded(tmp_path: Path) -> None:
    """The hooks see the batches of any loop."""
    trainer = fit_own(tmp_path, None, record=Recording(activations=("0",)))
    assert len(trainer.state.history["activation/0/mean"]) == NUM_EPOCHS
