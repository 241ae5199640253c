"""The plan: the same bytes everywhere, complete, and with a source for every value."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from neurotrain.plan.graph import mermaid
from neurotrain.plan.plan import Plan, decode, encode
from neurotrain.plan.reading import load

from .case_data import make
from .conftest import CATALOGUE, Compiling, compiled

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = Path(__file__).parent / "golden"
MACHINE: Final = ("engine.device=cpu", "engine.threads=1")
"""What depends on the machine that compiles, fixed."""


def _needs_no_data(spec: Path) -> bool:
    data = yaml.safe_load(spec.read_text(encoding="utf-8")).get("data", {})
    return not any("root" in block for block in data.values() if isinstance(block, dict))


SPECS: Final = [file for file in sorted((ROOT / "specs").glob("*.yaml")) if _needs_no_data(file)]
OWN: Final = """\
extends: bases/paired.yaml
predict: {input: "${env:CASE_DATA}/eyes/images/*"}
"""


def _plan(spec: Path) -> Plan:
    return compiled(spec, {}, MACHINE, deep=True).plan


def _files(spec: Path) -> dict[str, str]:
    """What `compile` writes that is the same everywhere."""
    plan = _plan(spec)
    deepspeed = msgspec.json.format(msgspec.json.encode(plan.deepspeed, order="sorted"))
    return {
        f"{spec.stem}.plan.json": encode(plan).decode(),
        f"{spec.stem}.deepspeed.json": deepspeed.decode() + "\n",
        f"{spec.stem}.graph.mmd": mermaid(plan.nodes),
    }


def test_there_are_specs_to_plan() -> None:
    """The golden files cover the shipped specs that need no data of the user."""
    assert {file.stem for file in SPECS} >= {"digits", "quickstart"}


@pytest.mark.parametrize("spec", SPECS, ids=lambda file: file.stem)
def test_plan_is_golden(spec: Path, request: pytest.FixtureRequest) -> None:
    """Plan, DeepSpeed JSON and graph of a shipped spec change only on purpose."""
    for name, text in _files(spec).items():
        file = GOLDEN / name
        if request.config.getoption("--update-goldens"):
            GOLDEN.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text, f"see `git diff {name}` after an update"


@pytest.mark.parametrize("spec", SPECS, ids=lambda file: file.stem)
def test_plan_fits_its_schema(spec: Path) -> None:
    """What is written is what `plan.schema.json` says, and a plan without its facts is not."""
    schema = json.loads((ROOT / "schema" / "plan.schema.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    tree = json.loads(encode(_plan(spec)))
    assert [error.message for error in validator.iter_errors(tree)] == []
    assert not validator.is_valid({key: tree[key] for key in tree if key != "facts"})
    tree["experiment"]["model"]["chanels"] = [8]
    assert not validator.is_valid(tree)


def test_every_golden_file_has_its_spec() -> None:
    """Nothing is left of a spec that is gone."""
    assert {file.name.partition(".")[0] for file in GOLDEN.iterdir()} == {
        file.stem for file in SPECS
    }


_PROBE: Final = """
import sys
from pathlib import Path
from neurotrain.cli.compiling import compile_file, deepened
from neurotrain.compiler.draft import Options
from neurotrain.plan.plan import encode
plan = deepened(compile_file(Path(sys.argv[1]), sys.argv[2:], Options(free_bytes=10**9))).plan
sys.stdout.buffer.write(encode(plan))
"""


def _bytes(spec: str, cwd: Path, umask: int, **environment: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, spec, *MACHINE],
        cwd=cwd, capture_output=True, check=True, env={**os.environ, **environment}, umask=umask,
    )  # fmt: skip
    return done.stdout


def test_bytes_do_not_depend_on_the_machine(tmp_path: Path) -> None:
    """Folder, time zone, locale, hash seed, umask, data folder and file order do not matter."""
    first, second = tmp_path / "first", tmp_path / "elsewhere" / "second"
    for folder in (first, second):
        folder.mkdir(parents=True)
        (folder / "bases").symlink_to(Path(__file__).parent / "cases" / "bases")
        (folder / "spec.yaml").write_text(OWN)
    make(first / "data")
    make(second / "pictures")
    _recreate_backwards(second / "pictures" / "eyes")
    one = _bytes(
        "spec.yaml", first, 0o022, CASE_DATA=str(first / "data"), TZ="UTC", LC_ALL="C",
        PYTHONHASHSEED="1",
    )  # fmt: skip
    other = _bytes(
        str(second / "spec.yaml"), Path("/"), 0o077, CASE_DATA=str(second / "pictures"),
        TZ="Pacific/Chatham", LC_ALL="C.UTF-8", PYTHONHASHSEED="77",
    )  # fmt: skip
    assert one == other


def _recreate_backwards(folder: Path) -> None:
    for file in sorted(folder.rglob("*.png"), reverse=True):
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content)
        os.utime(file, (1, 1))


def test_nothing_of_the_machine_is_in_the_plan(compiling: Compiling, case_data: Path) -> None:
    """No absolute path, host, user or value of the environment, from files and overrides alike."""
    text = encode(compiling(OWN, "seed=7").plan).decode()
    assert not re.search(r'"(/|~|[A-Z]:\\)', text)
    for secret in (str(case_data), str(ROOT), socket.gethostname(), str(Path.home())):
        assert secret not in text


@pytest.mark.parametrize("spec", SPECS, ids=lambda file: file.stem)
def test_plan_of_a_plan_is_the_plan(spec: Path, tmp_path: Path) -> None:
    """Writing and reading is a fixed point."""
    plan = _plan(spec)
    assert replace(decode(encode(plan), CATALOGUE), seal="") == plan
    (tmp_path / "plan.json").write_bytes(encode(plan))
    assert encode(load(tmp_path / "plan.json", CATALOGUE)) == encode(plan)


def test_unknown_key_in_a_plan_is_refused() -> None:
    """A plan of another version is not read half."""
    tree = json.loads(encode(_plan(SPECS[0])))
    with pytest.raises(msgspec.ValidationError):
        decode(json.dumps(tree | {"later": 1}).encode(), CATALOGUE)


@pytest.mark.parametrize("spec", SPECS, ids=lambda file: file.stem)
def test_provenance_names_the_place(spec: Path) -> None:
    """What the file wrote stands exactly where the plan says."""
    plan = _plan(spec)
    lines = spec.read_text(encoding="utf-8").splitlines()
    values = json.loads(encode(plan))["experiment"]
    written = [path for path, place in plan.provenance.items() if place.startswith(spec.name)]
    assert written
    for path in written:
        _, line, column = plan.provenance[path].split(":")
        start = lines[int(line) - 1][int(column) - 1 :]
        value = _at(values, path)
        if isinstance(value, list):
            assert start.startswith("["), path
        else:
            token = re.match(r"[^\s,}\]][^,}\]#]*", start)
            assert token is not None
            assert _plain(token[0].strip()) == value, path


def _plain(token: str) -> Any:
    """The value of a scalar; YAML 1.1 takes 3e-3 for a text."""
    try:
        return float(token)
    except ValueError:
        return yaml.safe_load(token)


def _at(tree: Any, path: str) -> Any:
    for key in re.findall(r"[^.\[\]]+", path):
        tree = tree[int(key)] if isinstance(tree, list) else tree[key]
    return tree


def test_provenance_covers_every_value() -> None:
    """Each value of the experiment has a source, and the machine's values name theirs."""
    plan = _plan(SPECS[0])
    assert plan.provenance["engine.device"] == "--set"
    assert plan.provenance["train.optimizer.eps"] == "default"
    assert plan.provenance["facts.steps_per_epoch"].startswith("derived: ")
    experiment = json.loads(encode(plan))["experiment"]
    missing = [path for path in _leaves(experiment) if path not in plan.provenance]
    assert missing == []


