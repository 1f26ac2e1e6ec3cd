"""What Flink's parser and validator say of a SELECT, told to its author: what is wrong, and what mends it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection

from headrace.compose.flink_functions import flink_functions

_FAULT_OF_SQL = re.compile(
    r"org\.apache\.flink\.table\.api\.(?:Validation|SqlParser\w*|Table)Exception: (?!Failed to execute)"
)
_FRAME = re.compile(r"\s+(?:at |\.\.\. \d+ more)|An error occurred while calling ")
_SEE = "headrace render shows the SQL as Flink gets it"

Fix = str | Callable[[re.Match[str], Collection[str]], str]


def _near_column(said: re.Match[str], columns: Collection[str]) -> str:
    near = difflib.get_close_matches(said[1], columns, n=1)
    return f"did you mean '{near[0]}'?" if near else f"what the job reads has: {', '.join(columns)}"


def _near_function(said: re.Match[str], columns: Collection[str]) -> str:  # noqa: ARG001 - as all that tell a fix
    near = difflib.get_close_matches(said[1].lower(), flink_functions(), n=1, cutoff=0.75)
    return f"did you mean {near[0]}()?" if near else "headrace udfs lists ours, Flink's documentation those of SQL"


# What Flink says, what is wrong, and what mends it; the first that matches counts.
_MESSAGES: tuple[tuple[str, str, Fix], ...] = (
    (
        r'Encountered:? "?<EOF>',
        "the SELECT ends before it is whole",
        "write on, or close the bracket or the quotation",
    ),
    (
        r'Encountered "[\s`]*(.+?)[\s`]*" at line',
        r"this cannot stand here: \1",
        "a comma, a bracket or a keyword before it is missing or misspelt, or a name wants backquotes, like `value`",
    ),
    (
        r"Column '([^']+)' not found in (?:any table|table '.+?')",
        r"there is no column '\1'",
        _near_column,
    ),
    (
        r"Object '([^']+)' not found|Cannot find table '(?:`\w+`\.)*`(\w+)`'",
        r"there is no table '\1\2'",
        "name a step of the template (with ... as), or call source(), on_time(), table(), ref() or view()",
    ),
    (
        r"No match found for function signature (\w+)(\(.*\))",
        r"there is no function \1\2",
        _near_function,
    ),
    (
        r"Cannot apply '[^']+' to arguments of type '(.+?)'\. Supported form\(s\): (.*?)(?: Rewritten|$)",
        r"there is no \1",
        r"cast what goes in; there is \2",
    ),
    (
        r"Expression '([^']+)' is not being grouped",
        r"'\1' is neither grouped nor aggregated",
        r"group by it, or aggregate it, like max(\1)",
    ),
    (
        r"Aggregate expression is illegal in WHERE clause",
        "an aggregate cannot stand in WHERE",
        "put the condition in HAVING",
    ),
    (
        r"Column '([^']+)' is ambiguous",
        r"more than one table has a column '\1'",
        r"say whose it is: readings.\1",
    ),
    (
        r"Column count mismatch in (\w+(?: ALL)?)",
        r"the two sides of \1 differ in their columns",
        "select as many on each side, in the same order",
    ),
    (
        r"time attribute type, but is|can only be applied to (?:an? )?(?:event-)?time attribute",
        "a window goes by a column that no watermark follows",
        "read on_time(), and go by its event_time",
    ),
    (
        r"RexInputRef cannot be cast to class java\.lang\.Comparable",
        "Flink cannot plan QUALIFY on a SELECT of more than six columns",
        "number the rows in a sub-select and filter them outside of it, or call dedupe()",
    ),
    (
        r"Sort on a non-time-attribute field",
        "a stream has no end to be sorted at",
        "leave ORDER BY out; who reads the table sorts",
    ),
    (
        r"only single statement supported|Unsupported SQL query!",
        "this is not one SELECT",
        "leave out all but the SELECT",
    ),
    (
        r"doesn't support consuming (?:update|delete)",
        "rows would be taken back of a sink that is appended to",
        "give its table a key and write it by upsert, or aggregate in a window",
    ),
)


def explain(said: str, columns: Collection[str]) -> tuple[str, str] | None:
    """What is wrong with the SQL of which Flink `said` this, and what mends it; None if no SQL is at fault.

    `columns` are those that the SELECT may have meant.
    """
    lines = [line.strip() for line in said.splitlines() if not _FRAME.match(line)]
    messages = " ".join(lines).replace("VARCHAR(2147483647)", "STRING").removeprefix(": ").split(" Caused by: ")
    for message in messages:
        for pattern, what, fix in _MESSAGES:
            if found := re.search(pattern, message):
                return found.expand(what), found.expand(fix) if isinstance(fix, str) else fix(found, columns)
    return (_in_words(messages[0]), _SEE) if _FAULT_OF_SQL.match(messages[0]) else None


def _in_words(text: str) -> str:
    """Less class names, and places in SQL that the author never saw."""
    text = re.sub(r"^(?:[\w.$]+(?:Exception|Error): )+", "", text)
    text = re.sub(r"^SQL (?:parse|validation) failed\. ", "", text)
    text = re.sub(r"^From line \d+, column \d+ to line \d+, column \d+: ", "", text)
    return re.sub(r" at line \d+, column \d+\.?$", "", text)
