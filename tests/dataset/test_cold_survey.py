"""Surveys load no numeric library: `check` must answer at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

SCRIPT = """
import sys
from pathlib import Path
from neurotrain.component.paths import Resolver
from neurotrain.dataset.digits import Digits
from neurotrain.dataset.image_folder import ImageFolder
from neurotrain.dataset.image_table import ImageTable
from neurotrain.dataset.paired_images import PairedImages
from neurotrain.dataset.phantom import RetinaPhantom

root = sys.argv[1]
components = (
    Digits(),
    RetinaPhantom(),
    PairedImages(root=root, images="a/*.tif", masks="b/*.png"),
    ImageFolder(root=root),
    ImageTable(root=root, table="t.csv", image="file", targets=("age",)),
)
for component in components:
    found = component.survey(Resolver(base=Path(root)), max_headers=None, num_classes=2)
    assert found.samples, found
heavy = {"numpy", "torch", "tifffile", "scipy", "sklearn", "matplotlib"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_surveys_load_no_numeric_library(tmp_path: Path) -> None:
    """Listing, pairing and headers need Pillow at most."""
    for name in ("a/1.tif", "b/1.png"):
        (tmp_path / name).parent.mkdir()
        Image.new("L", (4, 4)).save(tmp_path / name)
    (tmp_path / "t.csv").write_text("file,age\na/1.tif,34\n")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == ""
