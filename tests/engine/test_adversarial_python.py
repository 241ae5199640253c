"""The adversarial trainer of Python callers: single updates, and a whole training with a loader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.engine import AdversarialTrainer, Trainer
from neurotrain.engine.checkpoint import ForeignCheckpoint, load
from neurotrain.engine.stepping import NonFinite
from neurotrain.spec.adversarial import Adversarial
from neurotrain.spec.train import TrainOptions

RING = 2.0


def networks() -> tuple[nn.Module, nn.Module]:
    """A generator of points from noise and its discriminator; always the same weights."""
    torch.manual_seed(1)
    generator = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    discriminator = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    return generator, discriminator


def points(num: int) -> torch.Tensor:
    """Points of a ring."""
    return RING * F.normalize(torch.randn(num, 2))


def bare(num_steps: int) -> list[tuple[float, float]]:
    """A generative adversarial network as one writes it by hand; (generator, discriminator)."""
    generator, discriminator = networks()
    of_generator = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    of_discriminator = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    torch.manual_seed(7)
    losses = []
    for _ in range(num_steps):
        real, fake = points(32), generator(torch.randn(32, 2))
        first, second = discriminator(real), discriminator(fake.detach())
        judged = F.binary_cross_entropy_with_logits(first, torch.ones(32, 1))
        judged = (judged + F.binary_cross_entropy_with_logits(second, torch.zeros(32, 1))) / 2
        of_discriminator.zero_grad()
        judged.backward()
        of_discriminator.step()
        deceived = F.binary_cross_entropy_with_logits(discriminator(fake), torch.ones(32, 1))
        of_generator.zero_grad()
        deceived.backward()
        of_generator.step()
        losses.append((deceived.item(), judged.item()))
    return losses


def test_single_steps_are_those_of_a_bare_loop(tmp_path: Path, monkeypatch: Any) -> None:
    """Bit for bit, with the optimizers of DCGAN; and nothing is written."""
    monkeypatch.chdir(tmp_path)
    generator, discriminator = networks()
    trainer = AdversarialTrainer(generator, discriminator)
    torch.manual_seed(7)
    losses = [tuple(trainer.train_step(points(32), generator(torch.randn(32, 2))))
              for _ in range(200)]  # fmt: skip
    assert losses == bare(200)
    assert not any(tmp_path.iterdir())
    assert isinstance(trainer, Trainer)


def test_both_halves_are_calls_of_their_own() -> None:
    """A step is the discriminator's update and then the generator's."""
    generator, discriminator = networks()
    trainer = AdversarialTrainer(generator, discriminator)
    torch.manual_seed(7)
    losses = []
    for _ in range(20):
        real, fake = points(32), generator(torch.randn(32, 2))
        judged = trainer.train_discriminator(real, fake)
        losses.append((trainer.train_generator(fake), judged))
    assert losses == bare(20)


def test_a_generator_learns_a_ring() -> None:
    """From around the middle to the radius of the true points."""
    generator, discriminator = networks()
    trainer = AdversarialTrainer(
        generator, discriminator,
        generator_optimizer=torch.optim.Adam(generator.parameters(), 5e-3, (0.5, 0.999)),
        discriminator_optimizer=torch.optim.Adam(discriminator.parameters(), 5e-3, (0.5, 0.999)),
    )  # fmt: skip
    torch.manual_seed(3)
    before = generator(torch.randn(500, 2)).norm(dim=1).mean().item()
    for _ in range(600):
        trainer.train_step(points(64), generator(torch.randn(64, 2)))
    after = generator(torch.randn(500, 2)).norm(dim=1).mean().item()
    assert abs(before - RING) > 1
    assert after == pytest.approx(RING, abs=0.5)


def test_the_ratio_of_steps_holds_for_single_ones() -> None:
    """Three updates of the discriminator for one, but in every second step alone."""
    generator, discriminator = networks()
    options = TrainOptions(adversarial=Adversarial(steps=3, every="2 steps"))
    trainer = AdversarialTrainer(generator, discriminator, options=options)
    found = [trainer.train_step(points(8), generator(torch.randn(8, 2))) for _ in range(4)]
    assert [losses.discriminator is None for losses in found] == [False, True, False, True]
    adam = trainer._updating().discriminator_optimizer
    assert {int(state["step"]) for state in adam.state.values()} == {6}


def test_fakes_without_a_gradient_are_refused() -> None:
    """The generator could learn nothing of them."""
    trainer = AdversarialTrainer(*networks())
    with pytest.raises(ValueError, match="no gradient"):
        trainer.train_generator(torch.randn(4, 2))


@pytest.mark.parametrize("part", ["real", "fake"])
def test_what_is_not_finite_updates_nothing(part: str) -> None:
    """Neither of the networks, whichever of the two calls meets it."""
    generator, discriminator = networks()
    before = [p.clone() for n in (generator, discriminator) for p in n.parameters()]
    trainer = AdversarialTrainer(generator, discriminator)
    real, fake = points(4), generator(torch.randn(4, 2))
    bad = {"real": real, "fake": fake}[part].clone()
    bad[0, 0] = float("nan")
    with pytest.raises(NonFinite, match="nan"):
        trainer.train_discriminator(*((bad, fake) if part == "real" else (real, bad)))
    if part == "fake":
        with pytest.raises(NonFinite, match="nan"):
            trainer.train_generator(bad)
    after = [p for n in (generator, discriminator) for p in n.parameters()]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))


def maps(num: int = 12) -> TensorDataset:
    """Images with the label maps of what is bright."""
    images = torch.randn(num, 1, 16, 16, generator=torch.Generator().manual_seed(2))
    return TensorDataset(images, (images[:, 0] > 0).long())


def segmenters() -> tuple[nn.Module, nn.Module]:
    """A network of one logit a pixel, and one that sees image and mask."""
    torch.manual_seed(4)
    judge = nn.Sequential(nn.Conv2d(2, 4, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 4, 2, 1))
    return nn.Conv2d(1, 1, 3, padding=1), judge


def foreground(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The cross-entropy of one logit a pixel."""
    return F.binary_cross_entropy_with_logits(logits[:, 0], targets.float())


