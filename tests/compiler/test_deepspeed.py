"""DeepSpeed's JSON against DeepSpeed itself: its parser, its keys, its optimizers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from neurotrain.compiler.deepspeed import DEEPSPEED_OPTIMIZERS, ZERO_OPTIMIZERS, own_scheduler
from neurotrain.compiler.deepspeed_keys import FILE, findings
from neurotrain.models.base import Model
from neurotrain.optim.optimizers import Optimizer
from neurotrain.optim.schedules import Constant, Cosine, Horizon, Scheduler
from neurotrain.plan.plan import encode
from neurotrain.plan.reading import load
from neurotrain.spec.engines import OffloadOptimizer, OffloadParam, WholeBF16, WholeFP16, Zero

from .conftest import CASES, CATALOGUE, Compiling
from .deepspeed_table import MODELS, Asked, table

BASE: Final = CASES / "bases" / "deepspeed.yaml"
OFFLOADS: Final = "deepspeed.runtime.zero.offload_config"
OFFLOAD: Final = "engine.zero.offload_optimizer={device: cpu, pin_memory: false}"
NVME: Final = "{device: nvme, nvme_path: '${env:SCRATCH:swap}/ds'}"
OWN: Final = "engine.optimizer=deepspeed"
MATRIX: Final[dict[str, tuple[str, ...]]] = {
    "one process": ("engine.processes=1",),
    "two processes": (),
    "two machines": ("engine.nodes=2", "engine.launcher=slurm", "train.batch={global: 16}"),
    "accumulation": ("train.batch={global: 16, micro: 2}",),
    "clipping": ("train.clip_grad_norm=0.5",),
    "autocast": ("train.precision=bf16",),
    "bf16": ("engine.bf16={check_grad_overflow: false}", "engine.zero={stage: 1}"),
    "fp16 dynamic": (
        "engine.device=cuda",
        "engine.fp16={initial_scale_power: 8, hysteresis: 3}",
        "engine.zero={stage: 1}",
    ),
    "fp16 static": ("engine.device=cuda", "engine.fp16={loss_scale: 128}"),
    "sgd": ("train.optimizer=sgd",),
    "own adam": (OWN, "train.optimizer={type: adam, weight_decay: 0.01}"),
    "own adamw": (OWN, "engine.zero={stage: 1}"),
    "warm-up": ("engine.scheduler=deepspeed", "train.scheduler={type: constant, warmup: 3 steps}"),
    "cosine": ("engine.scheduler=deepspeed", "train.scheduler={type: cosine, warmup: 1 epoch}"),
    "stage 1": ("engine.zero={stage: 1, allgather_bucket_size: 1000}",),
    "stage 2": ("engine.zero={stage: 2, overlap_comm: true, reduce_bucket_size: 1000}",),
    "stage 3": ("engine.zero={stage: 3, stage3_param_persistence_threshold: 0}",),
    "offload 1": (OWN, "engine.zero={stage: 1}", OFFLOAD),
    "offload 2": (OWN, "engine.zero={stage: 2, round_robin_gradients: true}", OFFLOAD),
    "offload 3": (OWN, f"engine.zero={{stage: 3, offload_param: {NVME}}}", OFFLOAD),
    "nvme": (OWN, f"engine.zero={{stage: 3, offload_optimizer: {NVME}}}"),
    "communication": ("engine.communication_data_type=bf16", "engine.zero={stage: 2}"),
    "further keys": ("engine.config={steps_per_print: 5, aio: {queue_depth: 16}}",),
}
"""Specs of every kind, as overrides of the base."""


class _Group:
    """What DeepSpeed asks for the number of processes."""

    def __init__(self, world_size: int) -> None:
        self._world_size = world_size

    def get_data_parallel_world_size(self) -> int:
        return self._world_size


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """DeepSpeed's own reading of a configuration for a number of processes, without a warning."""
    config = pytest.importorskip("deepspeed.runtime.config")
    from deepspeed.utils import logger

    monkeypatch.setattr(config.dist, "get_rank", lambda: 0)
    monkeypatch.setattr(logger, "propagate", True)

    def parse(json_: dict[str, Any], world_size: int) -> Any:
        return config.DeepSpeedConfig(json_, mpu=_Group(world_size))

    with caplog.at_level(logging.WARNING):
        yield parse
    assert [each.getMessage() for each in caplog.records] == []


