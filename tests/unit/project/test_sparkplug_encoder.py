"""What pysparkplug writes is what the preset of Sparkplug B reads: every type, signed numbers, nulls, old values."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pysparkplug as spb
from hypothesis import given
from hypothesis import strategies as st
from pysparkplug import DataType, Metric

from headrace.authoring.sources import decoding
from headrace.environment.kafka_sample import Record
from headrace.project import source_files
from headrace_udfs.contract import Contract

EXACT = 2**53
NOW = 1_764_000_000_000


@cache
def contract() -> Contract:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nodes.yaml"
        file.write_text("description: Nodes\ntopic: plant.nodes\npreset: sparkplug_b\n")
        return source_files.of_file(file)


def integers(bits: int, *, signed: bool) -> st.SearchStrategy[int]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.integers(max(low, -EXACT), min(high, EXACT))


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES: dict[DataType, st.SearchStrategy[Any]] = {
    DataType.INT8: integers(8, signed=True),
    DataType.INT16: integers(16, signed=True),
    DataType.INT32: integers(32, signed=True),
    DataType.INT64: integers(64, signed=True),
    DataType.UINT8: integers(8, signed=False),
    DataType.UINT16: integers(16, signed=False),
    DataType.UINT32: integers(32, signed=False),
    DataType.UINT64: integers(64, signed=False),
    DataType.FLOAT: st.floats(width=32, allow_nan=False, allow_infinity=False),
    DataType.DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    DataType.BOOLEAN: st.booleans(),
    DataType.STRING: TEXTS,
    DataType.TEXT: TEXTS,
}
"""Values of each type, as far as a double holds them."""


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    kind = draw(st.sampled_from([*VALUES]))
    is_null = draw(st.booleans())
    return Metric(
        timestamp=draw(st.one_of(st.none(), st.integers(NOW - 10**9, NOW))),
        name=draw(st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)),
        datatype=kind,
        value=None if is_null else draw(VALUES[kind]),
        alias=draw(st.one_of(st.none(), st.integers(0, 2**63 - 1))),
        is_historical=draw(st.booleans()),
        is_null=is_null,
    )


def expected(metric: Metric) -> tuple[Any, ...]:
    is_text = isinstance(metric.value, str)
    number = float(metric.value) if isinstance(metric.value, int | float) else None
    at = datetime.fromtimestamp((NOW if metric.timestamp is None else metric.timestamp) / 1000, UTC)
    return f"Plant1/Edge7/{metric.name}", number, metric.value if is_text else None, at


@given(st.lists(metrics(), min_size=1, max_size=5))
def test_what_an_encoder_writes_is_what_is_read(sent: list[Metric]) -> None:
    value = spb.NBirth(timestamp=NOW, seq=0, metrics=tuple(sent)).encode(include_dtypes=True)
    record = Record("plant.nodes", 0, 0, NOW, b"spBv1.0/Plant1/NBIRTH/Edge7", (), value)
    found = decoding.tally(contract(), [record])
    assert found.examples == {}
    assert [(row["tag"], row["value"], row["text"], row["ts"]) for row in found.rows] == [*map(expected, sent)]
    assert {row["quality"] for row in found.rows} == {0}


@given(st.binary(max_size=60))
def test_whatever_comes_is_a_reading_or_a_dead_letter(value: bytes) -> None:
    record = Record("plant.nodes", 0, 0, NOW, b"spBv1.0/Plant1/NDATA/Edge7", (), value)
    found = decoding.tally(contract(), [record])
    assert found.readings == found.good + found.codes.total() > 0