def test_a_whole_training_takes_own_objects(tmp_path: Path) -> None:
    """A torch loader, criterion and optimizer; history, checkpoints and a resume as `Trainer`."""

    def fit(num_epochs: int, *, resumes: bool) -> Any:
        model, judge = segmenters()
        trainer = AdversarialTrainer(
            model, judge, output_dir=tmp_path / "train", is_continue_mode=resumes
        )
        return trainer.train(
            DataLoader(maps(), batch_size=4), DataLoader(maps(4), batch_size=4), foreground,
            torch.optim.Adam(model.parameters(), lr=0.05), num_epochs=num_epochs,
        )  # fmt: skip

    assert len(fit(2, resumes=False)["train/discriminator_loss"]) == 2
    assert len(fit(4, resumes=True)["train/adversarial_loss"]) == 4
    assert load(tmp_path / "train/checkpoints/last.pth")["adversarial_updates"] == 12


def test_targets_have_to_be_label_maps(tmp_path: Path) -> None:
    """A classification has no masks."""
    model, judge = nn.Sequential(nn.Flatten(), nn.Linear(256, 2)), segmenters()[1]
    data = TensorDataset(maps().tensors[0], torch.zeros(12, dtype=torch.long))
    trainer = AdversarialTrainer(model, judge, output_dir=tmp_path / "train")
    with pytest.raises(ValueError, match="needs label maps"):
        trainer.train(
            DataLoader(data, batch_size=4), None, nn.CrossEntropyLoss(),
            torch.optim.SGD(model.parameters(), lr=0.1), num_epochs=1,
        )  # fmt: skip


def test_a_plain_trainer_refuses_the_options(tmp_path: Path) -> None:
    """They would be ignored."""
    model, _ = segmenters()
    options = TrainOptions(adversarial=Adversarial())
    with pytest.raises(ValueError, match="AdversarialTrainer"):
        Trainer(tmp_path / "train", model, options=options).train(
            DataLoader(maps(), batch_size=4), None, foreground,
            torch.optim.SGD(model.parameters(), lr=0.1),
        )  # fmt: skip


def test_a_checkpoint_without_discriminator_is_refused(tmp_path: Path) -> None:
    """It is of a training without one."""
    model, judge = segmenters()
    loader = DataLoader(maps(), batch_size=4)
    given = (loader, None, foreground, torch.optim.SGD(model.parameters(), lr=0.1))
    Trainer(tmp_path / "train", model).train(*given, num_epochs=1)
    trainer = AdversarialTrainer(model, judge, output_dir=tmp_path / "train", is_continue_mode=True)
    with pytest.raises(ForeignCheckpoint, match="no discriminator"):
        trainer.train(*given, num_epochs=2)


