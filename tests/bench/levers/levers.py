"""The levers: each changes one setting of a run, of the line and, where it has the same one, of Flink's JSON format."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import yaml

from bench.stand import Stand
from headrace.compose import connectors
from headrace.environment.apply import table_changes
from headrace.planner import release, session

Pulled = Callable[[Stand], AbstractContextManager[None]]


@contextmanager
def _flink(options: Mapping[str, str], _stand: Stand) -> Iterator[None]:
    known = session.job_options
    with mock.patch.object(session, "job_options", lambda job: {**known(job), **options}):
        yield


@contextmanager
def _kafka(options: Mapping[str, str], _stand: Stand) -> Iterator[None]:
    known = connectors._packing
    given = {f"properties.{key}": value for key, value in options.items()}
    with mock.patch.object(connectors, "_packing", lambda contract: {**known(contract), **given}):
        yield


@contextmanager
def _table(properties: Mapping[str, str], stand: Stand) -> Iterator[None]:
    path = stand.project.sql / "_tables" / "_defaults.yaml"
    defaults = yaml.safe_load(path.read_text(encoding="utf-8"))
    defaults["properties"] |= properties
    path.write_text(yaml.safe_dump(defaults, sort_keys=False), encoding="utf-8")
    table_changes.apply(stand.project, stand.settings)
    yield


@contextmanager
def _rows_of_a_batch(rows: int, stand: Stand) -> Iterator[None]:
    """Ship the workers a copy of their package in which an Arrow batch of a stream has so many rows."""
    own, package = release.functions_package(), stand.project.root / "udfs" / "headrace_udfs"
    shutil.copytree(own, package, ignore=shutil.ignore_patterns("__pycache__"))
    module = Path(package) / "arrow_streams.py"
    text = module.read_text(encoding="utf-8")
    changed = text.replace("\n_BATCH = 4096\n", f"\n_BATCH = {rows}\n")
    if changed == text:
        raise ValueError("arrow_streams.py has no _BATCH of 4096 rows")
    module.write_text(changed, encoding="utf-8")
    with mock.patch.object(release, "functions_package", return_value=package):
        yield


@contextmanager
def _nothing(_stand: Stand) -> Iterator[None]:
    yield


BASE = "as shipped"

LEVERS: Mapping[str, Pulled] = {
    BASE: _nothing,
    "bundle 5,000 rows": partial(_flink, {"python.fn-execution.bundle.size": "5000"}),
    "bundle 2 packs": partial(_flink, {"python.fn-execution.bundle.size": "2"}),
    "bundle 100 ms": partial(_flink, {"python.fn-execution.bundle.time": "100"}),
    "Arrow batch 1 pack": partial(_flink, {"python.fn-execution.arrow.batch.size": "1"}),
    "buffer timeout 0": partial(_flink, {"execution.buffer-timeout.interval": "0 ms"}),
    "buffer timeout 1 s": partial(_flink, {"execution.buffer-timeout.interval": "1 s"}),
    "methods of 4,000 characters": partial(_flink, {"table.generated-code.max-length": "4000"}),
    "methods of 64,000 characters": partial(_flink, {"table.generated-code.max-length": "64000"}),
    "poll 2,000 records": partial(_kafka, {"max.poll.records": "2000"}),
    "poll 50,000 records": partial(_kafka, {"max.poll.records": "50000"}),
    "partition fetch 4 MiB": partial(_kafka, {"max.partition.fetch.bytes": str(4 * 2**20)}),
    "fetch at least 256 KiB": partial(_kafka, {"fetch.min.bytes": str(2**18)}),
    "socket buffer 1 MiB": partial(_kafka, {"receive.buffer.bytes": str(2**20)}),
    "no check of checksums": partial(_kafka, {"check.crcs": "false"}),
    "1,024 rows a batch": partial(_rows_of_a_batch, 1024),
    "16,384 rows a batch": partial(_rows_of_a_batch, 16384),
    "pages of version 2": partial(_table, {"write.parquet.page-version": "v2"}),
    "dictionary 128 KiB": partial(_table, {"write.parquet.dict-size-bytes": str(2**17)}),
    "dictionary 8 MiB": partial(_table, {"write.parquet.dict-size-bytes": str(2**23)}),
    "pages of 4 MiB": partial(_table, {"write.parquet.page-size-bytes": str(2**22)}),
    "zstd level 1": partial(_table, {"write.parquet.compression-level": "1"}),
    "zstd level 6": partial(_table, {"write.parquet.compression-level": "6"}),
    "lz4": partial(_table, {"write.parquet.compression-codec": "lz4_raw"}),
    "row groups measured as Iceberg does": partial(
        _table,
        {
            "write.parquet.row-group-check-min-record-count": "100",
            "write.parquet.row-group-check-max-record-count": "10000",
        },
    ),
    "row groups of 128 MiB": partial(_table, {"write.parquet.row-group-size-bytes": str(2**27)}),
}
"""Each lever by its name. Those of Kafka's consumer and of streams are the line's alone."""

PLATFORMS: Mapping[str, Mapping[str, str]] = {
    "parallel collector": {"env.java.opts.taskmanager": "-XX:+UseParallelGC"},
    "G1 with regions of 16 MiB": {"env.java.opts.taskmanager": "-XX:G1HeapRegionSize=16m"},
}
"""Levers of the TaskManager: options of a platform of its own."""

SHARED = frozenset(name for name, pull in LEVERS.items() if getattr(pull, "func", None) in (_flink, _table))
"""The levers that Flink's JSON format has as well."""
