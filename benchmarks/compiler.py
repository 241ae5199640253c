"""How fast specs are answered: clean, faulty, damaged, large, and over many files.

    python -m benchmarks.compiler [--mutants 10000]

Run it from the root of a checkout, on a machine that does nothing else: its load stands above the
figures. Damaged specs are compiled in this process, every other figure is that of whole processes,
from the command to its end. Fails if a damaged spec is answered by an exception.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from tests.compiler.conftest import compiled
from tests.compiler.damage import damaged_text, damaged_tree

SPECS = Path("specs")
IMPORTS = "import yaml, jsonschema, msgspec, click"
MISTAKES = {
    "clip_grad_norm:": "clip_grad_nrom:",
    "epochs: 24": "epochs: twenty",
    "learning_rate: 5e-3": "learning_rate: -5e-3",
    "type: unet,": "type: unett,",
    "monitor: valid/dice": "monitor: valid/dise",
    "loss: [dice, bce]": "loss: {type: cross_entropy, class_weights: [1, 2, 3]}",
}
LARGE = """version: 1
name: large
vars:
{vars}
task:
  type: segmentation
  classes:
{classes}
data:
  train: {{type: retina_phantom, num_images: 46}}
  valid: {{fraction: 0.13}}
  test: {{type: retina_phantom, num_images: 16, seed: 2024}}
  transforms:
    train:
{transforms}
model: {{type: unet, channels: [8, 16, 32]}}
loss: [dice, cross_entropy]
metrics: [dice]
train: {{epochs: 2, batch: {{global: 16}}, optimizer: {{type: adamw, learning_rate: 5e-3}}}}
"""
PAIRED = """version: 1
name: many
task: {{type: segmentation, classes: [background, vessel]}}
data:
  train: {{type: paired_images, root: {root}, images: "images/*.png", masks: "masks/*.png"}}
  valid: {{fraction: 0.1}}
  test: {{fraction: 0.1}}
model: {{type: unet, channels: [8, 16]}}
loss: [dice, bce]
metrics: [dice]
train: {{epochs: 2, batch: {{global: 16}}, optimizer: {{type: adamw, learning_rate: 5e-3}}}}
"""


def check(file: Path) -> tuple[float, int, str]:
    """Seconds of wall clock, peak memory in MB and output of `neurotrain check`."""
    command = [sys.executable, "-m", "neurotrain", "check", str(file)]
    started_s = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert child.stdout is not None
    told = child.stdout.read()
    _, _, used = os.wait4(child.pid, 0)
    return time.perf_counter() - started_s, used.ru_maxrss // 1024, told


def clean(rounds: int = 15) -> None:
    """`check` of a clean spec beside the imports that nobody can do without, in turns."""
    checks, imports = [], []
    for _ in range(rounds):
        checks.append(check(SPECS / "quickstart.yaml")[0])
        started_s = time.perf_counter()
        subprocess.run([sys.executable, "-c", IMPORTS], check=True)
        imports.append(time.perf_counter() - started_s)
    whole, bare = statistics.median(checks), statistics.median(imports)
    print(f"clean spec          {whole:.3f} s, {whole / bare:.2f} x the imports ({bare:.3f} s)")


def mistakes(folder: Path) -> None:
    """Six typical mistakes in one spec."""
    text = (SPECS / "quickstart.yaml").read_text(encoding="utf-8")
    for right, wrong in MISTAKES.items():
        assert right in text, right
        text = text.replace(right, wrong)
    (folder / "six.yaml").write_text(text, encoding="utf-8")
    took = [check(folder / "six.yaml") for _ in range(9)]
    found = took[0][2].count(": error[")
    print(
        f"six mistakes        {statistics.median(each[0] for each in took):.3f} s, {found} errors"
    )


def large(folder: Path) -> None:
    """Specs with long maps and lists."""
    for num_lines in (1250, 2500, 5000, 10000):
        part = num_lines // 3
        text = LARGE.format(
            vars="\n".join(f"  value_{at}: {at}" for at in range(part)),
            classes="\n".join(f"    - class_{at}" for at in range(part)),
            transforms="\n".join(["      - {type: random_rotate90}"] * part),
        )
        file = folder / f"{num_lines}.yaml"
        file.write_text(text, encoding="utf-8")
        took_s, peak_mb, _ = check(file)
        print(f"{num_lines:>6} lines        {took_s:.2f} s, {peak_mb} MB")


def many_files(folder: Path) -> None:
    """Folders of pairs; the files are links to one, since only their names and headers are read."""
    for num_pairs in (12_500, 25_000, 50_000, 100_000):
        root = folder / str(num_pairs)
        for kind in ("images", "masks"):
            (root / kind).mkdir(parents=True)
            for at in range(num_pairs):
                if at % 30_000 == 0:  # below the number of links that a file may have
                    first = root / kind / f"{at:06}.png"
                    Image.new("L", (64, 64)).save(first)
                else:
                    os.link(first, root / kind / f"{at:06}.png")
        spec = folder / f"pairs{num_pairs}.yaml"
        spec.write_text(PAIRED.format(root=root), encoding="utf-8")
        took_s, peak_mb, told = check(spec)
        assert ": error[" not in told, told
        print(f"{num_pairs:>6} pairs        {took_s:.2f} s, {peak_mb} MB")
        shutil.rmtree(root)


def damaged(folder: Path, num_mutants: int) -> None:
    """Every fault has a place, no exception leaves the compiler; the time of each, by spec."""
    dice, worst = random.Random(0), 0.0
    files = sorted(SPECS.glob("*.yaml"))
    for file in files:
        text, took_ms = file.read_text(encoding="utf-8"), []
        for _ in range(num_mutants // len(files)):
            damage = dice.choice((damaged_text, damaged_tree))
            mutant = folder / "mutant.yaml"
            mutant.write_text(damage(text, dice), encoding="utf-8", newline="")
            started_s = time.perf_counter()
            outcome = compiled(mutant, {})
            took_ms.append(1000 * (time.perf_counter() - started_s))
            assert all(outcome.place(item).line >= 1 for item in outcome.report.items)
        took_ms.sort()
        p99 = took_ms[int(0.99 * len(took_ms))]
        worst = max(worst, p99)
        print(
            f"{file.stem:<19} {len(took_ms)} damaged: median {statistics.median(took_ms):.0f} ms, "
            f"p99 {p99:.0f} ms, longest {took_ms[-1]:.0f} ms"
        )
    print(f"highest p99         {worst:.0f} ms")


def main() -> None:
    """Measure all, in the order of their length."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutants", type=int, default=10_000)
    num_mutants = parser.parse_args().mutants
    print(f"load before         {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clean()
        mistakes(folder)
        large(folder)
        many_files(folder)
        damaged(folder, num_mutants)
    print(f"peak memory here    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
