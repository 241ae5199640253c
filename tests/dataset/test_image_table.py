"""A table of images and numbers: its samples, its faults with their lines, its loading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neurotrain.component.paths import Resolver
from neurotrain.dataset import get_train_valid_test_dataloader
from neurotrain.dataset.base import CorruptSample, Survey
from neurotrain.dataset.image_table import ImageTable
from neurotrain.dataset.split import digest
from neurotrain.dataset.targets import chosen

RESOLVER = Resolver(base=Path("/"), environment={})
TEXT = "file,age,weight\nb/2.png,34.5,71\na.png,-1e1, 80 \n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three images and a table of two of them."""
    for number, name in enumerate(("a.png", "b/2.png", "c.png")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (5, 4), 51 * number).save(tmp_path / name)
    (tmp_path / "t.csv").write_text(TEXT)
    return tmp_path


def component(root: Path, changes: Mapping[str, Any] | None = None) -> ImageTable:
    """The table, with two targets."""
    usual = {"table": "t.csv", "image": "file", "targets": ("age", "weight")}
    return ImageTable(root=str(root), **{**usual, **(changes or {})})


def survey(root: Path, text: str | None = None, **changes: Any) -> Survey:
    """What is found, with another text of the table where one is given."""
    if text is not None:
        (root / "t.csv").write_text(text)
    return component(root, changes).survey(RESOLVER, max_headers=None, num_classes=0)


def faults(found: Survey) -> list[tuple[str, str]]:
    """Code and field of every fault."""
    return [(fault.code, fault.field) for fault in found.faults]


def test_rows_are_samples(root: Path) -> None:
    """Sorted by name, with the numbers in the order of the targets."""
    found = survey(root)
    assert found.faults == ()
    assert [(one.id, one.values) for one in found.samples] == [
        ("a.png", (-10.0, 80.0)),
        ("b/2.png", (34.5, 71.0)),
    ]
    assert found.samples[0].size == (4, 5)
    assert found.targets == ("age", "weight")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_a_byte_order_mark(root: Path, separator: str) -> None:
    """Spreadsheets write both; quoted cells may hold the separator, empty lines are left out."""
    text = f'\ufefffile{separator}"age"{separator}note\r\n\r\na.png{separator}3{separator}"x'
    text += f'{separator} y"\r\n'
    found = survey(root, text, separator=separator, targets=("age",))
    assert found.faults == ()
    assert [one.values for one in found.samples] == [(3.0,)]


def test_cells_that_are_no_numbers_are_told_with_their_lines(root: Path) -> None:
    """A fault for each column; a record over several lines counts from its first."""
    text = 'file,age,weight\n"a.png",nan,\nb/2.png,"1\n2",1_000\nc.png,1e999,"1,5"\n'
    found = survey(root, text)
    assert faults(found) == [("table-values", "targets")] * 2
    age, weight = (fault.message for fault in found.faults)
    assert "line 2 'nan', line 3 '1\n2', line 5 '1e999'" in age
    assert "line 2 empty, line 3 '1_000', line 5 '1,5'" in weight


def test_missing_and_repeated_images_are_told_with_their_lines(root: Path) -> None:
    """Another spelling of a name is the same file."""
    text = "file,age,weight\na.png,1,2\ngone.png,1,2\n./a.png,3,4\n,5,6\n../x.png,7,8\n"
    found = survey(root, text)
    assert faults(found) == [("missing-files", "image")] * 2 + [("duplicate-rows", "image")]
    absent, outside, twice = (fault.message for fault in found.faults)
    assert "gone.png (line 3), line 5 names no file" in absent
    assert "../x.png (line 6)" in outside
    assert "a.png (lines 2, 4)" in twice


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "it is empty"),
        ("\n \n", "it is empty"),
        ("file,age,weight\n", "no rows"),
        ("file,age,age,weight\na.png,1,2,3\n", "names 'age' twice"),
        ('file,age,weight\na.png,"1,2\n', "line 2 is no row"),
    ],
)
def test_a_file_that_is_no_table_says_why(root: Path, text: str, cause: str) -> None:
    """One fault, at the table."""
    found = survey(root, text)
    assert faults(found) == [("unreadable-table", "table")]
    assert cause in found.faults[0].message


def test_a_missing_column_names_the_nearest(root: Path) -> None:
    """One fault for each column that is not there."""
    found = survey(root, image="File", targets=("wieght", "age"))
    assert faults(found) == [("missing-column", "image"), ("missing-column", "targets")]
    assert found.faults[0].hint.startswith("did you mean 'file'?")
    assert found.faults[1].hint.startswith("did you mean 'weight'?")


def test_groups_come_from_the_names(root: Path) -> None:
    """As for every dataset of files."""
    found = survey(root, "file,age,weight\nb/2.png,1,2\n", group_by="{group}/*")
    assert [one.group for one in found.samples] == ["b"]


def test_the_digest_covers_the_learned_numbers(root: Path) -> None:
    """A number of the same length is other data; one of a column that is not learned is not."""
    before = digest(chosen(survey(root), ("age",)).samples)
    assert digest(chosen(survey(root, TEXT.replace("71", "72")), ("age",)).samples) == before
    assert digest(chosen(survey(root, TEXT.replace("34.5", "35.4")), ("age",)).samples) != before


def test_samples_are_loaded_with_their_numbers(root: Path) -> None:
    """float64, in the units of the table; a file that is gone is told by name."""
    table = component(root)
    found = chosen(survey(root), ("weight",))
    opened = table.open(RESOLVER, found.samples, 0)
    sample = opened.load(1)
    assert sample.target.tolist() == [71.0]
    assert sample.target.dtype == np.float64
    assert sample.image_CHW.shape == (1, 4, 5)
    (root / "b/2.png").unlink()
    with pytest.raises(CorruptSample, match=r"b/2\.png"):
        opened.load(1)


def test_loaders_from_python(root: Path) -> None:
    """The targets of the task are chosen; one that the data lacks is told."""
    data = {"type": "image_table", "root": str(root), "table": "t.csv", "image": "file"}
    config: dict[str, Any] = {
        "train": {**data, "targets": ["age", "weight"]},
        "task": {"type": "regression", "targets": ["weight"]},
        "batch_size": 2,
    }
    train, _, _ = get_train_valid_test_dataloader(config)
    (batch,) = train.epoch(1)
    assert sorted(batch.targets.flatten().tolist()) == [71.0, 80.0]  # type: ignore[union-attr]
    config["task"]["targets"] = ["height"]
    with pytest.raises(ValueError, match="no target 'height'; it has age, weight"):
        get_train_valid_test_dataloader(config)
