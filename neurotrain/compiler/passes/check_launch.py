"""Check that the launcher can reach the machines that the engine block asks for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from neurotrain.compiler.codes import components, engine
from neurotrain.compiler.draft import Draft, Tainted, attempt, fault
from neurotrain.compiler.topology import is_deepspeed
from neurotrain.dataset.faults import near_path
from neurotrain.language.diagnostics import Report

_ENTRY: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._:-]*)\s+slots=(\d{1,6})(?!\S)")
_MAX_BYTES: Final = 1_000_000


class _Unusable(Exception):
    """Why a hostfile cannot be used."""


def check_launch(draft: Draft, report: Report) -> Draft:
    """Report a launcher without hosts, and a hostfile with too few machines or slots.

    `nodes: 2` alone is answered by `launch-incomplete` with the two launchers that can do it.
    """
    if is_deepspeed(draft):
        for check in (_launcher, _unused, _hostfile):
            attempt(check, draft, report)
    return draft


def _launcher(draft: Draft, report: Report) -> None:
    launcher, nodes = draft.read("engine", "launcher"), draft.read("engine", "nodes")
    if launcher == "local" and nodes > 1:
        message = f"the local launcher reaches one machine, not {nodes}"
        hint = "write launcher: hostfile with a hostfile, or launcher: slurm"
        report.add(fault(engine.LAUNCH_INCOMPLETE, ("engine", "nodes"), message, hint))
    if launcher == "hostfile" and not draft.has("engine", "hostfile"):
        message = "the launcher has no hostfile to find the machines in"
        hint = "add hostfile: a file with a line 'HOST slots=N' for each machine"
        report.add(fault(engine.LAUNCH_INCOMPLETE, ("engine", "launcher"), message, hint))


def _unused(draft: Draft, report: Report) -> None:
    launcher = draft.read("engine", "launcher")
    used = {"hostfile": ("hostfile",), "master_addr": ("hostfile", "slurm")}
    for key, launchers in used.items():
        if draft.has("engine", key) and launcher not in launchers:
            message = f"'{key}' has no effect with the launcher '{launcher}'"
            hint = f"leave it out, or write launcher: {' or '.join(launchers)}"
            report.add(fault(components.WINDOW_UNUSED, ("engine", key), message, hint))


def _hostfile(draft: Draft, report: Report) -> None:
    if draft.read("engine", "launcher") != "hostfile" or not draft.has("engine", "hostfile"):
        return
    nodes, processes = draft.read("engine", "nodes"), draft.read("engine", "processes")
    path, text = ("engine", "hostfile"), draft.read("engine", "hostfile")
    try:
        hosts = _hosts(draft.resolver.path(text))
        if len(hosts) < nodes:
            raise _Unusable(f"{text} names {len(hosts)} machines, nodes is {nodes}")
        few = [host for host in list(hosts)[:nodes] if hosts[host] < processes]
        if few:
            raise _Unusable(
                f"{few[0]} has {hosts[few[0]]} slots in {text}, processes is {processes}"
            )
    except KeyError as error:
        raise Tainted(text) from error
    except _Unusable as error:
        hint = "write a line 'HOST slots=N' for each machine, with a slot for each of its processes"
        hint = near_path(draft.resolver.path(text)) or hint
        report.add(fault(engine.HOSTFILE, path, str(error), hint))


def _hosts(file: Path) -> dict[str, int]:
    """Slots by host, in the order of the file.

    Raises:
        _Unusable: it cannot be read, or is none.
    """
    try:
        if not file.is_file():
            raise _Unusable(f"there is no file {file.name}")
        with file.open("rb") as opened:
            text = opened.read(_MAX_BYTES).decode()
    except (OSError, ValueError) as error:
        raise _Unusable(f"{file.name} cannot be read: {error}") from error
    hosts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        match = _ENTRY.match(entry)
        if match is None:
            raise _Unusable(f"line {number} of {file.name} is not of the form 'HOST slots=N'")
        if match[1] in hosts:
            raise _Unusable(f"line {number} of {file.name} names {match[1]} again")
        hosts[match[1]] = int(match[2])
    return hosts
