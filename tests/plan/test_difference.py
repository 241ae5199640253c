"""The judgement of what a changed plan costs, against the digests that decide it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from neurotrain.compiler.draft import Options
from neurotrain.compiler.driver import compile_spec
from neurotrain.language.diagnostics import Report
from neurotrain.language.load import load
from neurotrain.plan.difference import Cost, Difference, Progress, compare
from neurotrain.plan.graph import stages_of, training_digest
from neurotrain.plan.plan import Plan
from neurotrain.plan.spread import is_respread, portable_digest
from neurotrain.spec.catalogue import built_in

SPEC: Final = """\
version: 1
name: tiny
seed: 7
task: {type: segmentation, classes: [background, vessel]}
data:
  train: {type: retina_phantom, num_images: 20, size: 64, seed: 1}
  valid: {fraction: 0.2}
  test: {type: retina_phantom, num_images: 4, size: 64, seed: 2}
  transforms: {train: [normalize, {type: random_crop, size: [32, 32]}], eval: [normalize]}
model: {type: unet, channels: [4, 8]}
loss: [dice, bce]
metrics: [dice, iou]
train:
  epochs: 20
  batch: {global: 4}
  optimizer: {type: adamw, learning_rate: 1e-3}
  scheduler: {type: step, every: 5 epochs}
  validate_every: 2 epochs
  early_stopping: {monitor: valid/dice, patience: 5}
  checkpoints: {every: 2 epochs, keep_last: 2}
predict: {input: "image.png"}
engine: {type: torch, device: cpu, threads: 1}
"""
ALL: Final = ("trainer", "tester", "predictor")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the spec and an image to predict."""
    folder = tmp_path_factory.mktemp("spec")
    Image.new("RGB", (64, 64)).save(folder / "image.png")
    (folder / "spec.yaml").write_text(SPEC)
    return folder


@cache
def planned(folder: Path, *overrides: str) -> Plan:
    """The plan of the spec with overrides."""
    report, file = Report(), folder / "spec.yaml"
    loaded = load(file, overrides=overrides, environment={}, report=report)
    assert loaded.root is not None
    draft = compile_spec(
        loaded.root, file, catalogue=built_in(), environment={}, options=Options(), report=report
    )
    assert draft.plan is not None, report.items
    return draft.plan


def difference(
    folder: Path, *overrides: str, before: tuple[str, ...] = (), progress: Progress | None = None
) -> Difference:
    """What overrides change."""
    come = (progress,) if progress is not None else ()
    return compare(planned(folder, *before), planned(folder, *overrides), come)


CHANGES: Final[list[tuple[str, Cost, tuple[str, ...]]]] = [
    ("name=other", "nothing", ()),
    ("loggers=[tensorboard]", "nothing", ()),
    ("data.loader.num_workers=2", "nothing", ()),
    ("data.curriculum={levels: {all: ['*']}, schedule: {0: all}}", "new-run", ALL),
    ("data.loader.cache=none", "nothing", ()),
    ("train.batch={micro: 4, accumulation: 1}", "nothing", ()),
    ("train.checkpoints.monitor=valid/dice", "nothing", ()),
    ("engine.device=auto", "nothing", ()),
    ("train.epochs=30", "resume-safe", ALL),
    ("train.epochs=10", "resume-safe", ALL),
    ("train.early_stopping.patience=7", "resume-safe", ALL),
    ("train.checkpoints.every=1 epoch", "resume-safe", ALL),
    ("train.checkpoints.keep_last=1", "resume-safe", ALL),
    ("train.checkpoints.every=null", "resume-safe", ALL),
    ("test.num_pictures=1", "stages", ("tester",)),
    ("test.flips=true", "stages", ("tester", "predictor")),
    ("test.batch=2", "stages", ("tester", "predictor")),
    ("data.test.seed=3", "stages", ("tester",)),
    ("predict.postprocess=[threshold]", "stages", ("predictor",)),
    ("predict=null", "nothing", ()),
    ("train.early_stopping.patience=4", "new-run", ALL),
    ("train.early_stopping.min_delta=0.1", "new-run", ALL),
    ("train.early_stopping.monitor=valid/iou", "new-run", ALL),
    ("train.early_stopping=null", "new-run", ALL),
    ("train.validate_every=1 epoch", "new-run", ALL),
    ("train.scheduler.gamma=0.5", "new-run", ALL),
    ("train.scheduler={type: cosine}", "new-run", ALL),
    ("train.optimizer.learning_rate=1e-4", "new-run", ALL),
    ("train.batch.global=8", "new-run", ALL),
    ("train.clip_grad_norm=1.0", "new-run", ALL),
    ("train.precision=bf16", "new-run", ALL),
    ("train.channels_last=true", "new-run", ALL),
    ("engine.threads=2", "new-run", ALL),
    ("seed=8", "new-run", ALL),
    ("model.channels=[4, 4]", "new-run", ALL),
    ("loss=[dice]", "new-run", ALL),
    ("metrics=[dice]", "new-run", ALL),
    ("task.classes=[background, artery]", "new-run", ALL),
    ("data.train.seed=9", "new-run", ALL),
    ("data.valid.fraction=0.3", "new-run", ALL),
    ("data.transforms.train=[normalize]", "new-run", ALL),
    ("data.transforms.eval=[normalize, {type: resize, size: [64, 64]}]", "new-run", ALL),
    ("test.sliding_window=[32, 32]", "new-run", ALL),
    ("test.overlap=0.5", "new-run", ALL),
]


