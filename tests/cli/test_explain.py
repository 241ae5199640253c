"""`neurotrain explain`: every code, key and component in words, from the schema alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from neurotrain.cli.explain import described, explanation
from neurotrain.cli.main import cli
from neurotrain.compiler.codes import ALL
from neurotrain.compiler.validator import schema_file
from neurotrain.language.codes import CODES
from neurotrain.language.diagnostics import Code
from neurotrain.spec.catalogue import built_in
from neurotrain.spec.fields import Reference

RUNNER = CliRunner()
REFERENCE = Reference.of(built_in())


def _call(*arguments: str) -> Result:
    return RUNNER.invoke(cli, ["explain", *arguments])


@pytest.mark.parametrize("code", [*ALL, *CODES], ids=lambda code: code.id)
def test_code_is_explained_whole(code: Code) -> None:
    """What, why, the example and what to write instead are all told."""
    words = explanation(code.id).split()
    for part in (code.what, code.why, code.example, code.instead):
        wanted = part.split()
        assert any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def test_codes_of_both_layers_are_told_apart() -> None:
    """No id names two codes."""
    ids = [code.id for code in (*ALL, *CODES)]
    assert len(ids) == len(set(ids))


def test_field_with_a_default() -> None:
    """Meaning, type, bounds and default of a number."""
    assert explanation("train.early_stopping.patience").splitlines() == [
        "train.early_stopping.patience",
        "  Validations without improvement after which training stops",
        "",
        "  type      a whole number, at least 1",
        "  default   10",
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("model.unet.channels", "a list of 2 to 8 entries, each a whole number, at least 1"),
        ("train.precision", "bf16, fp16 or fp32"),
        ("train.optimizer.adamw.learning_rate", "a number, more than 0, at most 1000"),
        ("train.validate_every", "a number of epochs with its unit, such as '2 epochs'"),
        ("data.valid", "a dataset, or {fraction: …} or {folds: …} of the training data"),
        ("data.valid.fraction", "default   must be given"),
        ("data.valid.folds", "a whole number, at least 2, at most 100"),
        ("data.test", "a dataset, or {fraction: …} of the training data"),
        ("train.batch", "default   {micro: 16}"),
        ("train.optimizer", "default   {type: adamw}"),
        ("train.clip_grad_norm", "default   none"),
        ("task.segmentation.classes", "at least 2 entries"),
        ("loss[0].dice.weight", "Factor of this loss in the sum"),
        ("model.type", "basic_unet"),
        ("extends", "a file name, or a list of file names"),
        ("train.optimizer.rprop.etas", "2 entries: a number, more than 0, less than 1; a number,"),
        ("train.optimizer.rprop.etas[1]", "a number, more than 1"),
        ("train.optimizer.adam.betas", "2 entries, each a number, at least 0, less than 1"),
    ],
)
def test_what_is_said_of_a_path(path: str, said: str) -> None:
    """Types in words, legal values, units and defaults, wherever the path leads."""
    assert said in " ".join(explanation(path).split("\n")) or said in explanation(path)


def test_family_lists_its_components() -> None:
    """Every component of a family stands on one line of its own."""
    told = explanation("data.train")
    for name in built_in().names("dataset"):
        assert sum(line.split()[:1] == [name] for line in told.splitlines()) == 1


def test_component_alone_is_found_in_every_family() -> None:
    """`dice` is a loss and a metric, and both are told."""
    heads = [line for line in explanation("dice").splitlines() if line and line[0] != " "]
    assert heads == ["loss.dice", "metric.dice"]


def test_path_without_a_component_means_all_that_have_the_key() -> None:
    """`data.train.root` is a key of four datasets."""
    found = REFERENCE.find("data.train.root")
    assert [field.name for field in found] == [
        "data.train.image_folder.root",
        "data.train.image_table.root",
        "data.train.paired_images.root",
        "data.train.text_files.root",
    ]


def test_every_path_is_explained_within_80_columns() -> None:
    """Each key of the language has a meaning, and its text fits a narrow terminal."""
    found = {path: REFERENCE.find(path) for path in REFERENCE.paths()}
    assert [path for path, fields in found.items() if not fields] == []
    for field in (field for fields in found.values() for field in fields):
        assert field.meaning, field.name
        assert max(map(len, described(field).splitlines())) <= 80, field.name


@pytest.mark.parametrize(
    ("name", "likely"),
    [
        ("unkown-component", "unknown-component"),
        ("train.early_stoping.patience", "train.early_stopping.patience"),
        ("min_delta", "train.early_stopping.min_delta"),
        ("adamww", "train.optimizer.adamw"),
        ("data.trian.root", "data.train.root"),
        ("train.optimizer.learning_rat", "train.optimizer.learning_rate"),
        ("model.unett", "model.unet"),
    ],
)
def test_unknown_name_is_answered_by_the_nearest(name: str, likely: str) -> None:
    """A misspelt code, path, key or component is an error of use with a suggestion."""
    refused = _call(name)
    assert refused.exit_code == 2
    assert f"did you mean '{likely}" in refused.stderr


@pytest.mark.parametrize("name", ["xyzzy", "a..b", "[0]", "", "train.epochs.x"])
def test_hopeless_name_is_refused(name: str) -> None:
    """What means nothing is an error of use, never an empty answer."""
    assert _call(name).exit_code == 2


@pytest.mark.parametrize("arguments", [[], ["--schema"]])
def test_schema_is_printed(arguments: list[str]) -> None:
    """Without a name the published schema goes to stdout, as the file holds it."""
    printed = _call(*arguments)
    assert printed.exit_code == 0
    Draft202012Validator.check_schema(json.loads(printed.stdout))
    assert printed.stdout == Path(schema_file()).read_text(encoding="utf-8")


def test_schema_with_a_name_is_refused() -> None:
    """`--schema` prints all of it, so a name beside it would be ignored."""
    assert _call("--schema", "train").exit_code == 2
