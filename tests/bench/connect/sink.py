"""Kafka to Iceberg by Kafka Connect: exactly once, without Python, and without checks.

It stores q as it comes, and drops messages that are not JSON. A connector does not end: it is stopped once its table
has every row.
"""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

from bench import topic
from bench.connect import home
from bench.meter import Meter
from bench.stand import LIMIT_S, READINGS, SLOTS, Stand
from headrace.environment import iceberg
from headrace.environment.catalog_types import SqliteCatalog

COMMIT_MS = 5000
_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"


def connect(stand: Stand, meter: Meter) -> None:
    """Run Kafka Connect with as many tasks as the Flink jobs have slots, until the table has every good message."""
    folder = stand.project.root / "connect"
    folder.mkdir()
    worker, connector = folder / "worker.properties", folder / "sink.properties"
    name = f"bench-{uuid.uuid4().hex[:8]}"
    control = f"control-{name}"
    admin = AdminClient(dict(stand.settings.kafka_client()))
    admin.create_topics([NewTopic(control, num_partitions=1, replication_factor=1)])[control].result(timeout=30)
    _write(worker, _worker(stand, folder))
    _write(connector, _connector(stand, name, control))
    logging = f"-Dlog4j.configuration={Path(__file__).with_name('log4j.properties').as_uri()}"
    command = ["java", "-Xmx1g", logging, "-cp", f"{home.jars()}/*", "org.apache.kafka.connect.cli.ConnectStandalone"]
    log = folder / "connect.log"
    with log.open("wb") as output:
        program = subprocess.Popen(
            [*command, str(worker), str(connector)], stdout=output, stderr=subprocess.STDOUT, env={**os.environ}
        )
    try:
        meter.watch(program.pid)
        _wait(stand, program, log)
    finally:
        program.kill()
        program.wait()


def _wait(stand: Stand, program: subprocess.Popen[bytes], log: Path) -> None:
    expected, end = stand.messages - topic.corrupt(stand.messages), time.monotonic() + LIMIT_S
    while (rows := _rows(stand)) < expected:
        if program.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{rows:,} of {expected:,} rows:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.5)


def _rows(stand: Stand) -> int:
    table = iceberg.load_table(iceberg.connect(stand.settings), READINGS)
    snapshot = table.current_snapshot()
    return int(snapshot.summary["total-records"] or 0) if snapshot and snapshot.summary else 0


def _worker(stand: Stand, folder: Path) -> dict[str, object]:
    return {
        "bootstrap.servers": stand.settings.kafka_client()["bootstrap.servers"],
        "key.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
        "value.converter": _CONVERTER,
        "value.converter.schemas.enable": False,
        "offset.storage.file.filename": folder / "offsets",
        "offset.flush.interval.ms": COMMIT_MS,
        "listeners": "http://127.0.0.1:0",
        "plugin.discovery": "only_scan",
        "consumer.auto.offset.reset": "earliest",
        "consumer.max.poll.records": 10_000,
    }


def _connector(stand: Stand, name: str, control: str) -> dict[str, object]:
    catalog = stand.settings.catalog
    assert isinstance(catalog, SqliteCatalog)
    of_catalog = {key: value for key, value in catalog.flink().items() if key != "type"}
    return {
        "name": name,
        "connector.class": "org.apache.iceberg.connect.IcebergSinkConnector",
        "tasks.max": SLOTS,
        "topics": stand.topic,
        "errors.tolerance": "all",
        "iceberg.tables": READINGS,
        "iceberg.catalog": catalog.name,
        **{f"iceberg.catalog.{key}": value for key, value in of_catalog.items()},
        "iceberg.control.topic": control,
        "iceberg.control.commit.interval-ms": COMMIT_MS,
        "iceberg.hadoop.fs.defaultFS": "file:///",
        "transforms": "position,index,quality",
        "transforms.position.type": "org.apache.kafka.connect.transforms.InsertField$Value",
        "transforms.position.topic.field": "src_topic",
        "transforms.position.partition.field": "src_partition",
        "transforms.position.offset.field": "src_offset",
        "transforms.index.type": "org.apache.kafka.connect.transforms.InsertField$Value",
        "transforms.index.static.field": "src_index",
        "transforms.index.static.value": "0",
        "transforms.quality.type": "org.apache.kafka.connect.transforms.ReplaceField$Value",
        "transforms.quality.renames": "q:quality",
    }


def _write(path: Path, options: Mapping[str, object]) -> None:
    path.write_text(
        "".join(f"{key}={str(value).lower() if value is False else value}\n" for key, value in options.items())
    )