@pytest.mark.parametrize(("change", "cost", "stages"), CHANGES, ids=[c for c, _, _ in CHANGES])
def test_the_cost_of_each_change(
    folder: Path, change: str, cost: Cost, stages: tuple[str, ...]
) -> None:
    """One change has its cost and reaches its stages, as the digests say."""
    old, new = planned(folder), planned(folder, change)
    found = compare(old, new)
    assert found.cost == cost
    assert found.stages == stages
    before = {node.id: node.digest for node in stages_of(old.nodes)}
    differing = [n.id for n in stages_of(new.nodes) if n.digest != before.get(n.id)]
    assert list(found.stages) == differing
    told = {stage for each in found.changes for stage in each.stages}
    assert told == set(stages)
    path = change.partition("=")[0]
    assert found.changes
    assert all(each.path.startswith(path.partition(".")[0]) for each in found.changes)


@pytest.mark.parametrize(("change", "cost", "stages"), CHANGES, ids=[c for c, _, _ in CHANGES])
def test_safe_changes_are_those_of_one_training(
    folder: Path, change: str, cost: Cost, stages: tuple[str, ...]
) -> None:
    """A training goes on only with a plan of the same training digest."""
    same = training_digest(planned(folder)) == training_digest(planned(folder, change))
    assert same or cost == "new-run"
    assert not same or cost != "new-run" or change.startswith("train.early_stopping.patience")


def test_every_setting_of_training_is_judged(folder: Path) -> None:
    """What a later version adds to `train` is dear until it is known to be safe."""
    from neurotrain.plan.difference import _fed, _reached

    plan = planned(folder)
    for key in type(plan.experiment.train).__struct_encode_fields__:
        assert "trainer" in _reached(_fed(f"train.{key}", frozenset()), (plan,)), key


def test_the_length_counts_where_rates_depend_on_it(folder: Path) -> None:
    """With a cosine, more epochs are another training."""
    cosine = "train.scheduler={type: cosine}"
    found = difference(folder, cosine, "train.epochs=30", before=(cosine,))
    assert found.cost == "new-run"
    assert [change.path for change in found.changes] == ["train.epochs"]
    assert "'cosine'" in found.changes[0].note


def test_several_changes_cost_the_dearest(folder: Path) -> None:
    """Each keeps its own cost; dear ones come first; what follows is told apart."""
    found = difference(folder, "seed=8", "train.epochs=30", "test.flips=true", "name=other")
    assert [(c.path, c.cost) for c in found.changes] == [
        ("seed", "new-run"), ("test.flips", "stages"), ("train.epochs", "resume-safe"),
        ("name", "nothing"),
    ]  # fmt: skip
    assert found.cost == "new-run"
    assert "facts.num_steps" in [change.path for change in found.derived]


def test_equal_plans_have_no_difference(folder: Path) -> None:
    """The same plan is no change at all."""
    found = difference(folder)
    assert (found.cost, found.stages, found.changes, found.derived) == ("nothing", (), (), ())


@pytest.mark.parametrize(
    ("change", "progress", "obstacle"),
    [
        ("train.epochs=10", Progress(num_finished=9, num_begun=10), ""),
        ("train.epochs=10", Progress(num_finished=10, num_begun=11), "epoch 11 has begun"),
        ("train.epochs=9", Progress(num_finished=9, num_begun=9), "epoch 9 was not validated"),
        ("train.epochs=9", Progress(num_finished=8, num_begun=9), ""),
        ("train.epochs=30", Progress(num_finished=20, num_begun=20), ""),
        ("train.checkpoints.keep_last=1", Progress(num_finished=20, num_begun=20), ""),
    ],
)
def test_what_is_done_may_stand_in_the_way(
    folder: Path, change: str, progress: Progress, obstacle: str
) -> None:
    """A run goes on with another length only if its epochs so far are those of that length."""
    found = difference(folder, change, progress=progress)
    assert obstacle in found.obstacle
    assert bool(found.obstacle) == bool(obstacle)
    assert found.continues == (not obstacle)


