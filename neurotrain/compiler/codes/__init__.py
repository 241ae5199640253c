"""The kinds of faults that the compiler tells, each with its explanation."""

from neurotrain.compiler.codes import components, data, form, training
from neurotrain.language.diagnostics import Code

ALL: tuple[Code, ...] = (*form.CODES, *data.CODES, *components.CODES, *training.CODES)
