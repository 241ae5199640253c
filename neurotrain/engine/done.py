"""The mark that a finished stage leaves. Needs no torch, so that a finished run is told at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

from neurotrain.engine.storage import Disk, write_text_durably
from neurotrain.plan.graph import fold_of, stages_of
from neurotrain.plan.plan import GraphNode, Plan

_FOLDERS: Final = {
    "trainer": "train", "cross_validator": "cross_validation", "tester": "test",
    "predictor": "predict",
}  # fmt: skip
_YIELDS: Final = {
    "trainer": (("checkpoints/best.pth",), ("checkpoints/last.pth",)),
    "cross_validator": (("metrics.json", "report.html"),),
    "tester": (("metrics.json", "report.html"),),
    "predictor": (("predictions.csv",),),
}
"""What a stage gives to others or to the reader; one of the groups is enough."""
_PLACES: Final = {
    "folds": "cross_validation/report.html",
    "report": "test/report.html",
    "pictures": "test/predictions",
    "plots": "train/plots",
    "weights": "train/checkpoints/best.pth",
    "predictions": "predict/predictions.csv",
}
_MARK: Final = "done.json"
RESULTS: Final = ("tester", "cross_validator", "trainer")
"""The kinds of stages that can give a run its result, the first that there is."""
Found = dict[str, float]


def train_folder(run_dir: Path, fold: int | None = None) -> Path:
    """Where a training keeps its checkpoints, tables and plots."""
    return run_dir / "train" if fold is None else run_dir / "train" / f"fold-{fold}"


def folder_of(run_dir: Path, node: GraphNode) -> Path:
    """Where a stage writes."""
    if node.kind == "trainer":
        return train_folder(run_dir, fold_of(node))
    return run_dir / _FOLDERS[node.kind]


def begin(run_dir: Path, node: GraphNode) -> bool:
    """Clear what a stage left under another plan; training alone goes on from what it has.

    Returns whether it was begun before.
    """
    folder = folder_of(run_dir, node)
    known = folder.is_dir()
    if node.kind == "trainer":
        folder.mkdir(parents=True, exist_ok=True)
    elif known:
        shutil.rmtree(folder)
    return known


def mark(run_dir: Path, node: GraphNode, found: Found) -> None:
    """Note that a stage is finished, with what it found."""
    record = {"digest": node.digest, "result": found}
    write_text_durably(Disk(), _file(run_dir, node), json.dumps(record))


def finished(run_dir: Path, node: GraphNode) -> Found | None:
    """What a stage found, if it was finished with the node's digest and its yield is there."""
    try:
        record = json.loads(_file(run_dir, node).read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("digest") != node.digest:
        return None
    folder = folder_of(run_dir, node)
    if not any(all((folder / name).exists() for name in group) for group in _YIELDS[node.kind]):
        return None
    found = record.get("result")
    return found if isinstance(found, dict) else None


def result(run_dir: Path, plan: Plan) -> Found:
    """What a finished run found: the test's scores, else those of a cross-validation, else what
    training found."""
    by_kind = {node.kind: finished(run_dir, node) or {} for node in stages_of(plan.nodes)}
    return next((by_kind[kind] for kind in RESULTS if by_kind.get(kind)), {})


def outputs(run_dir: Path) -> dict[str, str]:
    """Where a reader finds what a run left, relative to its directory."""
    found = {name: path for name, path in _PLACES.items() if (run_dir / path).exists()}
    if "folds" in found:
        found["weights"] = "train"
    return found


def all_finished(run_dir: Path, plan: Plan) -> bool:
    """Whether there is nothing left to do."""
    return all(finished(run_dir, node) is not None for node in stages_of(plan.nodes))


def _file(run_dir: Path, node: GraphNode) -> Path:
    return folder_of(run_dir, node) / _MARK
