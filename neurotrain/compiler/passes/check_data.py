"""Check what the surveys found against the task, the transforms and each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from neurotrain.compiler.codes import components as component_codes
from neurotrain.compiler.codes import data as codes
from neurotrain.compiler.draft import Draft, Tainted, attempt, fault, need
from neurotrain.component.base import tag_of
from neurotrain.dataset.base import SampleInfo, Survey
from neurotrain.dataset.faults import counted
from neurotrain.dataset.text import VOCABULARY
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath
from neurotrain.models.base import Model
from neurotrain.transforms.base import Shape, Transform
from neurotrain.transforms.random import RandomCrop, RandomRotate90


def check_data(draft: Draft, report: Report) -> Draft:
    """Follow image shapes through the transforms up to the model, in training and evaluation.

    `random_crop: 512` on images of 256 pixels is answered by `image-too-small` at its size.
    """
    if draft.kind.reads_text:
        return replace(draft, raw_channels=VOCABULARY, in_channels=VOCABULARY)
    for check in (_classes, _constant, _absent_labels, _channels, _crops, _even_sizes, _turns):
        attempt(check, draft, report)
    trained, evaluated = _known_after(draft, "train"), _known_after(draft, "eval")
    if trained and evaluated and trained.channels != evaluated.channels:
        message = (
            f"training brings the model {counted(trained.channels, 'channel')}, evaluation "
            f"{evaluated.channels}"
        )
        hint = "write the same `grey` in both lists"
        report.add(fault(component_codes.TRANSFORMS_DIFFER, ("data", "transforms"), message, hint))
        return draft
    for check in (_divisible, _large_enough, _window, _model_size):
        attempt(check, draft, report)
    if trained is None:
        return replace(draft, image_size=_size_after(draft, "train"))
    return replace(
        draft, raw_channels=_raw_channels(draft, "train"), in_channels=trained.channels,
        image_size=trained.size,
    )  # fmt: skip


def _classes(draft: Draft, report: Report) -> None:
    """Names given by the data agree with the task's and between the parts."""
    parts = need(draft.parts)
    stated = getattr(draft.read("task"), "classes", ())
    if len(set(stated)) < len(stated):
        return
    for key, survey in _sound_surveys(draft):
        wanted = stated or parts.surveys["train"].classes
        if not survey.classes or not wanted or survey.classes == wanted:
            continue
        path: SpecPath = ("task", "classes") if stated else ("data", key)
        odd = sorted(set(survey.classes) ^ set(wanted))[:5]
        message = f"the {key} data has the classes {_few(survey.classes)}, not {_few(wanted)}"
        hint = f"these are not in both: {', '.join(odd)}" if odd else "the order differs"
        foreign = [name for name in stated if name not in survey.classes]
        if len(foreign) == 1 and len(stated) == len(survey.classes):
            path = ("task", "classes", stated.index(foreign[0]))
            absent = next(name for name in survey.classes if name not in stated)
            hint = f"did you mean '{absent}'?"
        report.add(fault(codes.CLASSES_MISMATCH, path, message, hint))


def _constant(draft: Draft, report: Report) -> None:
    """Targets that are standardised differ from sample to sample."""
    samples = need(draft.parts).samples["train"]
    if draft.report.taints(("data", "train")) or not samples:
        return
    task = draft.read("task")
    try:
        for samples in (each["train"] for each in need(draft.parts).trainings):
            task.learned(samples)
            task.learned_heads(samples)
    except ValueError as error:
        index = task.target_names.index(str(error))
        value = samples[0].values[index]
        message = f"the target '{error}' is {value:g} in all {len(samples):,} training samples, so "
        message += "its deviation is 0"
        hint = "leave the target out, or write standardize: false"
        path = ("task", *task.columns[index][1][:-2], "standardize")
        report.add(fault(codes.CONSTANT_TARGET, path, message, hint))


