"""Kafka to Iceberg without Flink: confluent-kafka, orjson, pyarrow, pyiceberg.

It stores no offsets, so a crash repeats or loses messages. It is written to be fast: messages are read by the ten
thousand and each is decoded in one pass of plain Python, columns are built once per batch, and Arrow tables are
appended as often as Flink makes a checkpoint.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import orjson
import pyarrow as pa
from confluent_kafka import Consumer, Message, TopicPartition
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.io.pyarrow import schema_to_pyarrow

from bench.programs import Task
from bench.stand import DEAD_LETTERS, READINGS
from headrace.environment import iceberg

BATCH = 10_000
COMMIT_EVERY_S = 5.0
EARLIEST_MS = datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000
_GOOD, _UNCERTAIN, _BAD = 0, 0x40000000, 0x80000000


class Batch(NamedTuple):
    """Columns of good readings, and rows of dead letters."""

    tag: list[str]
    ts: list[int]
    value: list[float | None]
    quality: list[int]
    partition: list[int]
    offset: list[int]
    dead: list[dict[str, Any]]


def decode(messages: list[Message], latest_ms: float) -> Batch:
    """Check each message as the line does, for the faults that these messages can have."""
    batch = Batch([], [], [], [], [], [], [])
    loads = orjson.loads
    for message in messages:
        payload = message.value()
        try:
            tag, ts, value, quality = _checked(loads(payload), latest_ms)
        except (ValueError, TypeError, KeyError) as error:
            batch.dead.append(_dead(message, payload, error))
            continue
        batch.tag.append(tag)
        batch.ts.append(ts * 1000)
        batch.value.append(value)
        batch.quality.append(quality)
        batch.partition.append(message.partition())
        batch.offset.append(message.offset())
    return batch


def _checked(reading: dict[str, Any], latest_ms: float) -> tuple[str, int, float | None, int]:
    tag, ts, value = reading["tag"], reading["ts"], reading.get("value")
    if type(tag) is not str:
        raise TypeError("tag is not a text")
    if type(ts) is not int or not EARLIEST_MS <= ts <= latest_ms:
        raise ValueError("ts is not a time within bounds")
    if value is not None and type(value) is not float:
        if type(value) is not int:
            raise TypeError("value is not a number")
        value = float(value)
    return tag, ts, value, _quality(reading.get("q"))


def _quality(code: object) -> int:
    if code is None:
        return _UNCERTAIN
    if type(code) is not int or not 0 <= code <= 255:
        raise ValueError("q is not a valid OPC DA quality")
    return _GOOD if code >= 192 else _UNCERTAIN if code >= 64 else _BAD


def _dead(message: Message, payload: bytes | None, error: Exception) -> dict[str, Any]:
    return {
        "payload": payload,
        "code": type(error).__name__,
        "message": str(error),
        "stage": "decode",
        "src_topic": message.topic(),
        "src_partition": message.partition(),
        "src_offset": message.offset(),
        "src_index": 0,
        "src_ts": message.timestamp()[1] * 1000,
        "job": "bench/loop",
        "version": 1,
        "dead_at": int(time.time() * 1e6),
    }


class Writer:
    """Collects batches and appends them to both tables."""

    def __init__(self, tables: Catalog, topic: str) -> None:
        self._tables = tables
        self._topic = topic
        self._schemas = {
            name: schema_to_pyarrow(tables.load_table(name).schema(), include_field_ids=False)
            for name in (READINGS, DEAD_LETTERS)
        }
        self._good: list[pa.RecordBatch] = []
        self._dead: list[dict[str, Any]] = []

    def add(self, batch: Batch, ingested_us: int) -> None:
        """Collect a batch; `ingested_us` is in microseconds since 1970."""
        rows, schema = len(batch.tag), self._schemas[READINGS]
        values = {
            "tag": batch.tag,
            "ts": batch.ts,
            "value": batch.value,
            "quality": batch.quality,
            "src_topic": pa.repeat(self._topic, rows),
            "src_partition": batch.partition,
            "src_offset": batch.offset,
            "src_index": pa.repeat(pa.scalar(0), rows),
            "ingested_at": pa.repeat(pa.scalar(ingested_us, pa.int64()), rows),
        }
        columns = [_column(values.get(field.name), field.type, rows) for field in schema]
        self._good.append(pa.RecordBatch.from_arrays(columns, schema=schema))
        self._dead += batch.dead

    def commit(self) -> None:
        """Append what was collected since the last commit."""
        good, self._good = pa.Table.from_batches(self._good, self._schemas[READINGS]), []
        dead, self._dead = pa.Table.from_pylist(self._dead, self._schemas[DEAD_LETTERS]), []
        for name, rows in ((READINGS, good), (DEAD_LETTERS, dead)):
            if len(rows):
                iceberg.commit(name, lambda name=name, rows=rows: self._tables.load_table(name).append(rows))  # type: ignore[misc]


def _column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, kind)
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def main(task: Task) -> None:
    """Read the task's partitions up to their present end."""
    settings = {**task.kafka, "group.id": "bench.loop", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer = Consumer({**settings, "fetch.min.bytes": 100_000, "queued.max.messages.kbytes": 65_536})
    starts = [TopicPartition(task.topic, partition, 0) for partition in task.partitions]
    left = sum(consumer.get_watermark_offsets(start, 10)[1] for start in starts)
    consumer.assign(starts)
    writer, committed = Writer(load_catalog(task.catalog, **task.tables), task.topic), time.monotonic()
    while left:
        messages = consumer.consume(BATCH, 0.2)
        now = time.time()
        if messages:
            left -= len(messages)
            writer.add(decode(messages, now * 1000 + 600_000), int(now * 1e6))
        if time.monotonic() - committed > COMMIT_EVERY_S or not left:
            writer.commit()
            committed = time.monotonic()
    consumer.close()


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Task))
