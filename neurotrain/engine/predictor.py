"""Applies a trained model to images and saves what it says, in the size of the images."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from neurotrain.dataset.base import CorruptSample
from neurotrain.dataset.files import UnreadableImage, load_image, load_region, picture_image
from neurotrain.dataset.heads import LearnedHead
from neurotrain.dataset.targets import Target
from neurotrain.engine.foreign import as_batches
from neurotrain.engine.inference import Inference
from neurotrain.postprocess.base import Postprocess
from neurotrain.transforms.base import Transform
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws

_FORMATS: Final[dict[str, tuple[str, ...]]] = {
    "uint8": (".png", ".tif", ".tiff", ".bmp", ".npy"),
    "uint16": (".png", ".tif", ".tiff", ".npy"),
    "int32": (".tif", ".tiff", ".npy"),
    "int64": (".npy",),
}
"""The lossless formats that hold each type of values, the one to take first; the smallest type
that fits is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model says of one image."""

    name: str
    source: str = ""
    """The input's path."""
    probabilities: NDArray[np.floating[Any]]
    """(K, H, W) in the image's size, or (K,); in a regression the numbers (T,)."""
    suffix: str = ".png"
    """The input's extension."""
    roi_HW: NDArray[np.bool_] | None = None
    """Outside of it everything is background."""


