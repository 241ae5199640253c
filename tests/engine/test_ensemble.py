"""The mean of several models, against probabilities and numbers averaged by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neurotrain.dataset.heads import LearnedHead
from neurotrain.dataset.targets import Target
from neurotrain.engine.ensemble import Ensemble


class Says(nn.Module):
    """A model with one answer."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The answer."""
        return self.answer


def ensemble(answers: list[torch.Tensor], heads: list[tuple[LearnedHead, ...]]) -> torch.Tensor:
    """What models with these answers say together."""
    said: torch.Tensor = Ensemble([Says(one) for one in answers], heads)(torch.zeros(1))
    return said


@pytest.mark.parametrize("shape", [(4,), (2, 5, 6)])
def test_one_logit_has_the_mean_of_the_sigmoids(shape: tuple[int, ...]) -> None:
    """Of pixels and of samples, far out as well."""
    answers = list(20 * torch.randn(3, shape[0], 1, *shape[1:], generator=seeded()))
    head = LearnedHead(name="task", classes=("no", "yes"))
    said = ensemble(answers, [(head,)] * 3)
    wanted = torch.stack(answers).double().sigmoid().mean(0)
    torch.testing.assert_close(said.double().sigmoid(), wanted, rtol=1e-5, atol=1e-7)
    assert said.isfinite().all()


def test_no_answer_is_so_sure_that_it_is_lost() -> None:
    """Logits whose sigmoid rounds to 0 or 1 still give a finite mean."""
    answers = [torch.full((1, 1), value) for value in (200.0, 300.0)]
    head = LearnedHead(name="task", classes=("no", "yes"))
    assert 190 < float(ensemble(answers, [(head,)] * 2)) < 310


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5, 6)])
def test_several_classes_have_the_mean_of_the_softmax(shape: tuple[int, ...]) -> None:
    """The output of the ensemble is logits, as of one model."""
    answers = list(5 * torch.randn(4, *shape, generator=seeded()))
    head = LearnedHead(name="task", classes=("a", "b", "c"))
    said = ensemble(answers, [(head,)] * 4)
    torch.testing.assert_close(said.softmax(1), torch.stack(answers).softmax(2).mean(0))


def test_numbers_are_averaged_in_their_units() -> None:
    """Each fold has learned on its own scale; the answer is on the first one's."""
    scales = [(10.0, 2.0), (12.0, 4.0)]
    heads = [
        (LearnedHead(name="age", targets=(Target(name="age", mean=mean, deviation=sd),)),)
        for mean, sd in scales
    ]
    said = ensemble([torch.tensor([[1.0]]), torch.tensor([[-1.0]])], heads)
    assert float(said) * 2.0 + 10.0 == pytest.approx((12.0 + 8.0) / 2)


def test_every_head_has_its_own_mean() -> None:
    """Outputs of several tasks stand side by side."""
    heads = (
        LearnedHead(name="grade", classes=("a", "b", "c")),
        LearnedHead(name="size", targets=(Target(name="size", mean=1.0, deviation=3.0),)),
        LearnedHead(name="sick", classes=("no", "yes")),
    )
    answers = list(torch.randn(2, 6, 5, generator=seeded()))
    said = ensemble(answers, [heads, heads])
    several = torch.stack(answers)
    torch.testing.assert_close(said[:, :3].softmax(1), several[:, :, :3].softmax(2).mean(0))
    torch.testing.assert_close(said[:, 3], several[:, :, 3].mean(0))
    torch.testing.assert_close(said[:, 4].sigmoid(), several[:, :, 4].sigmoid().mean(0))


def seeded() -> torch.Generator:
    """Always the same numbers."""
    return torch.Generator().manual_seed(3)
