"""HL7 v2 becomes a document of what a contract reads; two other parsers agree on it."""

from __future__ import annotations

import contextlib
from typing import Any

import hl7
import pytest
from hl7apy.core import Segment
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats import parse_hl7
from headrace_udfs.formats.documents import MAX_VALUES

MSH = r"MSH|^~\&|LAB|HOSP|||20240101120000+0100||ORU^R01^ORU_R01|42|P|2.5.1"
VITALS = "\r".join(
    [
        MSH,
        "PID|1||4711^^^HOSP~0815||Doe&Smith^Jane",
        "OBR|1|||8867-4^Heart rate^LN|||20240101115900+0100",
        "OBX|1|NM|8867-4^Heart rate^LN||72|/min|||||F",
        'OBX|2|NM|9279-1^Resp^LN||""|/min|||||F',
        "OBR|2|||29463-7^Weight^LN|||20240101115500+0100",
        r"OBX|1|ST|29463-7^Weight^LN||81\T\2 \X41C4\|kg",
        "",
    ]
)


def parse(text: str, wanted: dict[str, Any]) -> Any:
    return parse_hl7.parse(text.encode(), wanted)


def refusal(payload: bytes) -> Code:
    with pytest.raises(Refused) as caught:
        parse_hl7.parse(payload, {"MSH": {"10": {}}})
    return caught.value.fault.code


def test_segments_fields_components_and_subcomponents_are_read_by_name_and_number() -> None:
    wanted = {
        "MSH": {"1": {}, "2": {}, "3": {"1": {"1": {}}}, "9": {"2": {}}, "10": {}, "12": {}, "20": {}},
        "PID": {"3": {"[]": {"1": {}, "4": {}}}, "5": {"1": {"2": {}}, "2": {}}},
        "OBX": {"[]": {"3": {"1": {}}, "5": {}, "6": {}, "11": {}}},
    }
    assert parse(VITALS, wanted) == {
        "MSH": {"1": "|", "2": r"^~\&", "3": {"1": {"1": "LAB"}}, "9": {"2": "R01"}, "10": "42", "12": "2.5.1"},
        "PID": {"3": [{"1": "4711", "4": "HOSP"}, {"1": "0815"}], "5": {"1": {"2": "Smith"}, "2": "Jane"}},
        "OBX": [
            {"3": {"1": "8867-4"}, "5": "72", "6": "/min", "11": "F"},
            {"3": {"1": "9279-1"}, "5": None, "6": "/min", "11": "F"},
            {"3": {"1": "29463-7"}, "5": r"81&2 \X41C4\ ".strip(), "6": "kg"},
        ],
    }


def test_segments_are_below_those_that_they_follow() -> None:
    found = parse(VITALS, {"OBR": {"[]": {"7": {}, "OBX": {"[]": {"5": {}}}}}})
    assert [(each["7"], len(each["OBX"])) for each in found["OBR"]] == [
        ("20240101115900+0100", 2),
        ("20240101115500+0100", 1),
    ]


def test_what_is_repeated_or_composed_where_one_text_is_read_is_not_a_text() -> None:
    found = parse(VITALS, {"OBX": {"5": {}}, "PID": {"3": {}, "5": {}}})
    assert isinstance(found["OBX"], list)
    assert found["PID"]["3"] == [{"1": "4711", "4": "HOSP"}, "0815"]
    assert found["PID"]["5"] == {"1": {"1": "Doe", "2": "Smith"}, "2": "Jane"}


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_segments_end_with_any_line_break(end: str) -> None:
    text = VITALS.replace("\r", end)
    assert parse(text, {"OBX": {"[]": {"1": {}}}})["OBX"] == [{"1": "1"}, {"1": "2"}, {"1": "1"}]


def test_other_separators_are_those_that_the_header_defines() -> None:
    found = parse("MSH$*@!%$APP\rPID$a*b%c@d!F!", {"MSH": {"3": {}}, "PID": {"1": {"[]": {"1": {}, "2": {"2": {}}}}}})
    assert found == {"MSH": {"3": "APP"}, "PID": {"1": [{"1": "a", "2": {"2": "c"}}, {"1": "d$"}]}}


def test_a_frame_of_mllp_is_not_part_of_the_message() -> None:
    assert parse(f"\x0b{VITALS}\x1c\r", {"MSH": {"10": {}}}) == {"MSH": {"10": "42"}}


