"""Following whole specs: what is predicted, and that nothing but the spec decides it."""

from __future__ import annotations

from typing import Final

import pytest
import torch
from torch import nn

from neurotrain.compiler.deep.network import forward, on_meta
from neurotrain.component.base import Component
from neurotrain.models.base import Model
from neurotrain.plan.plan import Plan, encode
from tests.compiler.conftest import Compiling

SEGMENTATION: Final = "extends: bases/segmentation.yaml\n"
CLASSIFICATION: Final = "extends: bases/classification.yaml\n"
NAMES: Final = {
    "parameters", "operations of a step", "memory of parameters", "memory of gradients",
    "memory of optimizer states", "memory of activations", "checkpoint", "disk at its peak",
}  # fmt: skip


def predicted(plan: Plan) -> dict[str, float]:
    """Every prediction by name."""
    return {prediction.name: prediction.value for prediction in plan.predictions}


class SwinUNETR(Component, Model, tag="swin_unetr", frozen=True, kw_only=True):
    """MONAI's SwinUNETR, which calls `.item()` while it is built."""

    tasks = ("segmentation",)

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """The smallest."""
        from monai.networks.nets.swin_unetr import SwinUNETR as MonaiSwinUNETR

        return MonaiSwinUNETR(in_channels, out_channels, feature_size=12, spatial_dims=2)


def test_a_network_that_reads_values_when_built_is_built_on_the_cpu() -> None:
    """SwinUNETR comes to `meta` with all its weights."""
    network = on_meta(SwinUNETR(), (1, 2), (64, 64))
    assert {weight.device.type for weight in network.parameters()} == {"meta"}
    assert forward(network, torch.empty(1, 1, 64, 64, device="meta")).shape == (1, 2, 64, 64)


def test_following_a_network_leaves_random_numbers_alone() -> None:
    """Building on the CPU draws weights; the caller's generator does not notice."""
    before = torch.get_rng_state()
    on_meta(SwinUNETR(), (1, 2), (64, 64))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("spec", [SEGMENTATION, CLASSIFICATION])
def test_everything_is_predicted(compiling: Compiling, spec: str) -> None:
    """A sound spec has every number, each with its unit and method."""
    plan = compiling(spec, deep=True).plan
    assert set(predicted(plan)) >= NAMES
    assert all(prediction.unit and prediction.method for prediction in plan.predictions)


def test_the_run_is_the_same_with_and_without_predictions(compiling: Compiling) -> None:
    """Predictions are outside the digests."""
    assert compiling(SEGMENTATION).plan.digest == compiling(SEGMENTATION, deep=True).plan.digest


def test_parameters_are_exact(compiling: Compiling) -> None:
    """The count is that of the real network."""
    plan = compiling(SEGMENTATION, deep=True).plan
    network = plan.experiment.model.build(plan.facts.in_channels, plan.facts.out_channels, None)
    assert predicted(plan)["parameters"] == sum(p.numel() for p in network.parameters())


def test_a_step_is_all_its_micro_steps(compiling: Compiling) -> None:
    """Accumulation does the work several times and keeps the activations of one."""
    whole = predicted(
        compiling(SEGMENTATION, "train.batch={global: null, micro: 2}", deep=True).plan
    )
    twice = compiling(
        SEGMENTATION, "train.batch={global: null, micro: 2, accumulation: 2}", deep=True
    ).plan
    assert predicted(twice)["operations of a step"] == 2 * whole["operations of a step"]
    assert predicted(twice)["memory of activations"] == whole["memory of activations"]


def test_free_space_is_not_in_the_plan(compiling: Compiling) -> None:
    """The same bytes on a disk that is nearly full."""
    texts = {
        encode(compiling(SEGMENTATION, deep=True, free_bytes=free).plan)
        for free in (None, 10**6, 10**15)
    }
    assert len(texts) == 1


def test_masks_take_their_place_on_the_disk(compiling: Compiling) -> None:
    """One byte for each pixel that is predicted, 12 images of 96 x 80."""
    spec = "extends: bases/paired.yaml\n"
    without = predicted(compiling(spec, deep=True).plan)["disk at its peak"]
    images = 'predict={input: "${env:CASE_DATA}/eyes/images/*"}'
    with_masks = predicted(compiling(spec, images, deep=True).plan)["disk at its peak"]
    assert with_masks - without == 12 * 96 * 80


def test_a_model_that_cannot_be_followed_still_has_a_plan(compiling: Compiling) -> None:
    """Its operations and activations are left out, its parameters are not."""
    spec = f"plugins: [case-parts]\n{SEGMENTATION}model: {{type: case_net, wrong: values}}\n"
    outcome = compiling(spec, deep=True)
    assert outcome.codes == ["model-not-followed"]
    found = predicted(outcome.plan)
    assert found["parameters"] == 4
    assert not {"operations of a step", "memory of activations"} & set(found)


def test_an_error_of_a_deep_pass_takes_the_plan(compiling: Compiling) -> None:
    """What torch refuses does not compile, though every static pass accepts it."""
    spec = f"plugins: [case-parts]\n{SEGMENTATION}model: {{type: case_net, wrong: size}}\n"
    outcome = compiling(spec, deep=True)
    assert outcome.draft is not None
    assert outcome.draft.plan is None
    assert compiling(spec).plan is not None


def test_a_huge_model_needs_no_memory(compiling: Compiling) -> None:
    """Weights of terabytes are counted, and have no room on a small disk."""
    outcome = compiling(
        CLASSIFICATION, "model={type: mlp, hidden: [1000000, 1000000]}", deep=True,
        free_bytes=10**11,
    )  # fmt: skip
    assert outcome.codes == ["no-room-for-checkpoint"]
    assert "12 TB" in outcome.text


def test_softmax_loss_is_told_once(compiling: Compiling) -> None:
    """What a static pass tells of a loss, torch does not tell again."""
    outcome = compiling(SEGMENTATION, "loss=[cross_entropy]", deep=True)
    assert outcome.codes == ["loss-not-for-task"]


def test_one_channel_for_three_classes_is_told_in_words_of_the_task(compiling: Compiling) -> None:
    """The loss says it takes any output, and takes one channel."""
    outcome = compiling(
        f"plugins: [case-parts]\n{SEGMENTATION}"
        "task: {classes: [background, artery, vein]}\nloss: [one_channel]\n",
        deep=True,
    )
    assert outcome.only.code.id == "loss-fails"
    assert "3 classes" in outcome.only.message
    assert "the class count comes from here" in outcome.text


def test_the_disk_holds_what_the_processes_of_deepspeed_save(compiling: Compiling) -> None:
    """Three states of weights, their copy and AdamW's two moments; none in the checkpoint."""
    alone = predicted(compiling(SEGMENTATION, deep=True).plan)
    engine = "engine={type: deepspeed, device: cpu, threads: 1, zero: {stage: 1}}"
    split = predicted(compiling(SEGMENTATION, engine, deep=True).plan)
    weights = 4 * alone["parameters"]
    assert alone["checkpoint"] - split["checkpoint"] == pytest.approx(2 * weights, rel=0.2)
    shards = split["disk at its peak"] - alone["disk at its peak"]
    num_files = alone["disk at its peak"] / alone["checkpoint"]
    shards += num_files * (alone["checkpoint"] - split["checkpoint"])
    assert shards == pytest.approx(3 * 4 * weights, rel=0.01)
