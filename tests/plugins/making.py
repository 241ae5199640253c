"""Installing a plugin into a folder as pip would: code, METADATA, entry points and RECORD."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "plugins.md"
_FENCE: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def install(
    site: Path, files: Mapping[str, str], entries: Mapping[str, str], *, name: str = "",
    version: str = "1.0",
) -> None:  # fmt: skip
    """Put a distribution with these files and plugins (name to module) into a folder."""
    name = name or next(iter(entries))
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    lines = [f"{plugin} = {module}" for plugin, module in entries.items()]
    written = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/entry_points.txt": "\n".join(["[neurotrain.components]", *lines]) + "\n",
    }
    record = "".join(f"{file},,\n" for file in [*written, f"{info}/RECORD"])
    for file, text in {**written, f"{info}/RECORD": record}.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(text, encoding="utf-8")


def install_example(site: Path, *, version: str = "1.0", extra: str = "") -> None:
    """The plugin of docs/plugins.md, with `extra` appended to its code."""
    project = tomllib.loads(_block("toml"))["project"]
    entries = project["entry-points"]["neurotrain.components"]
    (module,) = entries.values()
    files = {f"{module}.py": _block("python") + extra}
    install(site, files, entries, name=project["name"], version=version)


def _block(language: str) -> str:
    blocks = _FENCE.findall(PAGE.read_text(encoding="utf-8"))
    return next(text for name, text in blocks if name == language)


def neurotrain(
    *arguments: str, cwd: Path, site: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """A call of the program that finds the distributions of `site`."""
    path = [str(ROOT), *([str(site)] if site is not None else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    return subprocess.run(
        [sys.executable, "-m", "neurotrain", *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        check=False, timeout=120,
    )  # fmt: skip
