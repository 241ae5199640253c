"""The run directory before the run: its plan, its spec, its launch script."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from neurotrain.cli.launch_scripts import write_scripts
from neurotrain.cli.templates import environment
from neurotrain.engine.launch import write_launch
from neurotrain.engine.storage import Disk, write_text_durably
from neurotrain.plan.graph import mermaid
from neurotrain.plan.open_plan import OpenPlan
from neurotrain.plan.plan import Plan, encode


def write_plan(folder: Path, plan: Plan, base: Path, specs: Sequence[Path] = ()) -> tuple[str, ...]:
    """Write what a compiled plan consists of, `plan.json` last; the names of what is there.

    `specs` are copied beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deepspeed = msgspec.json.format(msgspec.json.encode(plan.deepspeed, order="sorted")).decode()
    write_text_durably(Disk(), folder / "deepspeed.json", deepspeed + "\n")
    scripts = write_scripts(folder, plan, base)
    _write(folder, plan, base, specs)
    return ("plan.json", "deepspeed.json", "graph.mmd", *scripts)


def write_open_plan(folder: Path, plan: OpenPlan, base: Path, specs: Sequence[Path]) -> None:
    """Write what is known of an open plan, `plan.json` last; `specs` are copied beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "launch.sh"
    script.write_text(environment().get_template("launch_open.sh.j2").render(plan=plan))
    script.chmod(0o755)
    _write(folder, plan, base, specs)


def _write(folder: Path, plan: Plan | OpenPlan, base: Path, specs: Sequence[Path]) -> None:
    write_text_durably(Disk(), folder / "graph.mmd", mermaid(plan.nodes))
    write_launch(folder, base)
    (folder / "spec").mkdir(exist_ok=True)
    for copy, file in _copies(folder / "spec", specs).items():
        if not (copy.exists() and copy.samefile(file)):
            shutil.copyfile(file, copy)
    write_text_durably(Disk(), folder / "plan.json", encode(plan).decode())


def _copies(folder: Path, specs: Sequence[Path]) -> dict[Path, Path]:
    """Where each spec is copied to; of several with one name, the later ones get a number."""
    found: dict[Path, Path] = {}
    for file in dict.fromkeys(specs):
        copy, number = folder / file.name, 1
        while copy in found:
            number += 1
            copy = folder / f"{file.stem}.{number}{file.suffix}"
        found[copy] = file
    return found


def move_away(run_dir: Path) -> Path:
    """Rename an old run to `<name>.<n>`; its new place."""
    number = 1
    while (target := run_dir.with_name(f"{run_dir.name}.{number}")).exists():
        number += 1
    run_dir.rename(target)
    return target
