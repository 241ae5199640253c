"""Driving the app without a terminal, for the tests of what a person meets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.ink import ASCII, UNICODE
from neurotrain.monitor.screen import RunScreen

Act = Callable[[Monitor, Pilot[None]], Awaitable[None]]


def run(app: Monitor, act: Act, size: tuple[int, int] = (80, 24)) -> None:
    """Run the app without a terminal and do something with it."""

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause(0.15)
            await act(app, pilot)

    asyncio.run(main())


def opened(run_dir: Path, *, readonly: bool = False, ascii_only: bool = False) -> Monitor:
    newest = json.loads((run_dir / "events.jsonl").read_bytes().splitlines()[-1])["time"]
    glyphs = ASCII if ascii_only else UNICODE
    return Monitor(run_dir, readonly=readonly, glyphs=glyphs, clock=lambda: newest + 2)


def text(app: Monitor) -> str:
    """What the screen shows, row by row. Textual has no public way to ask for it."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


def screen_of(app: Monitor) -> RunScreen:
    assert isinstance(app.screen, RunScreen)
    return app.screen


async def until(condition: Callable[[], bool], pilot: Pilot[None]) -> None:
    for _ in range(200):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError("the condition did not come true")
