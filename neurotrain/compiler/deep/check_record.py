"""What is recorded of single layers has to be of layers that there are."""

from __future__ import annotations

from typing import Final

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.draft import Draft, fault, need
from neurotrain.language.diagnostics import Report
from neurotrain.language.suggest import closest
from neurotrain.models.layers import layer_names, matching

_TOLD: Final = 3


def check_record(draft: Draft, report: Report) -> Draft:
    """Report patterns of layers that match none of the model's.

    `activations: [encodr.*]` is answered by `unmatched-layer` at the pattern.
    """
    names = layer_names(need(draft.network))
    for index, pattern in enumerate(draft.read("train", "record", "activations")):
        if not matching(names, pattern):
            path = ("train", "record", "activations", index)
            message = f"'{pattern}' matches no layer of the model"
            more = ", …" if len(names) > _TOLD else ""
            hint = f"its layers are {', '.join(names[:_TOLD])}{more}"
            near = closest(pattern, names)
            hint = f"did you mean '{near}'? {hint}" if near else hint
            report.add(fault(codes.UNMATCHED_LAYER, path, message, hint))
    return draft
