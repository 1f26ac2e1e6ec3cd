"""DuckDB over the Iceberg tables: one view per table, read only, without access to files outside the warehouse."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import duckdb
import psutil
from duckdb import DuckDBPyConnection, StatementType
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType

from headrace.environment import iceberg, times_before_1970
from headrace.environment.s3 import S3
from headrace.environment.settings import Settings, resolved
from headrace.errors import PlatformError, UserError
from headrace.project.system_tables import ANOMALY_EVENTS, ANOMALY_NOTES, READINGS, TAGS

_EXTENSIONS = ("avro", "iceberg")  # iceberg reads its manifests with avro
_S3_EXTENSION = "httpfs"
_QUERIES = Path(__file__).parent / "queries"
# What is defined over these tables: DuckDB cannot define a macro or a view on a missing one.
_DEFINED_OVER = {"historian.sql": {READINGS, TAGS}, "anomaly_events.sql": {ANOMALY_EVENTS, ANOMALY_NOTES}}
_OUR_FAULT = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.SerializationException,
)


def open(settings: Settings, tables: Iterable[str] | None = None) -> DuckDBPyConnection:  # noqa: A001 - warehouse.open
    """Return a new connection with a view `<namespace>.<table>` for each of `tables` (default: all), times in UTC.

    A branch of a table besides main has a view of its own, `<namespace>."<table>@<branch>"`.

    If the historian's readings and tags are among them, the macros of queries/historian.sql are defined too, and with
    the events and notes of anomalies, the view condition.current_events. Each view stays at the snapshot that its table
    has now. Raises PlatformError if a table cannot be read.
    """
    catalog = iceberg.connect(settings)
    stored = {name: iceberg.load_table(catalog, name) for name in tables or iceberg.table_names(catalog)}
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    with errors_reported():
        for name in _EXTENSIONS:
            connection.load_extension(str(_extension(name)))
        if settings.catalog.s3:
            connection.load_extension(str(_extension(_S3_EXTENSION)))
            _sign_in(connection, settings.catalog.s3)
        for name, table in stored.items():
            _view(connection, name, table)
        for file, needed in _DEFINED_OVER.items():
            if stored.keys() >= needed:
                connection.execute((_QUERIES / file).read_text(encoding="utf-8"))
        _lock(connection, [table.location() for table in stored.values()])
    return connection


def ask(connection: DuckDBPyConnection, sql: str) -> DuckDBPyConnection:
    """Run a user's query and return the connection to fetch from. Raises UserError if the SQL is invalid or writes."""
    with errors_reported():
        statements = duckdb.extract_statements(sql)
        if not statements:
            raise UserError("there is no query", fix='write one: headrace query "select 1"')
        # DuckDB rewrites a PIVOT into a CREATE TYPE without text, and a SELECT.
        if any(each.type != StatementType.SELECT and each.query for each in statements):
            raise UserError("a query only reads", fix="write one that starts with select, from, with, describe or show")
        return connection.execute(sql)


def run(connection: DuckDBPyConnection, query: Path, values: Mapping[str, Any]) -> DuckDBPyConnection:
    """Run one of the engine's own query files with its `$name` parameters set from `values`."""
    with errors_reported():
        return connection.execute(query.read_text(encoding="utf-8"), dict(values))


@contextmanager
def errors_reported() -> Iterator[None]:
    """Convert DuckDB's errors: UserError for faults in the SQL, with their place; PlatformError for others."""
    try:
        yield
    except _OUR_FAULT as error:
        fix = "run it again: the files of an old snapshot may have been removed meanwhile"
        raise PlatformError(str(error), fix=fix if isinstance(error, duckdb.IOException) else None) from None
    except duckdb.Error as error:
        raise UserError(str(error)) from None
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # DuckDB raises this for ctrl-C
            raise KeyboardInterrupt from None
        raise


def _extension(name: str) -> Path:
    """Return the path of DuckDB's extension in its PyPI package: LOAD by name would download another."""
    folder = Path(importlib.import_module(f"duckdb_extension_{name}").__path__[0])
    return folder / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"


def _sign_in(connection: DuckDBPyConnection, store: S3) -> None:
    """Register the store's keys as a secret, which a query can use but not read."""
    options = {**store.model_dump(include={"access_key", "secret_key", "region"}), "endpoint": store.address}
    known = resolved(options)
    endpoint = urlsplit(known["endpoint"])
    values = {
        **known,
        "endpoint": endpoint.netloc,
        "tls": endpoint.scheme == "https",
        "url_style": "path" if store.path_style else "vhost",
    }
    connection.execute((_QUERIES / "s3_secret.sql").read_text(encoding="utf-8"), values)


def _view(connection: DuckDBPyConnection, name: str, stored: Table) -> None:
    with iceberg.errors_reported(f"table {name} cannot be read"):
        early = times_before_1970.columns(stored)
    namespace, _, table = name.rpartition(".")
    connection.execute("create schema if not exists " + _quoted(namespace))
    connection.execute("use " + _quoted(namespace))
    scan = connection.table_function("iceberg_scan", [stored.metadata_location])
    times_before_1970.read_whole(scan, early).create_view(table)
    for branch, ref in stored.metadata.refs.items():
        if ref.snapshot_ref_type == SnapshotRefType.BRANCH and branch != MAIN_BRANCH:
            connection.execute(
                f"create view {_quoted(f'{table}@{branch}')} as "
                f"from iceberg_scan({_text(stored.metadata_location)}, snapshot_from_id = {ref.snapshot_id})"
            )
    connection.execute("use main")


def _lock(connection: DuckDBPyConnection, locations: list[str]) -> None:
    connection.execute("set timezone = 'UTC'")
    # Queries that need more than a quarter of the machine's memory spill to disk: Kafka and Flink may run here too.
    connection.execute("set memory_limit = ?", [f"{psutil.virtual_memory().total // 4 // 2**20}MiB"])
    # DuckDB creates the folder when a query first spills, and removes it. Two processes must not share one.
    connection.execute("set temp_directory = ?", [str(Path(tempfile.gettempdir()) / f"headrace-{uuid4().hex}")])
    folders = {*locations, *(each.removeprefix("file://") for each in locations)}
    connection.execute("set allowed_directories = ?", [sorted(folders)])
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
