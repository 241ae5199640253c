"""Compare the file of pretrained weights with the model, by name and shape."""

from __future__ import annotations

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.codes.components import UNUSABLE_WEIGHTS
from neurotrain.compiler.draft import Draft, fault, need
from neurotrain.language.diagnostics import Report
from neurotrain.language.suggest import closest
from neurotrain.models.loading import WeightsDoNotFit, fitting
from neurotrain.models.pretrained import NoSuchEntry, UnusableWeights


def check_weights(draft: Draft, report: Report) -> Draft:
    """Report first weights that the run would refuse.

    The weights of a net with other channels are answered by `weights-do-not-fit` at the file.
    """
    pretrained = draft.read("pretrained")
    if pretrained is None or draft.pretrained is None:
        return draft
    path, network = ("pretrained", "file"), need(draft.network)
    try:
        fitting(network, draft.resolver.path(pretrained.file), pretrained)
    except WeightsDoNotFit as error:
        message, _, hint = str(error).rpartition("; ")
        message, hint = (message, hint) if message else (hint, "write a beginning once")
        related = ((("model",), "the model"),)
        report.add(fault(codes.WEIGHTS_DO_NOT_FIT, path, message, hint, related=related))
    except NoSuchEntry as error:
        near = closest(pretrained.entry, error.names)
        hint = f"did you mean '{near}'?" if near else "leave entry out: the whole file is taken"
        report.add(fault(UNUSABLE_WEIGHTS, ("pretrained", "entry"), str(error), hint))
    except UnusableWeights as error:
        hint = "write it with torch.save(model.state_dict(), …) or safetensors"
        report.add(fault(UNUSABLE_WEIGHTS, path, str(error), hint))
    return draft