def _absent_labels(draft: Draft, report: Report) -> None:
    """Every class of a head is in some training sample."""
    samples = need(draft.parts).samples["train"]
    if draft.report.taints(("data", "train")) or not samples:
        return
    names = draft.read("task").target_names
    for place, head in enumerate(draft.read("task").heads):
        column = names.index(head.columns[0][0])
        seen = {sample.values[column] for sample in samples} if head.classes else set()
        for label, name in enumerate(head.classes):
            if label not in seen:
                message = f"none of the {len(samples):,} training samples has the class '{name}', "
                message += f"which is label {label}"
                hint = "leave the class out, or add images of it"
                path = ("task", "heads", place, "classes", label)
                report.add(fault(codes.ABSENT_CLASS, path, message, hint))


def _channels(draft: Draft, report: Report) -> None:
    """All parts have the training data's channels."""
    parts = need(draft.parts)
    wanted = _common_channels(parts.surveys["train"].samples)
    for key, survey in _sound_surveys(draft):
        found = _common_channels(survey.samples)
        if wanted and found and wanted != found:
            message = f"the {key} images have {found} channels, the training images {wanted}"
            hint = "write `channels: grey` or `channels: rgb` in both datasets"
            report.add(fault(codes.MIXED_CHANNELS, ("data", key), message, hint))


def _crops(draft: Draft, report: Report) -> None:
    """No window is larger than an image that it is cut from."""
    sizes = {s.size: s.id for s in reversed(need(draft.parts).samples["train"]) if s.size}
    for index, transform in enumerate(draft.read("data", "transforms", "train")):
        if isinstance(transform, RandomCrop):
            height, width = transform.size
            small = [size for size in sizes if size[0] < height or size[1] < width]
            if small:
                worst = min(small, key=min)
                path = ("data", "transforms", "train", index, "size")
                message = (
                    f"a window of {_pixels(transform.size)} does not fit into {sizes[worst]}, "
                    f"which has {_pixels(worst)}"
                )
                fitting = [min(size[axis] for size in sizes) for axis in (0, 1)]
                hint = f"write a size of at most {fitting}"
                report.add(fault(codes.IMAGE_TOO_SMALL, path, message, hint))
        after = ((transform.shape(Shape(1, size)).size, name) for size, name in sizes.items())
        sizes = {size: name for size, name in after if size}


def _even_sizes(draft: Draft, report: Report) -> None:
    """Images of a training batch come to one size, before the first transform that needs it."""
    sizes = Counter(s.size for s in need(draft.parts).samples["train"] if s.size is not None)
    if len(sizes) < 2:
        return
    (first, _), (second, _) = sizes.most_common(2)
    hint = f"{{type: resize, size: {list(first)}}} or {{type: random_crop, size: …}}"
    known: set[tuple[int, int] | None] = set(sizes)
    path = ("data", "transforms", "train")
    for index, transform in enumerate(draft.read(*path)):
        if transform.equal_sizes and len(known) > 1:
            message = f"images of different sizes, such as {_both(first, second)}, reach "
            message += f"'{tag_of(transform)}', which takes a batch of one size"
            hint = f"write {hint} before it"
            report.add(fault(codes.SIZES_DIFFER, (*path, index), message, hint))
            return
        known = {transform.shape(Shape(1, size)).size for size in known}
    if _size_after(draft, "train") is None:
        message = f"training images have different sizes, such as {_both(first, second)}"
        report.add(fault(codes.SIZES_DIFFER, path, message, f"add {hint}"))


def _turns(draft: Draft, report: Report) -> None:
    """Only square images are turned by 90 degrees."""
    shape = Shape(1, _common_size(need(draft.parts).samples["train"]))
    for index, transform in enumerate(draft.read("data", "transforms", "train")):
        size = shape.size
        if isinstance(transform, RandomRotate90) and size and size[0] != size[1]:
            path = ("data", "transforms", "train", index)
            message = f"images of {_pixels(size)} cannot be turned by 90 degrees in a batch"
            hint = "cut or resize them to a square before"
            report.add(fault(component_codes.NOT_SQUARE, path, message, hint))
        shape = transform.shape(shape)


