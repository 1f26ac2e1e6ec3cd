"""Client of an environment's Iceberg catalog, on top of pyiceberg."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pyiceberg.catalog
import pyiceberg.exceptions
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import IcebergNamespaceProperties, IcebergTables, SqlCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.expressions import BooleanExpression, EqualTo
from pyiceberg.io import FileIO, load_file_io
from pyiceberg.table import Table
from sqlalchemy import MetaData, inspect, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from headrace.environment import catalog_database, catalog_types
from headrace.environment.catalog_database import LOCK_LIMIT_S, is_locked
from headrace.environment.catalog_types import SqliteCatalog
from headrace.environment.settings import Settings, resolved
from headrace.environment.waiting import waiting_for
from headrace.errors import PlatformError

T = TypeVar("T")
_RAISED_BY = re.compile(r"^\((\w+\.)+\w+\) ")
"""SQLAlchemy names the driver's class before the driver's message."""

CHECK = "headrace catalog check shows which part of the catalog or its store does not work"
"""The fix of an error whose cause may be anywhere between this machine and the data."""

# pyiceberg's errors have no common base class.
_FAILURES: tuple[type[Exception], ...] = (
    OSError,
    SQLAlchemyError,
    *(e for e in vars(pyiceberg.exceptions).values() if isinstance(e, type) and issubclass(e, Exception)),
)


def connect(settings: Settings, *, create: bool = False) -> Catalog:
    """Return the catalog. Raises PlatformError if it cannot be opened, or does not exist.

    With `create`, a SQL catalog that does not exist is created: its SQLite file and its two tables. If every command
    did so, a mistyped address would be a second, empty catalog.
    """
    where = settings.catalog
    properties = resolved(where.pyiceberg()) | {"init_catalog_tables": str(create).lower()}
    what = f"the catalog '{where.name}' ({where.address})"
    limit_s = LOCK_LIMIT_S if isinstance(where, SqliteCatalog) else None
    with errors_reported(f"catalog '{where.name}' cannot be opened", where.address), waiting_for(what, limit_s):
        if isinstance(where, SqliteCatalog):
            catalog_database.await_release(where.path, what, to_write=create)
            if create:
                Path(where.path).parent.mkdir(parents=True, exist_ok=True)
            elif not Path(where.path).is_file():
                raise _absent("there is no catalog: the file does not exist", where)
        # If two processes create the catalog's own tables at once, one gets an error that they exist.
        retry = _retrying(OperationalError, ProgrammingError, IntegrityError, attempts=5)
        catalog = retry(pyiceberg.catalog.load_catalog, where.name, **properties)
        if isinstance(catalog, SqlCatalog):
            catalog_database.watch(catalog.engine, what, where.address)
            if not create:
                retry(_require_existing, catalog, where)
        return catalog


def _require_existing(catalog: SqlCatalog, where: catalog_types.Catalog) -> None:
    """Raise PlatformError if the database has no catalog with this name."""
    found = inspect(catalog.engine)
    if not all(found.has_table(each.__tablename__) for each in (IcebergTables, IcebergNamespaceProperties)):
        raise _absent("there is no catalog: the database has no tables of Iceberg", where)
    columns = IcebergTables.catalog_name, IcebergNamespaceProperties.catalog_name
    with catalog.engine.connect() as connection:
        names = {name for column in columns for name in connection.execute(select(column).distinct()).scalars()}
    if names and catalog.name not in names:
        raise _absent(
            f"there is no catalog '{catalog.name}' in this database: it has {', '.join(sorted(names))}", where
        )


def _absent(what: str, where: catalog_types.Catalog) -> PlatformError:
    fix = "correct catalog: in the environment's file, or create a new, empty one: headrace tables apply"
    return PlatformError(what, where.address, fix)


def load_table(catalog: Catalog, name: str) -> Table:
    """Return the table `<namespace>.<table>` as it is now. Raises PlatformError if it is missing or cannot be read."""
    if (table := find_table(catalog, name)) is None:
        raise PlatformError(f"there is no table {name}", fix="create it: `headrace tables apply`")
    return table


def find_table(catalog: Catalog, name: str) -> Table | None:
    """Return the table as `load_table` does, or None if it is missing. Raises PlatformError if it cannot be read."""
    try:
        with (
            errors_reported(f"table {name} cannot be read", passing=(NoSuchTableError,)),
            waiting_for(f"table {name} of the catalog '{catalog.name}'"),
        ):
            return catalog.load_table(name)
    except NoSuchTableError:
        return None


def table_names(catalog: Catalog) -> list[str]:
    """Return every table as `<namespace>.<table>`, sorted, without other engines' views. Raises PlatformError."""
    with errors_reported("the catalog's tables cannot be listed"):
        tables = {name for space in catalog.list_namespaces() for name in catalog.list_tables(space)}
        return sorted(".".join(name) for name in tables - _views(catalog))


