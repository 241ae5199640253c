"""Text: blocks cut out of files are the bytes of the files, and parts are stretches of them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import CorruptSample, SampleInfo
from neurotrain.dataset.split import split
from neurotrain.dataset.sums import Sums
from neurotrain.dataset.text import END, cut
from neurotrain.dataset.text_files import TextFiles

TEXTS = {"a.txt": b"one two\n", "b.txt": b"", "c/d.txt": "é".encode() * 20, "e.txt": b"x"}


def _resolver(folder: Path) -> Resolver:
    for name, text in TEXTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text)
    return Resolver(base=folder, environment={})


def _blocks(resolver: Resolver, length: int) -> tuple[SampleInfo, ...]:
    survey = TextFiles(root=".").survey(resolver, max_headers=None, num_classes=0)
    assert not survey.faults
    return cut(survey, length).samples


@pytest.mark.parametrize("length", [2, 3, 5, 7, 16, 50])
def test_blocks_are_the_stream(tmp_path: Path, length: int) -> None:
    """Every file in order of names with its end, cut without gaps; targets are one place on."""
    resolver = _resolver(tmp_path)
    stream = [token for name in sorted(TEXTS) for token in (*TEXTS[name], END)]
    blocks = _blocks(resolver, length)
    assert len(blocks) == (len(stream) - 1) // length
    assert len({block.id for block in blocks}) == len(blocks)
    samples = TextFiles(root=".").open(resolver, blocks, 0)
    for index in range(len(blocks)):
        sample, start = samples.load(index), index * length
        np.testing.assert_array_equal(sample.image_CHW, stream[start : start + length])
        np.testing.assert_array_equal(sample.target, stream[start + 1 : start + length + 1])


def test_parts_are_stretches(tmp_path: Path) -> None:
    """Training first, then validation, then test, and nothing is lost."""
    blocks = _blocks(_resolver(tmp_path), 3)
    parts = split(blocks, {"valid": 0.2, "test": 0.3}, seed=5)
    assert parts["train"] + parts["valid"] + parts["test"] == blocks
    assert [len(parts[name]) for name in ("valid", "test")] == [
        round(0.2 * len(blocks)),
        round(0.3 * len(blocks)),
    ]


def test_a_file_that_changed_its_size_is_told(tmp_path: Path) -> None:
    """With its name and both sizes; so is one that is gone."""
    resolver = _resolver(tmp_path)
    blocks = _blocks(resolver, 4)
    (tmp_path / "a.txt").write_bytes(b"shorter")
    with pytest.raises(CorruptSample, match=r"a\.txt has 7 bytes, at first 8"):
        TextFiles(root=".").open(resolver, blocks, 0).load(0)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(CorruptSample, match=r"a\.txt cannot be read"):
        TextFiles(root=".").open(resolver, blocks, 0).load(0)


def test_sums_are_right(tmp_path: Path) -> None:
    """Every line adds up, and another seed gives other lines."""
    texts = []
    for seed in (1, 2):
        sums = Sums(lines=50, seed=seed)
        survey = sums.survey(Resolver(base=tmp_path), max_headers=None, num_classes=0)
        blocks = cut(survey, 14).samples
        samples = sums.open(Resolver(base=tmp_path), blocks, 0)
        loaded = [samples.load(index) for index in range(len(samples))]
        assert all(a.target[-1] == b.image_CHW[0] for a, b in pairwise(loaded))
        texts.append(b"".join(bytes(each.image_CHW.tolist()) for each in loaded).decode())
    for line in texts[0].splitlines():
        terms, total = line.split(" = ")
        assert sum(map(int, terms.split(" + "))) == int(total)
    assert texts[0] != texts[1]
