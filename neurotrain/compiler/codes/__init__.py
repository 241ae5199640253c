"""The kinds of faults that the compiler tells, each with its explanation."""

from neurotrain.compiler.codes import (
    components,
    curriculum,
    data,
    deep,
    engine,
    form,
    plugins,
    training,
)
from neurotrain.language.diagnostics import Code

ALL: tuple[Code, ...] = (
    *form.CODES, *plugins.CODES, *data.CODES, *curriculum.CODES, *components.CODES,
    *training.CODES, *engine.CODES, *deep.CODES,
)  # fmt: skip
