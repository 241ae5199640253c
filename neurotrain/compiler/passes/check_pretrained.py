"""Check the file of pretrained weights, and take its digest into the plan."""

from __future__ import annotations

from dataclasses import replace

from neurotrain.compiler.codes import components as codes
from neurotrain.compiler.draft import Draft, fault
from neurotrain.dataset.faults import near_path
from neurotrain.language.diagnostics import Report
from neurotrain.models.pretrained import UnusableWeights, survey_weights


def check_pretrained(draft: Draft, report: Report) -> Draft:
    """Look for the file that the model's first weights come from.

    `pretrained: {file: weigths.pth}` is answered by `missing-weights` at the file.
    """
    pretrained = draft.read("pretrained")
    if pretrained is None:
        return draft
    path = ("pretrained", "file")
    try:
        file = draft.resolver.path(pretrained.file)
        return replace(draft, pretrained=survey_weights(file))
    except KeyError as error:
        message = f"the environment variable {error.args[0]} is not set"
        report.add(fault(codes.MISSING_WEIGHTS, path, message, "set it, or give it a default"))
    except FileNotFoundError:
        message = f"there is no file {pretrained.file}"
        unset = draft.resolver.unset_variables(pretrained.file)
        near = near_path(draft.resolver.path(pretrained.file))
        hint = f"set {' and '.join(unset)}" if unset else near or "paths start where the spec lies"
        report.add(fault(codes.MISSING_WEIGHTS, path, message, hint))
    except UnusableWeights as error:
        hint = "write it with torch.save(model.state_dict(), …) or safetensors"
        report.add(fault(codes.UNUSABLE_WEIGHTS, path, str(error), hint))
    return draft
