"""`neurotrain check` answers at once because it loads nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

ROOT: Final = Path(__file__).parents[1]
HEAVY: Final = (
    "torch", "deepspeed", "numpy", "jinja2", "matplotlib", "textual", "monai", "scipy", "sklearn",
    "tifffile", "torchmetrics", "skimage", "psutil",
)  # fmt: skip
_PROBE: Final = """
import json, sys
from neurotrain.cli.main import main
sys.argv = ["neurotrain", *sys.argv[1:]]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)))
"""


def _loaded(*arguments: str, exit_code: int = 0) -> set[str]:
    """The modules that a call of the program has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *arguments], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == exit_code, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def _heavy(loaded: set[str]) -> list[str]:
    return [name for name in HEAVY if name in loaded]


@pytest.fixture
def paired_spec(tmp_path: Path) -> Path:
    """A spec on TIFF, PNG and NPY images with GIF masks."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    image = Image.new("L", (80, 72), 30)
    for number in range(10):
        suffix = ("tif", "png", "npy")[number % 3]
        if suffix == "npy":
            _write_npy(tmp_path / "images" / f"{number:02d}.npy")
        else:
            image.save(tmp_path / "images" / f"{number:02d}.{suffix}")
        image.point(lambda value: value // 30).save(tmp_path / "masks" / f"{number:02d}.gif")
    text = (ROOT / "specs" / "quickstart.yaml").read_text(encoding="utf-8")
    dataset = f'{{type: paired_images, root: "{tmp_path}", images: images/*, masks: masks/*}}'
    lines = [
        f"  train: {dataset}" if "num_images: 24" in line
        else "  test: {fraction: 0.2}" if "num_images: 12" in line
        else line
        for line in text.splitlines()
    ]  # fmt: skip
    (tmp_path / "spec.yaml").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "spec.yaml"


def _write_npy(file: Path) -> None:
    """A grey 8-bit picture of 72 rows and 80 columns, in NumPy's format, version 1.0."""
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (72, 80), }"
    header = header.ljust(117) + b"\n"
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    file.write_bytes(start + header + bytes(72 * 80))


@pytest.mark.parametrize(
    "spec", ["specs/quickstart.yaml", "specs/digits.yaml", "docs/examples/many-processes.yaml"]
)
def test_check_loads_nothing_heavy(spec: str) -> None:
    """A shipped spec is checked without torch, DeepSpeed, numpy and all that stand on them."""
    further = ["--set", "engine.config={steps_per_print: 9}"] if "processes" in spec else []
    assert _heavy(_loaded("check", spec, *further)) == []


def test_check_reads_image_headers_without_numpy(paired_spec: Path) -> None:
    """Sizes and channels of TIFF, PNG, NPY and GIF files are read without numpy or tifffile."""
    assert _heavy(_loaded("check", str(paired_spec))) == []


def test_check_of_a_faulty_spec_loads_nothing_heavy(tmp_path: Path) -> None:
    """Telling faults needs no more than finding none."""
    text = (ROOT / "specs" / "quickstart.yaml").read_text(encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(text.replace("type: adamw", "type: adamww"))
    assert _heavy(_loaded("check", str(tmp_path / "spec.yaml"), exit_code=2)) == []


@pytest.mark.parametrize("arguments", [("--help",), ("explain", "unet")])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    """The list of verbs and the field reference come at once."""
    assert _heavy(_loaded(*arguments)) == []
