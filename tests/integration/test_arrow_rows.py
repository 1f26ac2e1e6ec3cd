"""Rows that Python writes as Arrow streams, read by Flink."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from py4j.protocol import Py4JJavaError

from headrace.planner import session
from headrace.project.paths import Project
from support import ROOT

TYPE = "ROW<tag STRING, ts TIMESTAMP_LTZ(6), good BOOLEAN, `value` DOUBLE, n BIGINT, bits BYTES>"
SCHEMA = pa.schema(
    {
        "tag": pa.string(),
        "ts": pa.timestamp("us"),
        "good": pa.bool_(),
        "value": pa.float64(),
        "n": pa.int64(),
        "bits": pa.binary(),
    }
)
ROWS = [
    ("A.é", datetime(2014, 1, 1, 0, 0, 0, 1, UTC), True, 0.1, 2**63 - 1, b"\x00\xff"),
    ("", datetime(1969, 12, 31, 23, 59, 59, 999000, UTC), False, -5e-324, -(2**63), b""),
    (None, None, None, None, None, None),
    ("B" * 5000, datetime(2262, 1, 1, tzinfo=UTC), True, float("inf"), 0, b"\x01" * 5000),
]


@pytest.fixture(scope="module")
def flink() -> Any:
    """Return a TableEnvironment that runs jobs in its own process."""
    options = {"parallelism.default": "1", "table.local-time-zone": "UTC", "pipeline.object-reuse": "true"}
    environment = session.create_environment(Project.find(ROOT), options)
    environment.create_java_temporary_system_function("arrow_rows", "headrace.ArrowRows")
    return environment


def stream(*batches: Sequence[tuple[Any, ...]], schema: pa.Schema = SCHEMA) -> bytes:
    """Return an Arrow stream with one batch of each of these lists of rows."""
    file = io.BytesIO()
    with pa.ipc.new_stream(file, schema) as writer:
        for rows in batches:
            columns = list(zip(*rows, strict=True)) or [()] * len(schema)
            arrays = [
                pa.array(values, each.type, from_pandas=False) for values, each in zip(columns, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
    return file.getvalue()


def read(flink: Any, *streams: bytes | None, declared: str = TYPE, columns: str = "*") -> list[tuple[Any, ...]]:
    """Return the rows of the streams, in their order."""
    texts = ["CAST(NULL AS BYTES)" if each is None else f"x'{each.hex()}'" for each in streams]
    given = f"(VALUES ({'), ('.join(texts)})) AS given (packed)"
    select = f"SELECT {columns} FROM {given}, LATERAL TABLE(arrow_rows(packed, '{declared}'))"
    with flink.execute_sql(select).collect() as results:
        return [tuple(row) for row in results]


def test_rows_are_those_that_were_written(flink: Any) -> None:
    streams = stream(ROWS), None, stream(), stream([]), stream(ROWS[:2], [], ROWS[2:])
    # PyFlink fetches no TIMESTAMP_LTZ, and no microseconds of a TIMESTAMP.
    rows = read(flink, *streams, columns="tag, CAST(ts AS STRING), good, `value`, n, bits")
    assert rows == [(tag, at and f"{at:%Y-%m-%d %H:%M:%S.%f}", *rest) for tag, at, *rest in ROWS + ROWS]


def test_texts_with_a_dictionary_are_those_that_were_written(flink: Any) -> None:
    texts = ["A.é", None, "", "A.é", "B" * 5000, ""]
    schema = pa.schema({"tag": pa.dictionary(pa.int32(), pa.string()), "plain": pa.string()})
    file = io.BytesIO()
    with pa.ipc.new_stream(file, schema) as writer:
        # The second batch continues the dictionary of the first, the third has one of its own.
        for some in (texts[:3], texts[:3], texts[3:]):
            tags = pa.array(some).dictionary_encode()
            writer.write_batch(pa.record_batch([tags, pa.array(some)], schema=schema))
    rows = read(flink, file.getvalue(), declared="ROW<tag STRING, plain STRING>", columns="tag, plain")
    assert rows == [(text, text) for text in texts[:3] + texts]


def test_a_dictionary_of_another_type_stops_the_job(flink: Any) -> None:
    numbers = pa.record_batch({"tag": pa.array([7, 7]).dictionary_encode()})
    file = io.BytesIO()
    with pa.ipc.new_stream(file, numbers.schema) as writer:
        writer.write_batch(numbers)
    with pytest.raises(Py4JJavaError, match=r"\[tag: Int\(64, true\)\], but ROW<.*> needs \[tag: Utf8\]"):
        read(flink, file.getvalue(), declared="ROW<tag STRING>")


@pytest.mark.parametrize(
    ("declared", "error"),
    [
        ("ROW<tag STRINGS>", "arrow_rows does not know the type 'ROW<tag STRINGS>'"),
        ("ROW<tag STRING", "arrow_rows does not know the type 'ROW<tag STRING': .*position"),
        ("ROW<year INTERVAL YEAR>", "arrow_rows does not know the type 'ROW<year INTERVAL YEAR>'"),
        ("STRING", "arrow_rows needs the text of a ROW, such as 'ROW<tag STRING>', not 'STRING'"),
    ],
)
def test_a_type_that_cannot_be_read_is_refused_when_a_job_is_planned(flink: Any, declared: str, error: str) -> None:
    with pytest.raises(Py4JJavaError, match=error):
        read(flink, stream(ROWS), declared=declared)


@pytest.mark.parametrize(
    ("declared", "error"),
    [
        (
            "ROW<tag STRING, at TIMESTAMP_LTZ(6)>",
            r"\[tag: Utf8, ts: T.*MICRO.*\], but ROW<.*> needs \[tag: Utf8, at: T",
        ),
        ("ROW<tag STRING, ts TIMESTAMP_LTZ(3)>", r"MICROSECOND, null\)\], but .* needs .* ts: Timestamp\(MILLISECOND"),
        ("ROW<tag STRING, ts TIMESTAMP_LTZ(6) NOT NULL>", "arrow_rows: the column ts of ROW<.* has NULLs"),
    ],
)
def test_bytes_of_another_type_stop_the_job_and_both_types_are_named(flink: Any, declared: str, error: str) -> None:
    two = stream([row[:2] for row in ROWS], schema=pa.schema(list(SCHEMA)[:2]))
    with pytest.raises(Py4JJavaError, match=error):
        read(flink, two, declared=declared)


def test_bytes_that_are_not_a_whole_stream_stop_the_job(flink: Any) -> None:
    whole = stream(ROWS)
    with pytest.raises(Py4JJavaError, match=rf"arrow_rows: {len(whole) - 8} bytes are not one whole Arrow stream"):
        read(flink, whole[:-8])
