"""InfluxDB line protocol: one point per line, with a measurement, tags, fields and a time."""

from __future__ import annotations

import re
from typing import Any

from line_protocol_parser import LineFormatError, parse_line

from headrace_udfs.faults import Code, Fault, Refused, shown
from headrace_udfs.formats.documents import MAX_VALUES, Documents, text_of, too_many_values

_LINE = re.compile(
    r"""
    (?: (?: \\. | [^\\\n\ ] )* )              # measurement and tags, up to the first space that is not escaped
    (?: \  (?: \\. | ="(?:\\.|[^"\\])*" | [^\n] )* )?  # fields and time; a line break is part of a text between quotes
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_ESCAPED_OR_TEXT = re.compile(r'\\.|(=)"(?:\\.|[^"\\])*"', re.DOTALL)
_MEASUREMENT = re.compile(r"(?:\\.|[^\\ ,])*", re.DOTALL)  # may have a = that is not escaped
_HEAD = re.compile(r"(?:\\.|[^\\ ])*", re.DOTALL)
_BLANK = " \t\r"  # a name may begin with other white space


def parse(payload: bytes) -> Documents:
    """Return one document per point; blank lines and those that begin with # are no points.

    A document is `{measurement, tags{}, fields{}, time}`: tags are texts, fields are float, int, str or bool, and the
    time is a whole number, or missing. A line that is not a point is a fault. Raises Refused if the payload is not
    UTF-8, or has no points.
    """
    text = text_of(payload)
    lines = text.split("\n") if '"' not in text else _LINE.findall(text)
    points: Documents = []
    values = 0
    for line in (each.strip(_BLANK) for each in lines):
        if line and line[0] != "#":
            points.append(_point(line))
            values += 1 if isinstance(points[-1], Fault) else len(points[-1]["tags"]) + len(points[-1]["fields"])
            if values > MAX_VALUES:
                raise too_many_values(values)
    if not points:
        raise Refused(Code.NO_READINGS, "the text has no points")
    return points


def _point(line: str) -> dict[str, Any] | Fault:
    try:
        point: dict[str, Any] = parse_line(line)
    except (LineFormatError, ValueError) as error:
        return Fault(Code.NOT_LINE_PROTOCOL, f"{error} In: {shown(line)}")
    if len(point["tags"]) + len(point["fields"]) != _pairs(line):
        return Fault(Code.DUPLICATE_KEY, f"a tag or a field occurs twice in {shown(line)}")
    if point["time"] is None:
        del point["time"]
    return point


def _pairs(line: str) -> int:
    """Return the number of tags and fields that the line is written with: each has one = that is not escaped."""
    begin = _end(_MEASUREMENT, line)
    if "\\" not in line and '"' not in line:
        return line.count("=", begin)
    end = _end(_HEAD, line)
    return _ESCAPED.sub("", line[begin:end]).count("=") + _ESCAPED_OR_TEXT.sub(r"\1", line[end:]).count("=")


def _end(pattern: re.Pattern[str], line: str) -> int:
    found = pattern.match(line)
    return found.end() if found else 0
