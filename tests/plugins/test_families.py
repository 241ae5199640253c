"""A plugin may add to every family; each addition goes from the spec into the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from neurotrain.component.base import Component
from neurotrain.component.plugin_form import malformation
from neurotrain.metrics.base import CurveMetric, MapMetric, MatrixMetric, Metric
from neurotrain.spec.catalogue import built_in

from .making import install, neurotrain

KINDS: Final = '''
from neurotrain.dataset.phantom import RetinaPhantom
from neurotrain.metrics.overlap import Dice
from neurotrain.optim.optimizers import SGD
from neurotrain.optim.schedules import Constant
from neurotrain.postprocess.steps import Threshold

class OwnData(RetinaPhantom, tag="own_data", frozen=True, kw_only=True):
    """Pictures."""

class OwnMetric(Dice, tag="own_metric", frozen=True, kw_only=True):
    """Overlap."""

class OwnOptimizer(SGD, tag="own_optimizer", frozen=True, kw_only=True):
    """Plain steps."""

class OwnSchedule(Constant, tag="own_schedule", frozen=True, kw_only=True):
    """No change."""

class OwnStep(Threshold, tag="own_step", frozen=True, kw_only=True):
    """A cut."""

PARTS = [OwnData, OwnMetric, OwnOptimizer, OwnSchedule, OwnStep]
'''
SPEC: Final = """\
version: 1
name: kinds
plugins: [kinds]
task: {type: segmentation, classes: [background, vessel]}
data:
  train: {type: own_data, num_images: 6, size: 64}
  valid: {fraction: 0.34}
  test: {fraction: 0.17}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: unet, channels: [4, 8]}
loss: [bce]
metrics: [own_metric]
train:
  epochs: 1
  batch: {global: 3}
  optimizer: {type: own_optimizer, learning_rate: 0.1}
  scheduler: own_schedule
predict: {input: photo.png, postprocess: [{type: own_step, value: 0.5}]}
engine: {type: torch, device: cpu, threads: 1}
"""


def test_every_other_family_runs(tmp_path: Path) -> None:
    """Dataset, metric, optimizer, scheduler and post-processing of a plugin do their work."""
    from PIL import Image

    site = tmp_path / "site"
    install(site, {"own/__init__.py": "", "own/kinds.py": KINDS}, {"kinds": "own.kinds:PARTS"})
    Image.new("RGB", (64, 64), (90, 60, 30)).save(tmp_path / "photo.png")
    (tmp_path / "spec.yaml").write_text(SPEC)
    done = neurotrain("run", "spec.yaml", "--plain", cwd=tmp_path, site=site)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "kinds"
    assert "own_metric" in json.loads((run / "test/metrics.json").read_text())["overall"]
    nodes = {node["id"]: node for node in json.loads((run / "plan.json").read_text())["nodes"]}
    needing = {name for name, node in nodes.items() if "plugin.kinds" in node.get("needs", ())}
    wanted = {"data.train", "data.valid", "data.test", "metrics", "optimizer", "scheduler"}
    assert needing == wanted | {"predictor"}


@pytest.mark.parametrize(
    ("base", "method"),
    [(MatrixMetric, "per_class"), (CurveMetric, "of_curve"), (MapMetric, "of_pair")],
)
def test_each_kind_of_metric_has_its_own_method(base: type, method: str) -> None:
    """A metric without what its kind computes is told; with it, nothing is wrong."""
    names = {"__doc__": "A metric.", "__module__": __name__}
    settings = {"tag": "own", "frozen": True, "kw_only": True}
    lacking = type(Component)("Own", (Component, base), names, **settings)
    assert malformation(lacking, built_in()) == f"Own defines no {method}()"
    whole = type(Component)("Own", (Component, base), {**names, method: print}, **settings)
    assert malformation(whole, built_in()) == ""


def test_a_metric_inherits_one_of_the_kinds() -> None:
    """The common base alone says not what the metric is a function of."""
    names = {"__doc__": "A metric.", "__module__": __name__, "per_class": print}
    kind = type(Component)("Own", (Component, Metric), names, tag="own", frozen=True, kw_only=True)
    told = "Own inherits Metric alone; inherit CurveMetric or MapMetric or MatrixMetric or "
    told += "TokenMetric or ValueMetric"
    assert malformation(kind, built_in()) == told
