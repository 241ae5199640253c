"""Loaders from a plain dict: the same batches as the parts make, and clear faults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from neurotrain.dataset import blocks, get_train_valid_test_dataloader
from neurotrain.dataset.phantom import RetinaPhantom
from neurotrain.spec import experiment
from neurotrain.spec.schema import _refer

DIGITS: Mapping[str, Any] = {
    "train": "digits",
    "valid": {"fraction": 0.1},
    "test": {"fraction": 0.2},
    "task": "classification",
    "batch_size": 32,
}
PHANTOM: Mapping[str, Any] = {
    "train": {"type": "retina_phantom", "num_images": 3, "size": 64},
    "task": {"type": "segmentation", "classes": ["background", "vessel"]},
    "transforms": {
        "train": ["normalize", {"type": "random_crop", "size": [32, 32], "crops_per_image": 4}],
        "eval": ["normalize"],
    },
    "batch_size": 4,
}


def refused(config: Mapping[str, Any]) -> str:
    """What is said about a config with a fault."""
    with pytest.raises(ValueError, match=r".") as caught:
        get_train_valid_test_dataloader(config)
    return str(caught.value)


def test_digits_in_three_parts() -> None:
    """The parts together hold every digit once, with its own label and pixels."""
    loaders = get_train_valid_test_dataloader({**DIGITS, "batch_size": 1})
    train, *evaluated = loaders
    batches = list(train.epoch(1))
    for loader in evaluated:
        assert loader is not None
        batches += list(loader)
    found = [(int(batch.targets[0]), batch.images[0].numpy().tobytes()) for batch in batches]
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)
    truth = [
        (int(label), image.tobytes()) for label, image in zip(digits.target, images, strict=True)
    ]
    assert sorted(found) == sorted(truth)


def test_parts_that_are_not_named_are_none() -> None:
    """Without validation and test data there are no loaders of them."""
    train, valid, test = get_train_valid_test_dataloader(PHANTOM)
    assert (len(train), valid, test) == (3, None, None)


def test_transforms_and_batches_are_the_configs() -> None:
    """Training batches have the crops' size and the batch size, and the dataset's labels."""
    train, _, _ = get_train_valid_test_dataloader(PHANTOM)
    for batch in train.epoch(1):
        assert isinstance(batch.images, torch.Tensor)
        assert batch.images.shape == (4, 3, 32, 32)


def test_evaluation_transforms_are_for_evaluation() -> None:
    """Validation images keep their size, are normalised, and have the dataset's ids."""
    _, valid, _ = get_train_valid_test_dataloader({**PHANTOM, "valid": PHANTOM["train"]})
    assert valid is not None
    assert valid.names == tuple(f"phantom-{index:04d}" for index in range(3))
    for batch in valid:
        assert batch.images[0].shape == (3, 64, 64)
        assert batch.rois is not None
        inside = batch.images[0][:, batch.rois[0]]
        assert inside.mean(1).tolist() == pytest.approx([0, 0, 0], abs=1e-4)


def test_seeds_change_the_split_and_the_order() -> None:
    """Another seed holds out others; the same one the same."""
    names = [
        get_train_valid_test_dataloader({**DIGITS, "seed": seed})[1].names  # type: ignore[union-attr]
        for seed in (1, 1, 2)
    ]
    assert names[0] == names[1] != names[2]


def test_workers_are_used() -> None:
    """The loader block counts: two workers give the same batches."""
    plain = get_train_valid_test_dataloader(PHANTOM)[0]
    forked = get_train_valid_test_dataloader({**PHANTOM, "loader": {"num_workers": 2}})[0]
    for one, other in zip(plain.epoch(1), forked.epoch(1), strict=True):
        assert torch.equal(one.images, other.images)  # type: ignore[arg-type]


def test_paths_start_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative root is found below the current folder; class names come from the data."""
    rng = np.random.default_rng(0)
    for index in range(6):
        file = tmp_path / "photos" / ("cat" if index % 2 else "dog") / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (8, 8), np.uint8)).save(file)
    monkeypatch.chdir(tmp_path)
    config = {"train": {"type": "image_folder", "root": "photos"}, "task": "classification"}
    train, _, _ = get_train_valid_test_dataloader({**config, "batch_size": 6})
    assert sorted(next(train.epoch(1)).targets.tolist()) == [0, 0, 0, 1, 1, 1]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"train": "digit"}, "no dataset is named 'digit'; did you mean 'digits'?"),
        ({"batchsize": 4}, "the config has no key 'batchsize'; did you mean 'batch_size'?"),
        ({"train": {"type": "retina_phantom", "num_image": 1}}, "did you mean 'num_images'?"),
        ({"transforms": {"eval": ["normalise"]}}, "did you mean 'normalize'?"),
        ({"transforms": {"evl": ["normalize"]}}, "evl"),
        ({"transforms": {"eval": ["random_flip"]}}, "'random_flip' is random"),
        ({"loader": {"num_workers": -1}}, "$.loader.num_workers"),
        ({"valid": {"fraction": 1.5}}, "$.valid"),
        ({"valid": 3}, "not 3"),
        ({"batch_size": 0}, "$.batch_size"),
        ({"batch_size": 5000}, "fewer than a batch of 5000"),
        ({"task": "segmentation"}, "'digits' has no targets for a 'segmentation'"),
    ],
)
def test_faults_are_named(change: Mapping[str, Any], told: str) -> None:
    """What is wrong is said, with the nearest name that is right."""
    assert told in refused({**DIGITS, **change})


def test_a_config_needs_a_task() -> None:
    """Without a task the labels mean nothing."""
    assert "task" in refused({"train": "digits"})


def test_missing_files_are_named(tmp_path: Path) -> None:
    """What the survey finds wrong with the files is an error."""
    config = {"type": "image_folder", "root": str(tmp_path / "nowhere")}
    assert "nowhere" in refused({"train": config, "task": "classification"})


def test_an_unset_variable_is_named() -> None:
    """A path with a variable that is not set is an error that names it."""
    config = {"type": "image_folder", "root": "${env:NEUROTRAIN_TEST_UNSET}/x"}
    assert "NEUROTRAIN_TEST_UNSET" in refused({"train": config, "task": "classification"})


def test_a_part_without_samples_is_refused() -> None:
    """One picture cannot be split."""
    alone = {"type": "retina_phantom", "num_images": 1, "size": 64}
    config = {**PHANTOM, "train": alone, "valid": {"fraction": 0.5}, "batch_size": 1}
    assert refused(config) == "the valid part has no samples"


def test_the_data_block_is_the_specs() -> None:
    """The dict is read by the same rules as a spec's `data` block."""
    own, spec = (
        msgspec.json.schema_components([block], schema_hook=_refer)[1]
        for block in (blocks.Data, experiment.Data)
    )
    assert own == spec


def test_components_can_be_given_as_maps() -> None:
    """A map with a type is the same as the component's struct with its fields."""
    train, _, _ = get_train_valid_test_dataloader(PHANTOM)
    batch = next(train.epoch(1))
    assert set(batch.samples.tolist()) <= set(range(RetinaPhantom(num_images=3).num_images))
