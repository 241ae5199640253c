"""Small image folders for specs to point to, each with one thing about it."""

from __future__ import annotations

import json
import math
from pathlib import Path

from PIL import Image

SIZE = (96, 80)
"""Width and height in pixels."""


def make(root: Path) -> None:
    """Every folder that a case names below `${env:CASE_DATA}`."""
    _pairs(root / "eyes", 12)
    for number in range(12):
        _mask(root / "eyes" / "regions" / f"{number:02d}.png")
        _mask(root / "eyes" / "small-regions" / f"{number:02d}.png", (48, 40))
        _mask(root / "eyes" / "black-regions" / f"{number:02d}.png", white=0 if number == 3 else 9)
    _image(root / "tiny" / "00.png", "RGB", (3, 2))
    (root / "broken").mkdir()
    (root / "broken" / "00.png").write_bytes(b"no image")
    _pairs(root / "others", 6, first=50)
    _pairs(root / "grey", 6, first=50, mode="L")
    _pairs(root / "few", 2)
    _pairs(root / "no-mask", 6)
    (root / "no-mask" / "masks" / "03.png").unlink()
    _pairs(root / "damaged", 6)
    (root / "damaged" / "images" / "02.png").write_bytes(b"")
    _pairs(root / "small-mask", 6)
    _mask(root / "small-mask" / "masks" / "04.png", (48, 40))
    _pairs(root / "mixed-channels", 6)
    _image(root / "mixed-channels" / "images" / "05.png", "L")
    _pairs(root / "mixed-sizes", 6)
    _image(root / "mixed-sizes" / "images" / "01.png", "RGB", (120, 88))
    _mask(root / "mixed-sizes" / "masks" / "01.png", (120, 88))
    _pairs(root / "ambiguous", 2)
    _mask(root / "ambiguous" / "masks" / "00_a.png")
    _mask(root / "ambiguous" / "masks" / "00_b.png")
    (root / "ambiguous" / "masks" / "00.png").unlink()
    _textured(root)
    for patient in ("01", "02", "03", "04", "05", "06"):
        for side in ("left", "right"):
            _pair(root / "patients", f"p{patient}_{side}")
    _pair(root / "visits", "p04_later")
    _pair(root / "visits", "p09_later")
    for number in range(5):
        _pair(root / "two-patients", f"p1_{number}")
    _pair(root / "two-patients", "p2_0")
    _folders(root / "pets", ("cat", "dog"))
    _folders(root / "birds", ("crow", "dog"))
    _folders(root / "one-class", ("cat",))
    _tables(root / "faces")
    _weights(root / "weights" / "other.safetensors", {"stem.weight": [2, 3], "stem.bias": [2]})
    (root / "texts").mkdir()
    for number in range(40):
        (root / "texts" / f"{number:02d}.txt").write_bytes(b"a few words; " * (1 + number % 3))
    hosts = {
        "two": "# Two machines.\nworker-1 slots=2\n\nworker-2   slots=4\n",
        "one": "worker-1 slots=2\n",
        "few-slots": "worker-1 slots=2\nworker-2 slots=1\n",
        "malformed": "worker-1\nworker-2 slots=2\n",
        "twice": "worker-1 slots=2\nworker-1 slots=2\n",
    }
    for name, text in hosts.items():
        (root / "hosts").mkdir(exist_ok=True)
        (root / "hosts" / name).write_text(text)


def _pairs(folder: Path, count: int, *, first: int = 0, mode: str = "RGB") -> None:
    for number in range(first, first + count):
        _image(folder / "images" / f"{number:02d}.png", mode)
        _mask(folder / "masks" / f"{number:02d}.png")


def _textured(root: Path) -> None:
    """Images that are not blank, so that equal ones are told."""
    for folder, numbers in (("twice", (0, 1, 2, 3, 4, 2)), ("leaked", (7, 3))):
        for place, number in enumerate(numbers):
            _pair(root / folder, f"{place:02d}")
            image = Image.linear_gradient("L").resize(SIZE).point(lambda v, n=number: v // (n + 1))
            image.convert("RGB").save(root / folder / "images" / f"{place:02d}.png")
    _pairs(root / "odd-label", 6)
    _mask(root / "odd-label" / "masks" / "03.png", white=7)
    _pairs(root / "cut-mask", 6)
    cut = root / "cut-mask" / "masks" / "02.png"
    cut.write_bytes(cut.read_bytes()[:60])


def _pair(folder: Path, name: str) -> None:
    _image(folder / "images" / f"{name}.png", "RGB")
    _mask(folder / "masks" / f"{name}.png")


def _folders(root: Path, classes: tuple[str, ...]) -> None:
    for name in classes:
        for number in range(8):
            _image(root / name / f"{number}.png", "RGB", (32, 32))


def _tables(root: Path) -> None:
    """Images with tables, each with one thing about it."""
    for number in range(12):
        _image(root / f"{number:02d}.png", "RGB", (32, 32))
    rows = [f"{number:02d}.png,{20 + number},{60 - number},1" for number in range(12)]
    header = "file,age,weight,site"
    changed = {
        "labels": rows,
        "no-number": [*rows[:4], "04.png,unknown,,1", *rows[5:]],
        "absent": [*rows[:4], "44.png,24,56,1", *rows[5:]],
        "twice": [*rows, rows[3]],
        "ragged": [*rows[:4], "04.png,24", *rows[5:]],
    }
    for name, lines in changed.items():
        (root / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")
    people = [f"{number:02d}.png,{number % 2 or 'female'},{20 + number},1" for number in range(12)]
    for name, lines in {"people": people, "no-class": [*people[:-2], "10.png,mael,30,1"]}.items():
        (root / f"{name}.csv").write_text("\n".join(["file,sex,age,site", *lines]) + "\n")
    (root / "semicolons.csv").write_text("\n".join([header, *rows]).replace(",", ";"))
    (root / "latin.csv").write_bytes(f"{header},Größe\n".encode("latin-1"))


def _image(file: Path, mode: str, size: tuple[int, int] = SIZE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, 90 if mode == "L" else (90, 80, 70)).save(file)


def _mask(file: Path, size: tuple[int, int] = SIZE, white: int = 255) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    mask = Image.new("L", size, 0)
    mask.paste(white, (4, 4, 20, 20))
    mask.save(file)


def _weights(file: Path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file with zeros; its form is described in neurotrain.models.pretrained."""
    header, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    file.parent.mkdir()
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
