"""Every code of the language layer, for those who explain codes or test that all have cases."""

from __future__ import annotations

from typing import Final

from neurotrain.language.composing_codes import COMPOSING_CODES
from neurotrain.language.diagnostics import Code
from neurotrain.language.reading_codes import READING_CODES

CODES: Final[tuple[Code, ...]] = (*READING_CODES, *COMPOSING_CODES)
