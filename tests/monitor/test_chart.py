"""The rasteriser draws what is there and loses nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurotrain.monitor.axis import Scale, epoch_ticks, tick_text, value_scale, value_ticks
from neurotrain.monitor.chart import Curve, Plot, draw
from neurotrain.monitor.ink import ASCII, UNICODE, Glyphs, Line, cells
from neurotrain.monitor.series import Series

FLAT = """\
 1.1┤               |
    │               |
 1.0┤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤|
    │               |
 0.9┤               |
    └───────────────|
     e1     e5      |"""
RISING = """\
    │             ⡠⠔|
    │          ⢀⠔⠊ ┊|
   5┤       ⢀⠤⠊⠁   ┊|
    │     ⡠⠒⠁      ┊|
    │  ⡠⠔⠉         ┊|
   0┤⠔⠉            ┊|
    └─────▲────────★|
     e1    e5       |"""
PLAIN = """\
 5.0|    -         x    |
    |   . '.            |
    |  .    .          .|
 2.5|        -          |
    | '       '         |
    |-                  |
    +-------------------|
     e1           e4    |"""


def _series(values: list[float]) -> Series:
    series = Series()
    for at, value in enumerate(values, start=1):
        series = series.add(float(at), value, at)
    return series


def _plot(values: list[float], **more: object) -> Plot:
    curve = Curve(name="a", buckets=_series(values).buckets, style="train")
    return Plot(curves=(curve,), **more)  # type: ignore[arg-type]


def _text(rows: list[Line]) -> list[str]:
    return ["".join(text for text, _ in row) for row in rows]


def _lit(rows: list[Line]) -> list[str]:
    """The plot's rows without the gutter, the axis and the names."""
    return [row.split("┤")[-1].split("│")[-1] for row in _text(rows)[:-2]]


@pytest.mark.parametrize(
    ("plot", "size", "glyphs", "expected"),
    [
        ([1.0] * 8, (20, 7), UNICODE, FLAT),
        ([*range(9)], (20, 8), UNICODE, RISING),
        ([1, 5, 2, math.nan, 3], (24, 8), ASCII, PLAIN),
    ],
)
def test_a_chart_looks_like_this(
    plot: list[float], size: tuple[int, int], glyphs: Glyphs, expected: str
) -> None:
    """Curve, ticks, best epoch, checkpoint and epoch names stand where they belong."""
    marks = {"best_x": 9.0, "saved_x": (4.0,)} if expected is RISING else {}
    assert _text(draw(_plot(plot, **marks), *size, glyphs)) == expected[:-1].split("|\n")


def test_an_ascii_chart_holds_ascii_only() -> None:
    """The plain chart can be shown by any terminal."""
    rows = _text(draw(_plot([1, 5, 2, math.nan, 3]), 40, 10, ASCII))
    assert "".join(rows).isascii()
    assert any("x" in row for row in rows)


def test_a_single_spike_in_a_million_points_is_lit() -> None:
    """The upper row shows the one sample that is larger than all others."""
    steps = range(1, 1_000_001)
    values = [5.0 if step == 612_345 else 1.0 for step in steps]
    series = Series().extend([step / 1000 for step in steps], values, steps)
    curve = Curve(name="loss", buckets=series.buckets, style="train")
    rows = _lit(draw(Plot(curves=(curve,)), 80, 12, UNICODE))
    lit = [at for at, char in enumerate(rows[0]) if char != " "]
    assert len(lit) in (1, 2)
    assert lit[0] == pytest.approx(0.612 * len(rows[0]), abs=1)


