"""`neurotrain doctor`: what DeepSpeed and this machine can do."""

from __future__ import annotations

import click


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(as_json: bool) -> None:
    """Tell what torch, DeepSpeed and this machine can do. Builds and trains nothing."""
    import msgspec

    from neurotrain.engine.doctor import examine, lines
    from neurotrain.language.excerpt import visible

    machine = examine()
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(machine)).decode())
        return
    for line in lines(machine):
        click.echo(visible(line))
