"""Build the discriminator of an adversarial training and apply it to images with masks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.deep.foreign import ComponentFailed
from neurotrain.compiler.deep.network import discriminator_on_meta, forward
from neurotrain.compiler.deep.shapes import micro_batch, num_outputs, told, type_path
from neurotrain.compiler.draft import Draft, fault, need
from neurotrain.component.base import tag_of
from neurotrain.language.diagnostics import Report

if TYPE_CHECKING:
    from torch import nn


def check_discriminator(draft: Draft, report: Report) -> Draft:
    """Report a discriminator that cannot be built or applied, or that gives no logits.

    `patch_discriminator` of six convolutions on images of 16 pixels is answered by
    `discriminator-fails`.
    """
    if not draft.has("train", "adversarial"):
        return draft
    path = ("train", "adversarial", "discriminator")
    discriminator = draft.read(*path)
    channels, size = need(draft.in_channels) + num_outputs(draft), draft.image_size
    shape = None if size is None else (micro_batch(draft), channels, *size)
    problem, network = "", None
    try:
        network = discriminator_on_meta(discriminator, channels, size)
        problem = "" if shape is None else _problem(network, shape)
    except ComponentFailed as failed:
        if network is None:
            problem = f"cannot be built for {channels} channels: {failed}"
        elif shape is not None and not failed.needs_values:
            problem = f"fails on images with masks of {told(shape)}: {failed}"
    if problem:
        message = f"'{tag_of(discriminator)}' {problem}"
        at = type_path(draft, path) if draft.has(*path) else path[:-1]
        hint = "change its parameters, or the size of the images"
        is_block = not draft.has(*path)
        report.add(fault(codes.DISCRIMINATOR_FAILS, at, message, hint, at_key=is_block))
        return draft
    return replace(draft, discriminator=network)


def _problem(network: nn.Module, shape: tuple[int, ...]) -> str:
    """What is wrong with its output; empty where nothing is.

    Raises:
        ComponentFailed: it cannot be applied.
    """
    import torch

    found: Any = forward(network, torch.empty(shape, device="meta"))
    if not isinstance(found, torch.Tensor):
        return f"gives a {type(found).__name__}, not one tensor of logits"
    if not found.is_floating_point() or found.shape[:1] != shape[:1]:
        given = f"{told(tuple(found.shape))} of {found.dtype}"
        return f"gives {given} for {told(shape)}, not logits of each image"
    return ""