def test_an_epoch_validated_because_it_was_the_last(folder: Path) -> None:
    """A longer run would not have validated it, so its records would differ."""
    odd = ("train.epochs=21",)
    done = Progress(num_finished=21, num_begun=21)
    found = difference(folder, "train.epochs=30", before=odd, progress=done)
    assert "epoch 21 was validated as the last one" in found.obstacle
    assert not difference(
        folder, "train.epochs=30", before=odd, progress=Progress(num_finished=20, num_begun=21)
    ).obstacle


def test_other_files_under_the_same_spec_are_told(folder: Path) -> None:
    """Data that changed by itself is a change of its own."""
    from msgspec.structs import replace

    from neurotrain.plan.graph import build_graph, run_digest

    old = planned(folder)
    parts = old.facts.parts | {"train": replace(old.facts.parts["train"], digest="0" * 64)}
    facts = replace(old.facts, parts=parts, threads=4)
    nodes = build_graph(old.experiment, facts)
    new = replace(old, facts=facts, nodes=nodes, digest=run_digest(nodes))
    found = compare(old, new)
    assert [(c.path, c.before, c.after, c.cost) for c in found.changes] == [
        ("data.train", "16 samples", "16 other samples", "new-run"),
        ("facts.threads", 1, 4, "new-run"),
    ]


MANY: Final = "engine={type: deepspeed, device: cpu, threads: 1, processes: 2"
SPREADS: Final[list[tuple[str, str, Cost]]] = [
    ("engine={type: torch, device: cpu, threads: 1}", f"{MANY}}}", "resume-consolidated"),
    (f"{MANY}}}", "engine={type: torch, device: cpu, threads: 1}", "resume-consolidated"),
    (f"{MANY}}}", f"{MANY}, nodes: 2, launcher: slurm}}", "resume-consolidated"),
    (f"{MANY}}}", f"{MANY}, zero: {{stage: 3}}}}", "resume-consolidated"),
    (f"{MANY}}}", f"{MANY}, sync_batch_norm: false, master_port: 2000}}", "nothing"),
    (f"{MANY}}}", f"{MANY.replace('threads: 1', 'threads: 2')}, zero: {{stage: 1}}}}",
     "resume-consolidated"),
    (f"{MANY}}}", f"{MANY.replace('threads: 1', 'threads: 2')}}}", "new-run"),
    (f"{MANY}}}", f"{MANY}, optimizer: deepspeed}}", "new-run"),
    (f"{MANY}}}", f"{MANY}, bf16: {{}}, zero: {{stage: 2}}}}", "new-run"),
    (f"{MANY}, bf16: {{}}, zero: {{stage: 2}}}}", f"{MANY}, bf16: {{}}, zero: {{stage: 3}}}}",
     "resume-consolidated"),
    (f"{MANY}, bf16: {{}}, zero: {{stage: 2}}}}", f"{MANY}, bf16: {{}}}}", "new-run"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "cost"), SPREADS)
def test_the_cost_of_another_spread(folder: Path, before: str, after: str, cost: Cost) -> None:
    """Another number of processes, stage or engine costs the bits, other formats the run."""
    found = difference(folder, after, before=(before,))
    assert found.cost == cost
    old, new = planned(folder, before), planned(folder, after)
    ported = portable_digest(old) == portable_digest(new) and is_respread(old, new)
    assert ported == (cost == "resume-consolidated")


@pytest.mark.parametrize(
    ("after", "sets", "note"),
    [
        (f"{MANY}}}", ("train.batch.global=8",), "the global batch would be 8, not 4"),
        (f"{MANY}, optimizer: deepspeed}}", (), "whose optimizer and schedule it is"),
        (f"{MANY}, bf16: {{}}}}", (), "has no float32 weights by name"),
    ],
)
def test_why_a_state_is_not_carried_over(
    folder: Path, after: str, sets: tuple[str, ...], note: str
) -> None:
    """The change of the engine says why the state of the old one does not serve."""
    found = difference(folder, after, *sets)
    assert found.cost == "new-run"
    assert note in next(change.note for change in found.changes if change.path == "engine")


def test_another_spread_and_rate(folder: Path) -> None:
    """A change that needs a new run is not hidden by one that does not."""
    found = difference(folder, f"{MANY}}}", "train.optimizer.learning_rate=1e-4")
    costs = {change.path: change.cost for change in found.changes}
    assert found.cost == "new-run"
    assert costs["engine"] == "resume-consolidated"
    assert costs["train.optimizer.learning_rate"] == "new-run"
