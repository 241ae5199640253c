"""One folder a class: its classes, its samples and its faults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import CorruptSample, DataFault, Survey
from neurotrain.dataset.image_folder import ImageFolder

RESOLVER = Resolver(base=Path("/"), environment={})


def write(root: Path, *names: str, mode: str = "RGB") -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, (5, 4)).save(root / name)
    return root


def survey(component: ImageFolder, max_headers: int | None = None) -> Survey:
    return component.survey(RESOLVER, max_headers=max_headers, num_classes=0)


def only_fault(root: Path, pattern: str = "**/*") -> DataFault:
    (fault,) = survey(ImageFolder(root=str(root), pattern=pattern)).faults
    return fault


def test_classes_are_the_sorted_folder_names(tmp_path: Path) -> None:
    """Labels follow their order; nested files belong to the outer folder."""
    write(tmp_path, "dog/1.png", "cat/2.jpg", "cat/more/3.PNG")
    found = survey(ImageFolder(root=str(tmp_path)))
    assert found.classes == ("cat", "dog")
    assert [(info.id, info.label) for info in found.samples] == [
        ("cat/2.jpg", 0),
        ("cat/more/3.PNG", 0),
        ("dog/1.png", 1),
    ]
    assert found.faults == ()


def test_numbers_are_sorted_by_value(tmp_path: Path) -> None:
    """10 comes after 2."""
    write(tmp_path, "10/a.png", "2/a.png", "1/a.png")
    assert survey(ImageFolder(root=str(tmp_path))).classes == ("1", "2", "10")


def test_a_sample_holds_its_class(tmp_path: Path) -> None:
    """The target is the class index, of shape ()."""
    write(tmp_path, "a/1.png", "b/2.png")
    component = ImageFolder(root=str(tmp_path), channels="grey")
    sample = component.open(RESOLVER, survey(component).samples, 2).load(1)
    assert (sample.id, int(sample.target), sample.target.shape) == ("b/2.png", 1, ())
    assert sample.image_CHW.shape == (1, 4, 5)
    assert sample.target.dtype == np.int64


def test_other_files_are_left_out(tmp_path: Path) -> None:
    """Text files and hidden folders are no data."""
    write(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a/notes.txt").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").write_text("x")
    found = survey(ImageFolder(root=str(tmp_path)))
    assert (len(found.samples), found.classes, found.faults) == (2, ("a", "b"), ())


def test_images_of_different_sizes_are_allowed(tmp_path: Path) -> None:
    """Transforms make them equal."""
    write(tmp_path, "a/1.png", "b/2.png")
    Image.new("RGB", (50, 40)).save(tmp_path / "b/3.png")
    assert survey(ImageFolder(root=str(tmp_path))).faults == ()


def test_a_missing_root(tmp_path: Path) -> None:
    """A root that does not exist is named."""
    assert "no 'absent'" in only_fault(tmp_path / "absent").message


def test_no_folders(tmp_path: Path) -> None:
    """A root without folders has no classes; images in it are named."""
    write(tmp_path, "1.png")
    stray, few = survey(ImageFolder(root=str(tmp_path))).faults
    assert (stray.code, "1.png" in stray.message) == ("unpaired-images", True)
    assert few.code == "too-few-classes"


def test_one_folder(tmp_path: Path) -> None:
    """One class is none; the common mistake is a root one level too high."""
    write(tmp_path, "train/a/1.png")
    fault = only_fault(tmp_path)
    assert (fault.code, "'train'" in fault.message) == ("too-few-classes", True)


def test_a_class_without_images(tmp_path: Path) -> None:
    """The empty folder is named."""
    write(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "c").mkdir()
    fault = only_fault(tmp_path)
    assert (fault.code, "/c" in fault.message) == ("missing-files", True)


def test_a_bad_pattern_is_told_once(tmp_path: Path) -> None:
    """Not once for every class."""
    write(tmp_path, "a/1.png", "b/2.png")
    assert only_fault(tmp_path, "*.{png,jpg}").field == "pattern"
    assert only_fault(tmp_path, "{id}.png").field == "pattern"


def test_an_unreadable_image(tmp_path: Path) -> None:
    """Named in the survey, and a corrupt sample when loaded all the same."""
    write(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "b/2.png").write_bytes(b"x")
    component = ImageFolder(root=str(tmp_path))
    found = survey(component)
    assert [fault.code for fault in found.faults] == ["unreadable-image"]
    with pytest.raises(CorruptSample, match=r"b/2\.png"):
        component.open(RESOLVER, found.samples, 2).load(1)


def test_mixed_channels(tmp_path: Path) -> None:
    """Grey among colour is told."""
    write(tmp_path, "a/1.png")
    write(tmp_path, "b/2.png", mode="L")
    assert only_fault(tmp_path).code == "mixed-channels"
