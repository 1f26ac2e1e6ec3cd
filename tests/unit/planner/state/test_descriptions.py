"""Flink's descriptions of operators and rows are parsed correctly, whatever brackets and quotation marks they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.planner.state import descriptions

TEXTS = st.text("a 1=<>", max_size=3)
ITEMS = st.recursive(
    TEXTS | TEXTS.map(lambda text: f"'{text}, ('"),
    lambda inner: st.builds(lambda a, b: f"f({a}, {b})[x, y]", inner, inner),
    max_leaves=5,
).filter(bool)


@given(st.lists(ITEMS, min_size=1))
def test_a_joined_list_is_split_where_it_was_joined(items: list[str]) -> None:
    assert descriptions.split(", ".join(items), ", ") == items


def test_the_attributes_of_a_description_are_found_by_their_names() -> None:
    text = "Agg(groupBy=[tag], window=[HOP(time_col=[t], size=[1 h])], select=[a, f(a, ']') AS b, start('w$) AS c])"
    values = descriptions.attributes(text)
    assert values == {
        "groupBy": "tag",
        "window": "HOP(time_col=[t], size=[1 h])",
        "select": "a, f(a, ']') AS b, start(w$) AS c",
    }
    assert descriptions.attributes(values["window"]) == {"time_col": "t", "size": "1 h"}
    assert [descriptions.alias(item) for item in descriptions.items(values["select"])] == [
        ("a", "a"),
        ("f(a, ']')", "b"),
        ("start(w$)", "c"),
    ]


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("(a > 1)", ["a > 1"]),
        ("((a > 1) AND (b < 2) AND c IS NULL)", ["a > 1", "b < 2", "c IS NULL"]),
        ("((a AND b) OR c)", ["(a AND b) OR c"]),
        ("(a AND (b AND c))", ["a", "b", "c"]),
        ("(a = ' AND ')", ["a = ' AND '"]),
        ("(a) OR (b)", ["(a) OR (b)"]),
    ],
)
def test_a_condition_is_split_where_and_joins_it(condition: str, parts: list[str]) -> None:
    assert descriptions.conjuncts(condition) == parts


def test_types_durations_and_texts_are_shown_as_an_analyst_writes_them() -> None:
    text = """C(w=[(t > (u - 5400000:INTERVAL HOUR)) AND (s = _UTF-16LE'a':VARCHAR(9) CHARACTER SET "UTF-16LE")])"""
    assert descriptions.conjuncts(descriptions.attributes(text)["w"]) == ["t > (u - 90m)", "s = 'a'"]


def test_the_columns_of_a_row_are_found_however_flink_writes_its_type() -> None:
    flat = "ROW<`a, b` VARCHAR(2147483647) NOT NULL, `c` ROW<`d` INT, `e` TIMESTAMP(3) WITH LOCAL TIME ZONE>> NOT NULL"
    assert descriptions.row(flat) == {"a, b": "STRING NOT NULL", "c": "ROW<`d` INT, `e` TIMESTAMP_LTZ(3)>"}
    time = {"type": "TIMESTAMP_WITH_LOCAL_TIME_ZONE", "precision": 3, "kind": "ROWTIME"}
    fields = [{"name": "a", "fieldType": "BIGINT"}, {"name": "t", "fieldType": time}]
    assert descriptions.row({"type": "ROW", "fields": fields}) == {"a": "BIGINT", "t": "TIMESTAMP_LTZ(3)"}
