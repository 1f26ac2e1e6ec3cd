"""historian.deployments: read the last steps of jobs, and write a step if the lock is still held."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, PlatformError
from headrace.operations.ledger.entry import Entry
from headrace.operations.ledger.last_entries import LastEntries
from headrace.operations.ledger.lock import PROPERTY, Lock
from headrace.project.system_tables import DEPLOYMENTS


class Ledger:
    """The ledger of a catalog. Reading needs no lock, writing does. Each call raises PlatformError if it fails."""

    def __init__(self, settings: Settings) -> None:
        self._catalog: Catalog = iceberg.connect(settings)

    @property
    def exists(self) -> bool:
        """Whether the table exists: a catalog to which nothing was deployed may have none."""
        try:
            with iceberg.errors_reported(f"table {DEPLOYMENTS} cannot be read", passing=(NoSuchTableError,)):
                self._catalog.load_table(DEPLOYMENTS)
        except NoSuchTableError:
            return False
        return True

    def last(self) -> dict[str, Entry]:
        """Return the last entry of each job, by its name; empty if nothing was deployed yet.

        Only the files with these entries are read, and those with entries that an older release has written since.
        """
        if not self.exists:
            return {}
        table = self._table()
        return {entry.job: entry for entry in _read(table, LastEntries.of(table).candidates)}

    def entries(self) -> list[Entry]:
        """Return all entries of all jobs, oldest first."""
        return self._entries()

    def histories(self) -> dict[str, list[Entry]]:
        """Return all entries of each job, oldest first, without their plans, which are most of the ledger."""
        if not self.exists:
            return {}
        found: dict[str, list[Entry]] = {}
        for entry in _read(self._table(), AlwaysTrue(), without=("plan",)):
            found.setdefault(entry.job, []).append(entry)
        return found

    def history(self, job: str) -> list[Entry]:
        """Return all entries of the job, oldest first."""
        return self._entries(job)

    def write(self, entry: Entry, owner: str) -> Entry:
        """Write the step and return it with its number and time.

        Raises PlatformError if `owner` no longer holds the lock: another deployer has taken over.
        """
        return iceberg.commit(DEPLOYMENTS, partial(self._append, entry, owner))

    def lock(self) -> Lock | None:
        """Return the lock; None if nobody holds it."""
        return Lock.of(self._table().properties)

    def take(self) -> str:
        """Take the lock and return its owner's name. Raises CheckFailed if another deployer holds it."""
        mine = Lock.mine()

        def attempt() -> None:
            table = self._table()
            other = Lock.of(table.properties)
            if other and not other.free:
                raise CheckFailed(f"another deployer is at work: {other}", fix="try again once it has ended")
            swap(table, mine.to_properties())

        iceberg.commit(DEPLOYMENTS, attempt)
        return mine.owner

    def renew(self, owner: str) -> None:
        """Renew the lease. Raises PlatformError if `owner` no longer holds the lock."""
        iceberg.commit(DEPLOYMENTS, lambda: swap(self._held(owner), Lock.mine(owner).to_properties()))

    def give_back(self, owner: str) -> None:
        """Release the lock, if `owner` holds it."""

        def attempt() -> None:
            table = self._table()
            if _holds(table, owner):
                swap(table, {})

        iceberg.commit(DEPLOYMENTS, attempt)

    @property
    def folder(self) -> str:
        """The address of the folder in the warehouse that contains the table's own."""
        return self._table().location().rpartition("/")[0]

    @property
    def io(self) -> FileIO:
        """Access to files of the warehouse, with the table's own credentials."""
        return self._table().io

    def _append(self, entry: Entry, owner: str) -> Entry:
        table = self._held(owner)
        written = replace(entry, entry=iceberg.row_count(table) + 1, at=datetime.now(UTC))
        schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
        last = LastEntries.of(table)
        last = last.plus([*_read(table, last.later, without=("plan",)), written])
        with table.transaction() as transaction:
            transaction.append(pa.Table.from_pylist([asdict(written)], schema=schema))
            transaction.set_properties(last.to_properties())
        return written

    def _held(self, owner: str) -> Table:
        table = self._table()
        if not _holds(table, owner):
            raise PlatformError(
                f"another deployer has taken over: {Lock.of(table.properties) or 'it has ended since'}",
                DEPLOYMENTS,
                "see headrace status, then run the command again",
            )
        return table

    def _entries(self, job: str | None = None) -> list[Entry]:
        if not self.exists:
            return []
        return _read(self._table(), iceberg.equals("job", job) if job else AlwaysTrue())

    def _table(self) -> Table:
        return iceberg.load_table(self._catalog, DEPLOYMENTS)


def _read(table: Table, wanted: BooleanExpression, without: Collection[str] = ()) -> list[Entry]:
    """Return the entries that `wanted` selects, oldest first; columns that are left out are None."""
    columns = tuple(each for each in table.schema().column_names if each not in without)
    with iceberg.errors_reported(f"table {DEPLOYMENTS} cannot be read"):
        rows = table.scan(wanted, selected_fields=columns).to_arrow().sort_by("entry").to_pylist()
    return [Entry(**row) for row in rows]


def _holds(table: Table, owner: str) -> bool:
    lock = Lock.of(table.properties)
    return lock is not None and lock.owner == owner


def swap(table: Table, properties: Mapping[str, str]) -> None:
    """Set the lock, or clear it, if nobody has committed to the table since it was loaded.

    A commit of properties alone checks nothing; an append, even of no rows, checks that its parent is still the head.
    """
    with table.transaction() as transaction:
        transaction.append(schema_to_pyarrow(table.schema(), include_field_ids=False).empty_table())
        if properties:
            transaction.set_properties(dict(properties))
        else:
            transaction.remove_properties(PROPERTY)
