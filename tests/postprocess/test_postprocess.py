"""Post-processing against brute force: flood fill and windows, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from neurotrain.postprocess import morphology_ops, threshold
from neurotrain.postprocess.steps import (
    FillHoles,
    LargestComponent,
    Morphology,
    RemoveSmallObjects,
    Threshold,
)

Mask = NDArray[np.bool_]
OPERATIONS = ("erosion", "dilation", "opening", "closing")
masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))
label_maps = arrays(
    np.int64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.integers(0, 3),
)
many = settings(max_examples=150, deadline=None)


def flood(mask: Mask, start: tuple[int, int], *, diagonal: bool) -> set[tuple[int, int]]:
    """The pixels of the mask that are reached from one."""
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    steps += [(1, 1), (1, -1), (-1, 1), (-1, -1)] if diagonal else []
    reached, waiting = {start}, [start]
    while waiting:
        row, column = waiting.pop()
        for down, right in steps:
            place = (row + down, column + right)
            inside = 0 <= place[0] < mask.shape[0] and 0 <= place[1] < mask.shape[1]
            if inside and mask[place] and place not in reached:
                reached.add(place)
                waiting.append(place)
    return reached


def objects(mask: Mask, *, diagonal: bool = True) -> list[set[tuple[int, int]]]:
    """The connected parts of a mask, in the order in which a reader meets them."""
    found: list[set[tuple[int, int]]] = []
    for place in zip(*np.nonzero(mask), strict=True):
        at = (int(place[0]), int(place[1]))
        if not any(at in one for one in found):
            found.append(flood(mask, at, diagonal=diagonal))
    return found


def painted(shape: tuple[int, ...], parts: list[set[tuple[int, int]]]) -> Mask:
    """A mask of these pixels."""
    mask = np.zeros(shape, bool)
    for part in parts:
        for place in part:
            mask[place] = True
    return mask


def window(mask: Mask, size: int, *, grows: bool) -> Mask:
    """Dilation or erosion by looking at every pixel's square; outside is background."""
    before, after = size // 2, (size - 1) // 2
    if grows:
        before, after = after, before
    changed = np.zeros_like(mask)
    for row, column in np.ndindex(mask.shape):
        rows = range(row - before, row + after + 1)
        columns = range(column - before, column + after + 1)
        values = [
            0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] and bool(mask[r, c])
            for r in rows
            for c in columns
        ]
        changed[row, column] = any(values) if grows else all(values)
    return changed


@many
@given(mask=masks, size=st.integers(1, 6))
def test_morphology_is_brute_force(mask: Mask, size: int) -> None:
    """Each operation is what looking at every square gives; closing sees beyond the edge."""
    np.testing.assert_array_equal(
        morphology_ops(mask, "dilation", size), window(mask, size, grows=True)
    )
    np.testing.assert_array_equal(
        morphology_ops(mask, "erosion", size), window(mask, size, grows=False)
    )
    opened = window(window(mask, size, grows=False), size, grows=True)
    np.testing.assert_array_equal(morphology_ops(mask, "opening", size), opened)
    wide = window(window(np.pad(mask, size), size, grows=True), size, grows=False)
    closed = wide[size:-size, size:-size]
    np.testing.assert_array_equal(morphology_ops(mask, "closing", size), closed)


@many
@given(mask=masks, size=st.integers(1, 12), operation=st.sampled_from(["opening", "closing"]))
def test_opening_shrinks_and_closing_grows(mask: Mask, size: int, operation: Any) -> None:
    """Opening adds no pixel, closing takes none away, and a second time changes nothing."""
    once = morphology_ops(mask, operation, size)
    assert not (once & ~mask if operation == "opening" else mask & ~once).any()
    np.testing.assert_array_equal(morphology_ops(once, operation, size), once)


def test_closing_keeps_what_touches_the_edge() -> None:
    """A vessel that runs out of the image is not cut off."""
    mask = np.zeros((8, 8), bool)
    mask[3:5] = True
    np.testing.assert_array_equal(morphology_ops(mask, "closing", 3), mask)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("size", [40, 41, 10**6, 10**15])
def test_huge_squares_take_no_memory(operation: Any, size: int) -> None:
    """A square larger than the image acts as one that covers it from every pixel."""
    mask = np.zeros((11, 17), bool)
    mask[2:5, 3:6] = mask[8, 15] = True
    np.testing.assert_array_equal(
        morphology_ops(mask, operation, size), morphology_ops(mask, operation, 90 + size % 2)
    )


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32])
def test_masks_of_numbers_become_bool(operation: Any, dtype: Any) -> None:
    """Anything but zero is foreground, and the result is bool."""
    mask = np.random.default_rng(0).random((9, 9)) < 0.6
    changed = morphology_ops((mask * 7).astype(dtype), operation)
    assert changed.dtype == bool
    np.testing.assert_array_equal(changed, morphology_ops(mask, operation))


def test_the_mask_stays() -> None:
    """The array that came in is unchanged."""
    mask = np.random.default_rng(0).random((9, 9)) < 0.6
    before = mask.copy()
    for operation in OPERATIONS:
        morphology_ops(mask, operation)  # type: ignore[arg-type]
    np.testing.assert_array_equal(mask, before)


