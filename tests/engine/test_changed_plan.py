"""Another plan in the folder of a run: refused, or continued to the same bits."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from neurotrain.cli.comparing import read_plan
from neurotrain.cli.run import Ordered, _accept
from neurotrain.engine.attempt import Job
from neurotrain.engine.attempt import run as attempt
from neurotrain.engine.checkpoint import load
from neurotrain.engine.signals import StopFlag
from neurotrain.plan.graph import training_digest
from neurotrain.recorder.events import Event, read_all
from neurotrain.spec.catalogue import built_in
from tests.engine.conftest import DIGITS, Project

WHOLE = DIGITS.replace("{type: cosine, warmup: 1 epoch}", "{type: step, every: 2 epochs}")
STEPPED = WHOLE.replace("  test: {fraction: 0.4}\n", "")
"""Training alone, with rates that do not depend on the number of epochs."""
NEVER_STOPPED = STEPPED.replace("  early_stopping: {monitor: valid/accuracy, patience: 2}\n", "")
PREDICTING = WHOLE + 'predict: {input: "images/*.png"}\n'


def run(project: Project, text: str, *overrides: str, runs: str = "runs") -> int:
    """Give the run command in this process; its exit code."""
    plan = project.plan(text, *overrides)
    run_dir = project.folder / runs / plan.name
    run_dir.mkdir(parents=True, exist_ok=True)
    _accept(Ordered(name="spec.yaml", plan=plan, base=project.folder), run_dir)
    return attempt(Job(run_dir=run_dir), built_in(), StopFlag())


def outcome(run_dir: Path) -> dict[str, str]:
    """Digests of all that a run has to give bit for bit."""
    names = ("train/metrics.csv", "test/metrics.json", "test/per_sample.csv")
    files = [*(run_dir / "train/checkpoints").glob("*.pth"), *(run_dir / name for name in names)]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files if f.exists()}


def events(project: Project) -> list[Event]:
    """What the run told."""
    return list(read_all(project.folder / "runs/tiny/events.jsonl"))


def stages(project: Project) -> list[str]:
    """What the last attempt did with each stage."""
    told = events(project)
    last = told[-1].attempt
    kinds = {"stage.started": "ran", "stage.skipped": "kept"}
    return [
        f"{event.data['stage']} {kinds[event.kind]}"
        for event in told
        if event.attempt == last and event.kind in kinds
    ]


def test_more_epochs_go_on_to_the_bits_of_the_longer_run(project: Project) -> None:
    """With rates that do not depend on the length, three and three epochs are six."""
    assert run(project, WHOLE) == 0
    assert run(project, WHOLE, "train.epochs=6") == 0
    assert run(project, WHOLE, "train.epochs=6", runs="whole") == 0
    resumed = [event for event in events(project) if event.kind == "run.resumed"]
    assert [event.data["from_epoch"] for event in resumed] == [4]
    assert outcome(project.folder / "runs/tiny") == outcome(project.folder / "whole/tiny")


def test_more_epochs_come_to_the_next_level(project: Project) -> None:
    """A level that the shorter training never came to begins where the longer one has it."""
    levels = (
        "data.curriculum={levels: {easy: ['digit-0[0-4]*'], hard: ['*']}, "
        "schedule: {0: easy, 2: hard, 4: easy}}",
        "train.early_stopping=null", "train.scheduler.warmup=1 epoch",
    )  # fmt: skip
    assert run(project, WHOLE, *levels) == 0
    assert run(project, WHOLE, *levels, "train.epochs=6") == 0
    assert run(project, WHOLE, *levels, "train.epochs=6", runs="whole") == 0
    told = [e for e in events(project) if e.kind == "curriculum.changed"]
    assert [(e.attempt, e.epoch, e.data["level"]) for e in told] == [
        (1, 1, "easy"), (1, 3, "hard"), (2, 5, "easy"),
    ]  # fmt: skip
    assert outcome(project.folder / "runs/tiny") == outcome(project.folder / "whole/tiny")


def test_checkpoints_carry_the_training_that_goes_on(project: Project) -> None:
    """Those of before and after the change are both the new plan's; another rate's are not."""
    assert run(project, STEPPED) == 0
    folder = project.folder / "runs/tiny"
    before = load(folder / "train/checkpoints/last.pth")["plan_digest"]
    assert run(project, STEPPED, "train.epochs=4") == 0
    plan = read_plan(folder / "plan.json")
    assert load(folder / "train/checkpoints/last.pth")["plan_digest"] == before
    assert training_digest(plan) == before
    other = project.plan(STEPPED, "train.optimizer.learning_rate=1e-3")
    assert training_digest(other) != before


def test_rates_that_depend_on_the_length_are_refused(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cosine over six epochs is not one over three; nothing is lost."""
    assert run(project, DIGITS) == 0
    plan = (project.folder / "runs/tiny/plan.json").read_bytes()
    with pytest.raises(SystemExit) as ended:
        run(project, DIGITS, "train.epochs=6")
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "train.epochs: 3 (spec.yaml:15:11) -> 6 (--set)" in told
    assert "'cosine' depend on the number of epochs" in told
    assert (project.folder / "runs/tiny/plan.json").read_bytes() == plan


