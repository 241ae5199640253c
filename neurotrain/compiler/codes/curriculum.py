"""Faults of curricula: levels of training samples and when each begins."""

from typing import Final

from neurotrain.language.diagnostics import Code, Severity

SCHEDULE_START: Final = Code(
    "schedule-start",
    what="The schedule of a curriculum has no level for the first epoch.",
    why="A training cannot begin without knowing which samples it has.",
    example="schedule: {1: easy, 20: hard}",
    instead="schedule: {0: easy, 20: hard}   # by the epochs that are finished before",
)
UNKNOWN_LEVEL: Final = Code(
    "unknown-level",
    what="The schedule of a curriculum names a level that it does not have.",
    why="Nobody knows which samples such an epoch has.",
    example='levels: {easy: ["easy_*"], hard: ["*"]}\nschedule: {0: eazy, 20: hard}',
    instead='levels: {easy: ["easy_*"], hard: ["*"]}\nschedule: {0: easy, 20: hard}',
)
UNUSED_LEVEL: Final = Code(
    "unused-level",
    what="A level of a curriculum is not in its schedule.",
    why="No epoch would ever have it.",
    example='levels: {easy: ["easy_*"], medium: ["m*"], hard: ["*"]}\n'
    "schedule: {0: easy, 20: hard}",
    instead='levels: {easy: ["easy_*"], medium: ["m*"], hard: ["*"]}\n'
    "schedule: {0: easy, 10: medium, 20: hard}",
    severity=Severity.WARNING,
)
SAME_LEVEL: Final = Code(
    "same-level",
    what="The schedule of a curriculum changes from a level to itself.",
    why="Nothing changes there, although the spec seems to say so.",
    example="schedule: {0: easy, 20: easy, 50: hard}",
    instead="schedule: {0: easy, 50: hard}",
    severity=Severity.WARNING,
)
LEVEL_PATTERN: Final = Code(
    "level-pattern",
    what="A pattern of a level matches the name of no training sample.",
    why="The level would have fewer samples than you think, or none.",
    example='levels: {easy: ["eazy_*"]}   # the images are easy_01.png, easy_02.png, …',
    instead='levels: {easy: ["easy_*"]}',
)
OUTSIDE_LEVELS: Final = Code(
    "outside-levels",
    what="Training samples are in no level that the schedule of the curriculum has.",
    why="The training never sees them, although they are among its data.",
    example='levels: {easy: ["easy_*"], hard: ["hard_*"]}   # of easy_1.png, hard_1.png, odd_1.png',
    instead='levels: {easy: ["easy_*"], hard: ["*"]}',
    severity=Severity.WARNING,
)

CODES: Final = (
    SCHEDULE_START, UNKNOWN_LEVEL, UNUSED_LEVEL, SAME_LEVEL, LEVEL_PATTERN, OUTSIDE_LEVELS,
)  # fmt: skip
