"""The arrangement holds at every size: nothing overlaps, nothing leaves the screen."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from neurotrain.monitor.layout import Place, Wish, arrange

WISHES = {
    "live": Wish(),
    "plain": Wish(early=False, num_metrics=2, num_checkpoints=1),
    "ended": Wish(ended=True, num_result_rows=9),
    "failed": Wish(ended=True, failed=True, num_result_rows=12, num_metrics=40),
    "many": Wish(num_metrics=64, num_checkpoints=6, num_machine_rows=18),
}
WIDTHS = [*range(1, 130), *range(130, 261, 7)]


def _overlap(a: Place, b: Place) -> bool:
    apart = a.x + a.width <= b.x or b.x + b.width <= a.x
    return not (apart or a.y + a.height <= b.y or b.y + b.height <= a.y)


@pytest.mark.parametrize("name", WISHES)
def test_panes_stay_inside_and_apart(name: str) -> None:
    """At any size from one cell on every pane has room inside the screen, and it is its own."""
    for shown, width in product(("overview", "system"), WIDTHS):
        for height in range(1, 81, 3):
            places = arrange(width, height, WISHES[name], shown)
            for place in places:
                assert place.width > 0, (width, height, place)
                assert place.height > 0, (width, height, place)
                assert 0 <= place.x <= width - place.width, (width, height, place)
                assert 0 <= place.y <= height - place.height, (width, height, place)
            for a, b in combinations(places, 2):
                assert not _overlap(a, b), (width, height, a, b)


@pytest.mark.parametrize("name", WISHES)
def test_the_state_and_the_progress_are_always_there(name: str) -> None:
    """From two rows on the screen says in which state the run is and how far."""
    for width in WIDTHS:
        for height in range(2, 81, 3):
            names = {place.name for place in arrange(width, height, WISHES[name])}
            assert {"header", "progress"} <= names, (width, height)


@pytest.mark.parametrize("name", ["live", "ended", "failed"])
@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (160, 45), (200, 60), (80, 60)])
def test_early_stopping_shows_on_every_usual_size(size: tuple[int, int], name: str) -> None:
    """What early stopping does is on the screen, as a row or as a block."""
    names = {place.name for place in arrange(*size, WISHES[name])}
    assert names & {"early", "early_row"}


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (160, 45), (200, 60), (80, 60)])
def test_the_result_shows_on_every_usual_size(size: tuple[int, int]) -> None:
    """How a run ended is on the screen with all its lines."""
    places = {place.name: place for place in arrange(*size, WISHES["ended"])}
    assert places["result"].height >= WISHES["ended"].num_result_rows + 2


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_no_cell_is_wasted(size: tuple[int, int]) -> None:
    """The panes of a live run cover the whole screen."""
    places = arrange(*size, WISHES["live"])
    assert sum(place.width * place.height for place in places) == size[0] * size[1]
