"""The shapes that the data brings to the model and the task asks of it, as the draft knows them."""

from __future__ import annotations

from neurotrain.compiler.draft import Draft, Tainted, need
from neurotrain.component.base import tag_of
from neurotrain.dataset.base import Dataset
from neurotrain.language.tree import SpecPath
from neurotrain.transforms.base import Shape

_UNSOLVED_BATCH = 2


def num_outputs(draft: Draft) -> int:
    """Channels of the model's output: one for two classes, else one a class or target."""
    num: int = draft.read("task").num_outputs(need(draft.classes))
    return num


def is_regression(draft: Draft) -> bool:
    """Whether the answers are numbers."""
    return tag_of(draft.read("task")) == "regression"


def gives_values(draft: Draft) -> bool:
    """Whether targets are numbers side by side: of a regression, or of several tasks."""
    return is_regression(draft) or bool(draft.read("task").heads)


def is_segmentation(draft: Draft) -> bool:
    """Whether there is an answer for every pixel."""
    return tag_of(draft.read("task")) == "segmentation"


def tokens_of(draft: Draft) -> int | None:
    """The tokens of a sample of text; None for images."""
    tokens: int | None = draft.read("task").tokens
    return tokens


def logits_shape(draft: Draft, batch: int, size: tuple[int, int]) -> tuple[int, ...]:
    """The shape that the model's output has to have for images of this size, or for text."""
    tokens = tokens_of(draft)
    if tokens is not None:
        return (batch, num_outputs(draft), tokens)
    return (batch, num_outputs(draft), *(size if is_segmentation(draft) else ()))


def micro_batch(draft: Draft) -> int:
    """Samples of a forward pass; a small number where the batch sizes are at fault."""
    return _UNSOLVED_BATCH if draft.batches is None else draft.batches.micro


def gives_regions(draft: Draft) -> bool:
    """Whether training samples have a region of interest."""
    dataset: Dataset = draft.read("data", "train")
    return dataset.gives_regions


def evaluated_sizes(draft: Draft) -> tuple[tuple[int, int], ...]:
    """The sizes in which evaluation gives images to the model: the smallest and the largest."""
    window: tuple[int, int] | None = draft.read("test", "sliding_window")
    if window is not None and is_segmentation(draft):
        return (_padded(window, draft),)
    samples = need(draft.parts).samples
    members = [sample for part in ("valid", "test") for sample in samples.get(part, ())]
    raw = {*(sample.size for sample in members), *draft.input_sizes}
    sizes = sorted(
        {_padded(s, draft) for each in raw if (s := _evaluated(each, draft)) is not None}
    )
    by_area = sorted(sizes, key=lambda size: size[0] * size[1])
    return tuple(dict.fromkeys([*by_area[:1], *by_area[-1:]]))


def _evaluated(size: tuple[int, int] | None, draft: Draft) -> tuple[int, int] | None:
    shape = Shape(1, size)
    for transform in draft.read("data", "transforms", "eval"):
        shape = transform.shape(shape)
    return shape.size


def _padded(size: tuple[int, int], draft: Draft) -> tuple[int, int]:
    divisor = draft.read("model").divisor
    return -(-size[0] // divisor) * divisor, -(-size[1] // divisor) * divisor


def type_path(draft: Draft, path: SpecPath) -> SpecPath:
    """Where a component's name stands: at its `type`, or the bare name itself."""
    return (*path, "type") if draft.has(*path, "type") else path


def entries(draft: Draft, path: SpecPath) -> list[tuple[SpecPath, object]]:
    """The entries of a list that are not tainted, each with its path."""
    written = draft.written(*path)
    found: list[tuple[SpecPath, object]] = []
    for index in range(len(written) if isinstance(written, list) else 0):
        try:
            found.append(((*path, index), draft.read(*path, index)))
        except Tainted:
            continue
    return found


def told(shape: tuple[int, ...]) -> str:
    """A shape as people write it."""
    return " x ".join(map(str, shape))
