"""A value can become a literal or an identifier, and nothing else."""

from __future__ import annotations

import math
import re
from datetime import timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.compose.sql_text import Sql, duckdb_ident, duckdb_interval, duration, ident, interval, literal, number

printable = st.text(st.characters(exclude_categories=["Cc", "Cs", "Co"]), max_size=40)


@given(printable)
def test_a_text_stays_one_literal_whatever_it_holds(text: str) -> None:
    sql = literal(text)
    assert sql[0] == sql[-1] == "'"
    assert sql[1:-1].replace("''", "").count("'") == 0
    assert sql[1:-1].replace("''", "'") == text


@given(printable.filter(lambda t: t and "." not in t))
def test_an_identifier_stays_one_identifier_whatever_it_holds(name: str) -> None:
    sql = ident(name)
    assert sql[1:-1].replace("``", "").count("`") == 0
    assert sql[1:-1].replace("``", "`") == name


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_a_double_literal_of_the_same_value(number: float) -> None:
    sql = literal(number)
    assert "E" in sql
    assert float(sql) == number
    assert math.copysign(1, float(sql)) == math.copysign(1, number)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (False, "FALSE"),
        (-3, "-3"),
        (100.0, "100.0E0"),
        (1e300, "1.0E300"),
        (["a", 1], "'a', 1"),
        (Sql("now()"), "now()"),
        ("'; DROP TABLE readings --", "'''; DROP TABLE readings --'"),
    ],
)
def test_literals(value: object, text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**63, "a\nb", "\ue000", {}, [], object()])
def test_a_value_that_sql_cannot_represent_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"literal|BIGINT|control character"):
        literal(value)


@pytest.mark.parametrize("name", ["", "a.", ".a", "a\x00b"])
def test_an_invalid_identifier_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        ident(name)


def test_a_path_is_quoted_part_by_part() -> None:
    assert ident("historian.readings") == "`historian`.`readings`"


def test_names_are_separated_by_commas() -> None:
    assert ident(["tag", "r.ts"]) == "`tag`, `r`.`ts`"
    assert ident(Sql("`plant_readings__on_time`")) == "`plant_readings__on_time`"


@pytest.mark.parametrize("name", [7, None, [], {}, ["a", ""], ["a", 7]])
def test_a_value_that_is_not_text_cannot_be_an_identifier(name: object) -> None:
    with pytest.raises(ValueError, match="cannot be an identifier"):
        ident(name)  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "text"), [(1, "1"), (-0.5, "-0.5E0"), (Sql("`high_limit`"), "`high_limit`")])
def test_a_number_is_a_number_or_sql(value: object, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("value", ["1", True, None, [1], Sql("'1'")])
def test_any_other_value_is_refused_as_a_number(value: object) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        number(value)


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("10m", "INTERVAL '10' MINUTE"),
        ("90s", "INTERVAL '90' SECOND"),
        ("3600s", "INTERVAL '1' HOUR"),
        ("7d", "INTERVAL '7' DAY"),
        ("150m", "INTERVAL '150' MINUTE(3)"),
        ("999d", "INTERVAL '999' DAY(3)"),
        ("5000s", "INTERVAL '0 01:23:20.000' DAY(3) TO SECOND(3)"),
        ("500ms", "INTERVAL '0 00:00:00.500' DAY(3) TO SECOND(3)"),
    ],
)
def test_a_duration_is_an_interval(text: str, sql: str) -> None:
    assert interval(duration(text)) == sql


@given(st.integers(1, 999 * 86_400_000))
def test_an_interval_is_as_long_as_the_duration(ms: int) -> None:
    sql = interval(duration(f"{ms}ms"))
    whole = re.fullmatch(r"INTERVAL '(\d+)' (DAY|HOUR|MINUTE|SECOND)(\(3\))?", sql)
    parts = re.fullmatch(r"INTERVAL '(\d+) (\d+):(\d+):(\d+)\.(\d{3})' DAY\(3\) TO SECOND\(3\)", sql)
    if whole:
        span = timedelta(**{f"{whole[2].lower()}s": int(whole[1])})
    else:
        assert parts
        days, hours, minutes, seconds, rest = map(int, parts.groups())
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=rest)
    assert span == timedelta(milliseconds=ms)


@pytest.mark.parametrize("text", ["1 minute", "90", "", "-1s", "1.5h", "1w", "0s", 60, None, "36526d"])
def test_any_other_value_is_refused_as_a_duration(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|not a valid length of time"):
        duration(text)


@pytest.mark.parametrize("span", [timedelta(days=1000), timedelta(seconds=-1)])
def test_a_duration_that_does_not_fit_flinks_intervals_is_refused(span: timedelta) -> None:
    with pytest.raises(ValueError, match="does not fit an INTERVAL"):
        interval(span)


def test_duckdb_has_its_own_quotes_and_intervals() -> None:
    assert duckdb_ident(["a.b", 'c"d']) == '"a"."b", "c""d"'
    text = duckdb_interval(duration("90m"))
    assert duckdb.sql(f"select {text}").fetchone() == (timedelta(minutes=90),)


@given(printable.map(lambda text: f"a{text.replace('.', '_')}"))
def test_an_identifier_of_duckdb_is_one_name(name: str) -> None:
    assert duckdb.sql(f"select 1 as {duckdb_ident(name)}").columns == [name]
