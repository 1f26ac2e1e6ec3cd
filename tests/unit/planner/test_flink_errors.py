"""Errors of Flink that no rendering of the SQL explains have a fix of their own."""

from __future__ import annotations

import pytest

from headrace.planner import flink_errors

AGGREGATES = "org.apache.flink.table.runtime.functions.aggregate"
API = "org.apache.flink.table.api"


@pytest.mark.parametrize(
    ("message", "what", "fix"),
    [
        (
            f": {API}.TableException: FIRST_VALUE with retract aggregate function does not support type: "
            "''TIMESTAMP_WITH_LOCAL_TIME_ZONE''.\nPlease re-check the data type.\n\tat org.apache.flink.X(X.java:1)",
            "FIRST_VALUE of records that follow each other does not take a TIMESTAMP_LTZ",
            "call previous()",
        ),
        (
            f": {API}.ValidationException: Could not find an implementation method 'merge' in class 'class "
            f"{AGGREGATES}.FirstValueAggFunction' for function 'FIRST_VALUE' that matches the following signature:\n"
            "void merge(RowData, java.lang.Iterable)",
            "FIRST_VALUE and LAST_VALUE do not work in session windows",
            "call first() or last()",
        ),
        (
            f": {API}.TableException: Python Function can not be used in MATCH_RECOGNIZE clause.",
            "a Python function cannot be called in MATCH_RECOGNIZE",
            "call it in a step before",
        ),
        (
            "java.lang.AssertionError: Conversion to relational algebra failed to preserve datatypes:\n"
            "validated type:\nRecordType(CHAR(4) name)\nconverted type:\nRecordType(CHAR(8) name)",
            "a ROW or an ARRAY holds texts of different lengths",
            "cast each text in it",
        ),
        (
            f": {API}.SqlParserException: SQL parse failed. Non-query expression encountered in illegal context",
            "a SELECT is expected",
            "look for a misspelt select",
        ),
        (
            f": {API}.ValidationException: SQL validation failed. At line 0, column 0: Table 'EXPR$0' not found",
            "Flink loses the name of a query in FROM",
            "give it a name of its own",
        ),
        (
            f': {API}.SqlParserException: SQL parse failed. Encountered "= \\"" at line 1, column 9.',
            "unexpected: a double quotation mark",
            "write texts in single quotes",
        ),
        (
            f": {API}.ValidationException: SQL validation failed. From line 1, column 3 to line 1, column 9: "
            "Object 'reading' not found",
            "there is no table 'reading'",
            "name a step of the template",
        ),
    ],
)
def test_a_known_error_has_its_own_fix(message: str, what: str, fix: str) -> None:
    explained = flink_errors.explain(message, ["tag"])
    assert explained
    assert explained[0].startswith(what)
    assert explained[1].startswith(fix)
