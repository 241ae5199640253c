"""Predictions have the size of their inputs and survive a round trip through files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.dataset.masks import LabelCoding, load_labels
from neurotrain.engine import Predictor
from neurotrain.engine.inference import Inference
from neurotrain.postprocess.steps import RemoveSmallObjects, Threshold
from neurotrain.transforms.fixed import Resize


class Bright(nn.Module):
    """One logit a pixel: positive where the image is bright."""

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """The mean over channels, shifted."""
        return (x_BCHW.mean(1, keepdim=True) - 0.5) * 20


def photograph(folder: Path, name: str, size: tuple[int, int] = (30, 20)) -> Path:
    """A dark picture with a bright square and a bright dot."""
    array = np.full((*size, 3), 20, dtype=np.uint8)
    array[5:15, 5:15] = 230
    array[18, 18] = 230
    Image.fromarray(array).save(folder / name)
    return folder / name


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".jpg"])
def test_masks_have_the_size_of_their_images(tmp_path: Path, suffix: str) -> None:
    """Also after the model saw another size; lossy formats give PNG."""
    file = photograph(tmp_path, f"a{suffix}")
    predictor = Predictor(
        Bright(), output_dir=tmp_path / "out", class_labels=("dark", "bright"),
        transforms=(Resize(size=(64, 64)),),
    )  # fmt: skip
    written = predictor.save_predictions(predictor.predict_files([file]))
    mask = Image.open(written[0])
    assert written[0].suffix == (".png" if suffix == ".jpg" else suffix)
    assert mask.size == (20, 30)
    assert set(np.unique(np.asarray(mask))) == {0, 255}


def test_postprocessing_is_done_in_order(tmp_path: Path) -> None:
    """The dot goes, the square stays."""
    file = photograph(tmp_path, "a.png")
    steps = (Threshold(value=0.5), RemoveSmallObjects(min_size=5))
    predictor = Predictor(Bright(), output_dir=tmp_path / "out", postprocess=steps)
    written = predictor.save_predictions(predictor.predict_files([file]))
    mask_HW = np.asarray(Image.open(written[0])) == 255
    assert mask_HW.sum() == 100
    assert mask_HW[5:15, 5:15].all()
    rows = list(csv.DictReader((tmp_path / "out/predictions.csv").open()))
    assert float(rows[0]["share of 1"]) == pytest.approx(100 / 600, abs=1e-6)


def test_images_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    """Two folders may hold the same file name."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        photograph(tmp_path / folder, "a.png")
    predictor = Predictor(Bright(), output_dir=tmp_path / "out")
    files = [tmp_path / "one/a.png", tmp_path / "two/a.png"]
    written = predictor.save_predictions(predictor.predict_files(files))
    assert len(set(written)) == 3


def test_single_images_of_every_kind_agree(tmp_path: Path) -> None:
    """A path, a PIL image and arrays with channels first or last give the same."""
    file = photograph(tmp_path, "a.png")
    array_HWC = np.asarray(Image.open(file))
    predictor = Predictor(Bright())
    wanted = predictor.predict_single(file)
    assert wanted.shape == (2, 30, 20)
    assert np.allclose(wanted.sum(0), 1)
    channels_first = np.moveaxis(array_HWC, -1, 0)
    for image in (Image.open(file), array_HWC, channels_first, channels_first / np.float32(255)):
        assert np.allclose(predictor.predict_single(image), wanted, atol=1e-6)


def test_flips_and_windows_change_nothing_for_a_pointwise_model(tmp_path: Path) -> None:
    """A model that looks at one pixel is the same in windows and mirrored."""
    file = photograph(tmp_path, "a.png", (70, 50))
    wanted = Predictor(Bright()).predict_single(file)
    inference = Inference(device=torch.device("cpu"), window=(32, 32), flips=True, divisor=8)
    found = Predictor(Bright(), inference=inference).predict_single(file)
    assert np.allclose(found, wanted, atol=1e-5)


def test_a_grey_image_for_a_colour_model_is_made_rgb(tmp_path: Path) -> None:
    """Files are brought to the channels of training; arrays with other channels are refused."""
    Image.fromarray(np.full((8, 8), 200, np.uint8)).save(tmp_path / "grey.png")
    predictor = Predictor(Bright(), num_channels=3)
    assert predictor.predict_single(tmp_path / "grey.png").shape == (2, 8, 8)
    with pytest.raises(ValueError, match="1 channels, the model was trained on 3"):
        predictor.predict_single(np.zeros((8, 8), np.uint8))


