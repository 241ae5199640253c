"""Runs the program on hostile specs under an audit hook: `python -m tests.compiler.safety_probe`.

Reads a JSON list of `{"name", "arguments", "out"}` from a file and prints a JSON list with, for
each, the exit code, what was printed and every event that must not happen. The hook is armed after
a spec without faults was checked and compiled, so that our own imports are done.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import sysconfig
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
OURS: Final = (
    str(ROOT / "neurotrain"), str(ROOT / "templates"), sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), "<frozen",
)  # fmt: skip
"""Where code may lie that is run: ours, the standard library and what we depend on."""
GENERATED: Final = "<attrs generated methods "
"""What attrs writes for jsonschema's validator class, out of its field names."""
ANNOTATIONS: Final = ("typing.py", os.path.join("msgspec", "_utils.py"))
"""Who evaluates the annotations of our structs; these texts stand in our own code."""
NEVER: Final = (
    "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.",
    "socket.", "ctypes.", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.", "pickle.",
    "code.__new__", "function.__new__", "os.putenv", "os.unsetenv", "os.kill", "os.setuid",
)  # fmt: skip
CHANGES: Final = (
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod",
    "os.chown", "os.truncate", "os.utime", "os.mkfifo", "os.mknod", "os.setxattr",
)  # fmt: skip
TWO: Final = ("os.rename", "os.link")
"""Changes that name two paths."""
WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
SECONDS: Final = 60
"""After which a spec counts as one that hangs."""


class Hangs(BaseException):
    """A spec took too long."""


class Trap:
    """Collects events while it is armed."""

    def __init__(self) -> None:
        self.armed = False
        self.out = ""
        self.known = {name.partition(".")[0] for name in sys.modules} | sys.stdlib_module_names
        self.events: list[str] = []

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """See an audit event."""
        if self.armed and self._is_forbidden(event, arguments):
            self.armed = False
            self.events.append(f"{event} {arguments!r:.200}")
            self.armed = True

    def _is_forbidden(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "exec":
            code = arguments[0]
            return not isinstance(code, CodeType) or _is_foreign(code.co_filename)
        if event == "compile":
            return _is_foreign(str(arguments[1]))
        if event == "import":
            return arguments[0].partition(".")[0] not in self.known
        if event == "open":
            path, mode, flags = arguments
            writes = bool(set(str(mode or "")) & set("wax+")) or bool((flags or 0) & WRITING)
            return writes and not self._is_inside(path)
        if event.startswith(CHANGES):
            return not all(map(self._is_inside, arguments[: 1 + (event in TWO)]))
        return event.startswith(NEVER)

    def _is_inside(self, path: Any) -> bool:
        if isinstance(path, int):
            return True
        return bool(self.out) and os.path.realpath(os.fsdecode(path)).startswith(self.out)


def _is_foreign(filename: str) -> bool:
    """Whether code of this name is neither ours nor an annotation of ours."""
    caller = sys._getframe(3).f_code.co_filename
    is_annotation = filename == "<string>" and caller.endswith(ANNOTATIONS)
    return not (is_annotation or filename.startswith((*OURS, GENERATED)))


def _stop(_: int, __: FrameType | None) -> None:
    raise Hangs


def run(arguments: list[str]) -> dict[str, Any]:
    """One call of the program in this process."""
    from neurotrain.cli import main

    stdout, stderr = io.StringIO(), io.StringIO()
    code: Any = None
    sys.argv = ["neurotrain", *arguments]
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            main.main()
    except SystemExit as end:
        code = end.code or 0
    except Hangs:
        code = "hangs"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return {"code": code, "stdout": stdout.getvalue(), "stderr": stderr.getvalue()}


def main(file: Path) -> None:
    """Warm up, arm the trap, run every call of the file."""
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGALRM, _stop)
    calls = json.loads(file.read_text())
    for call in calls["warm"]:
        run(call)
    trap = Trap()
    sys.addaudithook(trap.hook)
    told = []
    for call in calls["calls"]:
        trap.out, trap.events = call["out"] and os.path.realpath(call["out"]), []
        trap.armed = True
        found = run(call["arguments"])
        trap.armed = False
        told.append({**found, "name": call["name"], "events": trap.events})
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
