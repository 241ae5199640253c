"""Reading what DeepSpeed wrote: weights and numbers, and nothing that runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from neurotrain.engine.checkpoint import ForeignCheckpoint
from neurotrain.engine.consolidated import _read, buffers_of, of_shards


class _Writes:
    """An object whose unpickling makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> object:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("slot", ["module", "lr_scheduler", "optimizer"])
def test_a_part_that_would_run_code_is_refused(slot: str, tmp_path: Path) -> None:
    """The code is not run, and the file is named."""
    pytest.importorskip("deepspeed")
    state = {"module": {}, "lr_scheduler": None, "optimizer": None, slot: _Writes(tmp_path / "ran")}
    torch.save(state, tmp_path / "mp_rank_00_model_states.pt")
    with pytest.raises(
        ForeignCheckpoint, match=r"mp_rank_00_model_states\.pt cannot be taken over"
    ):
        of_shards(tmp_path, ())
    assert not (tmp_path / "ran").exists()


class _Gets:
    """An object that is written as `getattr` of another, as Python 3.11.2 writes enumerations."""

    def __init__(self, of: object, name: str) -> None:
        self.of, self.name = of, name

    def __reduce__(self) -> object:
        return getattr, (self.of, self.name)


def test_a_member_that_is_written_by_its_name_is_read(tmp_path: Path) -> None:
    """The stage of ZeRO, from any Python; no other attribute of anything."""
    config = pytest.importorskip("deepspeed.runtime.zero.config")
    part = tmp_path / "zero_pp_rank_0_mp_rank_00_optim_states.pt"
    torch.save({"stage": _Gets(config.ZeroStageEnum, "gradients")}, part)
    assert _read(part) == {"stage": config.ZeroStageEnum.gradients}
    for of, name in ((config.ZeroStageEnum, "__init_subclass__"), (dict, "fromkeys")):
        torch.save({"stage": _Gets(of, name)}, part)
        with pytest.raises(ForeignCheckpoint, match="cannot be taken over"):
            _read(part)


def test_buffers_that_no_checkpoint_keeps_stay_as_built() -> None:
    """Llama's rotary frequencies are computed when it is built, and are in no state_dict."""
    network = torch.nn.Sequential(torch.nn.BatchNorm1d(2))
    network.register_buffer("frequencies", torch.ones(3), persistent=False)
    state = {"model_state_dict": network.state_dict()}
    assert set(buffers_of(state, network)) == {
        "0.running_mean", "0.running_var", "0.num_batches_tracked",
    }  # fmt: skip
