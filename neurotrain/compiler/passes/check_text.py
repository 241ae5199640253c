"""Check what a spec asks of text, which has no pixels."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from neurotrain.compiler.codes import components as codes
from neurotrain.compiler.codes import data as data_codes
from neurotrain.compiler.draft import Draft, attempt, fault, need
from neurotrain.component.base import tag_of
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath

_OF_IMAGES: Final[tuple[tuple[SpecPath, object], ...]] = (
    (("test", "flips"), False),
    (("test", "num_pictures"), 0),
    (("train", "channels_last"), False),
    (("data", "loader", "cache"), "none"),
)
"""Settings that text cannot follow, and the value of each that asks for nothing."""


def check_text(draft: Draft, report: Report) -> Draft:
    """Report what is made for images beside a task of text, texts that are too short, and a model
    whose package is not installed.

    `transforms: {train: [normalize]}` with a causal_lm is answered by `transform-not-for-text`.
    """
    attempt(_package, draft, report)
    if draft.kind.reads_text:
        for check in (_transforms, _settings, _predict, _length):
            attempt(check, draft, report)
    return draft


def _package(draft: Draft, report: Report) -> None:
    model = draft.read("model")
    if model.package and find_spec(model.package) is None:
        message = f"'{tag_of(model)}' needs the package {model.package}, which is not installed"
        hint = f"pip install 'neurotrain[{model.package}]'"
        path: SpecPath = ("model", "type") if draft.has("model", "type") else ("model",)
        report.add(fault(codes.MISSING_PACKAGE, path, message, hint))


def _transforms(draft: Draft, report: Report) -> None:
    for part in ("train", "eval"):
        for index, transform in enumerate(draft.read("data", "transforms", part)):
            message = f"'{tag_of(transform)}' works on images, and the samples are text"
            path = ("data", "transforms", part, index)
            report.add(fault(codes.TRANSFORM_NOT_FOR_TEXT, path, message, "leave it out"))


def _settings(draft: Draft, report: Report) -> None:
    for path, value in _OF_IMAGES:
        if draft.has(*path) and draft.read(*path) != value:
            message = f"'{path[-1]}' has no effect on text"
            report.add(fault(codes.WINDOW_UNUSED, path, message, "leave it out"))


def _predict(draft: Draft, report: Report) -> None:
    if draft.has("predict"):
        message = "a causal_lm has no prediction stage: it would have to write text"
        hint = "leave it out; the trained weights are in train/checkpoints/best.pth"
        report.add(fault(codes.PREDICT_TASK, ("predict",), message, hint, at_key=True))


def _length(draft: Draft, report: Report) -> None:
    """A text gives at least one block."""
    surveys, tokens = need(draft.parts).surveys, draft.read("task").tokens
    for key, survey in surveys.items():
        if survey.samples or survey.faults:
            continue
        message = f"the {key} text is too short for one block of {tokens:,} tokens and the next"
        hint = "take more text, or a smaller context_length"
        path: SpecPath = ("data", key)
        length: SpecPath = ("task", "context_length")
        related = ((length, "the length of a block"),) if draft.has(*length) else ()
        code = data_codes.TEXT_TOO_SHORT
        report.add(fault(code, path, message, hint, related=related, at_key=True))
