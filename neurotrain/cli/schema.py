"""The published JSON Schemas and their files; `python -m neurotrain.cli.schema` writes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from neurotrain.component.catalogue import Catalogue


def schemas(catalogue: Catalogue | None = None) -> dict[str, dict[str, Any]]:
    """Every published schema by file name; by default with the built-in components alone."""
    from neurotrain.plan.open_plan import OpenPlan
    from neurotrain.plan.plan import Plan
    from neurotrain.recorder.events import Event
    from neurotrain.spec.catalogue import built_in
    from neurotrain.spec.schema import DRAFT, definitions_of, published

    catalogue = catalogue or built_in()
    plan = definitions_of([Plan, OpenPlan], catalogue)
    return {
        "experiment.schema.json": published(catalogue),
        "plan.schema.json": {
            "$schema": DRAFT,
            "title": "NeuroTrain plan",
            "if": {"required": ["at_launch"]},
            "then": {"$ref": "#/$defs/OpenPlan"},
            "else": {"$ref": "#/$defs/Plan"},
            "$defs": dict(sorted(plan.items())),
        },
        "event.schema.json": {
            "$schema": DRAFT,
            "title": "NeuroTrain event",
            **msgspec.json.schema(Event),
        },
    }


def encode(schema: dict[str, Any]) -> str:
    """A schema's text as it stands in its file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write every schema into a folder."""
    for name, schema in schemas().items():
        (folder / name).write_text(encode(schema), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "schema"))
