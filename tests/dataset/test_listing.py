"""Patterns: what they match under a root, and which of them are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neurotrain.dataset.listing import BadPattern, list_files

FILES = (
    "a.png",
    "b.PNG",
    "c.jpg",
    "notes.txt",
    ".hidden.png",
    "Thumbs.db",
    "._a.png",
    "images/1.tif",
    "images/2.TIF",
    "images/deep/3.tif",
    "images/.cache/4.tif",
    "p1/image.png",
    "p1/p1_seg.png",
    "p2/image.png",
    "p2/p2_seg.png",
    "p3/p2_seg.png",
    "__MACOSX/a.png",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * len(name))
    return tmp_path


def names(root: Path, pattern: str) -> list[str]:
    return [file.name for file in list_files(root, pattern).files]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a.png", "b.PNG"]),
        ("*", ["a.png", "b.PNG", "c.jpg"]),
        ("*.*", ["a.png", "b.PNG", "c.jpg"]),
        ("[ab].png", ["a.png", "b.PNG"]),
        ("[!a].png", ["b.PNG"]),
        ("?.jpg", ["c.jpg"]),
        ("*.txt", ["notes.txt"]),
        ("a.png", ["a.png"]),
        ("images/*.tif", ["images/1.tif", "images/2.TIF"]),
        ("./images//*.tif", ["images/1.tif", "images/2.TIF"]),
        ("images/**/*.tif", ["images/1.tif", "images/2.TIF", "images/deep/3.tif"]),
        ("images/**", ["images/1.tif", "images/2.TIF", "images/deep/3.tif"]),
        ("**/*.tif", ["images/1.tif", "images/2.TIF", "images/deep/3.tif"]),
        ("*/image.png", ["p1/image.png", "p2/image.png"]),
        ("{id}/image.png", ["p1/image.png", "p2/image.png"]),
        ("{id}/{id}_seg.png", ["p1/p1_seg.png", "p2/p2_seg.png"]),
        ("nothing/*.png", []),
        ("A.png", []),
    ],
)
def test_patterns_match(root: Path, pattern: str, expected: list[str]) -> None:
    """A pattern matches these files of the tree, in order of their names."""
    assert names(root, pattern) == expected


def test_the_placeholder_is_captured(root: Path) -> None:
    """`{id}` tells what it stands for."""
    assert [file.id for file in list_files(root, "{id}/{id}_seg.png").files] == ["p1", "p2"]


def test_wildcard_folders_are_captured(root: Path) -> None:
    """What wildcards of folders stand for is told, for pairing within them."""
    files = list_files(root, "im*/**/*.tif").files
    assert [file.folders for file in files] == [("ages", ""), ("ages", ""), ("ages", "deep")]


def test_sizes_are_in_bytes(root: Path) -> None:
    """Each file comes with its size."""
    assert [file.num_bytes for file in list_files(root, "*.png").files] == [5, 5]


def test_dead_links_are_told_apart(root: Path) -> None:
    """A link to nothing is no file, and it is named."""
    (root / "z.png").symlink_to(root / "absent")
    listing = list_files(root, "*.png")
    assert listing.dead_links == ("z.png",)
    assert [file.name for file in listing.files] == ["a.png", "b.PNG"]


def test_a_folder_that_links_to_itself_ends(root: Path) -> None:
    """Links in a circle do not make the listing endless."""
    (root / "images" / "loop").symlink_to(root / "images")
    assert names(root, "images/**/1.tif") == ["images/1.tif"]


def test_a_folder_beside_the_root_can_be_named(root: Path) -> None:
    """`..` leads out of the root."""
    assert names(root / "images", "../*.jpg") == ["../c.jpg"]


@pytest.mark.parametrize("pattern", ["", "/abs/*.png", "*.{png,jpg}", "{name}.png", "[z-a].png"])
def test_bad_patterns_are_refused(root: Path, pattern: str) -> None:
    """The text of the fault quotes the pattern or says that it is empty."""
    with pytest.raises(BadPattern, match=r"empty|'"):
        list_files(root, pattern)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_forbidden_folder_is_an_error(root: Path) -> None:
    """A folder that cannot be listed is not passed over."""
    (root / "images").chmod(0)
    with pytest.raises(PermissionError):
        list_files(root, "images/*.tif")


@pytest.mark.parametrize(
    "pattern", ["*a" * 5, "{id}" * 5, "a/**/b/**/c/**/d.png", "x" * 256, "a/" * 600, "a\0.png"]
)
def test_endless_patterns_are_refused(root: Path, pattern: str) -> None:
    """What no name can match, or what could be tried for ever, is refused before any try."""
    with pytest.raises(BadPattern):
        list_files(root, pattern)


def test_stars_in_a_row_count_once(root: Path) -> None:
    """`**/**` is `**`."""
    assert names(root, "**/**/**/*.tif") == names(root, "**/*.tif")


def test_a_maze_of_links_is_walked_once(root: Path) -> None:
    """Each folder is listed under one name, though links lead to it in 2 ** 30 ways."""
    for level in range(30):
        (root / "maze" / str(level)).mkdir(parents=True)
        above = root / "maze" / str(level - 1) if level else root / "maze"
        for name in ("x", "y"):
            (above / name).symlink_to(root / "maze" / str(level))
    (root / "maze" / "29" / "end.png").touch()
    assert names(root, "maze/**/end.png") == ["maze/29/end.png"]
