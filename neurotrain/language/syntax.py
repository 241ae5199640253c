"""YAML syntax errors in plain words: what is wrong, where, and what to write instead.

Takes what the parser said as plain data; knows nothing of the parser itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from neurotrain.language import reading_codes as codes
from neurotrain.language.decoding import split_lines
from neurotrain.language.diagnostics import Code, Diagnostic
from neurotrain.language.tree import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntaxFault:
    """What the parser said: its wording, and where; lines and columns count from 0."""

    problem: str
    at: tuple[int, int]
    since: tuple[int, int] | None = None
    """Where the construct begins that the problem is in."""


_Spot = tuple[int, int]
_MISSING_SPACE: Final = re.compile(r"\s*(?:- +)*([\w.-]+):([^\s:/].*)?$")
_KEY_AND_VALUE: Final = re.compile(r"\s*(?:- +)*[^\s#:][^#:]*:\s+[^\s#&|>]")
_LOOKED_AT: Final = 400
"""Characters of a line that guesses look at, so that none takes long."""
_QUOTED: Final = 60
"""Characters of the source that a message quotes at most."""
_BROKEN_BLOCK: Final = re.compile("expected (key|'-'|<document start>)")
_SPACE_HINT: Final = "put a space after the colon: '{key}: {value}'"
_SIMPLE: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "unknown escape character",
        "a backslash in double quotes begins an escape, and this one does not exist",
        "use single quotes, or write the backslash twice",
    ),
    (
        "expected hexdecimal number",
        "a \\x, \\u or \\U in double quotes needs hexadecimal digits after it",
        "use single quotes, or write the backslash twice",
    ),
    (
        "invalid Unicode character escape",
        "this escape stands for no character",
        "use single quotes, or write the backslash twice",
    ),
    (
        "expected alphabetic or numeric character",
        "`&` and `*` begin an anchor or an alias, which needs a name of letters and digits",
        "put quotes around the value if the sign is meant",
    ),
    (
        "expected comment or line break",
        "`|` and `>` begin a text block, and nothing but a comment may follow them on the line",
        "put the text on the next lines, indented, or in quotes",
    ),
    (
        "indentation indicator equal to 0",
        "a text block cannot be indented by 0 spaces",
        "remove the digit",
    ),
    (
        "found unexpected ':'",
        "inside `[…]` and `{…}` a text cannot contain this colon",
        "put a space after the colon of a key, or quotes around a text",
    ),
    (
        "expected whitespace or line break",
        "a tag or an anchor ends with a space",
        "put quotes around the value if the sign is meant",
    ),
    ("tag", "`!` begins a YAML tag, and this is none", "put quotes around the value"),
    ("the expected '>'", "`!<` begins a YAML tag, and this is none", "put quotes around the value"),
    (
        "mapping keys are not allowed",
        "`?` begins a key, and none may stand here",
        "put quotes around the value if the question mark is meant",
    ),
    (
        "sequence entries are not allowed",
        "a list item cannot begin on the line of its key",
        "put each `- ` on a line of its own, or write the list as [a, b]",
    ),
)


def explain_syntax(fault: SyntaxFault, text: str, file: str) -> Diagnostic:
    """One diagnostic for what the parser could not read."""
    lines = split_lines(text)
    explained = (
        _explain_tab(fault, lines)
        or _explain_directive(fault)
        or _explain_quote(fault)
        or _explain_colon(fault, lines)
        or _explain_lonely_key(fault, lines)
        or _explain_bracket(fault, lines)
        or _explain_content(fault, lines)
        or _explain_block(fault, lines)
        or _explain_simply(fault, lines)
        or _Explained(f"this is not YAML: {fault.problem}", "", fault.at)
    )
    place = _place(_inside(explained.spot, lines), file, explained.length)
    related: tuple[tuple[Place, str], ...] = ()
    if explained.note:
        related = ((_place(_inside(explained.other, lines), file), explained.note),)
    return Diagnostic(
        code=explained.code,
        path=(),
        place=place,
        message=explained.message,
        hint=explained.hint,
        related=related,
    )


@dataclass(frozen=True, slots=True)
class _Explained:
    message: str
    hint: str
    spot: _Spot
    length: int = 1
    note: str = ""
    other: _Spot = (0, 0)
    code: Code = codes.YAML_SYNTAX


def _place(spot: _Spot, file: str, length: int = 1) -> Place:
    return Place(file=file, line=spot[0] + 1, column=spot[1] + 1, length=length)


def _inside(spot: _Spot, lines: list[str]) -> _Spot:
    """The spot itself, or the end of the text for one beyond it."""
    return spot if spot[0] < len(lines) else (len(lines) - 1, len(lines[-1]))


def _line(lines: list[str], number: int) -> str:
    return lines[number][:_LOOKED_AT] if number < len(lines) else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _column_of_key(line: str) -> int:
    """Where the first key of a line begins, behind the dashes of list items."""
    found = re.match(" *(?:- +)*", line)
    return found.end() if found else 0


def _spaces(number: int) -> str:
    return f"{number} space{'s' * (number != 1)}"


def _explain_tab(fault: SyntaxFault, lines: list[str]) -> _Explained | None:
    line = _line(lines, fault.at[0])
    column = line.find("\t")
    if column < 0 or ("tab char" not in fault.problem and column != fault.at[1]):
        return None
    message = "a tab stands where YAML allows only spaces"
    hint = "indent with spaces"
    return _Explained(message, hint, (fault.at[0], column), code=codes.TAB_INDENTATION)


def _explain_directive(fault: SyntaxFault) -> _Explained | None:
    if not re.search(
        "directive|non-alphabetical|incompatible YAML document|YAML version", fault.problem
    ):
        return None
    message = "a spec takes no directive but `%YAML 1.2`"
    hint = "remove the line that begins with `%`"
    return _Explained(message, hint, (fault.at[0], 0), code=codes.DIRECTIVE)


def _explain_quote(fault: SyntaxFault) -> _Explained | None:
    at_end = "unexpected end of stream" in fault.problem
    if fault.since is None or not (at_end or "document indicator" in fault.problem):
        return None
    message = "the quotes that open here are never closed"
    note = "" if at_end else "no text in quotes reaches past this line"
    hint = "close them; inside '…' a ' is written ''"
    return _Explained(message, hint, fault.since, 1, note, fault.at)


def _explain_colon(fault: SyntaxFault, lines: list[str]) -> _Explained | None:
    if "mapping values are not allowed" not in fault.problem:
        return None
    number, column = fault.at
    line = _line(lines, number)
    if re.search(r"[^\s:]:\s", line[:column]):
        value = line[:column].partition(": ")[2].strip()
        hint = f'put quotes around the whole value: "{value}: …"'
        return _Explained("a second `: ` stands in one value", hint, fault.at)
    above = _number_of_text_above(lines, number)
    if above is not None:
        return _explain_line_above(lines, number, above)
    message = "a `: ` stands where no key can"
    return _Explained(message, "put quotes around the value if the colon is meant", fault.at)


def _explain_line_above(lines: list[str], number: int, above: int) -> _Explained:
    spaceless = _missing_space(lines, above)
    if spaceless is not None:
        return spaceless
    line, line_above = _line(lines, number), _line(lines, above)
    indent, wanted = _indent(line), _column_of_key(line_above)
    if indent > wanted and _KEY_AND_VALUE.match(line_above):
        message = "this line is indented under a line that already has a value"
        hint = f"indent it like the key above ({_spaces(wanted)})"
        return _Explained(message, hint, (number, indent), len(line.strip()))
    return _neither(line_above.strip(), (above, _indent(line_above)))


def _neither(written: str, spot: _Spot) -> _Explained:
    message = f"'{written[:_QUOTED]}' is neither 'key: value' nor a list item"
    hint = "put a colon and a space after the key"
    if re.match("-[^- ]", written):
        hint = f"put a space after the dash: '- {written[1:_QUOTED]}'"
    return _Explained(message, hint, spot, max(1, len(written)))


def _number_of_text_above(lines: list[str], number: int) -> int | None:
    for above in range(min(number, len(lines)) - 1, -1, -1):
        stripped = lines[above].strip()
        if stripped and not stripped.startswith("#"):
            return above
    return None


def _missing_space(lines: list[str], number: int) -> _Explained | None:
    line = _line(lines, number)
    found = _MISSING_SPACE.match(line)
    if found is None or not found[2]:
        return None
    message = f"a space is missing after the colon of '{found[1]}'"
    hint = _SPACE_HINT.format(key=found[1], value=found[2].strip())
    return _Explained(message, hint, (number, found.end(1)))


def _explain_lonely_key(fault: SyntaxFault, lines: list[str]) -> _Explained | None:
    if "could not find expected ':'" not in fault.problem or fault.since is None:
        return None
    spaceless = _missing_space(lines, fault.since[0])
    if spaceless is not None:
        return spaceless
    written = _line(lines, fault.since[0])[fault.since[1] :].strip()
    return _neither(written, fault.since)


def _explain_bracket(fault: SyntaxFault, lines: list[str]) -> _Explained | None:
    found = re.search(r"expected ',' or '([]}])'", fault.problem)
    if found is None or fault.since is None:
        return None
    closing = found[1]
    opening, what = ("[", "list") if closing == "]" else ("{", "map")
    number, column = fault.at
    at_end = not _line(lines, number)[column:].strip() and number >= len(lines) - 1
    opened_at = _indent(_line(lines, fault.since[0]))
    outdented = number > fault.since[0] and _indent(_line(lines, number)) <= opened_at
    if at_end or outdented:
        message = f"the {what} that `{opening}` opens here is never closed"
        note = "" if at_end else "this line cannot belong to it"
        spot = (number, _indent(_line(lines, number)))
        hint = f"put a `{closing}` after its last value"
        return _Explained(message, hint, fault.since, 1, note, spot)
    note = f"the {what} begins here"
    sign = _line(lines, number)[column : column + 1]
    if sign in ("]", "}"):
        message = f"a {what} that begins with `{opening}` cannot end with `{sign}`"
        return _Explained(message, f"put a `{closing}` here", fault.at, 1, note, fault.since)
    if sign == "{" and _line(lines, number)[:column].endswith("$"):
        message = "`${…}` needs quotes inside `[…]` and `{…}`"
        return _Explained(message, 'write "${…}", with the quotes', (number, column - 1), 2)
    if sign == ":":
        column -= len(re.split(r"[\s,{\[]", _line(lines, number)[:column].rstrip())[-1])
    message = f"a comma or `{closing}` is missing before this"
    hint = f"separate values by commas and close the {what} with `{closing}`"
    return _Explained(message, hint, (number, column), 1, note, fault.since)


def _explain_content(fault: SyntaxFault, lines: list[str]) -> _Explained | None:
    number, column = fault.at
    sign = _line(lines, number)[column : column + 1]
    if "cannot start any token" in fault.problem:
        message = f"a value cannot begin with '{sign}' unless it is in quotes"
        return _Explained(message, "put quotes around the value", fault.at)
    if "expected node content" not in fault.problem:
        return None
    if not _line(lines, number)[column:].strip() and number >= len(lines) - 1:
        return _Explained("the text ends where a value should stand", "close the bracket", fault.at)
    if sign == ":":
        message = "the key before this colon is empty"
        return _Explained(message, "write a name before the colon", fault.at)
    if sign == ",":
        return _Explained("a value is missing before this comma", "remove the comma", fault.at)
    message = f"a value should stand here, not `{sign}`"
    return _Explained(message, "put quotes around the value if the sign is meant", fault.at)


def _explain_block(fault: SyntaxFault, lines: list[str]) -> _Explained | None:
    if not _BROKEN_BLOCK.search(fault.problem):
        return None
    number, column = fault.at
    line = _line(lines, number)
    begins_line = column <= _indent(line)
    above = _number_of_text_above(lines, number)
    if line.startswith("...") or (above is not None and lines[above].startswith("...")):
        message = "`...` ends the document, and nothing may follow it"
        return _Explained(message, "remove the `...`", fault.at)
    if not begins_line or line[column : column + 1] == ":":
        return _explain_rest_of_line(line, fault.at)
    spaceless = _missing_space(lines, number)
    if spaceless is not None:
        return spaceless
    note = "the block it would belong to begins here" if fault.since else ""
    is_item = bool(re.match(r"-(\s|$)", line[column:]))
    if is_item and "expected key" in fault.problem:
        message = "a list item stands among the keys of a map"
        hint = "indent the list under its key, or remove the `-`"
    elif "expected '-'" in fault.problem and fault.since and column == fault.since[1]:
        message, hint = "a key stands among the items of a list", "begin the line with `- `"
    else:
        message = f"the indentation of this line ({_spaces(column)}) fits no line above it"
        hint = "indent it exactly like the lines it belongs with"
    length = max(1, len(line.strip()))
    return _Explained(message, hint, fault.at, length, note, fault.since or (0, 0))


def _explain_rest_of_line(line: str, spot: _Spot) -> _Explained:
    before, rest = line[: spot[1]].rstrip(), line[spot[1] :].rstrip()
    if before.endswith(("'", '"')):
        message = "text follows the closing quotes"
        hint = "put the quotes around the whole value; inside '…' a ' is written ''"
    elif before.endswith(("]", "}")):
        message = f"text follows the closing `{before[-1]}`"
        hint = "put quotes around the whole value, or remove the text"
    elif rest.startswith(":"):
        message, hint = "the key before this colon is empty", "write a name before the colon"
    else:
        message, hint = "this cannot stand after the value", "put quotes around the whole value"
    return _Explained(message, hint, spot, max(1, len(rest)))


def _explain_simply(fault: SyntaxFault, lines: list[str]) -> _Explained | None:
    for problem, message, hint in _SIMPLE:
        if problem in fault.problem:
            line, column = fault.at
            before = _line(lines, line)[max(0, column - 1) : column]
            is_behind_sign = before in ("&", "*")
            return _Explained(message, hint, (line, column - is_behind_sign))
    return None