def _divisible(draft: Draft, report: Report) -> None:
    """The training size suits the model's strides."""
    model: Model = draft.read("model")
    size, divisor = _size_after(draft, "train"), model.divisor
    if size is None or all(side % divisor == 0 for side in size):
        return
    origin = _origin(draft)
    nearest = [max(divisor, round(side / divisor) * divisor) for side in size]
    message = (
        f"'{tag_of(model)}' needs height and width divisible by {divisor}; "
        f"training images have {_pixels(size)}"
    )
    hint = f"the nearest size is {nearest}: cut or resize to it"
    path: SpecPath = origin or ("model",)
    related = ((("model",), "the model"),) if origin else ()
    report.add(fault(component_codes.NOT_DIVISIBLE, path, message, hint, related=related))


def _large_enough(draft: Draft, report: Report) -> None:
    """No image is smaller than the model can take, in training and in evaluation."""
    model: Model = draft.read("model")
    small = {
        part: size for part, size in _known_sizes(draft)
        if size and min(_padded(side, model.divisor) for side in size) < model.min_side
    }  # fmt: skip
    if not small:
        return
    parts = [" and ".join(small)] if len(set(small.values())) == 1 else list(small)
    found = " and ".join(
        f"in {part} there are images of {_pixels(size)}"
        for part, size in zip(parts, small.values(), strict=False)
    )
    message = f"'{tag_of(model)}' needs images of at least {model.min_side} pixels a side; {found}"
    origin = _origin(draft) if "training" in small else None
    related = ((("model",), "the model"),) if origin else ()
    path: SpecPath = origin or ("model",)
    report.add(fault(codes.IMAGE_TOO_SMALL, path, message, _enlarged(model), related=related))


def _known_sizes(draft: Draft) -> Iterator[tuple[str, tuple[int, int] | None]]:
    """The smallest sizes that reach the model, as far as the data is known."""
    for part, found in (("training", _trained_size), ("evaluation", _smallest_evaluated)):
        try:
            yield part, found(draft)
        except Tainted:
            continue


def _trained_size(draft: Draft) -> tuple[int, int] | None:
    return _size_after(draft, "train")


def _enlarged(model: Model) -> str:
    """What makes a model and images that are too small for it fit."""
    ways = [f"bring images to {model.min_side} pixels or more with resize"]
    if any(hasattr(model, key) for key in ("channels", "blocks_down")):
        ways.append("use fewer levels")
    if getattr(model, "norm", "") == "instance":
        ways.append("write norm: batch")
    return f"{', '.join(ways[:-1])} or {ways[-1]}" if len(ways) > 1 else ways[0]


def _window(draft: Draft, report: Report) -> None:
    """No sliding window is larger than an image; a classification has none."""
    if tag_of(draft.kind) != "segmentation":
        return
    window, size = draft.read("test", "sliding_window"), _smallest_evaluated(draft)
    if window and size and (window[0] > size[0] or window[1] > size[1]):
        message = f"windows of {_pixels(window)} are larger than some images, of {_pixels(size)}, "
        message += "which are filled up with zeros"
        hint = f"write a size of at most {list(size)}"
        report.add(fault(codes.WINDOW_TOO_LARGE, ("test", "sliding_window"), message, hint))


