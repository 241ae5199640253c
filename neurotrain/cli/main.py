"""The `neurotrain` command: finds the verb and gives every failure its exit code."""

from __future__ import annotations

import importlib
import io
import sys
import traceback
from typing import Final

import click

VERBS: Final = (
    "new", "check", "compile", "run", "monitor", "stop", "save", "diff", "predict", "explain",
    "doctor",
)  # fmt: skip


class Verbs(click.Group):
    """A group that imports a verb's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of their use."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, or None."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"neurotrain.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb named first, with the nearest one where there is none of that name."""
        from neurotrain.language.suggest import closest

        name = args[0]
        likely = closest(name, VERBS)
        if name not in VERBS and not name.startswith("-") and likely:
            ctx.fail(f"No such command '{name}'. Did you mean '{likely}'?")
        return super().resolve_command(ctx, args)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="neurotrain")
def cli() -> None:
    """Check, plan and run YAML experiments."""


def main() -> None:
    """The program's entry: exit codes 2 for usage, 74 for I/O, 1 for our own faults."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        click.echo(f"neurotrain: error: {error}", err=True)
        sys.exit(74)
    except Exception:  # the program's last line: our own fault, told as such
        traceback.print_exc()
        click.echo("neurotrain: internal error; please report the lines above", err=True)
        sys.exit(1)
