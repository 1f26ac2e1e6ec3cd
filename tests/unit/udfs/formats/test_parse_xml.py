"""XML becomes a document of what a contract reads, and brings no entities of its own."""

from __future__ import annotations

import contextlib
import tracemalloc
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats import parse_xml
from headrace_udfs.formats.documents import MAX_DEPTH, MAX_VALUES

ROWS: dict[str, Any] = {"Plant": {"@site": {}, "R": {"[]": {"@tag": {}, "v": {}, "v2": {"#text": {}, "@unit": {}}}}}}


def test_pieces_of_a_text_and_attributes_of_one_name_are_never_taken_for_one_value() -> None:
    text = '<Plant><R n:tag="b" tag="a" xmlns:n="u"><v2>1<b/>2</v2></R><R><v2>1<b/> </v2></R></Plant>'
    assert parse_xml.parse(text.encode(), ROWS) == {
        "Plant": {"R": [{"@tag": ["b", "a"], "v2": {"#text": ["1", "2"]}}, {"v2": {"#text": "1"}}]}
    }


def refusal(payload: bytes) -> Code:
    with pytest.raises(Refused) as caught:
        parse_xml.parse(payload, ROWS)
    return caught.value.fault.code


def test_elements_attributes_and_texts_are_read_by_their_names() -> None:
    text = """<?xml version="1.0"?>
    <p:Plant xmlns:p="urn:plant" site="north" other="x">
      <p:R tag="a"><p:v> 1.5 </p:v><v2 unit="bar">&lt;2&#x20AC;<!-- no text --></v2><skipped/></p:R>
      <p:R tag="b"><p:v/></p:R>
    </p:Plant>"""
    assert parse_xml.parse(text.encode(), ROWS) == {
        "Plant": {
            "@site": "north",
            "R": [{"@tag": "a", "v": "1.5", "v2": {"#text": "<2€", "@unit": "bar"}}, {"@tag": "b", "v": None}],
        }
    }


def test_one_element_is_a_list_only_where_items_are_read() -> None:
    one, two = b"<a><b>1</b></a>", b"<a><b>1</b><b>2</b></a>"
    assert parse_xml.parse(one, {"a": {"b": {"[]": {}}}}) == {"a": {"b": ["1"]}}
    assert parse_xml.parse(one, {"a": {"b": {}}}) == {"a": {"b": "1"}}
    assert parse_xml.parse(two, {"a": {"b": {}}}) == {"a": {"b": ["1", "2"]}}


def test_every_member_of_an_element_is_read() -> None:
    text = b'<a><x>1</x><y n="2">3</y><x>4</x></a>'
    assert parse_xml.parse(text, {"a": {"*": {}}}) == {"a": {"x": ["1", "4"], "y": "3"}}


def test_an_element_with_elements_is_not_a_text() -> None:
    assert parse_xml.parse(b"<a>1<b>2</b></a>", {"a": {}}) == {"a": {"b": "2"}}


def test_a_nil_element_is_none() -> None:
    xsi = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    assert parse_xml.parse(f'<a {xsi} i:nil="true">1</a>'.encode(), {"a": {}}) == {"a": None}
    assert parse_xml.parse(f'<a {xsi} i:nil="true">1</a>'.encode(), {"a": {"#text": {}}}) == {"a": None}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", Code.EMPTY_PAYLOAD),
        (b"\n", Code.EMPTY_PAYLOAD),
        (b"<a>", Code.NOT_XML),
        (b"<a/><b/>", Code.NOT_XML),
        (b"<a/>x", Code.NOT_XML),
        (b"<a b='1' b='2'/>", Code.NOT_XML),
        (b"<a>\xff</a>", Code.NOT_XML),
        (b"<a>\0</a>", Code.NOT_XML),
        (b"<x:a/>", Code.NOT_XML),
        (b'{"tag": "a"}', Code.NOT_XML),
        (b'<?xml version="1.0" encoding="nothing"?><a/>', Code.NOT_XML),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', Code.NOT_XML),
        (b"<a>&x;</a>", Code.XML_DOCTYPE),
        (b"<!DOCTYPE a><a/>", Code.XML_DOCTYPE),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', Code.XML_DOCTYPE),
        (b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1), Code.NESTED_TOO_DEEP),
        (b"<a>" + b"<b/>" * MAX_VALUES + b"</a>", Code.TOO_MANY_VALUES),
    ],
)
def test_what_is_not_one_document_is_refused(payload: bytes, code: Code) -> None:
    assert refusal(payload) is code


def test_entities_are_not_expanded() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "{"x" * 1000}">{entities}]><a>&e9;</a>'.encode()
    tracemalloc.start()
    try:
        assert refusal(bomb) is Code.XML_DOCTYPE
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=64) | st.text(alphabet="<>a/ ='\"&;!?[]é", max_size=40).map(str.encode))
def test_no_bytes_raise_anything_but_refused(payload: bytes) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(parse_xml.parse(payload, {"*": {}}), dict)


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_what_another_writer_wrote_is_read(rows: list[tuple[str, str]]) -> None:
    root = ElementTree.Element("Plant")
    for tag, value in rows:
        ElementTree.SubElement(ElementTree.SubElement(root, "R", {"tag": tag}), "v").text = value
    found: Any = parse_xml.parse(ElementTree.tostring(root), ROWS)
    assert found["Plant"]["R"] == [{"@tag": tag, "v": value.strip(" ") or None} for tag, value in rows]


@given(TEXT)
def test_other_encodings_are_read_as_they_are_declared(text: str) -> None:
    written = f'<?xml version="1.0" encoding="utf-16"?><a>{escape(text)}</a>'.encode("utf-16")
    assert parse_xml.parse(written, {"a": {}}) == {"a": text.strip(" ") or None}
