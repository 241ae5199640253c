"""Only what a spec lists is imported, and nothing is looked for where it lists nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from .making import ROOT, install, neurotrain
from .test_example import SPEC

_PROBE: Final = """
import json, sys
from neurotrain.cli.main import main
sys.argv = ["neurotrain", "check", sys.argv[1]]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)))
"""
_TRAP: Final = "import pathlib\npathlib.Path('canary').touch()\nCOMPONENTS = ()\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a plugin that leaves a file when it is imported."""
    folder = tmp_path / "site"
    install(folder, {"trap.py": _TRAP}, {"trap": "trap"})
    return folder


def _modules(folder: Path, site: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, "spec.yaml"], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)])}, check=False,
    )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


def _without_plugin(tmp_path: Path) -> Path:
    text = SPEC.replace("plugins: [fundus-extras]\n", "").replace("invert, ", "")
    text = text.replace("{type: tiny_fcn, width: 4}", "{type: unet, channels: [4, 8]}")
    (tmp_path / "spec.yaml").write_text(text.replace("{type: balance, alpha: 0.3}", "dice"))
    return tmp_path / "spec.yaml"


def test_a_spec_without_plugins_looks_for_none(tmp_path: Path, site: Path) -> None:
    """No metadata of distributions is read where `plugins` is absent."""
    _without_plugin(tmp_path)
    assert not {"importlib.metadata", "trap"} & _modules(tmp_path, site)


def test_what_is_not_listed_is_not_imported(tmp_path: Path, site: Path) -> None:
    """An unknown component names the plugins that are installed, without importing them."""
    file = _without_plugin(tmp_path)
    file.write_text(file.read_text().replace("loss: [dice]", "loss: [trap_loss]"))
    done = neurotrain("check", "spec.yaml", cwd=tmp_path, site=site)
    assert "or is it of a plugin? not listed: trap" in done.stderr
    assert not (tmp_path / "canary").exists()


def test_a_module_is_no_plugin(tmp_path: Path, site: Path) -> None:
    """The name in `plugins` is that of an entry point, never of a module."""
    file = _without_plugin(tmp_path)
    file.write_text(file.read_text() + "plugins: [trap.module]\n")
    done = neurotrain("check", "spec.yaml", cwd=tmp_path, site=site)
    assert "error[unknown-plugin]" in done.stderr
    assert not (tmp_path / "canary").exists()


def test_a_plugin_may_not_load_numpy(tmp_path: Path, site: Path) -> None:
    """`check` refuses it, and numpy is not loaded."""
    install(site, {"heavy.py": "import numpy\n"}, {"heavy": "heavy"})
    file = _without_plugin(tmp_path)
    file.write_text(file.read_text() + "plugins: [heavy]\n")
    done = neurotrain("check", "spec.yaml", cwd=tmp_path, site=site)
    assert "error[heavy-plugin]: plugin 'heavy' loads numpy" in done.stderr
    assert "numpy" not in _modules(tmp_path, site)


def test_a_plugin_that_is_loaded_already_is_no_less_heavy(tmp_path: Path) -> None:
    """Where numpy is in the process before, the names in the module betray its import."""
    import numpy

    from neurotrain.component.plugins import PluginFault, load_plugin
    from neurotrain.spec.catalogue import built_in

    assert numpy
    install(tmp_path, {"late_heavy.py": "from numpy import array\n"}, {"late": "late_heavy"})
    sys.path.append(str(tmp_path))
    try:
        with pytest.raises(PluginFault, match="loads numpy"):
            load_plugin("late", built_in())
    finally:
        sys.path.remove(str(tmp_path))