def _views(catalog: Catalog) -> set[tuple[str, ...]]:
    """Return the views that pyiceberg lists as tables: those of a catalog in a database with Iceberg's layout V1."""
    if not isinstance(catalog, SqlCatalog):
        return set()
    known = SqlTable("iceberg_tables", MetaData(), autoload_with=catalog.engine).columns
    if "iceberg_type" not in known:
        return set()
    query = select(known.table_namespace, known.table_name)
    query = query.where(known.catalog_name == catalog.name, known.iceberg_type == "VIEW")
    with catalog.engine.connect() as connection:
        return {(*space.split("."), name) for space, name in connection.execute(query)}


def equals(column: str, value: str) -> BooleanExpression:
    """Return a scan's filter for the rows with this value."""
    return EqualTo(column, value)  # type: ignore[call-arg,arg-type] # pydantic hides its own __init__ from mypy


def row_count(table: Table) -> int:
    """Return the number of rows according to the table's metadata."""
    snapshot = table.current_snapshot()
    return int(snapshot.summary["total-records"] or 0) if snapshot and snapshot.summary else 0


def metadata_size(catalog: Catalog, name: str) -> int | None:
    """Return the size in bytes of the table's metadata file, or None if the table does not exist. Raises PlatformError.

    The file is not read, unless the catalog gives out no address without it: it may be large.
    """
    with errors_reported(f"metadata of table {name} cannot be looked at", passing=(NoSuchTableError,)):
        try:
            location, io = _metadata(catalog, name)
        except NoSuchTableError:
            return None
        return len(io.new_input(location))


def _metadata(catalog: Catalog, name: str) -> tuple[str, FileIO]:
    if not isinstance(catalog, SqlCatalog):
        table = catalog.load_table(name)
        return table.metadata_location, table.io
    namespace, _, table_name = name.rpartition(".")
    query = select(IcebergTables.metadata_location).where(
        IcebergTables.catalog_name == catalog.name,
        IcebergTables.table_namespace == namespace,
        IcebergTables.table_name == table_name,
    )
    with catalog.engine.connect() as connection:
        location = connection.execute(query).scalar()
    if location is None:
        raise NoSuchTableError(name)
    return location, load_file_io(dict(catalog.properties), location)


@contextmanager
def errors_reported(what: str, where: str | None = None, passing: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Convert failures of the catalog, files and pyiceberg to a PlatformError that begins with `what`, with a fix.

    Exceptions of the types in `passing` are raised unchanged.
    """
    try:
        yield
    except _FAILURES as error:
        if isinstance(error, passing):
            raise
        raise PlatformError(
            f"{what}: {_reason(error)}", where or catalog_database.address_of(error), _fix(error)
        ) from None


def _reason(error: Exception) -> str:
    lines = _RAISED_BY.sub("", str(error)).splitlines()
    return lines[0] if lines else type(error).__name__


def _fix(error: Exception) -> str:
    if is_locked(error):
        return "close the program that holds the catalog's file, such as a backup or a browser of databases; try again"
    return "try it again" if isinstance(error, CommitFailedException) else CHECK


def commit(name: str, attempt: Callable[[], T]) -> T:
    """Run `attempt`, which loads table `name` and commits to it; repeat it whenever another writer was faster.

    Raises PlatformError for a failure, and if another writer was faster in all twenty attempts, some 30 s in total: a
    job that commits every second leaves little time on a busy machine.
    """
    # IntegrityError: another process has created the namespace meanwhile.
    retry = _retrying(CommitFailedException, TableAlreadyExistsError, IntegrityError, attempts=20)
    with errors_reported(f"table {name} cannot be changed"):
        return retry(attempt)


def _retrying(*errors: type[Exception], attempts: int) -> Retrying:
    wait = wait_random_exponential(multiplier=0.05, max=2)
    # A lock has been waited for already.
    retry = retry_if_exception(lambda error: isinstance(error, errors) and not is_locked(error))
    return Retrying(retry=retry, wait=wait, stop=stop_after_attempt(attempts), reraise=True)