def test_fewer_epochs_than_are_done_are_refused(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is trained cannot be untrained."""
    assert run(project, NEVER_STOPPED) == 0
    with pytest.raises(SystemExit):
        run(project, NEVER_STOPPED, "train.epochs=2")
    assert "epoch 3 has begun, and the new plan has 2 epochs" in capsys.readouterr().err


def test_fewer_epochs_than_planned_end_as_the_shorter_run(project: Project) -> None:
    """A run that was stopped early enough ends like one that was planned so short."""
    flag = StopFlag()
    plan = project.plan(NEVER_STOPPED, "train.epochs=500")
    run_dir = project.folder / "runs/tiny"
    run_dir.mkdir(parents=True)
    _accept(Ordered(name="spec.yaml", plan=plan, base=project.folder), run_dir)
    flag.set("test", 130)
    assert attempt(Job(run_dir=run_dir), built_in(), flag) == 130
    assert run(project, NEVER_STOPPED) == 0
    assert run(project, NEVER_STOPPED, runs="whole") == 0
    assert outcome(run_dir) == outcome(project.folder / "whole/tiny")


def test_more_epochs_after_early_stopping_change_nothing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The longer run would have stopped there as well; that is told."""
    stopping = STEPPED.replace("patience: 2", "patience: 1, min_delta: 0.9")
    assert run(project, stopping) == 0
    before = outcome(project.folder / "runs/tiny")
    assert run(project, stopping, "train.epochs=9") == 0
    assert outcome(project.folder / "runs/tiny") == before
    assert "early stopping has ended the training after epoch 2" in capsys.readouterr().err


def test_more_patience_goes_on_after_early_stopping(project: Project) -> None:
    """The same weights and scores as with that patience from the start."""
    stopping = STEPPED.replace("patience: 2", "patience: 1, min_delta: 0.9")
    patient = stopping.replace("patience: 1", "patience: 2").replace("keep_last: 2", "keep_last: 1")
    assert run(project, stopping) == 0
    assert run(project, patient) == 0
    assert run(project, patient, runs="whole") == 0
    assert outcome(project.folder / "runs/tiny") == outcome(project.folder / "whole/tiny")


@pytest.mark.parametrize(
    ("change", "done"),
    [
        ("loggers=[tensorboard]", ["trainer kept", "tester kept", "predictor kept"]),
        ("test.num_pictures=1", ["trainer kept", "tester ran", "predictor kept"]),
        ("predict.input=images/01.png", ["trainer kept", "tester kept", "predictor ran"]),
        ("test.batch=100", ["trainer kept", "tester ran", "predictor ran"]),
    ],
)
def test_only_changed_stages_run_again(
    make_predicted: Callable[[], Project],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    done: list[str],
) -> None:
    """A finished stage whose digest is unchanged is kept, and nothing of an older plan stays."""
    project = make_predicted()
    monkeypatch.chdir(project.folder)
    weights = outcome(project.folder / "runs/tiny")["best.pth"]
    assert run(project, PREDICTING, change) == 0
    assert stages(project) == done
    assert outcome(project.folder / "runs/tiny")["best.pth"] == weights
    pictures = len(list((project.folder / "runs/tiny/test/predictions").glob("*.png")))
    assert pictures == (1 if "pictures" in change else 2)


@pytest.fixture
def make_predicted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """A finished run with a test and predictions, copied for each caller."""
    base = tmp_path_factory.getbasetemp() / "predicted"
    if not base.exists():
        (base / "images").mkdir(parents=True)
        for number in range(2):
            Image.new("L", (8, 8), 40 * number).save(base / f"images/0{number}.png")
        assert run(Project(base), PREDICTING) == 0

    def make() -> Project:
        folder = tmp_path_factory.mktemp("copy") / "project"
        shutil.copytree(base, folder)
        return Project(folder)

    return make
