"""First weights from files: of torch.save, and of safetensors as its published format says."""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from neurotrain.models import Pretrained, load_pretrained
from neurotrain.models.loading import WeightsDoNotFit, read_weights
from neurotrain.models.pretrained import UnusableWeights, survey_weights


def network(outputs: int = 2) -> nn.Sequential:
    """A small one with weights, biases and running statistics."""
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, outputs))


def safetensors(file: Path, arrays: dict[str, np.ndarray], **changes: Any) -> Path:
    """A file written by the format's description, with NumPy alone."""
    names = {"float32": "F32", "int64": "I64", "float16": "F16", "float64": "F64"}
    header: dict[str, Any] = {"__metadata__": {"made": "here"}}
    content = b""
    for name, array in arrays.items():
        place = [len(content), len(content) + array.nbytes]
        header[name] = {
            "dtype": names[array.dtype.name], "shape": list(array.shape), "data_offsets": place,
            **changes,
        }  # fmt: skip
        content += array.tobytes()
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + content)
    return file


def saved(file: Path, value: Any) -> Path:
    """What torch.save writes."""
    torch.save(value, file)
    return file


def test_weights_of_torch_are_loaded(tmp_path: Path) -> None:
    """The network is the saved one, statistics included, and everything matched."""
    source, target = network(), network()
    source(torch.randn(8, 3))
    fit = load_pretrained(target, saved(tmp_path / "a.pth", source.state_dict()))
    assert fit.is_whole
    assert len(fit.matched) == len(source.state_dict())
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value)


def test_weights_of_safetensors_are_loaded(tmp_path: Path) -> None:
    """The same from a safetensors file, whole numbers and empty shapes included."""
    source, target = network(), network()
    arrays = {name: value.numpy() for name, value in source.state_dict().items()}
    fit = load_pretrained(target, safetensors(tmp_path / "a.safetensors", arrays))
    assert fit.is_whole
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_types_of_safetensors_are_kept(tmp_path: Path, kind: Any) -> None:
    """Numbers and shapes are NumPy's; an array without numbers is one."""
    arrays = {"a": np.arange(6, dtype=kind).reshape(2, 3), "none": np.zeros((0, 3), kind)}
    file = safetensors(tmp_path / "a.safetensors", arrays)
    found = read_weights(file, Pretrained(file="a"))
    for name, array in arrays.items():
        assert np.array_equal(found[name].numpy(), array)
        assert found[name].shape == array.shape


@pytest.mark.parametrize("entry", ["model_state_dict", "state_dict", "model"])
def test_the_usual_entries_are_found(tmp_path: Path, entry: str) -> None:
    """A checkpoint's weights are found among the rest; another entry can be named."""
    weights = network().state_dict()
    file = saved(tmp_path / "a.pth", {entry: weights, "ema": weights, "epoch": 3})
    assert load_pretrained(network(), file).is_whole
    assert load_pretrained(network(), file, Pretrained(file="a", entry="ema")).is_whole
    with pytest.raises(UnusableWeights, match="no entry 'emma'; it has"):
        load_pretrained(network(), file, Pretrained(file="a", entry="emma"))


def test_a_checkpoint_of_a_run_is_a_file_of_weights(tmp_path: Path) -> None:
    """Its last line, which torch skips, does no harm before the run either."""
    file = saved(tmp_path / "best.pth", {"model_state_dict": network().state_dict()})
    with file.open("ab") as sink:
        sink.write(b"\nNEUROTRAIN-CHECKPOINT 1 %020d %s\n" % (file.stat().st_size, b"0" * 64))
    assert survey_weights(file) == hashlib.sha256(file.read_bytes()).hexdigest()
    assert load_pretrained(network(), file).is_whole


def test_beginnings_of_names_are_renamed(tmp_path: Path) -> None:
    """The longest beginning counts, and what has none keeps its name."""
    weights = network().state_dict()
    moved = {name.replace("0.", "module.body.").replace("2.", "module.head."): value
             for name, value in weights.items()}  # fmt: skip
    file = saved(tmp_path / "a.pth", moved)
    rename = {"module.": "", "module.body.": "0.", "module.head.": "2."}
    assert load_pretrained(network(), file, Pretrained(file="a", rename=rename)).is_whole
    clash = {"module.body.": "x.", "module.head.": "x."}
    with pytest.raises(WeightsDoNotFit, match="one name"):
        load_pretrained(network(), file, Pretrained(file="a", rename=clash))


