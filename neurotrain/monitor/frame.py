"""Everything that a screen shows at one moment, as one frozen value.

Made by the app once a tick; every pane draws itself from it and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from neurotrain.monitor.detail import Detail
from neurotrain.monitor.health import Alert
from neurotrain.monitor.ink import Glyphs
from neurotrain.monitor.logs import LogLine
from neurotrain.monitor.plots import Look
from neurotrain.monitor.state import State, is_over
from neurotrain.monitor.tail import Liveness
from neurotrain.monitor.view import View

Shown: TypeAlias = Literal["overview", "metrics", "log", "system", "checkpoints", "plan"]
VIEWS: Final[tuple[Shown, ...]] = get_args(Shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person chose."""

    shown: Shown = "overview"
    group: str = ""
    """The group of metrics that the chart shows; empty for the natural one."""
    look: Look = field(default_factory=Look)
    is_large: bool = False
    """Whether one chart fills the screen."""
    metric_filter: str = ""
    log_filter: str = ""
    log_rank: int | None = None
    """The only rank whose log is shown; None for all."""
    scrolled: int = 0
    """Rows from the end of the log, from the beginning of what else can be scrolled."""
    log_wraps: bool = False
    """Whether long lines of the log go on in the next row."""
    frozen: bool = False
    readonly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A moment of the screen."""

    name: str
    """The run's name, or its folder's before the run has told it."""
    run_dir: str
    resume: str
    """The command that goes on with the run."""
    view: View
    state: State
    liveness: Liveness
    log: tuple[LogLine, ...]
    alerts: tuple[Alert, ...]
    has_folder: bool = True
    """Whether the run's folder is there."""
    missing: frozenset[str]
    """Checkpoints whose file is gone or has another size."""
    options: Options
    glyphs: Glyphs
    now: float
    """Whole seconds since the Unix epoch; 0 where the run is over."""
    opened_at: float
    replay: str = ""
    """How fast a recording is played back; empty for the run itself."""
    detail: Detail | None = None
    """What was read again for the window of the charts; None where the curves tell it."""
    message: str = ""
    """What came of the last key, such as a request that was left."""

    @property
    def waiting(self) -> tuple[Alert, ...]:
        """The alerts that nobody has acknowledged."""
        return tuple(alert for alert in self.alerts if alert.counts)

    @property
    def is_over(self) -> bool:
        """Whether the run can be asked for nothing any more."""
        return is_over(self.state)

    @property
    def can_ask(self) -> bool:
        """Whether a request to the run makes sense and is allowed."""
        begun = self.view.started_at is not None or self.liveness.found
        return begun and self.has_folder and not self.options.readonly and not self.is_over

    @property
    def elapsed_s(self) -> float | None:
        """How long the run works, or worked, over all its attempts."""
        view = self.view
        if view.started_at is None:
            return None
        until = view.updated_at if self.is_over or not self.liveness.alive else self.now
        return view.earlier_s + max(0.0, (until or view.started_at) - view.started_at)
