"""Check how updates are made against the device that makes them."""

from __future__ import annotations

from neurotrain.compiler.codes import components as codes
from neurotrain.compiler.draft import Draft, attempt, fault, need
from neurotrain.language.diagnostics import Report


def check_stepping(draft: Draft, report: Report) -> Draft:
    """Report options of training that the device or another option rules out.

    `compile: {mode: reduce-overhead}` with `device: cpu` is answered by `unused-setting`.
    """
    attempt(_compiled_hooks, draft, report)
    attempt(_compiled_mode, draft, report)
    return draft


def _compiled_hooks(draft: Draft, report: Report) -> None:
    if draft.read("train", "compile") is None:
        return
    if draft.read("train", "record", "activations"):
        path = ("train", "record", "activations")
        message = "a compiled model does not call the hooks that record activations"
        related = ((("train", "compile"), "it is compiled here"),)
        hint = "leave out compile, or the activations"
        report.add(fault(codes.CONTRADICTION, path, message, hint, related=related))


def _compiled_mode(draft: Draft, report: Report) -> None:
    options = draft.read("train", "compile")
    if options is None or need(draft.device) != "cpu" or options.mode != "reduce-overhead":
        return
    message = "the mode 'reduce-overhead' records CUDA graphs, which the CPU does not have"
    path = ("train", "compile", "mode")
    hint = "write mode: default, or mode: max-autotune"
    report.add(fault(codes.WINDOW_UNUSED, path, message, hint))
