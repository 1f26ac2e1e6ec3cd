"""The columns of the streams that workers send, and their types in Arrow and in Flink SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

from headrace_udfs.dictionary import MQTT
from headrace_udfs.pipeline import ERRORS, Pipeline
from headrace_udfs.types import ARROW, TS, ContractType

INDEX = "src_index"
"""The column with the number of a reading in its message, from 0."""


class StreamType(NamedTuple):
    """The type of a stream's column in Arrow and in Flink SQL."""

    arrow: pa.DataType
    flink: str


Types = Mapping[str, StreamType]

TYPES: Mapping[ContractType, StreamType] = {
    "string": StreamType(ARROW["string"], "STRING"),
    "double": StreamType(ARROW["double"], "DOUBLE"),
    "long": StreamType(ARROW["long"], "BIGINT"),
    "boolean": StreamType(ARROW["boolean"], "BOOLEAN"),
    "timestamp": StreamType(ARROW["timestamp"], "TIMESTAMP_LTZ(6)"),
}
POSITION: Types = {
    "src_topic": StreamType(pa.string(), "STRING NOT NULL"),
    "src_partition": StreamType(pa.int32(), "INT NOT NULL"),
    "src_offset": StreamType(pa.int64(), "BIGINT NOT NULL"),
    INDEX: StreamType(pa.int32(), "INT NOT NULL"),
}
ORIGIN: Types = {**POSITION, "src_ts": StreamType(ARROW["timestamp"], "TIMESTAMP_LTZ(6) NOT NULL")}
PAYLOAD: Types = {"payload": StreamType(pa.binary(), "BYTES")}

LETTERS: Types = {**PAYLOAD, **{name: TYPES[kind] for name, kind in ERRORS.items()}, **ORIGIN}
"""The columns of dead letters. Of the letters of one message, only the first has its bytes: there may be thousands."""

LATE: Types = {
    **PAYLOAD,
    "key": TYPES["string"],
    TS: TYPES["timestamp"],
    "watermark": TYPES["timestamp"],
    **ORIGIN,
}
"""The columns of late readings. Of those of one message, only the first has its bytes."""


NAMED: Types = {
    "src_ts": ORIGIN["src_ts"],
    "src_payload": PAYLOAD["payload"],
    "src_refused": StreamType(pa.bool_(), "BOOLEAN NOT NULL"),
}
"""More columns of good readings whose names come with the stream, see dictionary.py: they may become dead letters.

A row that is refused is among them if it has a name, which others may need. The first row that lacks a name or a type
has the bytes of its message, unless a dead letter has them.
"""


def good(pipeline: Pipeline, *, timed: bool) -> Types:
    """Return the columns of good readings: the pipeline's and the position; `late` if they are `timed`; and NAMED."""
    named = NAMED if pipeline.dictionary else {}
    late = {"late": StreamType(pa.bool_(), "BOOLEAN NOT NULL")} if timed else {}
    return {
        **{name: TYPES[kind] for name, kind in pipeline.columns.items() if name != MQTT},
        **POSITION,
        **late,
        **named,
    }


CONDENSED: Types = {"condensed": StreamType(pa.binary(), "BYTES NOT NULL")}
"""The columns of good readings that a job condenses."""


def row_type(types: Types) -> str:
    """Return the columns as the ROW type that `arrow_rows` takes, in SQL."""
    return f"ROW<{', '.join(f'`{name}` {kind.flink}' for name, kind in types.items())}>"
