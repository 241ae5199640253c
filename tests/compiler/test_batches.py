"""Batch arithmetic, and what DeepSpeed makes of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import CASES, Compiling, compiled

SIZES: Final = st.none() | st.integers(1, 8)
BASE: Final = CASES / "bases" / "segmentation.yaml"
NUM_IMAGES: Final = 64


def _batch(given: dict[str, int | None]) -> str:
    sizes = ", ".join(f"{key}: {size}" for key, size in given.items() if size is not None)
    return f"train.batch={{{sizes}}}"


def _legal(size: int | None, micro: int | None, accumulation: int | None) -> bool:
    """Whether whole numbers solve global = micro x accumulation; tried out."""
    if size is None and micro is None:
        return False
    return any(
        size in (None, m * a) and micro in (None, m) and accumulation in (None, a)
        for m in range(1, NUM_IMAGES + 1)
        for a in range(1, NUM_IMAGES + 1)
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(size=st.none() | st.integers(1, NUM_IMAGES), micro=SIZES, accumulation=SIZES)
def test_any_two_give_the_third(
    size: int | None, micro: int | None, accumulation: int | None
) -> None:
    """What is given is kept and the product holds, or `batch-arithmetic` tells that it cannot."""
    given_sizes = {"global": size, "micro": micro, "accumulation": accumulation}
    overrides = ["train.batch=null", _batch(given_sizes), f"data.train.num_images={NUM_IMAGES}"]
    outcome = compiled(BASE, {}, [*overrides, "data.valid=null"])
    errors = [code for code in outcome.codes if code != "dropped-samples"]
    if not _legal(size, micro, accumulation):
        assert errors == ["batch-arithmetic"]
        return
    assert errors == []
    facts = outcome.plan.facts
    assert facts.global_batch == facts.micro_batch * facts.accumulation
    assert size in (None, facts.global_batch)
    assert micro in (None, facts.micro_batch)
    assert accumulation in (None, facts.accumulation)
    assert facts.steps_per_epoch == NUM_IMAGES // facts.micro_batch // facts.accumulation
    left = NUM_IMAGES - facts.steps_per_epoch * facts.global_batch
    assert facts.dropped_samples == left


@pytest.mark.parametrize(
    ("sizes", "nearest"),
    [
        ({"global": 16, "micro": 6}, "global: 12 and global: 18"),
        ({"global": 5, "accumulation": 8}, "global: 8 and global: 16"),
        ({"global": 8, "micro": 4, "accumulation": 3}, "write global: 12"),
    ],
)
def test_remedy_is_legal(compiling: Compiling, sizes: dict[str, int], nearest: str) -> None:
    """The nearest legal sizes are told."""
    outcome = compiling(BASE, _batch({"global": None, **sizes}))
    assert nearest in outcome.only.hint


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    size=st.none() | st.integers(1, NUM_IMAGES), micro=SIZES, accumulation=SIZES,
    processes=st.integers(1, 3), nodes=st.integers(1, 2),
)  # fmt: skip
def test_processes_are_part_of_the_product(
    size: int | None, micro: int | None, accumulation: int | None, processes: int, nodes: int
) -> None:
    """What is given is kept with any number of processes, or the sizes told instead are legal."""
    given_sizes = {"global": size, "micro": micro, "accumulation": accumulation}
    world = processes * nodes
    machine = f"{{type: deepspeed, device: cpu, processes: {processes}, nodes: {nodes}, "
    machine += "launcher: slurm}"
    settings_ = [f"engine={machine}", f"data.train.num_images={NUM_IMAGES}", "data.valid=null"]
    outcome = compiled(BASE, {}, ["train.batch=null", _batch(given_sizes), *settings_])
    if outcome.codes == ["batch-arithmetic"]:
        for nearest in re.findall(r"global: (\d+)", outcome.only.hint):
            assert size is None or int(nearest) % world == 0
        assert size is None or not _splits(size, micro, accumulation, world)
        return
    if "batch-too-large" in outcome.codes:
        return
    facts = outcome.plan.facts
    assert facts.world_size == world
    assert facts.global_batch == facts.micro_batch * facts.accumulation * world
    assert size in (None, facts.global_batch)
    assert micro in (None, facts.micro_batch)
    assert accumulation in (None, facts.accumulation)
    assert facts.steps_per_epoch == NUM_IMAGES // (facts.micro_batch * world) // facts.accumulation


def _splits(size: int, micro: int | None, accumulation: int | None, world: int) -> bool:
    """Whether whole numbers solve the equation; tried out."""
    return any(
        size == m * a * world and micro in (None, m) and accumulation in (None, a)
        for m in range(1, NUM_IMAGES + 1)
        for a in range(1, NUM_IMAGES + 1)
    )


@pytest.fixture(scope="module")
def parsed() -> Any:
    """DeepSpeed's own reading of a configuration, for one process."""
    config = pytest.importorskip("deepspeed.runtime.config")
    return config.DeepSpeedConfig


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("train.batch={global: 8, micro: 2}",),
        ("train.clip_grad_norm=0.5", "train.precision=bf16"),
        ("train.optimizer={type: sgd, momentum: 0.9, nesterov: true}",),
        ("train.optimizer={type: adam, weight_decay: 0.01}",),
    ],
)
def test_deepspeed_reads_the_same_training(
    parsed: Any, compiling: Compiling, overrides: tuple[str, ...]
) -> None:
    """DeepSpeed's parser accepts the JSON and finds the plan's sizes, rate and clipping in it."""
    plan = compiling(BASE, *overrides).plan
    config = parsed(dict(plan.deepspeed))
    train, facts = plan.experiment.train, plan.facts
    assert config.train_batch_size == facts.global_batch
    assert config.train_micro_batch_size_per_gpu == facts.micro_batch
    assert config.gradient_accumulation_steps == facts.accumulation
    assert config.optimizer_params["lr"] == train.optimizer.learning_rate
    assert config.gradient_clipping == (train.clip_grad_norm or 0.0)
    assert config.zero_optimization_stage == 0
    assert "'auto'" not in str(plan.deepspeed)


def test_shipped_specs_are_read_by_deepspeed(parsed: Any) -> None:
    """The golden DeepSpeed files of one process are accepted as they are."""
    import json

    for file in sorted((Path(__file__).parent / "golden").glob("*.deepspeed.json")):
        plan = json.loads(file.with_name(file.name.replace("deepspeed", "plan")).read_text())
        if plan["facts"]["world_size"] == 1:
            assert parsed(json.loads(file.read_text())).train_batch_size >= 1