def test_a_nan_is_marked_on_the_upper_edge() -> None:
    """A value that is not finite shows as a cross where it lies, and breaks the line."""
    rows = draw(_plot([1.0, 2.0, math.nan, 2.0, 1.0]), 45, 8, UNICODE)
    upper = _lit(rows)[0]
    assert upper[len(upper) // 2] == "x"


def test_only_nan_is_a_chart_too() -> None:
    """Where no value is finite, the crosses stand over an empty chart."""
    rows = _lit(draw(_plot([math.nan, math.inf, -math.inf]), 30, 6, UNICODE))
    assert rows[0].count("x") == 3


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=80),
    st.integers(0, 90), st.integers(0, 25), st.booleans(),
    st.sampled_from([UNICODE, ASCII]),
)  # fmt: skip
def test_a_chart_has_its_size_whatever_it_shows(
    values: list[float], width: int, height: int, log: bool, glyphs: Glyphs
) -> None:
    """Every row takes exactly the width; no value, however large, makes it fail."""
    rows = draw(_plot(values, log=log, best_x=3.0, saved_x=(1.0, 9e9)), width, height, glyphs)
    assert rows == [] if width < 12 or height < 3 else len(rows) == height
    assert all(cells(row) == width for row in rows)


def test_every_column_lights_the_extremes_of_its_samples() -> None:
    """Against a list that forgets nothing: each column's top and bottom dots are its extremes."""
    values = [math.sin(at / 7) * at for at in range(1, 500)]
    rows = draw(_plot(values), 60, 12, UNICODE)
    scale = value_scale(_series(values).buckets, log=False)
    num_columns, num_dots = 55, 10 * 4
    lit = {
        (2 * x + dx, 4 * y + dy)
        for y, row in enumerate(_lit(rows))
        for x, char in enumerate(row)
        for bit, (dx, dy) in enumerate(
            [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
        )
        if char != " " and (ord(char) - 0x2800) >> bit & 1
    }
    for at, value in enumerate(values, start=1):
        column = round((at - 1) / (len(values) - 1) * (2 * num_columns - 1))
        dot = round((1 - scale.share(value)) * (num_dots - 1))
        assert (column, dot) in lit


def test_a_logarithmic_scale_keeps_to_positive_values() -> None:
    """Zero and less lie at the lower end; a series without positive values is linear."""
    scale = value_scale(_series([-1.0, 0.0, 0.01, 100.0]).buckets, log=True)
    assert scale.log
    assert scale.share(-1.0) == scale.share(0.0) == 0.0
    assert scale.share(1.0) == pytest.approx(0.5)
    assert not value_scale(_series([-1.0, -2.0]).buckets, log=True).log


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 40))
def test_ticks_lie_inside_and_are_told_apart(low: float, span: float, num_rows: int) -> None:
    """Ticks are inside the scale, in order, and few enough for the rows."""
    scale = Scale(low, low + span)
    ticks = value_ticks(scale, num_rows)
    air = 1e-6 * (abs(low) + span)
    assert all(scale.low - air <= tick <= scale.high + air for tick in ticks)
    assert ticks == sorted(ticks)
    assert len(ticks) <= max(8, num_rows)


@pytest.mark.parametrize(
    ("ticks", "names"),
    [
        ([0.0, 0.5, 1.0], ["0", "0.5", "1.0"]),
        ([0.25, 0.5, 0.75], ["0.25", "0.50", "0.75"]),
        ([0.0, 0.001, 0.002], ["0", "1e-3", "2e-3"]),
        ([100.0, 200.0], ["100", "200"]),
    ],
)
def test_tick_names_have_the_decimals_they_need(ticks: list[float], names: list[str]) -> None:
    """Names are short and tell the ticks apart."""
    assert [tick_text(tick, ticks) for tick in ticks] == names


@given(st.integers(0, 3000), st.integers(1, 5000), st.integers(10, 200))
def test_epoch_names_do_not_touch(low: int, span: int, columns: int) -> None:
    """Epochs named under the axis are whole, in order, and far enough apart."""
    ticks = epoch_ticks(low, low + span, columns)
    assert ticks == sorted(set(ticks))
    assert len(ticks) <= columns // 3 + 2