def _leaves(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [
            leaf
            for key, below in value.items()
            for leaf in _leaves(below, f"{path}.{key}" if path else key)
        ]
    if isinstance(value, list) and any(isinstance(below, dict) for below in value):
        return [leaf for i, below in enumerate(value) for leaf in _leaves(below, f"{path}[{i}]")]
    return [path]


def test_provenance_of_a_base_names_the_base(compiling: Compiling) -> None:
    """Files are named as seen from the spec's folder."""
    plan = compiling("extends: bases/segmentation.yaml\nseed: 5\n").plan
    assert plan.provenance["seed"] == "spec.yaml:2:7"
    assert plan.provenance["train.epochs"] == "bases/segmentation.yaml:14:11"


SEGMENTATION: Final = (
    "extends: bases/segmentation.yaml\npredict: {input: '${env:CASE_DATA}/eyes/images/*'}\n"
)
STAGES: Final = {"trainer", "tester", "predictor"}


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        ("name=other", set()),
        ("data.loader.num_workers=2", set()),
        ("data.loader.cache=none", set()),
        ("train.optimizer.type=adamw", set()),
        ("test.num_pictures=3", {"tester"}),
        ("metrics=[dice]", STAGES),
        ("predict.postprocess=[threshold]", {"predictor"}),
        ("test.flips=true", {"tester", "predictor"}),
        ("train.optimizer={type: adamw, learning_rate: 1e-4}", STAGES),
        ("train.epochs=21", STAGES),
        ("seed=1", STAGES),
        ("model.channels=[8, 16]", STAGES),
        ("data.train.seed=9", STAGES),
        ("data.test.seed=9", {"tester"}),
        ("engine.threads=2", STAGES),
    ],
)
def test_digests_change_with_what_matters(
    compiling: Compiling, change: str, stages: set[str]
) -> None:
    """A stage's digest changes exactly where its result may change."""
    before = {node.id: node.digest for node in compiling(SEGMENTATION).plan.nodes}
    after = {node.id: node.digest for node in compiling(SEGMENTATION, change).plan.nodes}
    assert {name for name in STAGES if before[name] != after[name]} == stages