@pytest.mark.parametrize("name", MATRIX)
def test_deepspeed_accepts_the_json(name: str, parsed: Any, compiling: Compiling) -> None:
    """Its parser takes the JSON of every kind of spec and finds the plan's numbers in it."""
    outcome = compiling(BASE, *MATRIX[name])
    assert outcome.codes == []
    plan = outcome.plan
    text = msgspec.json.encode(plan.deepspeed).decode()
    assert '"auto"' not in text
    config = parsed(json.loads(text), plan.facts.world_size)
    facts, engine = plan.facts, plan.experiment.engine
    assert config.world_size == facts.world_size == engine.processes_per_node * engine.num_nodes
    assert config.train_batch_size == facts.global_batch
    assert config.train_micro_batch_size_per_gpu == facts.micro_batch
    assert config.gradient_accumulation_steps == facts.accumulation
    assert config.gradient_clipping == (plan.experiment.train.clip_grad_norm or 0.0)
    assert config.zero_optimization_stage == engine.zero.stage  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MATRIX)
def test_deepspeed_reads_every_key(name: str, parsed: Any, compiling: Compiling) -> None:
    """No key of the JSON is one that DeepSpeed never asks for."""
    plan = compiling(BASE, *MATRIX[name]).plan
    seen: dict[str, Any] = {}
    tree = json.loads(msgspec.json.encode(plan.deepspeed))
    below = {
        key: Asked(value, key, seen) if isinstance(value, dict) and key not in MODELS else value
        for key, value in tree.items()
    }
    parsed(Asked(below, "", seen), plan.facts.world_size)
    unread = [key for key in _keys(tree) if key.partition(".")[0] not in MODELS and key not in seen]
    assert unread == []


def _keys(tree: dict[str, Any]) -> Iterator[str]:
    for key, value in tree.items():
        yield key
        yield from (f"{key}.{below}" for below in value) if isinstance(value, dict) else ()


def test_what_the_spec_says_arrives(parsed: Any, compiling: Compiling) -> None:
    """ZeRO, offload, formats, own optimizer and schedule are in DeepSpeed's reading as written."""
    plan = compiling(
        BASE, OWN, "engine.scheduler=deepspeed", "engine.device=cuda",
        "train.scheduler={type: cosine, warmup: 4 steps, final: 0.1}",
        "engine.fp16={loss_scale: 0, initial_scale_power: 9, loss_scale_window: 50}",
        f"engine.zero={{stage: 3, offload_param: {NVME}, offload_optimizer: {{}}}}",
    ).plan  # fmt: skip
    config = parsed(json.loads(msgspec.json.encode(plan.deepspeed)), 2)
    assert config.float16_config.enabled
    assert config.float16_config.initial_dynamic_scale() == 2**9
    assert config.float16_config.loss_scale_window == 50
    assert config.zero_config.overlap_comm is True
    assert config.zero_config.offload_param.device == "nvme"
    assert config.zero_config.offload_optimizer.device == "cpu"
    assert config.optimizer_name == "adamw"
    assert config.optimizer_params["weight_decay"] == 1e-2
    assert config.scheduler_name == "WarmupCosineLR"
    assert config.scheduler_params["total_num_steps"] == plan.facts.num_steps
    assert config.scheduler_params["warmup_num_steps"] == 4


