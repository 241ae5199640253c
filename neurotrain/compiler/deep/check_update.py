"""Build the optimizer and make one update with it, without memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.compiler.deep.shapes import type_path
from neurotrain.compiler.draft import Draft, attempt, fault
from neurotrain.component.base import tag_of
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath
from neurotrain.optim.optimizers import Optimizer
from neurotrain.optim.parameters import parameter_groups, unmatched

if TYPE_CHECKING:
    import torch
    from torch import nn


def check_update(draft: Draft, report: Report) -> Draft:
    """Report an optimizer that cannot be built or cannot update.

    `nesterov: true` with a damping of its own, in a plugin's optimizer, is answered by
    `optimizer-fails` at the optimizer.
    """
    attempt(partial(_check, ("train", "optimizer"), draft.network), draft, report)
    rival = ("train", "adversarial", "optimizer")
    if draft.has(*rival):
        attempt(partial(_check, rival, draft.discriminator), draft, report)
    return draft


def _check(place: SpecPath, network: nn.Module | None, draft: Draft, report: Report) -> None:
    """Without the network, only what does not depend on it."""
    from torch import nn

    optimizer: Any = draft.read(*place)
    if network is None:
        optimizer, network = replace(optimizer, groups=()), nn.Linear(2, 2, device="meta")
    what = "model" if place == ("train", "optimizer") else "discriminator"
    if _group_faults(place, optimizer, network, what, report):
        return
    try:
        updated_once(optimizer, network)
    except ComponentFailed as failed:
        path = type_path(draft, place)
        if failed.needs_values:
            message = f"'{tag_of(optimizer)}' cannot be followed without values: {failed}"
            hint = "memory, checkpoints and disk are not predicted for it"
            report.add(fault(codes.UPDATE_NOT_FOLLOWED, path, message, hint))
        else:
            message = f"'{tag_of(optimizer)}' cannot update this {what}: {failed}"
            hint = "change its parameters, or take another one"
            report.add(fault(codes.OPTIMIZER_FAILS, path, message, hint))


def _group_faults(
    place: SpecPath, optimizer: Optimizer, network: nn.Module, what: str, report: Report
) -> bool:
    """Report groups of parameters that match none; whether there are any."""
    names = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    lost = unmatched(optimizer.groups, names)
    for index in lost:
        path = (*place, "groups", index, "match")
        message = f"'{optimizer.groups[index].match}' matches no parameter of the {what}"
        hint = f"its parameters are {', '.join(names[:3])}{', …' if len(names) > 3 else ''}"
        report.add(fault(codes.UNMATCHED_GROUP, path, message, hint))
    return bool(lost)


def updated_once(optimizer: Optimizer, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of a network on `meta` after its first update, with all its state.

    Raises:
        ComponentFailed: it cannot be built, or cannot update.
    """
    import torch

    built = tried(lambda: optimizer.build(parameter_groups(optimizer, network)))
    for parameter in network.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.empty_like(parameter)
    tried(built.step)
    built.zero_grad(set_to_none=True)
    return built
