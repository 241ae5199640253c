"""How large a spec may be, so that none can exhaust time or memory. Knows no syntax."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 8 * 1024 * 1024
"""Of one file, of all files of one spec together, and of all text that variables produce."""

MAX_DEPTH: Final = 64
"""Maps and lists inside one another."""

MAX_NODES: Final = 200_000
"""Values of one spec, each copy by an alias or a variable counted."""

MAX_ANCHORS: Final = 10_000
"""Anchors (`&name`) of one file."""

MAX_TEXT: Final = 65_536
"""Characters of one scalar."""

MAX_FILES: Final = 64
"""Files that one spec may extend, itself included."""

MAX_EXTENDS_DEPTH: Final = 16
"""Files that extend one another in a chain."""
