"""Each training option does what torch does with it, and a resume changes no bit of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from neurotrain.engine.activations import NoSuchLayer
from neurotrain.engine.checkpoint import load
from neurotrain.engine.signals import Interrupted
from neurotrain.engine.weights import put_in
from neurotrain.optim.schedules import OneCycle, Plateau
from neurotrain.spec.train import Averaging, Compiling, Recording, TrainOptions
from neurotrain.transforms.draws import mix
from tests.engine.toys import StopAt, files, fit, fit_in_pieces, network, options, pairs

CHOSEN: dict[str, tuple[TrainOptions, dict[str, Any]]] = {
    "ema": (options(ema=Averaging(decay=0.9, start="3 steps")), {}),
    "fp16": (options(precision="fp16", clip_grad_norm=1.0), {}),
    "records": (
        options(record=Recording(grad_norms=True, activations=("0", "2"))),
        {"scheduler": OneCycle()},
    ),
    "clip": (
        options(clip_grad_value=0.05, clip_grad_norm=0.08),
        {"make": lambda p: torch.optim.NAdam(p, lr=0.01)},
    ),
    "plateau": (
        options(ema=Averaging(evaluate="trained")),
        {
            "scheduler": Plateau(patience=0, threshold=0.9),
            "make": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.9, centered=True),
        },
    ),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_a_resume_changes_no_bit(tmp_path: Path, name: str) -> None:
    """Ended after every few looks, in epochs and in validations, it leaves the same files."""
    chosen, given = CHOSEN[name]
    fit(tmp_path / "whole", chosen, **given)
    assert fit_in_pieces(tmp_path / "cut", chosen, **given) > 5
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def batches() -> Any:
    """The batches of an epoch in their order."""
    return DataLoader(pairs(), batch_size=16)


def bare(
    chosen: TrainOptions, accumulation: int = 1
) -> tuple[nn.Module, list[float], AveragedModel, list[float]]:
    """A loop of torch alone: the model, its losses, its average, its gradient norms."""
    model = network()
    ema = chosen.ema
    average = AveragedModel(
        model, multi_avg_fn=get_ema_multi_avg_fn(ema.decay if ema is not None else 0.9)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    scaler = torch.amp.GradScaler("cpu", enabled=chosen.precision == "fp16")
    losses, norms, micro_step = [], [], 0
    for _ in range(chosen.epochs):
        for inputs, targets in batches():
            torch.manual_seed(mix(42, micro_step) & (2**63 - 1))
            kind = torch.float16 if chosen.precision == "fp16" else torch.bfloat16
            with torch.autocast("cpu", kind, enabled=chosen.precision != "fp32"):
                loss = nn.functional.cross_entropy(model(inputs), targets)
            scaler.scale(loss / accumulation).backward()
            losses.append(float(loss.detach()))
            micro_step += 1
            if micro_step % accumulation:
                continue
            scaler.unscale_(optimizer)
            norms.append(float(nn.utils.get_total_norm([p.grad for p in model.parameters()])))
            if chosen.clip_grad_value is not None:
                nn.utils.clip_grad_value_(model.parameters(), chosen.clip_grad_value)
            if chosen.clip_grad_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), chosen.clip_grad_norm)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            average.update_parameters(model)
    return model, losses, average, norms


def same(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> bool:
    """Whether all tensors have the same bits."""
    return all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"precision": "bf16"},
        {"precision": "fp16"},
        {"precision": "fp16", "clip_grad_norm": 0.1},
        {"clip_grad_norm": 0.1},
        {"clip_grad_value": 0.02},
        {"clip_grad_value": 0.05, "clip_grad_norm": 0.1},
        {"ema": Averaging(decay=0.9)},
    ],
)
def test_a_bare_loop_gives_the_same_weights_and_losses(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    """To the last bit, for every precision and way of clipping."""
    chosen = options(**changed)
    model, losses, average, norms = bare(chosen)
    _, history = fit(tmp_path, chosen)
    state = load(tmp_path / "train/checkpoints/last.pth")
    assert same(state["model_state_dict"], model.state_dict())
    assert [mean for _, mean in history["train/loss"]] == [
        sum(losses[4 * epoch : 4 * epoch + 4]) / 4 for epoch in range(3)
    ]
    assert [mean for _, mean in history["grad_norm"]] == [
        sum(norms[4 * epoch : 4 * epoch + 4]) / 4 for epoch in range(3)
    ]
    if chosen.ema is not None:
        assert same(state["ema_state_dict"]["weights"], dict(average.module.named_parameters()))
    if chosen.precision == "fp16":
        assert state["scaler_state_dict"]["scale"] > 0


def test_the_averaged_weights_are_validated(tmp_path: Path) -> None:
    """The recorded loss is that of the average; with `trained` it is that of the model."""
    for evaluate in ("averaged", "trained"):
        chosen = options(ema=Averaging(decay=0.9, evaluate=evaluate))  # type: ignore[arg-type]
        model, _, average, _ = bare(chosen)
        judged: nn.Module = average.module if evaluate == "averaged" else model
        buffers = dict(model.named_buffers())
        state = {**judged.state_dict(), **buffers}
        judged.load_state_dict(state)
        judged.eval()
        with torch.no_grad():
            losses = [
                float(nn.functional.cross_entropy(judged(x), y))
                for x, y in DataLoader(pairs(32), batch_size=16)
            ]
        _, history = fit(tmp_path / evaluate, chosen)
        assert history["valid/loss"][-1][1] == pytest.approx(sum(losses) / 2, rel=1e-6)


def test_an_average_that_has_not_begun_is_the_model(tmp_path: Path) -> None:
    """Before its start the model's own weights are validated, and nothing is saved of it."""
    _, history = fit(tmp_path / "late", options(ema=Averaging(start="100 epochs")))
    _, plain = fit(tmp_path / "plain", options())
    assert history["valid/loss"] == plain["valid/loss"]
    assert load(tmp_path / "late/train/checkpoints/last.pth")["ema_state_dict"]["weights"] == {}


