"""A value can become a literal or an identifier, and nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.sqltext import Sql, ident, literal

printable = st.text(st.characters(exclude_categories=["Cc", "Cs", "Co"]), max_size=40)


@given(printable)
def test_a_text_stays_one_literal_whatever_it_holds(text: str) -> None:
    made = literal(text)
    assert made[0] == made[-1] == "'"
    assert made[1:-1].replace("''", "").count("'") == 0
    assert made[1:-1].replace("''", "'") == text


@given(printable.filter(lambda t: t and "." not in t))
def test_an_identifier_stays_one_identifier_whatever_it_holds(name: str) -> None:
    made = ident(name)
    assert made[1:-1].replace("``", "").count("`") == 0
    assert made[1:-1].replace("``", "`") == name


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_a_double_literal_of_the_same_value(number: float) -> None:
    made = literal(number)
    assert "E" in made
    assert float(made) == number
    assert math.copysign(1, float(made)) == math.copysign(1, number)


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
def test_what_sql_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"literal|BIGINT|control character"):
        literal(value)


@pytest.mark.parametrize("name", ["", "a.", ".a", "a\x00b"])
def test_what_cannot_be_an_identifier_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        ident(name)


def test_a_path_is_quoted_part_by_part() -> None:
    assert ident("historian.readings") == "`historian`.`readings`"