@pytest.mark.parametrize(
    ("name", "encoding"), [("", "utf-8"), ("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"), ("8859/15~", None)]
)
def test_the_header_names_the_character_set(name: str, encoding: str | None) -> None:
    text = f"{MSH}||||||{name}\rNTE|é"
    if encoding is None:
        assert refusal(text.encode()) is Code.WRONG_CHARSET
    else:
        assert parse_hl7.parse(text.encode(encoding), {"NTE": {"1": {}}}) == {"NTE": {"1": "é"}}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", Code.EMPTY_PAYLOAD),
        (b"\r\r", Code.EMPTY_PAYLOAD),
        (b"PID|1", Code.NOT_HL7),
        (b"FHS|^~\\&|x", Code.NOT_HL7),
        (b'{"tag": "a"}', Code.NOT_HL7),
        (MSH.encode() + b"\rno segment|1", Code.NOT_HL7),
        (MSH.encode() + b"\robx|1", Code.NOT_HL7),
        (MSH.encode() + b"\r" + MSH.encode(), Code.TRAILING_BYTES),
        (b"MSH", Code.HL7_SEPARATORS),
        (b"MSH|", Code.HL7_SEPARATORS),
        (b"MSH|^~^&|x", Code.HL7_SEPARATORS),
        (b"MSH|^~|x", Code.HL7_SEPARATORS),
        (b"MSH|^~\\a|x", Code.HL7_SEPARATORS),
        (b"MSH ^~\\& x", Code.HL7_SEPARATORS),
        ("MSH|^~\\é|x".encode(), Code.HL7_SEPARATORS),
        (MSH.encode() + b"||||||BIG-5", Code.WRONG_CHARSET),
        (MSH.encode() + b"||||||ASCII\rNTE|\xe9", Code.WRONG_CHARSET),
        (MSH.encode() + b"\rNTE|\xe9", Code.NOT_UTF8),
        (MSH.encode() + b"\rNTE" + b"|" * MAX_VALUES, Code.TOO_MANY_VALUES),
    ],
)
def test_what_is_not_one_message_is_refused(payload: bytes, code: Code) -> None:
    assert refusal(payload) is code


WANTED = {"MSH": {"9": {"1": {}}}, "OBX": {"[]": {"5": {"[]": {"1": {"1": {}}}}, "OBX": {"1": {}}}}}


@given(
    st.binary(max_size=64)
    | st.text(alphabet='|^~\\&\r"OBX15FTX.brH', max_size=60).map(lambda t: f"{MSH}\r{t}".encode())
)
def test_no_bytes_raise_anything_but_refused(payload: bytes) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(parse_hl7.parse(payload, WANTED), dict)


TEXT = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8).filter(
    lambda text: text.strip() == text and text != '""'
)


@settings(max_examples=25, deadline=None)
@given(TEXT.filter(lambda text: not set("^~&\\") & set(text)), TEXT.filter(lambda text: not set("^~&\\") & set(text)))
def test_what_hl7apy_wrote_is_read(code: str, value: str) -> None:
    obx = Segment("OBX", version="2.5")
    obx.obx_2, obx.obx_5 = "ST", value
    obx.obx_3.obx_3_1, obx.obx_3.obx_3_3 = code, "LN"
    found = parse(f"{MSH}\r{obx.to_er7()}\r", {"OBX": {"2": {}, "3": {"1": {}, "3": {}}, "5": {}}})
    assert found == {"OBX": {"2": "ST", "3": {"1": code, "3": "LN"}, "5": value}}


@settings(max_examples=50)
@given(st.lists(st.lists(TEXT, min_size=1, max_size=3), min_size=1, max_size=3))
def test_the_parser_of_hl7_reads_the_same_components(fields: list[list[str]]) -> None:
    signs = {
        "\\": r"\E\ ".strip(),
        "|": r"\F\ ".strip(),
        "^": r"\S\ ".strip(),
        "~": r"\R\ ".strip(),
        "&": r"\T\ ".strip(),
    }
    escaped = ["^".join("".join(signs.get(c, c) for c in text) for text in components) for components in fields]
    text = f"{MSH}\rZZZ|{'|'.join(escaped)}"
    wanted: dict[str, Any] = {"ZZZ": {str(n): {str(m): {} for m in range(1, 4)} for n in range(1, 4)}}
    ours = parse_hl7.parse(text.encode(), wanted)["ZZZ"]
    theirs = hl7.parse(text)
    for n, components in enumerate(fields, 1):
        assert list(ours[str(n)].values()) == components
        for m, component in enumerate(components, 1):
            raw = theirs["ZZZ"][0](n)(1)(m)(1) if len(components) > 1 else str(theirs["ZZZ"][0](n))
            assert theirs.unescape(raw) == component
