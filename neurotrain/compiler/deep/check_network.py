"""Build the model and follow it from images to logits, in training and in evaluation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.deep.foreign import ComponentFailed
from neurotrain.compiler.deep.network import forward, on_meta
from neurotrain.compiler.deep.shapes import (
    evaluated_sizes,
    is_regression,
    logits_shape,
    micro_batch,
    num_outputs,
    tokens_of,
    told,
    type_path,
)
from neurotrain.compiler.draft import Draft, fault, need
from neurotrain.component.base import tag_of
from neurotrain.language.diagnostics import Diagnostic, Report
from neurotrain.language.tree import SpecPath
from neurotrain.models.base import Model
from neurotrain.transforms.base import Shape

if TYPE_CHECKING:
    from torch import nn


def check_network(draft: Draft, report: Report) -> Draft:
    """Report a model that cannot be built or applied, or whose output does not suit the task.

    `simple_cnn` of six blocks on images of 8 pixels is answered by `model-fails` at the model.
    """
    model: Model = draft.read("model")
    channels, size = need(draft.in_channels), draft.image_size
    try:
        both = (channels, num_outputs(draft))
        network = on_meta(model, both, size, tokens_of(draft))
    except ComponentFailed as failed:
        report.add(_failure(draft, f"cannot be built for {_channels(draft)}", failed))
        return draft
    found = _followed(draft, network)
    if found is not None:
        report.add(found)
    return replace(draft, network=network)


def _followed(draft: Draft, network: nn.Module) -> Diagnostic | None:
    """What is first wrong on the way of images to logits, in training and then in evaluation."""
    size, channels = draft.image_size, need(draft.in_channels)
    tokens = tokens_of(draft)
    if tokens is not None:
        return _applied(draft, network, (micro_batch(draft), tokens), "blocks of text")
    if size is None:
        return None
    found = _applied(draft, network, (micro_batch(draft), channels, *size), "training batches")
    network.eval()
    for other in evaluated_sizes(draft):
        if found is None:
            found = _applied(draft, network, (1, channels, *other), "evaluation images")
    network.train()
    return found


def _applied(
    draft: Draft, network: nn.Module, shape: tuple[int, ...], what: str
) -> Diagnostic | None:
    """What is wrong when images of a shape go through the network."""
    import torch

    kind = torch.float32 if tokens_of(draft) is None else torch.int64
    inputs = torch.empty(shape, device="meta", dtype=kind)
    try:
        with torch.set_grad_enabled(network.training):
            output = forward(network, inputs)
    except ComponentFailed as failed:
        if failed.needs_values:
            return _not_followed(draft, failed)
        return _failure(draft, f"fails on {what} of {told(shape)}", failed)
    return _mismatch(draft, output, shape, what)


def _mismatch(draft: Draft, output: Any, shape: tuple[int, ...], what: str) -> Diagnostic | None:
    """What is wrong with the output, in terms of the task."""
    import torch

    name = tag_of(draft.read("model"))
    wanted = logits_shape(draft, shape[0], (shape[-2], shape[-1]))
    hint = f"its output has to be one tensor of {told(wanted)}"
    related: tuple[tuple[SpecPath, str], ...] = ()
    if not isinstance(output, torch.Tensor):
        text = f"'{name}' gives a {type(output).__name__}, the loss takes one tensor"
    elif not output.dtype.is_floating_point:
        text = f"'{name}' gives values of the type {output.dtype}, a loss needs logits"
    elif tuple(output.shape) == wanted:
        return None
    elif output.ndim == len(wanted) and output.shape[1] != wanted[1]:
        channels = f"{output.shape[1]} channel{'s' if output.shape[1] != 1 else ''}"
        text = f"'{name}' gives {channels}, the task has {_classes(draft)}"
        if draft.has("task", "classes"):
            related = ((("task", "classes"), "the class count comes from here"),)
        elif draft.has("task", "targets"):
            related = ((("task", "targets"), "one output a target"),)
        elif draft.has("task", "heads"):
            related = ((("task", "heads"), "the outputs of all heads, side by side"),)
    else:
        text = f"'{name}' gives {told(tuple(output.shape))} for {what} of {told(shape)}"
        hint = f"a {tag_of(draft.read('task'))} needs {told(wanted)}"
    path = type_path(draft, ("model",))
    return fault(codes.OUTPUT_MISMATCH, path, text, hint, related=related)


def _classes(draft: Draft) -> str:
    """The classes or targets and what they mean for the output."""
    if heads := draft.read("task").heads:
        return f"{len(heads)} heads, which are {num_outputs(draft)} outputs together"
    if is_regression(draft):
        num = num_outputs(draft)
        return f"{num} target{'s' if num != 1 else ''}, which are one output each"
    num = len(need(draft.classes))
    return f"{num} classes, which are " + ("one logit" if num == 2 else "one logit each")


def _channels(draft: Draft) -> str:
    return f"{need(draft.in_channels)} channels in and {num_outputs(draft)} out"


def _failure(draft: Draft, what: str, failed: ComponentFailed) -> Diagnostic:
    message = f"'{tag_of(draft.read('model'))}' {what}: {failed}"
    hint = "change its parameters, or the size of the images"
    path = type_path(draft, ("model",))
    return fault(codes.MODEL_FAILS, path, message, hint, related=_size_origin(draft))


def _not_followed(draft: Draft, failed: ComponentFailed) -> Diagnostic:
    message = f"'{tag_of(draft.read('model'))}' cannot be followed without values: {failed}"
    hint = "whether its output suits the task is seen at the first step"
    return fault(codes.NOT_FOLLOWED, type_path(draft, ("model",)), message, hint)


def _size_origin(draft: Draft) -> tuple[tuple[SpecPath, str], ...]:
    """Where the training size is written, if it is."""
    transforms = draft.read("data", "transforms", "train")
    for index, transform in reversed(list(enumerate(transforms))):
        if transform.shape(Shape(1, None)).size is not None:
            return ((("data", "transforms", "train", index), "the size comes from here"),)
    return ()