def test_recorded_norms_and_activations_are_torchs(tmp_path: Path) -> None:
    """Each parameter's mean gradient norm, each layer's mean, deviation and share of zeros."""
    chosen = options(epochs=1, record=Recording(grad_norms=True, activations=("0", "2")))
    _, history = fit(tmp_path, chosen)
    model, seen, norms = network(), {"0": [], "2": []}, []  # type: ignore[var-annotated]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for name, kept in seen.items():
        model.get_submodule(name).register_forward_hook(
            lambda layer, given, out, kept=kept: kept.append(out.detach().clone())
        )
    for micro_step, (inputs, targets) in enumerate(batches()):
        torch.manual_seed(mix(42, micro_step) & (2**63 - 1))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        norms.append({n: float(p.grad.norm()) for n, p in model.named_parameters()})  # type: ignore[union-attr]
        optimizer.step()
    for name in norms[0]:
        mean = sum(row[name] for row in norms) / len(norms)
        assert history[f"grad_norm/{name}"] == [(1, pytest.approx(mean, rel=1e-6))]
    for name, kept in seen.items():
        values = torch.cat(kept).double()
        assert history[f"activation/{name}/mean"][0][1] == pytest.approx(float(values.mean()))
        deviation = float(values.std(correction=0))
        assert history[f"activation/{name}/sd"][0][1] == pytest.approx(deviation, rel=1e-5)
        zeros = float((values == 0).double().mean())
        assert history[f"activation/{name}/zeros"][0][1] == pytest.approx(zeros)


def test_a_layer_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Before the first step, with the layers that there are."""
    with pytest.raises(NoSuchLayer, match=r"activations\[0\] 'encoder' matches no layer.*: 0, 1,"):
        fit(tmp_path, options(record=Recording(activations=("encoder",))))


def test_hooks_are_taken_off(tmp_path: Path) -> None:
    """The model that comes back is as it was given."""
    model = network()
    fit(tmp_path, options(record=Recording(activations=("*",))), model=model)
    assert not any(layer._forward_hooks for layer in model.modules())


def test_fp16_leaves_out_updates_that_overflow(tmp_path: Path) -> None:
    """The scaler halves its scale and training goes on, as in torch's own loop."""
    chosen = options(precision="fp16")

    def large(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(logits, targets) * 500

    fit(tmp_path, chosen, criterion=large)
    state = load(tmp_path / "train/checkpoints/last.pth")
    assert state["scaler_state_dict"]["scale"] < 65536
    assert all(bool(v.isfinite().all()) for v in state["model_state_dict"].values())


def test_a_compiled_model_is_saved_by_its_own_names(tmp_path: Path) -> None:
    """The weights have the names of the model itself, and a resume continues them."""
    chosen = options(epochs=2, compile=Compiling())
    fit(tmp_path / "compiled", chosen)
    fit(tmp_path / "plain", options(epochs=2))
    compiled = load(tmp_path / "compiled/train/checkpoints/last.pth")["model_state_dict"]
    plain = load(tmp_path / "plain/train/checkpoints/last.pth")["model_state_dict"]
    assert compiled.keys() == plain.keys() == network().state_dict().keys()
    with pytest.raises(Interrupted):
        fit(tmp_path / "cut", chosen, flag=StopAt(2))
    fit(tmp_path / "cut", chosen)
    assert files(tmp_path / "cut") == files(tmp_path / "compiled")


class Tied(nn.Module):
    """Two layers of one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)
        self.second.weight = self.first.weight
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        logits: torch.Tensor = self.head(self.second(torch.relu(self.first(x))))
        return logits


def test_tied_weights_are_averaged_under_all_their_names(tmp_path: Path) -> None:
    """The trained value under the second name does not win over the average under the first."""
    fit(tmp_path, options(ema=Averaging(decay=0.9)), model=Tied())
    state = load(tmp_path / "train/checkpoints/last.pth")
    averaged, model = state["ema_state_dict"]["weights"], Tied()
    put_in(model, state["model_state_dict"], averaged)
    assert not torch.equal(averaged["first.weight"], state["model_state_dict"]["first.weight"])
    assert torch.equal(model.second.weight, averaged["first.weight"])