def _padded(side: int, divisor: int) -> int:
    return -(-side // divisor) * divisor


def _smallest_evaluated(draft: Draft) -> tuple[int, int] | None:
    """The size of the smallest image of validation and test before the model."""
    samples = need(draft.parts).samples
    members = [sample for part in ("valid", "test") for sample in samples.get(part, ())]
    smallest = _smallest(tuple(members))
    shape = Shape(1, smallest[1] if smallest else None)
    for transform in draft.read("data", "transforms", "eval"):
        shape = transform.shape(shape)
    return shape.size


def _model_size(draft: Draft, report: Report) -> None:
    """A model that needs one size gets it in evaluation as well."""
    model: Model = draft.read("model")
    trained, evaluated = _size_after(draft, "train"), _size_after(draft, "eval")
    if draft.absent and None in (trained, evaluated):
        raise Tainted
    if model.needs_size and (trained is None or trained != evaluated):
        message = f"'{tag_of(model)}' needs images of one size in training and evaluation"
        hint = "write {type: resize, size: [height, width]} in both lists of transforms"
        report.add(fault(component_codes.TRANSFORMS_DIFFER, ("model",), message, hint))


def _sound_surveys(draft: Draft) -> list[tuple[str, Survey]]:
    """The surveys that nothing is wrong with, by their key."""
    surveys = need(draft.parts).surveys
    return [(key, each) for key, each in surveys.items() if not draft.report.taints(("data", key))]


def _known_after(draft: Draft, part: str) -> Shape | None:
    """The shape that reaches the model, as far as its channels are known."""
    try:
        raw = _raw_channels(draft, "train" if part == "train" else "test")
        shapes = [Shape(channels, None) for channels in ((1, 3) if raw is None else (raw,))]
        for transform in draft.read("data", "transforms", part):
            shapes = [transform.shape(shape) for shape in shapes]
        found = {shape.channels for shape in shapes}
        return Shape(found.pop(), _size_after(draft, part)) if len(found) == 1 else None
    except Tainted:
        return None


def _raw_channels(draft: Draft, part: str) -> int | None:
    """The channels of a part's images; where they are absent as stated, None if they are not."""
    members = _members(draft, part)
    if members is not None:
        return need(_common_channels(members))
    source = need(draft.parts).sources.get(part, "train")
    stated: str = getattr(draft.read("data", source), "channels", "auto")
    return {"grey": 1, "rgb": 3}.get(stated)


def _size_after(draft: Draft, part: str) -> tuple[int, int] | None:
    """The size that reaches the model; None where images differ or are absent."""
    transforms: tuple[Transform, ...] = draft.read("data", "transforms", part)
    size = _transformed(transforms, None)
    try:
        members = _members(draft, "train" if part == "train" else "test")
    except Tainted:
        if size is None:
            raise
        return size
    return size if members is None else _transformed(transforms, _common_size(members))


def _transformed(
    transforms: tuple[Transform, ...], size: tuple[int, int] | None
) -> tuple[int, int] | None:
    shape = Shape(1, size)
    for transform in transforms:
        shape = transform.shape(shape)
    return shape.size


def _members(draft: Draft, part: str) -> tuple[SampleInfo, ...] | None:
    """The samples of a part, of training where there is no such part; None where absent."""
    if draft.report.taints(("data", part)):
        raise Tainted
    parts = need(draft.parts)
    return parts.samples.get(part if part in parts.sources else "train")


def _origin(draft: Draft) -> tuple[str | int, ...] | None:
    """Where the training size is written, if it is."""
    for index, transform in reversed(list(enumerate(draft.read("data", "transforms", "train")))):
        if transform.shape(Shape(1, None)).size is not None:
            return ("data", "transforms", "train", index, "size")
    return None


def _smallest(samples: tuple[SampleInfo, ...]) -> tuple[str, tuple[int, int]] | None:
    """The sample with the shortest side, and its size."""
    known = [(sample.id, sample.size) for sample in samples if sample.size is not None]
    return min(known, key=lambda entry: min(entry[1]), default=None)


def _common_channels(samples: tuple[SampleInfo, ...]) -> int | None:
    known = {sample.channels for sample in samples if sample.channels is not None}
    return known.pop() if len(known) == 1 else None


def _common_size(samples: tuple[SampleInfo, ...]) -> tuple[int, int] | None:
    known = {sample.size for sample in samples if sample.size is not None}
    return known.pop() if len(known) == 1 else None


def _both(first: tuple[int, int], second: tuple[int, int]) -> str:
    return f"{_pixels(first)} and {_pixels(second)} (height x width)"


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]} pixels"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