def test_autocast_and_whole_model_are_told_apart(parsed: Any, compiling: Compiling) -> None:
    """`train.precision` is DeepSpeed's autocast, `engine.bf16` its cast of the whole model."""
    autocast = parsed(dict(compiling(BASE, "train.precision=bf16").plan.deepspeed), 2)
    assert (autocast.torch_autocast_enabled, autocast.bfloat16_config.enabled) == (True, False)
    whole = parsed(dict(compiling(BASE, "engine.bf16={}").plan.deepspeed), 2)
    assert (whole.torch_autocast_enabled, whole.bfloat16_config.enabled) == (False, True)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ("engine.master_port=29999", True),
        ("engine={processes: 1, nodes: 2, launcher: slurm, master_addr: node-1}", True),
        ("engine.processes=4", False),
        ("engine.zero={stage: 1}", False),
        ("engine.config={steps_per_print: 7}", False),
        ("engine.bf16={}", False),
    ],
)
def test_where_a_plan_runs_is_not_its_identity(
    compiling: Compiling, change: str, same: bool
) -> None:
    """Ports, hosts and how processes are spread change no digest; what is computed does."""
    before, after = compiling(BASE).plan, compiling(BASE, change).plan
    assert (before.digest == after.digest) == same


@pytest.mark.parametrize("name", ["nvme", "further keys", "fp16 dynamic"])
def test_plan_is_a_fixed_point(name: str, compiling: Compiling, tmp_path: Path) -> None:
    """A plan for DeepSpeed is read back as it was written."""
    plan = compiling(BASE, *MATRIX[name]).plan
    (tmp_path / "plan.json").write_bytes(encode(plan))
    assert encode(load(tmp_path / "plan.json", CATALOGUE)) == encode(plan)


def test_bare_name_is_one_process(compiling: Compiling) -> None:
    """`engine: deepspeed` is stage 0 on one process, and says so in provenance."""
    outcome = compiling("extends: bases/segmentation.yaml\nengine: deepspeed\n")
    assert outcome.plan.facts.world_size == 1
    assert outcome.plan.deepspeed["zero_optimization"] == {"stage": 0}
    assert outcome.plan.provenance["engine.zero.stage"] == "default"


