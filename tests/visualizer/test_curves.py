"""Curves are real pictures that hold up against whatever a training records."""

import math
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from neurotrain.visualizer import Plot
from neurotrain.visualizer.curves import draw_curves, grouped, log_helps

BLUE, VERMILION = (0, 114, 178), (213, 94, 0)


def pixels(path):
    """The picture's pixels."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def has(path, colour):
    """Whether at least twenty pixels have that colour."""
    return int((pixels(path) == colour).all(axis=2).sum()) >= 20


def history(num_epochs=12):
    """A run that learns."""
    epochs = range(1, num_epochs + 1)
    return {
        "train/loss": [(epoch, 1 / epoch) for epoch in epochs],
        "valid/loss": [(epoch, 1.3 / epoch) for epoch in epochs if epoch % 2 == 0],
        "valid/dice": [(epoch, 1 - 1 / epoch) for epoch in epochs if epoch % 2 == 0],
        "lr": [(epoch, 0.01) for epoch in epochs],
    }


def test_each_value_has_a_plot(tmp_path):
    """Loss comes first and the learning rate last."""
    files = draw_curves(history(), tmp_path / "plots")
    assert [file.name for file in files] == ["loss.png", "dice.png", "learning_rate.png"]
    assert sorted(tmp_path.glob("plots/*")) == sorted(files)


def test_training_and_validation_share_a_plot(tmp_path):
    """The loss shows both colours; a value of validation alone keeps its own."""
    draw_curves(history(), tmp_path)
    assert has(tmp_path / "loss.png", BLUE)
    assert has(tmp_path / "loss.png", VERMILION)
    assert has(tmp_path / "dice.png", VERMILION)
    assert not has(tmp_path / "dice.png", BLUE)


def test_plots_have_the_shape_of_a_small_screen(tmp_path):
    """They are 1.6 times as wide as high, and sharp when shown at 640 by 400."""
    draw_curves(history(), tmp_path)
    height, width, _ = pixels(tmp_path / "loss.png").shape
    assert width / height == 640 / 400
    assert width >= 640


def test_same_history_same_bytes(tmp_path):
    """No time, host or version is in the file."""
    first = draw_curves(history(), tmp_path / "a", best_epoch=4, monitor="valid/dice")
    second = draw_curves(history(), tmp_path / "b", best_epoch=4, monitor="valid/dice")
    assert [a.read_bytes() for a in first] == [b.read_bytes() for b in second]
    with Image.open(first[0]) as image:
        assert set(image.info) <= {"dpi"}


def test_the_best_epoch_is_marked(tmp_path):
    """The mark changes the picture, and its place counts."""
    drawn = {
        best: draw_curves(history(), tmp_path / str(best), best_epoch=best, monitor="valid/dice")
        for best in (None, 4, 8)
    }
    assert len({files[1].read_bytes() for files in drawn.values()}) == 3


@pytest.mark.parametrize("lost", [math.nan, math.inf, -math.inf, 1e300])
def test_values_that_cannot_be_drawn_leave_a_gap(tmp_path, lost):
    """One bad value takes neither the rest of the curve away nor overflows the axis."""
    points = [(1, 1.0), (2, lost), (3, 0.5), (4, 0.4), (5, 0.3)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (file,) = draw_curves({"train/loss": points}, tmp_path)
    assert has(file, BLUE)


@pytest.mark.parametrize("value", [0.5, 0.0, -3.0, math.nan, math.inf, 1e-320])
def test_one_point_is_enough(tmp_path, value):
    """A run of one epoch has its plots."""
    (file,) = draw_curves({"valid/dice": [(1, value)]}, tmp_path, best_epoch=1)
    assert len(np.unique(pixels(file).reshape(-1, 3), axis=0)) > 10


def test_a_point_between_gaps_is_drawn(tmp_path):
    """A value without neighbours has no line, and gets a marker in a long series too."""
    points = [(epoch, 0.5 if epoch == 50 else math.nan) for epoch in range(1, 101)]
    alone = draw_curves({"train/loss": points}, tmp_path / "a")[0]
    none = draw_curves({"train/loss": [(e, math.nan) for e, _ in points]}, tmp_path / "b")[0]
    blue = [(pixels(file) == BLUE).all(axis=2)[:400].sum() for file in (alone, none)]
    assert blue[0] > blue[1]


def test_no_history_no_plots(tmp_path):
    """Nothing recorded, nothing drawn."""
    assert draw_curves({"train/loss": []}, tmp_path) == []


def test_names_cannot_leave_the_folder(tmp_path):
    """A metric's name becomes one harmless file name, and its formulas and tags stay text."""
    names = ("valid/..", "valid/$x^{2$", "valid/<b>\\frac{", "a b:c", "valid/結果")
    files = draw_curves({name: [(1, 1.0), (2, 2.0)] for name in names}, tmp_path / "plots")
    assert len(files) == len(names)
    assert {file.parent for file in files} == {tmp_path / "plots"}
    assert sorted(tmp_path.rglob("*.png")) == sorted(files)


