"""The reference page of the documentation."""

from __future__ import annotations

from pathlib import Path

from neurotrain.cli.reference import reference_page
from neurotrain.compiler.codes import ALL
from neurotrain.language.codes import CODES
from neurotrain.spec.catalogue import built_in
from neurotrain.spec.fields import Reference

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_page_is_what_the_program_says() -> None:
    """docs/reference.md is what `python -m neurotrain.cli.reference` prints."""
    assert PAGE.read_text(encoding="utf-8") == reference_page(built_in())


def test_page_has_every_key() -> None:
    """The last key of every path of the reference stands on the page."""
    text = reference_page(built_in())
    keys = {path.rpartition(".")[2] for path in Reference.of(built_in()).paths()}
    missing = sorted(key for key in keys if f"`{key}`" not in text and f"#### {key}\n" not in text)
    assert missing == []


def test_page_has_every_diagnostic() -> None:
    """Every diagnostic code stands on the page."""
    text = reference_page(built_in())
    assert [code.id for code in (*CODES, *ALL) if f"| `{code.id}` |" not in text] == []
