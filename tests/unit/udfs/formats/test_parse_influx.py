"""Line protocol becomes one document per point, and a bad line costs no other."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.faults import Code, Fault, Refused
from headrace_udfs.formats import parse_influx


def test_a_point_has_its_measurement_tags_fields_and_time() -> None:
    head = "motor\\ 1,site=north,unit=m\\,s"
    fields = 'speed=1.5,count=-7i,big=18446744073709551615u,on=t,note="a \\"b\\", c"'
    assert parse_influx.parse(f"{head} {fields} 1700000000123456789".encode()) == [
        {
            "measurement": "motor 1",
            "tags": {"site": "north", "unit": "m,s"},
            "fields": {"speed": 1.5, "count": -7, "big": 2**64 - 1, "on": True, "note": 'a "b", c'},
            "time": 1700000000123456789,
        }
    ]


def test_a_point_without_a_time_has_none() -> None:
    assert parse_influx.parse(b"m f=1") == [{"measurement": "m", "tags": {}, "fields": {"f": 1.0}}]


def test_comments_and_blank_lines_are_no_points() -> None:
    points = parse_influx.parse(b'# a comment = "\n\nm f="two\nlines",g="x=\\"y" 1\r\n  \nm f=2 3\n')
    assert [point["fields"] for point in points] == [{"f": "two\nlines", "g": 'x="y'}, {"f": 2.0}]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("m", Code.NOT_LINE_PROTOCOL),
        ("m f=", Code.NOT_LINE_PROTOCOL),
        ("m f=1.5C 1", Code.NOT_LINE_PROTOCOL),
        ("m f=NaN 1", Code.NOT_LINE_PROTOCOL),
        ("m f=1e400 1", Code.NOT_LINE_PROTOCOL),
        ("m f=9223372036854775808i 1", Code.NOT_LINE_PROTOCOL),
        ("m f=1 9223372036854775808", Code.NOT_LINE_PROTOCOL),
        ("m f=1 1 more", Code.NOT_LINE_PROTOCOL),
        ('m f="open 1', Code.NOT_LINE_PROTOCOL),
        ("m f=1\x00 1", Code.NOT_LINE_PROTOCOL),
        ("m f=1,f=2 1", Code.DUPLICATE_KEY),
        ("m f=1,g\\=h=1,f=2 1", Code.DUPLICATE_KEY),
        ('m f="a=b",f="=" 1', Code.DUPLICATE_KEY),
    ],
)
def test_a_bad_line_leaves_the_others(line: str, code: Code) -> None:
    first, bad, last = parse_influx.parse(f"a f=1\n{line}\nz f=2\n".encode())
    assert (first["measurement"], last["measurement"]) == ("a", "z")
    assert isinstance(bad, Fault)
    assert bad.code is code


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"", Code.EMPTY_PAYLOAD), (b"# only this\n", Code.NO_READINGS), (b"m f=\xff", Code.NOT_UTF8)],
)
def test_payloads_that_are_refused_as_a_whole(payload: bytes, code: Code) -> None:
    with pytest.raises(Refused) as caught:
        parse_influx.parse(payload)
    assert caught.value.fault.code is code


@given(st.binary(max_size=64) | st.text(alphabet='mf=1 ,"\\\n#i\0é', max_size=40).map(str.encode))
def test_no_bytes_raise_anything_but_refused(payload: bytes) -> None:
    try:
        points = parse_influx.parse(payload)
    except Refused:
        return
    assert all(isinstance(point, dict | Fault) for point in points)


NAME = st.text(alphabet='ab ,=é"', min_size=1, max_size=5)
NUMBER = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)  # the parser refuses subnormal ones
FIELD = NUMBER | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.text(alphabet='a ",=\n\\', max_size=5)


def escaped(name: str) -> str:
    return "".join(f"\\{c}" if c in " ,=" else c for c in name)


def written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "F"
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, float):
        return repr(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(
    st.dictionaries(NAME, NAME, max_size=3),
    st.dictionaries(NAME, FIELD, min_size=1, max_size=3),
    st.integers(0, 2**63 - 2),
)
def test_what_is_written_is_read(tags: dict[str, str], fields: dict[str, Any], time: int) -> None:
    head = ",".join(["m", *(f"{escaped(name)}={escaped(value)}" for name, value in tags.items())])
    body = ",".join(f"{escaped(name)}={written(value)}" for name, value in fields.items())
    (point,) = parse_influx.parse(f"{head} {body} {time}\n".encode())
    assert point == {"measurement": "m", "tags": tags, "fields": fields, "time": time}
    for name, value in fields.items():
        found = point["fields"][name]
        assert type(found) is type(value)
        assert not isinstance(value, float) or math.copysign(1, found) == math.copysign(1, value)
