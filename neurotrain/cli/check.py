"""`neurotrain check`: every fault of specs that needs neither torch nor a run."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurotrain.cli.compiling import SET_OPTION

if TYPE_CHECKING:
    from neurotrain.compiler.draft import Draft

_MAX_HEADERS = 200
_COLLECT_AFTER = 200_000  # objects; the usual 700 look through a long listing again and again


@click.command("check")
@click.argument("specs", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@SET_OPTION
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text",
    help="Diagnostics as text on stderr, or as one JSON record a line on stdout.",
)  # fmt: skip
def command(specs: tuple[Path, ...], overrides: tuple[str, ...], form: str) -> None:
    """Tell every fault of SPECS with its place and remedy. Runs nothing."""
    from neurotrain.cli.compiling import compile_file, tell
    from neurotrain.compiler.draft import Options

    gc.set_threshold(_COLLECT_AFTER)
    failed = False
    for spec in specs:
        compiled = compile_file(spec, overrides, Options(max_headers=_MAX_HEADERS))
        tell(compiled, form)
        failed |= compiled.report.failed
        if form == "text" and not compiled.report.failed:
            click.echo(f"{spec}: no errors")
        for sampled in _sampled(compiled.draft):
            click.echo(f"{spec}: note: {sampled}", err=True)
    sys.exit(2 if failed else 0)


def _sampled(draft: Draft | None) -> Iterator[str]:
    """What was judged by a part of its files."""
    surveys = draft.parts.surveys if draft is not None and draft.parts is not None else {}
    for key, survey in surveys.items():
        if 0 < survey.num_headers_read < len(survey.samples):
            yield (
                f"data.{key}: {survey.num_headers_read:,} of {len(survey.samples):,} image headers "
                "were read; compile reads all, and the masks"
            )
