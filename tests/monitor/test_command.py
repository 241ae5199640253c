"""The command line: the same table as keys, help and palette, typed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.command import complete, names, read
from neurotrain.monitor.keys import KEYS
from tests.monitor.piloting import opened, run, screen_of, text

CHOICES = {
    "when": ("step", "epoch"),
    "view": ("overview", "metrics", "log"),
    "metric": ("loss", "dice", "valid/dice", "valid/iou"),
    "theme": ("nord", "dracula"),
}


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("save", "save"), (" :save ", "save"), ("sav", "save"), ("c", "save"), ("q", "detach"),
        ("stop", "stop"), ("stop epoch", "given('stop', 'epoch')"),
        ("stop e", "given('stop', 'epoch')"), ("view log", "given('view', 'log')"),
        ("metric valid/dice", "given('metric', 'valid/dice')"),
        ("epoch 12", "given('epoch', '12')"), ("log_scale", "choose('log_scale')"),
        ("filter /a b/", "given('filter', '/a b/')"), ("filter", "filter"),
        ("theme nord", "given('theme', 'nord')"), ("", ""), (":", ""),
    ],
)  # fmt: skip
def test_a_line_is_an_action(line: str, action: str) -> None:
    """By the word, its only beginning, or the key."""
    assert read(line, CHOICES).action == action
    assert read(line, CHOICES).told == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sotp", "no command 'sotp'; did you mean stop"), ("xyzzy", "no command 'xyzzy'; there is"),
        ("stop now", "no when 'now'; there is step, epoch"),
        ("metric valid/dcie", "no metric 'valid/dcie'; did you mean valid/dice"),
        ("metric", "metric what? loss, dice, valid/dice, valid/iou"),
        ("epoch twelve", "epoch takes a whole number, not 'twelve'"),
        ("save now", "save takes nothing after it"), ("theme x", "no theme 'x'"),
        ("zoom", "no command 'zoom'; did you mean zoom_in or zoom_out"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_with_the_nearest(line: str, told: str) -> None:
    """And nothing is done."""
    assert read(line, CHOICES).action == ""
    assert read(line, CHOICES).told.startswith(told)


@pytest.mark.parametrize("key", [key for key in KEYS if key.asks_run], ids=lambda key: key.id)
def test_what_asks_the_run_is_refused_with_the_reason(key: object) -> None:
    """Every command that asks the run, with and without an argument."""
    for line in (key.id, f"{key.id} epoch"):  # type: ignore[attr-defined]
        order = read(line, CHOICES, "this screen is read-only")
        assert order.action == ""
        assert order.told.endswith("this screen is read-only")


def test_every_key_is_a_command() -> None:
    """There is no second list: each entry is reached by its own word."""
    for key in KEYS:
        order = read(key.id, CHOICES)
        assert order.action == key.action
        assert bool(order.told) == (not key.action)


def test_completion_offers_commands_and_then_what_they_take() -> None:
    """Names that begin so first, then those that hold it."""
    assert complete("", CHOICES) == names()
    assert complete("sto", CHOICES) == ["stop"]
    assert complete("metric di", CHOICES) == ["metric dice", "metric valid/dice"]
    assert complete("stop ", CHOICES) == ["stop step", "stop epoch"]
    assert complete("save ", CHOICES) == complete("nonsense ", CHOICES) == []


async def type_in(pilot: Pilot[None], line: str) -> None:
    keys = {" ": "space", "/": "slash", ":": "colon", "_": "underscore"}
    await pilot.press("colon", *(keys.get(char, char) for char in line), "enter")
    await pilot.pause(0.1)


def test_commands_do_what_keys_do(cluster: Path) -> None:
    """View, metric, epoch, filter, theme; then the way out."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await type_in(pilot, "view metrics")
        assert screen_of(app).options.shown == "metrics"
        await type_in(pilot, "metric valid/iou")
        assert screen_of(app).options.group == "iou"
        await type_in(pilot, "epoch 12")
        assert screen_of(app).options.look.cursor == 12.0
        assert "e12  " in text(app)
        await type_in(pilot, "epoch 5000")
        assert screen_of(app).options.look.cursor == 21.75
        await type_in(pilot, "log")
        await type_in(pilot, "filter hot")
        assert screen_of(app).options.log_filter == "hot"
        await type_in(pilot, "theme nord")
        assert app.theme == "nord"
        await type_in(pilot, "sotp")
        assert "did you mean stop" in text(app)
        await type_in(pilot, "q")

    run(opened(cluster), act, (120, 40))


def test_tab_completes_and_up_recalls(cluster: Path) -> None:
    """Up to where the candidates differ, then one after the other; a line can be had again."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        def line() -> str:
            return str(app.screen.query_one("#line").value)  # type: ignore[attr-defined]

        await pilot.press("colon", "m", "e", "tab")
        assert line() == "metric"
        await pilot.press("space", "v", "tab")
        assert line() == "metric valid/"
        await pilot.press("tab")
        first = line()
        await pilot.press("tab")
        assert line() != first
        await pilot.press("shift+tab")
        assert line() == first
        assert "accuracy" in text(app)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert screen_of(app).options.group == first.rpartition("/")[2]
        await pilot.press("colon", "x", "up")
        assert line() == first
        await pilot.press("down")
        assert line() == "x"
        await pilot.press("escape")
        assert screen_of(app).options.look.axis == "epoch"

    run(opened(cluster), act, (120, 40))


@pytest.mark.parametrize("readonly", [False, True])
def test_what_ends_a_run_is_confirmed_and_refused_where_reading(
    cluster: Path, tmp_path: Path, readonly: bool
) -> None:
    """`:stop epoch` still needs a typed `y`, and asks nothing under --readonly."""
    run_dir = Path(shutil.copytree(cluster, tmp_path / "run"))

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        for answer in ("n", "y"):
            await type_in(pilot, "stop epoch")
            assert ("y = yes" in text(app)) is not readonly
            assert ("stop: this screen is read-only" in text(app)) is readonly
            if not readonly:
                await pilot.press(answer)
                await pilot.pause(0.05)
            asked = list((run_dir / "control").glob("*"))
            assert bool(asked) is (answer == "y" and not readonly)

    run(opened(run_dir, readonly=readonly), act, (100, 30))
