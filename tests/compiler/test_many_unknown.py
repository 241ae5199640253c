"""A map with very many unknown keys is told up to a bound, and once."""

from __future__ import annotations

from .conftest import Compiling


def test_a_hundred_unknown_keys_are_told_and_the_rest_as_a_number(compiling: Compiling) -> None:
    """Of 450 keys a hundred have their own line; one line says how many there are besides."""
    keys = "".join(f"  zz{number}: 1\n" for number in range(450))
    outcome = compiling(f"extends: bases/segmentation.yaml\nmodel:\n  type: unet\n{keys}")
    assert outcome.codes == ["unknown-key"] * 101
    assert "'unet' has 350 more unknown keys from here on" in outcome.text
