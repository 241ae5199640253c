"""What compiles starts, and what does not compile is what DeepSpeed refuses: with DeepSpeed itself.

One process on the CPU. What DeepSpeed would have to build first (its own optimizers) is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.ports import free_port

from .conftest import CASES, Compiling

BASE: Final = CASES / "bases" / "deepspeed.yaml"
ONE: Final = ("engine.processes=1", "train.batch={global: 8, micro: 4}")
STARTS: Final[dict[str, tuple[str, ...]]] = {
    "stage 0": (),
    "stage 1": ("engine.zero={stage: 1, allgather_bucket_size: 1000}",),
    "stage 2": ("engine.zero={stage: 2, reduce_bucket_size: 1000, overlap_comm: true}",),
    "stage 3": ("engine.zero={stage: 3, stage3_param_persistence_threshold: 0}",),
    "stage 3 offload": ("engine.zero={stage: 3, offload_param: {pin_memory: false}}",),
    "slow offload": (
        "engine.zero={stage: 1, offload_optimizer: {}}",
        "engine.config={zero_force_ds_cpu_optimizer: false}",
    ),
    "sgd": ("train.optimizer=sgd",),
    "sgd allowed": (
        "train.optimizer=sgd", "engine.zero={stage: 2}",
        "engine.config={zero_allow_untested_optimizer: true}",
    ),
    "autocast": ("train.precision=bf16", "engine.zero={stage: 2}"),
    "bf16": ("engine.bf16={}", "engine.zero={stage: 1}"),
    "clipping": ("train.clip_grad_norm=0.1", "engine.zero={stage: 2}"),
    "communication": ("engine.communication_data_type=bf16", "engine.zero={stage: 2}"),
    "schedule": (
        "engine.scheduler=deepspeed", "train.scheduler={type: cosine, warmup: 2 steps}",
    ),
}  # fmt: skip
REFUSED: Final[dict[str, tuple[tuple[str, ...], str, str]]] = {
    "sgd": (
        ("train.optimizer=sgd", "engine.zero={stage: 1}"),
        "optimizer-untested-with-zero", "untested ZeRO Optimizer",
    ),
    "torch offload": (
        ("engine.zero={stage: 2, offload_optimizer: {}}",),
        "optimizer-not-offloadable", "ZeRO-Offload with a client provided optimizer",
    ),
    "fp16": (("engine.fp16={}",), "fp16-on-cpu", "fp16 is not supported"),
    "two formats": (
        ("engine.bf16={}", "engine.fp16={}", "engine.device=cuda"),
        "precision-conflict", "cannot be simultaneously enabled",
    ),
    "bf16 batch norm": (("engine.bf16={}", "model.norm=batch"), "bf16-batch-norm", "BFloat16"),
}  # fmt: skip
"""Overrides, our code, and a part of DeepSpeed's or torch's own message."""
_START: Final = """
import json, os, sys
import deepspeed, torch
deepspeed.init_distributed("gloo", verbose=False)
for name, (config, sgd, batch_norm) in json.load(sys.stdin).items():
    norm = torch.nn.BatchNorm2d if batch_norm else torch.nn.InstanceNorm2d
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), norm(4, affine=True), torch.nn.Flatten(),
                                torch.nn.Linear(144, 2))
    kind = torch.optim.SGD if sgd else torch.optim.AdamW
    try:
        optimizer = kind(model.parameters(), lr=0.1)
        engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=config)
        images = torch.randn(4, 1, 8, 8)
        images = images.bfloat16() if engine.bfloat16_enabled() else images
        for _ in range(2):
            engine.backward(engine(images).float().square().mean())
            engine.step()
        found = engine.global_steps
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    print("found:", json.dumps([name, found]), flush=True)
"""


def _started(cases: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """The updates that DeepSpeed made with each configuration, or what it said."""
    pytest.importorskip("deepspeed")
    port = str(free_port())
    ranks = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", _START], input=json.dumps(cases), capture_output=True, text=True,
        cwd=tmp_path, env={**os.environ, **ranks, "MASTER_PORT": port, "DS_ACCELERATOR": "cpu"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("found: ")]
    return dict(json.loads(line.removeprefix("found: ")) for line in lines)


def test_what_compiles_starts(compiling: Compiling, tmp_path: Path) -> None:
    """DeepSpeed takes each JSON as it is, and makes an update of two micro-batches with it."""
    cases = {}
    for name, overrides in STARTS.items():
        plan = compiling(BASE, *ONE, *overrides).plan
        config = json.loads(msgspec.json.encode(plan.deepspeed))
        cases[name] = (config, "train.optimizer=sgd" in overrides, False)
    assert _started(cases, tmp_path) == dict.fromkeys(STARTS, 1)


def test_what_does_not_compile_would_not_start(compiling: Compiling, tmp_path: Path) -> None:
    """Each combination has our code, and DeepSpeed itself stops at it."""
    cases = {}
    for name, (overrides, code, _) in REFUSED.items():
        outcome = compiling(BASE, *ONE, *overrides)
        assert [item for item in outcome.codes if item == code] == [code], outcome.text
        written = outcome.draft.written("engine") if outcome.draft is not None else {}
        assert isinstance(written, dict)
        config: dict[str, Any] = {"train_batch_size": 4}
        config |= {key: {"enabled": True} for key in ("bf16", "fp16") if key in written}
        zero = dict(written.get("zero", {}))  # type: ignore[arg-type]
        if "offload_optimizer" in zero:
            zero["offload_optimizer"] = {"device": "cpu"}
        config["zero_optimization"] = zero
        cases[name] = (config, "train.optimizer=sgd" in overrides, "model.norm=batch" in overrides)
    if _computes_in_float16():
        cases.pop("fp16")
    found = _started(cases, tmp_path)
    refused = {name for name, said in found.items() if REFUSED[name][2] in str(said)}
    assert refused == set(cases), found


def _computes_in_float16() -> bool:
    """Whether DeepSpeed takes float16 on this very processor: what it asks itself."""
    from deepspeed.accelerator.cpu_accelerator import CPU_Accelerator

    return bool(CPU_Accelerator().is_fp16_supported())