class Predictor:
    """Predicts images one by one or in batches."""

    def __init__(
        self,
        model: nn.Module,
        device: str | torch.device = "cpu",
        output_dir: Path | None = None,
        class_labels: tuple[str, ...] | None = None,
        transforms: tuple[Transform, ...] | None = None,
        *,
        postprocess: tuple[Postprocess, ...] = (),
        inference: Inference | None = None,
        num_channels: int | None = None,
        label_values: tuple[int, ...] | None = None,
        targets: tuple[Target, ...] = (),
        heads: tuple[LearnedHead, ...] = (),
    ) -> None:
        self.model = model.to(device).eval()
        self.output_dir = Path(output_dir) if output_dir is not None else None
        self.classes = tuple(class_labels or ())
        self._transforms = [transform.build() for transform in transforms or ()]
        self._postprocess = postprocess
        self._inference = inference or Inference(device=torch.device(device))
        self._num_channels = num_channels
        self._label_values = label_values
        self._targets = targets
        self._heads = heads
        self._files: tuple[Path, ...] = ()
        self._inputs: set[Path] = set()
        """Resolved paths of all images and regions given so far, which no mask may replace."""

    def predict_single(
        self, image: Any, roi_HW: NDArray[np.bool_] | None = None
    ) -> NDArray[np.floating[Any]]:
        """Probabilities (K, H, W) or (K,) of a PIL image, a path, or an array.

        Of a regression the numbers, float64 (T,) in the units of the targets; of several tasks the
        probabilities or numbers of one head after the other, float64.

        Pictures are taken as files are. Arrays are (H, W), (H, W, C) or (C, H, W); of integers
        only uint8 and uint16 are taken, and scaled as in files. A region of interest is what
        transforms that were trained with one take their statistics from.

        Raises:
            UnreadableImage: the path is no image, or the picture cannot become what is wanted.
            ValueError: the image has not the channels that the model was trained on, integers of
                an unknown scale, or the region another size.
        """
        image_CHW = self._loaded(image)
        size = image_CHW.shape[-2:]
        if roi_HW is not None and roi_HW.shape != size:
            raise ValueError(f"the image has {size} pixels, its region of interest {roi_HW.shape}")
        batch = self._transformed(torch.from_numpy(np.ascontiguousarray(image_CHW)), roi_HW)
        images = batch.to(self._inference.device).images
        assert isinstance(images, torch.Tensor)
        with torch.inference_mode():
            if self._targets or self._heads:
                return np.asarray(self._values_of(images)[0].cpu().numpy())
            likely = self._inference.probabilities(self.model, images)
            if likely.ndim == 4 and likely.shape[-2:] != size:
                likely = F.interpolate(likely, size, mode="bilinear", align_corners=False)
        probabilities: NDArray[np.float32] = likely[0].float().cpu().numpy()
        return probabilities

    def predict_files(
        self,
        files: Iterable[Path],
        regions: Mapping[Path, Path] | None = None,
        failures: list[str] | None = None,
    ) -> Iterator[Prediction]:
        """Predict files one after another, each inside its region of interest if it has one.

        Files that cannot be predicted are noted in `failures` and left out; without it the first
        one ends the prediction.

        Raises:
            UnreadableImage, CorruptSample: a file cannot be predicted.
        """
        self._files, regions = tuple(files), regions or {}
        self._inputs |= {path.resolve() for path in (*self._files, *regions.values())}
        return self._each(self._files, regions, failures)

    def _each(
        self, files: Iterable[Path], regions: Mapping[Path, Path], failures: list[str] | None
    ) -> Iterator[Prediction]:
        for file in files:
            try:
                yield self._of_file(file, regions.get(file))
            except (UnreadableImage, CorruptSample) as error:
                if failures is None:
                    raise
                failures.append(str(error))

    def _of_file(self, file: Path, region: Path | None) -> Prediction:
        roi_HW = load_region(region) if region is not None else None
        try:
            likely = self.predict_single(file, roi_HW)
        except ValueError as error:
            raise CorruptSample(f"{file}: {error}") from error
        return Prediction(
            name=file.stem,
            source=str(file),
            probabilities=likely,
            suffix=file.suffix.lower(),
            roi_HW=roi_HW,
        )

    def predict_batch(self, loader: Iterable[Any]) -> list[NDArray[np.floating[Any]]]:
        """Probabilities or numbers of every sample of a loader, as `predict_single` gives them.

        It has to be transformed already.
        """
        found: list[NDArray[np.floating[Any]]] = []
        for batch in as_batches(loader):
            images = batch.stacked().to(self._inference.device).images
            assert isinstance(images, torch.Tensor)
            with torch.inference_mode():
                if self._targets or self._heads:
                    found += list(self._values_of(images).cpu().numpy())
                    continue
                found += list(self._inference.probabilities(self.model, images).cpu().numpy())
        return found

    def _values_of(self, images: torch.Tensor) -> torch.Tensor:
        """The numbers of a regression, or what all heads say side by side; float64 (B, N)."""
        if not self._heads:
            return self._inference.values(self.model, images, self._targets)[1]
        _, answers = self._inference.of_heads(self.model, images, self._heads)
        return torch.cat([answer.double() for answer in answers], dim=1)

    def labels(self, probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
        """The label map (H, W) after post-processing; by default the likeliest class."""
        x: NDArray[Any] = probabilities
        for step in self._postprocess:
            if step.consumes == "labels" and x.ndim == 3:
                x = _likeliest(x)
            x = step.apply(x)
        return _likeliest(x) if x.ndim == 3 else x

    def save_predictions(
        self,
        predictions: Iterable[Prediction | NDArray[np.float32]],
        output_dir: Path | None = None,
    ) -> list[Path]:
        """Write a mask for each segmented image, and one table for all; the files written.

        Masks have the input's size and its format where that is lossless and holds their values,
        else PNG; TIFF where values are negative or above 65,535. Classes have the values of the
        training masks where the spec states them; else with two classes the foreground is 255, and
        with more each pixel is its class index.

        Raises:
            ValueError: neither this call nor the predictor names a folder.
            FileExistsError: a mask would overwrite an input; none is written then.
        """
        folder = Path(output_dir) if output_dir is not None else self.output_dir
        if folder is None:
            raise ValueError("save_predictions needs an output_dir")
        folder.mkdir(parents=True, exist_ok=True)
        rows: list[dict[str, Any]] = []
        written: list[Path] = []
        taken: set[str] = set()
        for number, given in enumerate(predictions, start=1):
            one = _unique(_named(given, number), taken)
            if one.source:
                self._inputs.add(Path(one.source).resolve())
            if one.probabilities.ndim == 3:
                if not written:
                    self._require_apart(folder)
                labels_HW = self._inside(one)
                path = self._save_mask(one, labels_HW, folder)
                written.append(path)
                areas = self._areas(labels_HW, one)
                rows.append({"image": one.source or one.name, "mask": path.name, **areas})
            else:
                rows.append({"image": one.source or one.name, **self._answer(one.probabilities)})
        table = folder / "predictions.csv"
        _write_table(table, rows)
        return [*written, table]

    def _save_mask(self, one: Prediction, labels_HW: NDArray[np.int64], folder: Path) -> Path:
        values = self._values(one.probabilities.shape[0])
        path = self._target(folder, one.name, one.suffix, values)
        mask_HW = values[labels_HW]
        if path.suffix == ".npy":
            np.save(path, mask_HW if self._label_values else labels_HW.astype(values.dtype))
        else:
            from PIL import Image

            Image.fromarray(mask_HW).save(path)
        return path

    def _require_apart(self, folder: Path) -> None:
        """Refuse a folder in which a mask of the files to predict would overwrite one of them."""
        taken: set[str] = set()
        values = self._values(max(2, len(self.classes)))
        for file in self._files:
            self._target(folder, _free_name(file.stem, taken), file.suffix.lower(), values)

    def _target(self, folder: Path, name: str, suffix: str, values: NDArray[Any]) -> Path:
        holding = _FORMATS[values.dtype.name]
        path = folder / f"{name}{suffix if suffix in holding else holding[0]}"
        if path.resolve() in self._inputs:
            raise FileExistsError(f"a mask would overwrite the input {path}: name another folder")
        return path

    def _values(self, num_classes: int) -> NDArray[Any]:
        """What each class is written as: as in the training masks where the spec states that."""
        usual = (0, 255) if num_classes == 2 else tuple(range(num_classes))
        values = np.array(self._label_values or usual, dtype=np.int64)
        fitting = (name for name in _FORMATS if (values.astype(name) == values).all())
        return values.astype(next(fitting))

    def _inside(self, one: Prediction) -> NDArray[np.int64]:
        labels = self.labels(one.probabilities)
        return labels if one.roi_HW is None else np.where(one.roi_HW, labels, 0)

    def _areas(self, labels_HW: NDArray[np.int64], one: Prediction) -> dict[str, str]:
        """The share of the image that each class but the background takes."""
        names = self.classes or tuple(str(i) for i in range(one.probabilities.shape[0]))
        return {
            f"share of {name}": f"{float((labels_HW == index).mean()):.6f}"
            for index, name in enumerate(names)
            if index > 0
        }

    def _answer(self, probabilities: NDArray[np.floating[Any]]) -> dict[str, str]:
        if self._targets:
            pairs = zip(self._targets, probabilities.tolist(), strict=True)
            return {f"prediction({target.name})": repr(value) for target, value in pairs}
        if self._heads:
            return self._answers(probabilities)
        names = self.classes or tuple(str(i) for i in range(len(probabilities)))
        shares = {f"p({n})": f"{p:.6f}" for n, p in zip(names, probabilities, strict=True)}
        return {"prediction": names[int(probabilities.argmax())], **shares}

    def _answers(self, values: NDArray[np.floating[Any]]) -> dict[str, str]:
        """What every head says: a class and its probabilities, or numbers."""
        found: dict[str, str] = {}
        start = 0
        for head in self._heads:
            own = values[start : start + (len(head.classes) or len(head.targets))]
            start += len(own)
            if not head.classes:
                pairs = zip(head.column_names, own.tolist(), strict=True)
                found |= {f"prediction({name})": repr(value) for name, value in pairs}
                continue
            found[f"prediction({head.name})"] = head.classes[int(own.argmax())]
            pairs = zip(head.classes, own.tolist(), strict=True)
            found |= {f"p({head.name}={name})": f"{value:.6f}" for name, value in pairs}
        return found

    def _loaded(self, image: Any) -> NDArray[np.float32]:
        channels: Any = {1: "grey", 3: "rgb"}.get(self._num_channels or 0, "auto")
        if isinstance(image, (str, Path)):
            image_CHW = load_image(Path(image), channels)
        else:
            from PIL import Image

            is_picture = isinstance(image, Image.Image)
            image_CHW = picture_image(image, channels) if is_picture else _as_image(image)
        wanted = self._num_channels
        if wanted is not None and image_CHW.shape[0] != wanted:
            raise ValueError(
                f"the image has {image_CHW.shape[0]} channels, the model was trained on {wanted}"
            )
        return image_CHW

    def _transformed(self, image_CHW: torch.Tensor, roi_HW: NDArray[np.bool_] | None) -> Batch:
        height, width = image_CHW.shape[-2:]
        zero = np.zeros(1, dtype=np.int64)
        targets = [torch.zeros(height, width, dtype=torch.int64)]
        rois = None if roi_HW is None else [torch.from_numpy(np.array(roi_HW))]
        batch = Batch(images=[image_CHW], targets=targets, rois=rois, samples=zero, crops=zero)
        for transform in self._transforms:
            batch = transform(batch, Draws.of(0, 0, zero, zero))
        return batch.stacked()


def _as_image(given: Any) -> NDArray[np.float32]:
    """An array as float32 (C, H, W) with the scale of image files.

    Raises:
        ValueError: it has not the dimensions of an image, or integers of an unknown scale.
    """
    array: NDArray[Any] = np.asarray(given)
    if array.ndim == 2:
        array = array[None]
    elif array.ndim == 3 and array.shape[-1] in (1, 3, 4) and array.shape[0] not in (1, 3):
        array = np.moveaxis(array[..., :3] if array.shape[-1] == 4 else array, -1, 0)
    if array.ndim != 3:
        raise ValueError(f"an image has 2 or 3 dimensions, not {array.ndim}")
    if array.dtype in (np.uint8, np.uint16):
        return array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
    if array.dtype.kind not in "fb":
        raise ValueError(
            f"an image of {array.dtype} has no known scale: give uint8 or uint16, which are "
            "scaled, or floating-point values as the model was trained on"
        )
    return array.astype(np.float32)


def _likeliest(probabilities: NDArray[Any]) -> NDArray[np.int64]:
    if probabilities.shape[0] == 2:
        foreground: NDArray[np.int64] = (probabilities[1] >= 0.5).astype(np.int64)
        return foreground
    likeliest: NDArray[np.int64] = probabilities.argmax(0)
    return likeliest


def _named(given: Prediction | NDArray[np.float32], number: int) -> Prediction:
    if isinstance(given, Prediction):
        return given
    return Prediction(name=f"sample_{number:03d}", probabilities=given)


def _unique(one: Prediction, taken: set[str]) -> Prediction:
    """The prediction under a name that no earlier one has."""
    return replace(one, name=_free_name(one.name, taken))


def _free_name(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free)
    return free


def _write_table(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