def test_several_losses_share_the_plot_of_losses():
    """The parts of a loss keep apart by label and colour."""
    groups = grouped({f"train{part}/loss": [(1, 1.0)] for part in ("", "/heart", "/lung")})
    (curves,) = groups.values()
    assert [curve.label for curve in curves] == ["train", "train heart", "train lung"]
    assert len({curve.place for curve in curves}) == 3


def test_log_axis_where_a_linear_one_hides_the_curve():
    """Decay over decades and a spike want it; a cosine, zeros and a few values do not."""
    assert log_helps([10.0**-epoch for epoch in range(5)])
    assert log_helps([0.5, 0.4, 1e6, 0.3, 0.2])
    assert not log_helps([1e-3 * (1.001 + math.cos(epoch / 10)) for epoch in range(32)])
    assert not log_helps([1.0, 0.0, 0.0, 0.0])
    assert not log_helps([math.nan, 1.0])


def test_replacing_leaves_no_rubbish(tmp_path):
    """A second drawing replaces the first, and no temporary file stays."""
    for num_epochs in (3, 12):
        draw_curves(history(num_epochs), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "dice.png", "learning_rate.png", "loss.png",
    ]  # fmt: skip


def test_unwritable_folder_is_an_error(tmp_path):
    """A file in the place of the folder is told as what it is."""
    (tmp_path / "plots").write_text("")
    with pytest.raises(OSError, match="plots"):
        draw_curves(history(), tmp_path / "plots")


def test_the_readers_own_matplotlib_settings_do_not_matter(tmp_path):
    """A `matplotlibrc` with a display, LaTeX and other fonts changes no byte and breaks nothing."""
    (tmp_path / "matplotlibrc").write_text(
        "backend: TkAgg\ntext.usetex: True\nfont.size: 40\nsavefig.bbox: tight\n"
    )
    code = (
        "import sys; from pathlib import Path; from neurotrain.visualizer import Plot;"
        "Plot(Path(sys.argv[1])).plot_training_curves(train_losses=[3.0, 2.0, 1.0]);"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
    files = []
    for name, rc in (("own", str(tmp_path / "matplotlibrc")), ("plain", "")):
        settings = {**environment, "MATPLOTLIBRC": rc} if rc else environment
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], env=settings, check=True)
        files.append((tmp_path / name / "loss.png").read_bytes())
    assert files[0] == files[1]


def test_plot_draws_into_its_folder(tmp_path):
    """Both methods return the file, which lies in the folder unless a path is given."""
    plot = Plot(tmp_path)
    losses = plot.plot_training_curves(train_losses=[2, 1], valid_losses=[2.5, 1.5])
    rates = plot.plot_lr_schedule(learning_rates=[1e-3, 5e-4], save_path=tmp_path / "x" / "lr.png")
    assert losses == tmp_path / "loss.png"
    assert rates == tmp_path / "x" / "lr.png"
    assert has(losses, BLUE)
    assert has(losses, VERMILION)
    assert has(rates, BLUE)


def test_plot_without_values_is_an_error(tmp_path):
    """There is nothing to draw."""
    with pytest.raises(ValueError, match="no value of 'learning_rate'"):
        Plot(tmp_path).plot_lr_schedule(learning_rates=[])


def test_plot_in_another_format_is_an_error(tmp_path):
    """A PDF is not silently a PNG."""
    with pytest.raises(ValueError, match=r"\.png"):
        Plot(tmp_path).plot_training_curves(train_losses=[1.0], save_path=tmp_path / "a.pdf")
