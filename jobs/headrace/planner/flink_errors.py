"""Errors of Flink's parser and validator, translated for the author of a SELECT: what is wrong and how to fix it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from headrace.compose.flink_functions import flink_functions
from headrace.errors import did_you_mean, nearest

_FAULT_OF_SQL = re.compile(
    r"org\.apache\.flink\.table\.api\.(?:Validation|SqlParser\w*|Table)Exception: (?!Failed to execute)"
)
_FRAME = re.compile(r"\s+(?:at |\.\.\. \d+ more)|An error occurred while calling ")
_SEE = "headrace render shows the SQL as Flink gets it"

Fix = str | Callable[[re.Match[str], Collection[str]], str]


def _similar_column(match: re.Match[str], columns: Collection[str]) -> str:
    return did_you_mean(match[1], columns, "columns that the job reads")


def _similar_function(match: re.Match[str], columns: Collection[str]) -> str:  # noqa: ARG001 - the signature of Fix
    names = nearest(match[1], flink_functions(), cutoff=0.75)
    if names:
        return f"did you mean {names[0]}()?"
    return "`headrace udfs` lists the project's functions, Flink's documentation lists its own"


# Pattern of Flink's message, what is wrong, and the fix. The first pattern that matches applies.
_MESSAGES: tuple[tuple[str, str, Fix], ...] = (
    (
        r'Encountered:? "?<EOF>',
        "the SELECT is incomplete",
        "complete it, or close the open bracket or quotation mark",
    ),
    (
        r'Encountered "[^"]*\\"',
        "unexpected: a double quotation mark",
        "write texts in single quotes, 'like this', and names that need quotes in backquotes, like `value`",
    ),
    (
        r'Encountered "[\s`]*(.+?)[\s`]*" at line',
        r"unexpected: \1",
        "a comma, a bracket or a keyword before it is missing or misspelt, or a name needs backquotes, like `value`",
    ),
    (
        r"Column '([^']+)' not found in (?:any table|table '.+?')",
        r"there is no column '\1'",
        _similar_column,
    ),
    (
        r"Object '([^']+)' not found|Cannot find table '(?:`\w+`\.)*`(\w+)`'",
        r"there is no table '\1\2'",
        "name a step of the template (with ... as), or call source(), on_time(), table(), ref() or view()",
    ),
    (
        r"No match found for function signature (\w+)(\(.*\))",
        r"there is no function \1\2",
        _similar_function,
    ),
    (
        r"Cannot apply '[^']+' to arguments of type '(.+?)'\. Supported form\(s\): (.*?)(?: Rewritten|$)",
        r"there is no \1",
        r"cast the arguments; supported: \2",
    ),
    (
        r"Expression '([^']+)' is not being grouped",
        r"'\1' is neither grouped nor aggregated",
        r"group by it, or aggregate it, like max(\1)",
    ),
    (
        r"Aggregate expression is illegal in WHERE clause",
        "an aggregate is not allowed in WHERE",
        "put the condition in HAVING",
    ),
    (
        r"Column '([^']+)' is ambiguous",
        r"more than one table has a column '\1'",
        r"qualify it: readings.\1",
    ),
    (
        r"Column count mismatch in (\w+(?: ALL)?)",
        r"the two sides of \1 differ in their columns",
        "select the same columns on each side, in the same order",
    ),
    (
        r"time attribute type, but is|can only be applied to (?:an? )?(?:event-)?time attribute",
        "a window uses a column that has no watermark",
        "read on_time() and use its event_time",
    ),
    (
        r"(?P<name>FIRST_VALUE|LAST_VALUE|LAG|LEAD)\b.{0,80}does not support type.{0,10}TIMESTAMP_WITH_LOCAL_TIME_ZONE",
        r"\g<name> of records that follow each other does not take a TIMESTAMP_LTZ",
        "call previous(), which takes a column of any type",
    ),
    (
        r"implementation method 'merge'.{0,80}\b(?:First|Last)Value",
        "FIRST_VALUE and LAST_VALUE do not work in session windows, which grow together",
        "call first() or last(), which do",
    ),
    (
        r"Python Function can not be used in MATCH_RECOGNIZE",
        "a Python function cannot be called in MATCH_RECOGNIZE",
        "call it in a step before, as a column; great_circle_km() and other macros are SQL, and can be called there",
    ),
    (
        r"Conversion to relational algebra failed to preserve datatypes",
        "a ROW or an ARRAY holds texts of different lengths, or nulls where Flink expects none",
        "cast each text in it, row(cast('hot' as string), ...), or call unpivot() to make rows of columns",
    ),
    (
        r"(?:Object|Table) '?EXPR\$\d+'? not found",
        "Flink loses the name of a query in FROM",
        "give it a name of its own, as a step of the template (with ... as) or as a view (_<name>.sql.j2)",
    ),
    (
        r"RexInputRef cannot be cast to class java\.lang\.Comparable",
        "Flink cannot plan QUALIFY on a SELECT of more than six columns",
        "number the rows in a subquery and filter them outside it, or call dedupe()",
    ),
    (
        r"Sort on a non-time-attribute field",
        "a stream has no end, so it cannot be sorted",
        "leave ORDER BY out; sort when the table is read",
    ),
    (
        r"Non-query expression encountered in illegal context",
        "a SELECT is expected, and there is another word or expression in its place",
        "look for a misspelt select, or for a bracket that closes too early",
    ),
    (
        r"only single statement supported|Unsupported SQL query!",
        "this is not one SELECT",
        "write a single SELECT and nothing else",
    ),
    (
        r"doesn't support consuming (?:update|delete)",
        "the SELECT retracts rows, but its sink is append-only",
        "give its table a key and write it by upsert, or aggregate in a window",
    ),
)


def explain(message: str, columns: Collection[str]) -> tuple[str, str] | None:
    """Return what is wrong with the SQL and how to fix it; None if Flink's `message` does not blame the SQL.

    `columns` are the columns that the SELECT may have meant.
    """
    lines = [line.strip() for line in message.splitlines() if not _FRAME.match(line)]
    causes = " ".join(lines).replace("VARCHAR(2147483647)", "STRING").removeprefix(": ").split(" Caused by: ")
    for cause in causes:
        for pattern, what, fix in _MESSAGES:
            if match := re.search(pattern, cause):
                return match.expand(what), match.expand(fix) if isinstance(fix, str) else fix(match, columns)
    return (_shortened(causes[0]), _SEE) if _FAULT_OF_SQL.match(causes[0]) else None


def _shortened(text: str) -> str:
    """Remove class names, and line numbers of SQL that the author has not written."""
    text = re.sub(r"^(?:[\w.$]+(?:Exception|Error): )+", "", text)
    text = re.sub(r"^SQL (?:parse|validation) failed\. ", "", text)
    text = re.sub(r"^From line \d+, column \d+ to line \d+, column \d+: ", "", text)
    return re.sub(r" at line \d+, column \d+\.?$", "", text)
