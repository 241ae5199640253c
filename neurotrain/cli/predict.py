"""`neurotrain predict`: a run's trained model on images."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("inputs", nargs=-1, required=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("predictions"),
    show_default=True, help="Folder for the masks and predictions.csv.",
)  # fmt: skip
@click.option("--roi", help="Pattern of region-of-interest masks, paired with the images by name.")
def command(run: Path, inputs: tuple[str, ...], output: Path, roi: str | None) -> None:
    """Predict INPUT images, patterns or folders with the best weights of RUN."""
    from neurotrain.component.paths import Resolver
    from neurotrain.dataset.files import InputsNotFound, list_inputs, pair_regions

    if not (run / "plan.json").exists():
        raise click.UsageError(f"{run} is no run directory: it has no plan.json")
    try:
        resolver = Resolver(base=Path.cwd())
        files = list_inputs(resolver, inputs)
        regions = pair_regions(resolver, files, roi) if roi is not None else None
    except InputsNotFound as error:
        raise click.UsageError(str(error)) from error
    from neurotrain.engine.predicting import predict

    sys.exit(predict(run, files, output, regions))