def test_processes_share_the_cores(compiling: Compiling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a number, each process of a machine has its share of the cores, and at least one."""
    monkeypatch.setattr("os.cpu_count", lambda: 12)
    counts = (1, 2, 4)
    plans = [compiling(BASE, "engine.threads=null", f"engine.processes={n}").plan for n in counts]
    threads = {n: plan.facts.threads for n, plan in zip(counts, plans, strict=True)}
    assert threads == {1: 8, 2: 6, 4: 3}


def test_keys_are_in_sync(request: pytest.FixtureRequest) -> None:
    """The table of DeepSpeed's keys is that of the installed version."""
    pytest.importorskip("deepspeed")
    text = json.dumps(table(), indent=1, sort_keys=True) + "\n"
    if request.config.getoption("--update-goldens"):
        FILE.write_text(text, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("struct", "place", "own"),
    [
        (Zero, MODELS["zero_optimization"], {"overlap_comm"}),
        (WholeBF16, MODELS["bf16"], set()),
        (WholeFP16, MODELS["fp16"], set()),
        (OffloadOptimizer, f"{OFFLOADS}:DeepSpeedZeroOffloadOptimizerConfig", {"device"}),
        (OffloadParam, f"{OFFLOADS}:DeepSpeedZeroOffloadParamConfig", {"device"}),
    ],
)
def test_defaults_are_deepspeeds(struct: Any, place: str, own: set[str]) -> None:
    """A key that is not written means what it means to DeepSpeed, but for those we decide."""
    module, _, name = place.partition(":")
    model = getattr(pytest.importorskip(module), name)()
    theirs = model.model_dump(by_alias=True)
    ours = msgspec.to_builtins(struct())
    differing = {key for key, value in ours.items() if theirs[key] != value}
    assert differing == own


WRONG: Final[tuple[dict[str, Any], ...]] = (
    {"zero_optimization": {"ignore_unused": True}},
    {"zero_optimization": {"leaf_module": {"clases": []}}},
    {"zero_optimization": {"stage3_model_persistence_threshold": -1}},
    {"zero_optimization": {"ignore_unused_parameters": "perhaps"}},
    {"comms_logger": {"prof_all": 3.5}},
    {"amp": {"enabled": True}},
    {"elasticity": {"enabled": True}},
)


@pytest.mark.parametrize("further", WRONG, ids=str)
def test_what_deepspeed_refuses_is_told(further: dict[str, Any]) -> None:
    """A section that its own models reject is a fault of ours as well."""
    config = pytest.importorskip("deepspeed.runtime.config")
    assert len(list(findings(further, frozenset()))) == 1
    with pytest.raises((ValueError, config.DeepSpeedConfigError)):
        config.DeepSpeedConfig({"train_batch_size": 1, **further})


def test_deprecated_keys_are_told(caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    """A key that DeepSpeed only warns of is a fault, and its warning is one the tests can see."""
    config = pytest.importorskip("deepspeed.runtime.config")
    from deepspeed.utils import logger

    monkeypatch.setattr(logger, "propagate", True)
    zero = {"stage": 3, "cpu_offload_param": True}
    config.DeepSpeedConfig({"train_batch_size": 1, "zero_optimization": zero})
    assert "deprecated" in caplog.text
    (found,) = findings({"zero_optimization": {"cpu_offload_param": True}}, frozenset())
    assert found.decided_by == "engine.zero.offload_param"


@pytest.mark.parametrize("key", ["gradient_clippingg", "zero_optimisation", "flops_profile"])
def test_what_deepspeed_ignores_is_told(key: str) -> None:
    """A misspelt key at the top passes DeepSpeed's parser without a word, and not ours."""
    config = pytest.importorskip("deepspeed.runtime.config")
    config.DeepSpeedConfig({"train_batch_size": 1, key: 1})
    (found,) = findings({key: 1}, frozenset())
    assert "did you mean" in found.hint


def test_optimizers_of_zero_are_deepspeeds() -> None:
    """The optimizers that need no permission with ZeRO are those that DeepSpeed's own list has."""
    zero = pytest.importorskip("deepspeed.runtime.zero.utils")
    import torch

    for name in CATALOGUE.names("optimizer"):
        optimizer = CATALOGUE.decode(name, Optimizer).build([torch.nn.Parameter(torch.zeros(2))])
        tested = type(optimizer) in zero.ZERO_SUPPORTED_OPTIMIZERS
        assert tested == (name in ZERO_OPTIMIZERS), name


def test_own_optimizers_are_deepspeeds() -> None:
    """What is written as an optimizer of DeepSpeed is a name that it knows."""
    config = pytest.importorskip("deepspeed.runtime.config")
    assert {name.lower() for name in DEEPSPEED_OPTIMIZERS.values()} <= set(
        config.DEEPSPEED_OPTIMIZERS
    )


@pytest.mark.parametrize(
    ("scheduler", "ahead"),
    [(Constant(warmup="5 steps"), 0), (Cosine(warmup="5 steps", final=0.1), 1)],
)
def test_own_schedules_are_ours_after_the_warmup(scheduler: Scheduler, ahead: int) -> None:
    """DeepSpeed builds the schedule; after the warm-up its rates are ours, the cosine a step on."""
    schedules = pytest.importorskip("deepspeed.runtime.lr_schedules")
    import torch

    horizon = Horizon(num_steps=20, steps_per_epoch=10)
    found = own_scheduler(scheduler, 0.5, horizon)
    assert found is not None
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    built = getattr(schedules, found["type"])(optimizer, **found["params"])
    rates = []
    for _ in range(20 - ahead):
        built.step()
        rates.append(optimizer.param_groups[0]["lr"])
    ours = [0.5 * scheduler.factor(step, horizon) for step in range(20)]
    assert rates[5:] == pytest.approx(ours[5 + ahead :])
    assert rates[:5] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("name", sorted(set(CATALOGUE.names("model")) - {"gpt2", "llama"}))
@pytest.mark.parametrize("norm", [{}, {"norm": "batch"}])
def test_batch_statistics_are_what_the_network_has(name: str, norm: dict[str, str]) -> None:
    """A model says that it has batch statistics exactly where a layer of it keeps some."""
    from torch.nn.modules.batchnorm import _BatchNorm

    struct = CATALOGUE.find("model", name)
    assert struct is not None
    given = norm if "norm" in struct.__struct_fields__ else {}
    model = CATALOGUE.decode({"type": name, **given}, Model)
    network = model.build(3, 1, (32, 32))
    assert model.batch_statistics == any(isinstance(m, _BatchNorm) for m in network.modules())