def test_an_empty_mask_stays_empty() -> None:
    """A mask without pixels is no fault."""
    assert morphology_ops(np.zeros((0, 5), bool), "closing").shape == (0, 5)


@pytest.mark.parametrize(
    ("mask", "operation", "size", "told"),
    [
        (np.ones((3, 3), bool), "open", 3, "no operation is named 'open'"),
        (np.ones((3, 3), bool), "opening", 0, "at least 1, not 0"),
        (np.ones((3, 3), bool), "opening", -3, "at least 1, not -3"),
        (np.ones((3, 3, 3), bool), "opening", 3, "shape (H, W)"),
    ],
)
def test_faults_of_morphology_are_named(mask: Mask, operation: Any, size: int, told: str) -> None:
    """An unknown operation, a size below 1 and another shape are errors."""
    with pytest.raises(ValueError, match=r".") as caught:
        morphology_ops(mask, operation, size)
    assert told in str(caught.value)


def test_threshold_reaches() -> None:
    """A probability at the threshold is foreground; NaN never is."""
    found = threshold(np.array([0.2, 0.5, 0.7, np.nan]), 0.5)
    assert (found.dtype, found.tolist()) == (bool, [False, True, True, False])


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(value: float) -> None:
    """A threshold outside 0 to 1 is an error."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold(np.zeros(3), value)


def test_the_threshold_step_looks_at_the_foreground() -> None:
    """Label 1 is where the second channel reaches the value."""
    foreground = np.array([[0.1, 0.6], [0.7, 0.59]], np.float32)
    labels = Threshold(value=0.6).apply(np.stack([1 - foreground, foreground]))
    assert (labels.dtype, labels.tolist()) == (np.int64, [[0, 1], [1, 0]])


@many
@given(labels=label_maps, min_size=st.integers(1, 8))
def test_small_objects_go(labels: Any, min_size: int) -> None:
    """Of each class the objects with enough pixels stay, diagonal neighbours connected."""
    expected = np.zeros_like(labels)
    for label in (1, 2, 3):
        big = [one for one in objects(labels == label) if len(one) >= min_size]
        expected[painted(labels.shape, big)] = label
    found = RemoveSmallObjects(min_size=min_size).apply(labels)
    np.testing.assert_array_equal(found, expected)


@many
@given(labels=label_maps)
def test_the_largest_object_stays(labels: Any) -> None:
    """Of each class the object with most pixels stays, the first of equals."""
    expected = np.zeros_like(labels)
    for label in (1, 2, 3):
        largest = max(objects(labels == label), key=len, default=set())
        expected[painted(labels.shape, [largest])] = label
    np.testing.assert_array_equal(LargestComponent().apply(labels), expected)


@many
@given(mask=masks)
def test_holes_are_filled(mask: Mask) -> None:
    """Background that has no way to the edge, from side to side, becomes foreground."""
    height, width = mask.shape

    def is_hole(part: set[tuple[int, int]]) -> bool:
        return all(0 < row < height - 1 and 0 < column < width - 1 for row, column in part)

    holes = [part for part in objects(~mask, diagonal=False) if is_hole(part)]
    expected = mask | painted(mask.shape, holes)
    np.testing.assert_array_equal(FillHoles().apply(mask.astype(np.int64)), expected)


@many
@given(labels=label_maps)
def test_filling_holes_paints_background_only(labels: Any) -> None:
    """What has a label keeps it, also inside a ring of another class."""
    filled = FillHoles().apply(labels)
    np.testing.assert_array_equal(filled[labels > 0], labels[labels > 0])


def test_a_ring_keeps_the_object_inside() -> None:
    """An object in the hole of a later class stays, and the background around it is filled."""
    labels = np.full((7, 7), 2)
    labels[1:6, 1:6] = 0
    labels[3, 3] = 1
    expected = np.full((7, 7), 2)
    expected[3, 3] = 1
    np.testing.assert_array_equal(FillHoles().apply(labels), expected)


def test_later_classes_cover_earlier_ones() -> None:
    """Where two grown classes meet, the later one wins."""
    labels = np.array([[1, 0, 2]])
    assert Morphology(operation="dilation").apply(labels).tolist() == [[1, 2, 2]]


STEPS = [
    RemoveSmallObjects(min_size=3),
    FillHoles(),
    LargestComponent(),
    Morphology(operation="closing"),
    Morphology(operation="erosion", kernel_size=1000),
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 9), (6, 5)])
def test_maps_of_background_stay(step: Any, shape: tuple[int, int]) -> None:
    """A label map without objects, even without pixels, comes back as it is."""
    found = step.apply(np.zeros(shape, np.int64))
    assert (found.dtype, found.shape, int(found.sum())) == (np.int64, shape, 0)


@many
@given(labels=label_maps)
def test_steps_give_no_new_labels(labels: Any) -> None:
    """Every step keeps shape and dtype, and only labels that were there."""
    for step in STEPS:
        found = step.apply(labels)
        assert (found.shape, found.dtype) == (labels.shape, np.int64)
        assert set(np.unique(found)) <= {0, *np.unique(labels)}
