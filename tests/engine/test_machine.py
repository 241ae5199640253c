"""The load of the machine as the heartbeat samples it."""

from __future__ import annotations

import json
from pathlib import Path

import psutil

from neurotrain.engine.machine import Machine


def test_a_sample_agrees_with_the_system(tmp_path: Path) -> None:
    """Memory, processors and disk are those of the system; it can be told in an event."""
    told = Machine(tmp_path).sample()
    assert told["memory_total_bytes"] == psutil.virtual_memory().total
    assert told["num_cpus"] == psutil.cpu_count()
    assert told["process_memory_bytes"] >= psutil.Process().memory_info().rss // 2
    assert 0 < told["disk_free_bytes"] <= told["disk_total_bytes"]
    assert json.loads(json.dumps(told)) == told


def test_a_folder_that_is_gone_costs_the_disk_alone(tmp_path: Path) -> None:
    """Everything else is still told."""
    told = Machine(tmp_path / "none").sample()
    assert "disk_free_bytes" not in told
    assert told["memory_used_bytes"] > 0
