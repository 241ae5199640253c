"""Bytes of a training's state against real optimizers and real checkpoint files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
import torch
from torch import nn

from neurotrain.compiler.deep.check_update import updated_once
from neurotrain.compiler.deep.count_state import Memory, checkpoint_bytes, memory_of, shards_bytes
from neurotrain.compiler.deep.network import on_meta
from neurotrain.engine.checkpoint import CheckpointFolder
from neurotrain.engine.early_stopping import Best, EarlyStopping
from neurotrain.engine.exactness import here
from neurotrain.engine.handover import Spread, recorded
from neurotrain.engine.loop_state import LoopState
from neurotrain.engine.saver import on_host
from neurotrain.engine.setup import Setup
from neurotrain.engine.torch_engine import StepOptions, TorchEngine
from neurotrain.models.base import Model
from neurotrain.models.classifiers import MLP, SimpleCNN
from neurotrain.models.unet import UNet
from neurotrain.optim.optimizers import Optimizer
from neurotrain.spec.catalogue import built_in

OPTIMIZERS: Final = [name for name in built_in().names("optimizer") if name != "asgd"]
"""All but ASGD, which reads values to choose its rate, so that nothing is predicted for it."""
MODELS: Final[dict[str, Model]] = {
    "unet": UNet(channels=(4, 8), norm="batch"),
    "cnn": SimpleCNN(channels=(16, 32)),
    "mlp": MLP(hidden=(64,)),
}
RECORDED: Final = ("train/loss", "valid/loss", "valid/dice", "lr", "grad_norm")


def _optimizer(name: str) -> Optimizer:
    optimizer: Optimizer = built_in().decode({"type": name}, Optimizer)
    return optimizer


def _really_updated(optimizer: Optimizer, network: nn.Module) -> torch.optim.Optimizer:
    built = optimizer.build(network.parameters())
    for parameter in network.parameters():
        parameter.grad = torch.rand_like(parameter)
    built.step()
    return built


def _bytes(tensors: list[torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_memory_of_every_optimizer_is_that_of_a_real_update(name: str) -> None:
    """Weights, gradients and states as they are after an update on the CPU."""
    model = MODELS["cnn"]
    network = on_meta(model, (1, 10), (8, 8))
    memory = memory_of(network, updated_once(_optimizer(name), network), averaged=False)
    real = model.build(1, 10, (8, 8))
    built = _really_updated(_optimizer(name), real)
    states = [v for s in built.state.values() for v in s.values() if isinstance(v, torch.Tensor)]
    weights = list(real.parameters())
    assert memory.parameters == _bytes([weight.detach() for weight in weights])
    assert memory.gradients == _bytes(
        [weight.grad for weight in weights if weight.grad is not None]
    )
    assert memory.optimizer_states == _bytes(states)


def test_frozen_weights_have_no_gradients() -> None:
    """Only what is trained has gradients and states."""
    network = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 2)).to("meta")
    network[0].requires_grad_(False)
    memory = memory_of(network, updated_once(_optimizer("adamw"), network), averaged=True)
    assert (memory.parameters, memory.gradients) == (4 * (72 + 18), 4 * 18)
    assert memory.averages == memory.parameters
    assert memory.optimizer_states == 2 * 4 * 18 + 2 * 4


@pytest.mark.parametrize(
    ("stage", "left"),
    [(0, (90, 80, 170)), (1, (90, 80, 43)), (2, (90, 20, 43)), (3, (23, 20, 43))],
)
def test_each_stage_of_zero_splits_one_part_more(stage: int, left: tuple[int, int, int]) -> None:
    """Optimizer states, then gradients, then parameters; activations stay with each process."""
    whole = Memory(parameters=90, gradients=80, optimizer_states=170, activations=1000)
    part = whole.split(stage, 4)
    assert (part.parameters, part.gradients, part.optimizer_states) == left
    assert part.activations == 1000


@pytest.mark.parametrize("num_epochs", [1, 40, 1000])
@pytest.mark.parametrize("name", ["adamw", "sgd"])
@pytest.mark.parametrize("kind", MODELS)
def test_checkpoint_is_predicted_within_five_percent(
    kind: str, name: str, num_epochs: int, tmp_path: Path
) -> None:
    """Of the file that the engine writes, for small models too, whose names outweigh numbers."""
    model = MODELS[kind]
    network = on_meta(model, (1, 10), (8, 8))
    predicted = checkpoint_bytes(
        network, updated_once(_optimizer(name), network), recorded=RECORDED,
        num_epochs=num_epochs, averaged=False,
    )  # fmt: skip
    real = model.build(1, 10, (8, 8))
    engine = TorchEngine(
        real, _really_updated(_optimizer(name), real), torch.device("cpu"), StepOptions(),
    )  # fmt: skip
    stopper = EarlyStopping(5, 0.0, "max")
    state = LoopState(best=Best(mode="max"), stopper=stopper, epoch=num_epochs)
    for state.epoch in range(1, num_epochs + 1):
        state.record({each: float(torch.rand(())) for each in RECORDED})
    whole = {
        **engine.state(), **state.state_dict(), "scheduler_state_dict": {},
        **recorded(Spread(), Setup(plan_digest="f" * 64, portable_digest="e" * 64)),
        "environment": here(torch.device("cpu")),
    }  # fmt: skip
    folder = CheckpointFolder(tmp_path)
    num_bytes, _ = folder.save(on_host(whole), best=False, epoch=None, keep_last=1)
    assert predicted == pytest.approx(num_bytes, rel=0.05)


@pytest.mark.parametrize(
    ("num", "moments", "stage", "casts", "saved"),
    [(7_936, 3, 2, False, 173_347), (13_968, 2, 3, False, 187_984), (11_360, 2, 2, True, 173_298)],
)
def test_what_deepspeed_saves_is_predicted(
    num: int, moments: int, stage: int, casts: bool, saved: int
) -> None:
    """Bytes that DeepSpeed 0.19 wrote of tiny language models; the rest are names."""
    memory = Memory(parameters=4 * num, gradients=4 * num, optimizer_states=4 * moments * num)
    predicted = shards_bytes(memory, stage=stage, casts=casts)
    assert 0.85 * saved < predicted < saved


def test_stage_0_saves_weights_and_states_once() -> None:
    """Only where weights are cast does the optimizer have its own copy."""
    memory = Memory(parameters=400, gradients=400, optimizer_states=800)
    assert shards_bytes(memory, stage=0, casts=False) == 1200
    assert shards_bytes(memory, stage=0, casts=True) == 200 + 400 + 800


def test_tied_weights_are_written_once() -> None:
    """A weight that two layers share takes its place in the file once."""
    network = nn.Sequential(nn.Linear(200, 200), nn.Linear(200, 200)).to("meta")
    optimizer = updated_once(_optimizer("sgd"), network)
    apart = checkpoint_bytes(network, optimizer, recorded=(), num_epochs=1, averaged=False)
    network[1].weight = network[0].weight
    tied = checkpoint_bytes(
        network, updated_once(_optimizer("sgd"), network), recorded=(), num_epochs=1,
        averaged=False,
    )  # fmt: skip
    assert apart - tied == pytest.approx(2 * 4 * 200 * 200, rel=0.02)


def test_a_kept_mean_is_a_copy_of_the_weights() -> None:
    """A running mean adds the size of the parameters."""
    network = nn.Linear(200, 200, device="meta")
    optimizer = updated_once(_optimizer("sgd"), network)
    without, with_mean = (
        checkpoint_bytes(network, optimizer, recorded=(), num_epochs=1, averaged=averaged)
        for averaged in (False, True)
    )
    assert with_mean - without == pytest.approx(4 * 200 * 201, rel=0.02)
