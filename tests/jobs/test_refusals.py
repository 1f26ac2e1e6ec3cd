"""Flink's errors for a wrong SELECT, as its author sees them."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.planner import flink_errors, session
from headrace.project.paths import Project
from support import ROOT

COLUMNS = ["tag", "ts", "value", "event_time"]
TABLE = """\
create temporary table readings (
    tag string, ts timestamp_ltz(6), `value` double, event_time timestamp_ltz(3), watermark for event_time as event_time
) with ('connector' = 'datagen')
"""
PRECEDING = "a comma, a bracket or a keyword before it is missing or misspelt, or a name needs backquotes, like `value`"
CALLS = "name a step of the template (with ... as), or call source(), on_time(), table(), ref() or view()"


@pytest.fixture(scope="module")
def environment() -> Any:
    environment = session.create_environment(Project.find(ROOT), {})
    environment.execute_sql(TABLE)
    return environment


@pytest.mark.parametrize(
    ("sql", "what", "fix"),
    [
        ("select tag\n`value` ts from readings", "unexpected: ts", PRECEDING),
        ("select tag, from readings", "unexpected: from", PRECEDING),
        ("select value from readings", "unexpected: value", PRECEDING),
        ("select tag from", "the SELECT is incomplete", "complete it, or close the open bracket"),
        ("select tagg from readings", "there is no column 'tagg'", "did you mean 'tag'?"),
        ("select r.valu from readings as r", "there is no column 'valu'", "did you mean 'value'?"),
        ("select zone from readings", "there is no column 'zone'", f"columns that the job reads: {', '.join(COLUMNS)}"),
        ("select tag from reading", "there is no table 'reading'", CALLS),
        ("select char_lenght(tag) from readings", "there is no function char_lenght", "did you mean char_length()?"),
        ("select zzz(tag) from readings", "there is no function zzz", "`headrace udfs` lists the project's functions"),
        (
            "select abs(tag) from readings",
            "there is no ABS(<STRING>)",
            "cast the arguments; supported: 'ABS(<NUMERIC>)'",
        ),
        (
            "select tag, ts from readings group by tag",
            "'ts' is neither grouped nor aggregated",
            "group by it, or aggregate it, like max(ts)",
        ),
        (
            "select tag from readings where max(`value`) > 1 group by tag",
            "an aggregate is not allowed in WHERE",
            "put the condition in HAVING",
        ),
        (
            "select tag from readings as a inner join readings as b on a.tag = b.tag",
            "more than one table has a column 'tag'",
            "qualify it: readings.tag",
        ),
        (
            "select tag, ts from readings union all select tag from readings",
            "the two sides of UNION ALL differ in their columns",
            "select the same columns on each side, in the same order",
        ),
        (
            "select tag, window_end from table(tumble(table readings, descriptor(ts), interval '1' minute))",
            "a window uses a column that has no watermark",
            "read on_time() and use its event_time",
        ),
        ("select tag from readings order by tag", "a stream has no end, so it cannot be sorted", "leave ORDER BY out"),
        ("drop table readings", "this is not one SELECT", "write a single SELECT and nothing else"),
        (
            "select tag from readings; select ts from readings",
            "this is not one SELECT",
            "write a single SELECT and nothing else",
        ),
    ],
)
def test_a_wrong_select_is_explained(environment: Any, sql: str, what: str, fix: str) -> None:
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415 - comes with PyFlink
    from pyflink.util.exceptions import JavaException  # noqa: PLC0415

    with pytest.raises((Py4JJavaError, JavaException)) as caught:
        environment.sql_query(sql).explain()
    explained = flink_errors.explain(str(caught.value), COLUMNS)
    assert explained
    assert explained[0].startswith(what)
    assert explained[1].startswith(fix)


def test_an_error_outside_the_sql_is_not_explained_as_one_of_the_sql() -> None:
    text = "An error occurred while calling o1.execute.\n: java.net.ConnectException: refused\n\tat a.b.C.d(C.java:1)\n"
    assert flink_errors.explain(text, COLUMNS) is None


def test_an_unknown_error_keeps_flinks_message() -> None:
    text = "org.apache.flink.table.api.ValidationException: SQL validation failed. It is odd.\n\tat a.b.C.d(C.java:1)\n"
    assert flink_errors.explain(text, COLUMNS) == ("It is odd.", "headrace render shows the SQL as Flink gets it")
