"""The plots of a training for people who write Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurotrain.visualizer.curves import Curve, draw_plot


class Plot:
    """Draws into a folder."""

    def __init__(self, dir: Path | str) -> None:
        self.dir = Path(dir)

    def plot_training_curves(
        self,
        *,
        train_losses: Sequence[float],
        valid_losses: Sequence[float] | None = None,
        save_path: Path | str | None = None,
    ) -> Path:
        """Draw the losses, one an epoch from epoch 1 on, and return the PNG (`loss.png`).

        NaN stands for an epoch without a value, such as one without validation.

        Raises:
            ValueError: there is no value, or `save_path` does not end in `.png`.
            OSError: it cannot be written.
        """
        curves = [_curve("train", train_losses, 0), _curve("valid", valid_losses or (), 1)]
        return self._draw("loss", curves, save_path)

    def plot_lr_schedule(
        self,
        *,
        learning_rates: Sequence[float],
        save_path: Path | str | None = None,
        unit: str = "epoch",
    ) -> Path:
        """Draw the learning rate, one value a `unit`, and return the PNG (`learning_rate.png`).

        Raises:
            ValueError: there is no value, or `save_path` does not end in `.png`.
            OSError: it cannot be written.
        """
        return self._draw("learning_rate", [_curve("", learning_rates, 0)], save_path, unit)

    def _draw(
        self, name: str, curves: list[Curve], save_path: Path | str | None, unit: str = "epoch"
    ) -> Path:
        path = self.dir / f"{name}.png" if save_path is None else Path(save_path)
        if path.suffix.lower() != ".png":
            raise ValueError(f"plots are PNG files, so '{path.name}' must end in .png")
        curves = [curve for curve in curves if curve.points]
        if not curves:
            raise ValueError(f"there is no value of '{name}' to draw")
        return draw_plot(name, curves, path, unit=unit)


def _curve(label: str, values: Sequence[float], place: int) -> Curve:
    points = tuple((number, float(value)) for number, value in enumerate(values, start=1))
    return Curve(label=label, points=points, place=place)