class OwnEpoch(AdversarialTrainer):
    """A generator of noise inside the whole training."""

    def train_epoch(self, train_loader: Any, criterion: Any, optimizer: Any, device: Any) -> float:
        """The mean loss of the generator."""
        losses = [
            self.train_step(batch.images, self.model(torch.randn(len(batch), 2))).generator
            for batch in train_loader
        ]
        return sum(losses) / len(losses)


def test_an_own_epoch_is_saved_and_resumed_with_both_networks(tmp_path: Path) -> None:
    """Single steps inside `train` are of its own optimizers, which checkpoints have."""
    torch.manual_seed(7)
    loader = DataLoader(TensorDataset(points(64), torch.zeros(64)), batch_size=16)

    def fit(folder: Path, *epochs: int) -> dict[str, Any]:
        for num_epochs in epochs:
            generator, discriminator = networks()
            trainer = OwnEpoch(
                generator, discriminator, output_dir=folder / "train",
                is_continue_mode=(folder / "train/checkpoints").exists(),
            )  # fmt: skip
            optimizer = torch.optim.Adam(generator.parameters(), 1e-3)
            trainer.train(loader, None, F.mse_loss, optimizer, num_epochs=num_epochs)
        return load(folder / "train/checkpoints/last.pth")

    whole, cut = fit(tmp_path / "whole", 4), fit(tmp_path / "cut", 1, 3, 4)
    assert whole["adversarial_updates"] == 16
    for key in ("model_state_dict", "discriminator_state_dict"):
        assert all(torch.equal(whole[key][name], cut[key][name]) for name in whole[key])


def images() -> DataLoader[Any]:
    """Noise with the positive pixels marked."""
    torch.manual_seed(0)
    given = torch.randn(8, 1, 16, 16)
    return DataLoader(TensorDataset(given, (given[:, 0] > 0).long()), batch_size=4)


def pair() -> tuple[nn.Module, nn.Module]:
    """Two networks of one layer each."""
    torch.manual_seed(2)
    return nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(2, 1, 4, stride=4)


def of_masks(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The loss of masks."""
    return F.binary_cross_entropy_with_logits(logits[:, 0], targets.float())


def test_single_steps_do_not_continue_a_checkpoint(tmp_path: Path) -> None:
    """They would go on from other weights than those of the checkpoint."""
    model, discriminator = pair()
    trainer = AdversarialTrainer(model, discriminator, output_dir=tmp_path / "run/train")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    trainer.train(images(), None, of_masks, optimizer, num_epochs=1)
    again = AdversarialTrainer(
        model, discriminator, output_dir=tmp_path / "run/train", is_continue_mode=True
    )
    fake = torch.zeros(1, 2, 16, 16, requires_grad=True)
    with pytest.raises(ValueError, match="single updates do not"):
        again.train_step(fake.detach(), fake)


def test_a_trainer_of_one_network_does_not_go_on_with_two(tmp_path: Path) -> None:
    """The discriminator would be lost with the next save."""
    model, discriminator = pair()
    trainer = AdversarialTrainer(model, discriminator, output_dir=tmp_path / "run/train")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    trainer.train(images(), None, of_masks, optimizer, num_epochs=1)
    alone = Trainer(tmp_path / "run/train", model, is_continue_mode=True)
    with pytest.raises(ForeignCheckpoint, match="AdversarialTrainer"):
        alone.train(images(), None, of_masks, optimizer, num_epochs=2)


def test_two_optimizers_of_one_network_are_refused(tmp_path: Path) -> None:
    """None is passed over without a word; nor is a precision that both networks cannot share."""
    model, discriminator = pair()
    trainer = AdversarialTrainer(
        model, discriminator, output_dir=tmp_path / "run/train",
        generator_optimizer=torch.optim.SGD(model.parameters(), lr=0.5),
    )  # fmt: skip
    with pytest.raises(ValueError, match="give one"):
        trainer.train(images(), None, of_masks, torch.optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(ValueError, match="fp16"):
        AdversarialTrainer(model, discriminator, options=TrainOptions(precision="fp16"))