def test_comments_and_spelling_are_outside_the_digests(compiling: Compiling) -> None:
    """The same values written otherwise, with comments, are the same run."""
    plain = compiling(SEGMENTATION).plan
    other = compiling(
        "# A comment.\n" + SEGMENTATION + "metrics: [{type: dice}, iou]\ntrain: {epochs: 0x14}\n"
    ).plan
    assert plain.digest == other.digest


def test_another_file_is_another_digest(compiling: Compiling, case_data: Path) -> None:
    """A file of another size changes the data, and with it every stage."""
    before = compiling(OWN).plan
    file = case_data / "eyes" / "images" / "05.png"
    content = file.read_bytes()
    try:
        file.write_bytes(content + b"\0")
        after = compiling(OWN).plan
    finally:
        file.write_bytes(content)
    assert before.digest != after.digest


def test_a_key_without_a_value_resets_nothing(compiling: Compiling) -> None:
    """It is told at its place, where null would have deleted what the base says."""
    faults = compiling("extends: bases/segmentation.yaml\ntrain:\n  epochs:\n")
    assert [(found.code.id, found.path) for found in faults.report.items] == [
        ("missing-value", ("train", "epochs"))
    ]
    assert compiling("extends: bases/segmentation.yaml\ntrain: {epochs: null}\n").codes == []


def test_another_image_to_predict_is_another_prediction(
    compiling: Compiling, case_data: Path
) -> None:
    """The predictor's digest holds the names and sizes of its inputs; the training's does not."""
    spec = "extends: bases/paired.yaml\npredict: {input: '${env:CASE_DATA}/eyes/images/*'}\n"
    before = {node.id: node.digest for node in compiling(spec).plan.nodes}
    added = case_data / "eyes/images/extra.bmp"
    shutil.copy(next((case_data / "eyes/images").glob("*.png")), added)
    try:
        after = {node.id: node.digest for node in compiling(spec).plan.nodes}
    finally:
        added.unlink()
    assert before["trainer"] == after["trainer"]
    assert before["predictor"] != after["predictor"]
