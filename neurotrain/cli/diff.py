"""`neurotrain diff`: what changed between two specs, plans or runs, and what that costs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("diff")
@click.argument("first", type=click.Path(path_type=Path, exists=True))
@click.argument("second", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text",
    help="Lines for people, or one JSON object.",
)  # fmt: skip
def command(first: Path, second: Path, form: str) -> None:
    """Tell what changed from FIRST to SECOND, each a spec, a plan.json or a run's folder."""
    from neurotrain.cli.comparing import difference_json, difference_of, difference_text, side_of

    one, other = side_of(first), side_of(second)
    told = difference_json if form == "json" else difference_text
    click.echo(told(difference_of(one, other), one, other))
