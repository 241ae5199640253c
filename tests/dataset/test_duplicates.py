"""The same image under other names, and what is not the same image."""

from __future__ import annotations

from pathlib import Path

from neurotrain.dataset.duplicates import identities, placed, same_bytes
from neurotrain.dataset.paired_images import PairedImages
from neurotrain.dataset.reader import FileReader
from tests.dataset.conftest import RESOLVER, PairFolder


def told(folder: PairFolder, start: str = "") -> list[list[str]]:
    """The groups of equal images of a folder, by their ids."""
    component = folder.component(images=f"{start}images/*.png", masks=f"{start}labels/*.png")
    survey = component.survey(RESOLVER, max_headers=0, num_classes=2)
    images = placed("train", survey, survey.samples)
    return [[image.id for image in group] for group in same_bytes(images, FileReader())]


def test_a_copy_is_told(folder: PairFolder) -> None:
    """Two names with the same bytes are one group."""
    folder.same_stems(4)
    content = (folder.root / "images/1.png").read_bytes()
    (folder.root / "images/3.png").write_bytes(content)
    assert told(folder) == [["images/1.png", "images/3.png"]]


def test_a_link_is_told(folder: PairFolder) -> None:
    """A link to another image is the same image."""
    folder.same_stems(3)
    (folder.root / "images/2.png").unlink()
    (folder.root / "images/2.png").symlink_to(folder.root / "images/0.png")
    assert told(folder) == [["images/0.png", "images/2.png"]]


def test_blank_images_are_no_duplicates(folder: PairFolder) -> None:
    """Empty slices are alike without being one picture."""
    folder.same_stems(3)
    for name in ("0", "1"):
        folder.picture().point(lambda _: 7).save(folder.root / f"images/{name}.png")
    assert told(folder) == []


def test_equal_size_is_not_enough(folder: PairFolder) -> None:
    """Files of one size with other bytes are other images."""
    folder.same_stems(3)
    for name in ("0", "1"):
        folder.picture().save(folder.root / f"images/{name}.png", format="BMP")
    assert told(folder) == []


def test_one_file_has_one_identity(folder: PairFolder, tmp_path: Path) -> None:
    """Through another root, or a link to the root, a file is the same."""
    folder.same_stems(2, start="deep/")
    (tmp_path / "link").symlink_to(folder.root / "deep")
    roots = {"": "deep/", "deep": "", "link": ""}
    found = []
    for root, start in roots.items():
        images, masks = f"{start}images/*", f"{start}labels/*"
        component = PairedImages(root=str(folder.root / root), images=images, masks=masks)
        found.append(identities(folder.survey(component)).keys())
    assert found[0] == found[1] == found[2]
