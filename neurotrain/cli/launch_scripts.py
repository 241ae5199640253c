"""The scripts beside a plan that run it in its own folder, by hand or under a scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from neurotrain.plan.plan import Plan

HOSTFILE: Final = "hostfile"
_ONE_PROCESS: Final = {"launch.sh": "launch.sh.j2"}
_DEEPSPEED: Final = {
    "launch.sh": "launch_deepspeed.sh.j2",
    "torchrun.sh": "torchrun.sh.j2",
    "slurm.sbatch": "slurm.sbatch.j2",
}


def launch_scripts(plan: Plan) -> dict[str, str]:
    """Every script of a plan, by file name."""
    from neurotrain.cli.templates import environment
    from neurotrain.spec.engines import DeepSpeedEngine

    engine = plan.experiment.engine
    templates = _DEEPSPEED if isinstance(engine, DeepSpeedEngine) else _ONE_PROCESS
    jinja = environment()
    return {
        name: jinja.get_template(template).render(plan=plan, engine=engine)
        for name, template in templates.items()
    }


def write_scripts(folder: Path, plan: Plan, base: Path) -> tuple[str, ...]:
    """Write the scripts and the hostfile into a plan's folder; the names of what is there.

    What an earlier plan left is taken away. A hostfile that is not here is the launcher's to miss.
    """
    from neurotrain.component.paths import Resolver
    from neurotrain.spec.engines import DeepSpeedEngine

    scripts = launch_scripts(plan)
    for name in _DEEPSPEED.keys() - scripts.keys():
        (folder / name).unlink(missing_ok=True)
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    engine = plan.experiment.engine
    named = engine.hostfile if isinstance(engine, DeepSpeedEngine) else None
    hostfile = None if named is None else Resolver(base=base).path(named)
    if hostfile is None or not hostfile.is_file():
        return tuple(scripts)
    if hostfile != (folder / HOSTFILE).absolute():
        (folder / HOSTFILE).write_bytes(hostfile.read_bytes())
    return (*scripts, HOSTFILE)
