"""CSV becomes one document per row, and a bad row costs no other."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.faults import Code, Fault, Refused
from headrace_udfs.formats import parse_csv
from headrace_udfs.formats.documents import MAX_VALUES


def refusal(payload: bytes, **options: object) -> Code:
    with pytest.raises(Refused) as caught:
        parse_csv.parse(payload, **options)  # type: ignore[arg-type]
    return caught.value.fault.code


def test_the_first_row_names_the_columns() -> None:
    text = 'tag,value,note\r\na,1.5,"x, ""y"""\r\n\r\nb,,"two\r\nlines"\r\n'
    assert parse_csv.parse(text.encode()) == [
        {"tag": "a", "value": "1.5", "note": 'x, "y"'},
        {"tag": "b", "value": None, "note": "two\r\nlines"},
    ]


def test_the_contract_names_the_columns_if_there_is_no_header() -> None:
    assert parse_csv.parse(b"a;1,5\nb;2", ";", ["tag", "value"]) == [
        {"tag": "a", "value": "1,5"},
        {"tag": "b", "value": "2"},
    ]


def test_a_byte_order_mark_is_not_part_of_the_first_name() -> None:
    assert parse_csv.parse("\ufefftag\na".encode()) == [{"tag": "a"}]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("b", Code.WRONG_COLUMNS),
        ("b,2,3", Code.WRONG_COLUMNS),
        ('"b"x,2', Code.NOT_CSV),
        ("b\rc,2", Code.NOT_CSV),
    ],
)
def test_a_bad_row_leaves_the_others(row: str, code: Code) -> None:
    first, bad, last = parse_csv.parse(f"tag,value\na,1\n{row}\nc,3\n".encode())
    assert (first, last) == ({"tag": "a", "value": "1"}, {"tag": "c", "value": "3"})
    assert isinstance(bad, Fault)
    assert bad.code is code


def test_a_row_of_another_width_is_quoted_as_it_is_in_the_message() -> None:
    many, one = parse_csv.parse(b"tag;value\na;1,5;x\nb\n", ";")
    assert many == Fault(Code.WRONG_COLUMNS, 'the row has 3 columns and the table 2: "a;1,5;x"')
    assert one == Fault(Code.WRONG_COLUMNS, 'the row has 1 column and the table 2: "b"')


def test_a_quotation_mark_that_is_not_closed_takes_the_rest() -> None:
    first, bad = parse_csv.parse(b'tag,value\na,1\nb,"2\nc,3\n')
    assert first == {"tag": "a", "value": "1"}
    assert isinstance(bad, Fault)
    assert bad.code is Code.NOT_CSV


def test_a_name_that_occurs_twice_is_refused_only_if_it_is_read() -> None:
    assert refusal(b"a,b,a\n1,2,3") is Code.DUPLICATE_KEY
    assert refusal(b"a,b,a\n1,2,3", wanted={"a": {}}) is Code.DUPLICATE_KEY
    (row,) = parse_csv.parse(b"a,b,a\n1,2,3", wanted={"b": {}})
    assert row["b"] == "2"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", Code.EMPTY_PAYLOAD),
        (b" \r\n", Code.EMPTY_PAYLOAD),
        (b"tag,value\n", Code.NO_READINGS),
        (b"tag\n\xff", Code.NOT_UTF8),
        (b'"tag"x\na', Code.NOT_CSV),
        (b"t" + b"\n1" * (MAX_VALUES + 1), Code.TOO_MANY_VALUES),
        (b"," * (MAX_VALUES + 1), Code.TOO_MANY_VALUES),
    ],
)
def test_payloads_that_are_refused_as_a_whole(payload: bytes, code: Code) -> None:
    assert refusal(payload) is code


@given(st.binary(max_size=64) | st.text(alphabet=' ",;\n\r\0a1é', max_size=40).map(str.encode))
def test_no_bytes_raise_anything_but_refused(payload: bytes) -> None:
    try:
        rows = parse_csv.parse(payload)
    except Refused:
        return
    assert all(isinstance(row, dict | Fault) for row in rows)


CELL = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(st.lists(st.tuples(CELL, CELL), min_size=1), st.sampled_from(",;\t|"))
def test_what_another_writer_wrote_is_read(rows: list[tuple[str, str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    assert parse_csv.parse(text.getvalue().encode(), delimiter) == [{"a": a, "b": b} for a, b in rows]