def test_strict_refuses_and_changes_nothing(tmp_path: Path) -> None:
    """Another head is told with both shapes; the network keeps its weights."""
    target = network(5)
    before = {name: value.clone() for name, value in target.state_dict().items()}
    file = saved(tmp_path / "a.pth", {**network(2).state_dict(), "extra": torch.zeros(1)})
    with pytest.raises(WeightsDoNotFit) as caught:
        load_pretrained(target, file)
    text = str(caught.value)
    assert "2.weight: (2, 4) in the file, (5, 4) in the model" in text
    assert "1 not in the model: extra" in text
    assert "strict: false" in text
    assert all(torch.equal(target.state_dict()[name], before[name]) for name in before)


def test_without_strict_what_matches_is_taken(tmp_path: Path) -> None:
    """The body is the file's, the head keeps its first weights, and all of it is told."""
    source, target = network(2), network(5)
    head = target[2].weight.clone()
    weights = source.state_dict()
    del weights["1.bias"]
    fit = load_pretrained(
        target, saved(tmp_path / "a.pth", weights), Pretrained(file="a", strict=False)
    )
    assert torch.equal(target[0].weight, source[0].weight)
    assert torch.equal(target[2].weight, head)
    assert fit.missing == ("1.bias",)
    assert len(fit.mismatched) == 2
    assert str(fit).startswith("6 matched; 2 of another shape: 2.weight: (2, 4) in the file")


@pytest.mark.parametrize("strict", [True, False])
def test_nothing_that_matches_is_an_error(tmp_path: Path, strict: bool) -> None:
    """Names of both sides are shown."""
    file = saved(tmp_path / "a.pth", {"encoder.weight": torch.zeros(2)})
    with pytest.raises(WeightsDoNotFit, match=r"no weight of a.pth .* encoder.weight, the model 0"):
        load_pretrained(network(), file, Pretrained(file="a", strict=strict))


class Harm:
    """Code that a pickle would run."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("harm"),)


def test_no_code_of_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickled call is refused, in an archive of torch.save and by itself."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableWeights, match="without running code"):
        load_pretrained(network(), saved(tmp_path / "a.pth", {"a": Harm()}))
    (tmp_path / "b.pth").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(UnusableWeights, match="neither of safetensors nor"):
        survey_weights(tmp_path / "b.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("value", "told"),
    [([torch.zeros(1)], "holds a list"), ({"epoch": 3}, "holds no weights; its keys are epoch")],
)
def test_a_file_without_weights_is_told(tmp_path: Path, value: Any, told: str) -> None:
    """With what is in it instead."""
    with pytest.raises(UnusableWeights, match=told):
        load_pretrained(network(), saved(tmp_path / "a.pth", value))


@pytest.mark.parametrize(
    "changes",
    [
        {"dtype": "F8"}, {"dtype": 3}, {"shape": [3]}, {"shape": [-2, -1]}, {"shape": "2"},
        {"data_offsets": [0, 400]}, {"data_offsets": [0]}, {"data_offsets": [8, 0]},
        {"data_offsets": [0.0, 8.0]}, {"shape": [True, 2]},
    ],
    ids=str,
)  # fmt: skip
def test_damaged_safetensors_are_told_before_the_run(tmp_path: Path, changes: Any) -> None:
    """Types, shapes and places that cannot be are named with the tensor."""
    file = safetensors(tmp_path / "a.safetensors", {"w": np.zeros(2, np.float32)}, **changes)
    with pytest.raises(UnusableWeights, match="entry of 'w' is damaged or unknown"):
        survey_weights(file)


def test_every_truncation_is_told_before_the_run(tmp_path: Path) -> None:
    """Both kinds of file, cut anywhere."""
    arrays = {"w": np.arange(5, dtype=np.float32), "v": np.zeros(3, np.int64)}
    whole = [
        safetensors(tmp_path / "a.safetensors", arrays).read_bytes(),
        saved(tmp_path / "a.pth", {"w": torch.zeros(2)}).read_bytes(),
    ]
    cut = tmp_path / "cut"
    for content in whole:
        for length in range(0, len(content), 7):
            cut.write_bytes(content[:length])
            with pytest.raises(UnusableWeights):
                survey_weights(cut)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As such; a folder is no file."""
    with pytest.raises(FileNotFoundError):
        survey_weights(tmp_path / "nowhere.pth")
    with pytest.raises(UnusableWeights, match="no regular file"):
        survey_weights(tmp_path)
