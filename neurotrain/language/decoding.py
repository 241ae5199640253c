"""From bytes to text, with the first unusable byte or character told at its place."""

from __future__ import annotations

import codecs
import re
from typing import Final

from neurotrain.language import reading_codes as codes
from neurotrain.language.diagnostics import Code, Diagnostic, Report
from neurotrain.language.limits import MAX_BYTES
from neurotrain.language.tree import Place

_UTF32_MARKS: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FORBIDDEN: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What YAML 1.2 does not let stand in a text, and the breaks U+0085, U+2028 and U+2029, which
its versions read differently."""
_LINE_BREAK: Final = re.compile("\r\n|\r|\n")
_BYTE_ORDER_MARK: Final = "\ufeff"


def place_at(text: str, index: int, file: str, length: int = 1) -> Place:
    """The place of a character that is given by its index in the text."""
    line_starts = [found.end() for found in _LINE_BREAK.finditer(text, 0, index)]
    start = line_starts[-1] if line_starts else 0
    return Place(file=file, line=len(line_starts) + 1, column=index - start + 1, length=length)


def split_lines(text: str) -> list[str]:
    """The lines of a text as the places count them."""
    return _LINE_BREAK.split(text)


def decode(raw: str | bytes, file: str, report: Report) -> str | None:
    """The text of a file without its byte order mark, or None after a report."""
    if len(raw) > MAX_BYTES:
        place = Place(file=file, line=1, column=1)
        message = f"the file is larger than {MAX_BYTES // 1024**2} MiB"
        hint = "long lists belong in the data that the spec points to"
        report.add(_fault(codes.LIMIT_EXCEEDED, place, message, hint))
        return None
    text = raw if isinstance(raw, str) else _decode_bytes(raw, file, report)
    if text is None:
        return None
    text = text.removeprefix(_BYTE_ORDER_MARK)
    forbidden = _FORBIDDEN.search(text)
    if forbidden is None:
        return text
    report.add(_forbidden_character(text, forbidden.start(), file))
    return None


def displayed(raw: bytes) -> str:
    """The text of a file for showing it, whatever its bytes are."""
    return raw.decode(_encoding(raw), "replace").removeprefix(_BYTE_ORDER_MARK)


def _encoding(raw: bytes) -> str:
    if raw.startswith(_UTF32_MARKS):
        return "UTF-32"
    return "UTF-16" if raw.startswith(_UTF16_MARKS) else "UTF-8"


def _decode_bytes(raw: bytes, file: str, report: Report) -> str | None:
    encoding = _encoding(raw)
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode(encoding, "replace")
        place = place_at(before, len(before), file)
        message = f"the byte 0x{raw[error.start]:02x} is not {encoding} text"
        report.add(_fault(codes.UNDECODABLE_TEXT, place, message, "save the file as UTF-8"))
        return None


def _forbidden_character(text: str, index: int, file: str) -> Diagnostic:
    name = f"U+{ord(text[index]):04X}"
    if text[index] == "\0":
        hint = "remove it; if the file is UTF-16 without a byte order mark, save it as UTF-8"
    elif "\ud800" <= text[index] <= "\udfff":
        hint = "remove it; it is half of a character"
    else:
        hint = f'remove it; where it is meant, write "\\u{ord(text[index]):04x}" in double quotes'
    message = f"the text holds the character {name}, which YAML does not let stand there"
    return _fault(codes.CONTROL_CHARACTER, place_at(text, index, file), message, hint)


def _fault(code: Code, place: Place, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code=code, path=(), place=place, message=message, hint=hint)