def test_batches_give_probabilities() -> None:
    """A loader of pairs gives one array a sample."""
    loader = DataLoader(TensorDataset(torch.rand(5, 3, 8, 8), torch.zeros(5)), batch_size=2)
    found = Predictor(Bright()).predict_batch(loader)
    assert [p.shape for p in found] == [(2, 8, 8)] * 5


def test_saving_without_a_folder_is_an_error() -> None:
    """There is no default place."""
    with pytest.raises(ValueError, match="output_dir"):
        Predictor(Bright()).save_predictions([])


def test_masks_have_the_values_of_the_training_masks(tmp_path: Path) -> None:
    """Whoever trains on masks of 0 and 128 gets such masks back."""
    file = photograph(tmp_path, "a.png")
    predictor = Predictor(Bright(), output_dir=tmp_path / "out", label_values=(0, 128))
    written = predictor.save_predictions(predictor.predict_files([file]))
    assert set(np.unique(np.asarray(Image.open(written[0])))) == {0, 128}
    rows = list(csv.DictReader((tmp_path / "out/predictions.csv").open()))
    assert rows[0]["image"] == str(file)


@pytest.mark.parametrize(
    ("values", "suffix", "written_as"),
    [
        ((0, 255), ".bmp", ".bmp"),
        ((0, 1000), ".bmp", ".png"),
        ((0, 65_535), ".png", ".png"),
        ((0, 100_000), ".png", ".tif"),
        ((-1, 0), ".bmp", ".tif"),
        ((-1, 0), ".tiff", ".tiff"),
        ((-1, 2**40), ".png", ".npy"),
    ],
)
def test_a_mask_has_a_format_that_holds_its_values(
    tmp_path: Path, values: tuple[int, ...], suffix: str, written_as: str
) -> None:
    """Read back, every pixel has the value of its class, and as a mask its label again."""
    file = photograph(tmp_path, f"a{suffix}")
    predictor = Predictor(Bright(), output_dir=tmp_path / "out", label_values=values)
    mask, _ = predictor.save_predictions(predictor.predict_files([file]))
    assert mask.suffix == written_as
    read_HW = np.load(mask) if written_as == ".npy" else np.asarray(Image.open(mask))
    bright_HW = np.asarray(Image.open(file))[..., 0] > 127
    assert np.array_equal(read_HW, np.where(bright_HW, values[1], values[0]))
    coding = LabelCoding(num_classes=2, label_values=values)
    assert np.array_equal(load_labels(mask, coding), bright_HW)


def test_no_input_is_overwritten(tmp_path: Path) -> None:
    """A mask must not replace another image, and nothing is written before that is known."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    files = [photograph(tmp_path / folder, "a.png") for folder in ("one", "two")]
    files = [photograph(tmp_path / "one", "b.png"), *files]
    before = files[2].read_bytes()
    predictor = Predictor(Bright())
    with pytest.raises(FileExistsError, match="overwrite the input"):
        predictor.save_predictions(predictor.predict_files(files), tmp_path / "two")
    assert files[2].read_bytes() == before
    assert [file.name for file in (tmp_path / "two").iterdir()] == ["a.png"]


@pytest.mark.parametrize("mode", ["RGB", "P", "L", "LA", "RGBA", "1"])
def test_pictures_are_taken_as_their_files(tmp_path: Path, mode: str) -> None:
    """Whatever their mode: a palette's indices are no values."""
    with Image.open(photograph(tmp_path, "a.png")) as picture:
        picture.convert(mode).save(tmp_path / "b.png")
    predictor = Predictor(Bright(), num_channels=3)
    with Image.open(tmp_path / "b.png") as picture:
        assert np.array_equal(
            predictor.predict_single(picture), predictor.predict_single(tmp_path / "b.png")
        )


def test_integers_without_a_known_scale_are_refused() -> None:
    """Divided by the largest int64, every image would be black."""
    with pytest.raises(ValueError, match="int64 has no known scale: give uint8 or uint16"):
        Predictor(Bright()).predict_single(np.full((8, 8), 200))
