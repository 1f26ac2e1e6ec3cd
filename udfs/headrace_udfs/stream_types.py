"""The types of the columns of the streams that workers send, in Arrow and in Flink SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

from headrace_udfs.types import ARROW, ContractType

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
