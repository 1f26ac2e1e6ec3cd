"""What influxdb-client writes is what the preset of line protocol reads: every type, escapes, times in each unit."""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from influxdb_client.client.write.point import Point
from influxdb_client.domain.write_precision import WritePrecision

from headrace.authoring.sources import decoding
from headrace.environment.kafka_sample import Record
from headrace.project import source_files
from headrace_udfs.contract import Contract

EXACT = 2**53
NOW_MS = 1_764_000_000_000
Precision = Any  # a text, which the writer calls a WritePrecision
UNITS: dict[Precision, str] = {
    WritePrecision.S: "epoch_s",
    WritePrecision.MS: "epoch_ms",
    WritePrecision.US: "epoch_us",
}
PER_SECOND: dict[Precision, int] = {
    WritePrecision.S: 1,
    WritePrecision.MS: 10**3,
    WritePrecision.US: 10**6,
    WritePrecision.NS: 10**9,
}


class Sent(NamedTuple):
    """A point as its writer has it; `unsigned` are the names of the fields that it writes with a u."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Any]
    time: int | None
    unsigned: frozenset[str]


@cache
def contract(precision: Precision) -> Contract:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "points.yaml"
        unit = f"time: {{unit: {UNITS[precision]}}}\n" if precision in UNITS else ""
        file.write_text(f"description: Points\ntopic: plant.points\npreset: influx\n{unit}")
        return source_files.of_file(file)


# The writer has no spelling for a line break or a tabulator in a name, or for a backslash before what it escapes.
SPELT = re.compile(r"(?:[^\\]|\\[^ ,=\\])+")
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\t\n\r"), min_size=1, max_size=8).filter(
    lambda name: SPELT.fullmatch(name) is not None
)
MEASUREMENTS = NAMES.filter(lambda name: not name.startswith("#"))  # a comment; the writer warns of it
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)  # the parser refuses subnormal ones
FIELDS = st.one_of(NUMBERS, st.integers(-EXACT, EXACT), st.booleans(), TEXTS)


@st.composite
def points(draw: st.DrawFn, precision: Precision) -> Sent:
    fields = draw(st.dictionaries(NAMES, FIELDS, min_size=1, max_size=4))
    whole = [name for name, value in fields.items() if type(value) is int and value >= 0]
    since = PER_SECOND[precision] * NOW_MS // 1000
    return Sent(
        draw(MEASUREMENTS),
        draw(st.dictionaries(NAMES, NAMES, max_size=3)),
        fields,
        draw(st.none() | st.integers(since - 10**6 * PER_SECOND[precision], since)),
        frozenset(draw(st.sets(st.sampled_from(whole))) if whole else ()),
    )


def written(sent: Sent, precision: Precision) -> str:
    types = dict.fromkeys(sent.unsigned, "uint")
    parts = {"measurement": sent.measurement, "tags": sent.tags, "fields": sent.fields, "time": sent.time}
    return str(Point.from_dict(parts, precision, field_types=types).to_line_protocol())


def expected(sent: Sent, precision: Precision) -> list[tuple[Any, ...]]:
    prefix = "/".join([*(value for _, value in sorted(sent.tags.items())), sent.measurement])
    time = NOW_MS * 1_000 if sent.time is None else sent.time * 10**6 // PER_SECOND[precision]
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
    return [
        (f"{prefix}/{name}", None if isinstance(value, str) else float(value), _text(value), at)
        for name, value in sorted(sent.fields.items())
    ]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


@given(st.data(), st.sampled_from([*PER_SECOND]))
def test_what_an_encoder_writes_is_what_is_read(data: st.DataObject, precision: Precision) -> None:
    sent = data.draw(st.lists(points(precision), min_size=1, max_size=4))
    lines = "\n".join(written(each, precision) for each in sent)
    record = Record("plant.points", 0, 0, NOW_MS, None, (), lines.encode())
    found = decoding.tally(contract(precision), [record], rows=100)
    assert found.examples == {}
    rows = [(row["tag"], row["value"], row["text"], row["ts"]) for row in found.rows]
    assert sorted(rows, key=repr) == sorted((row for each in sent for row in expected(each, precision)), key=repr)
