"""The database behind a SQL catalog: it waits for a locked file, and its errors say where the database is."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.exc import SQLAlchemyError

from headrace.environment.waiting import waiting_for

LOCK_LIMIT_S = 45
"""Seconds that a command waits for another program to release the file of an SQLite catalog."""
_INTERVAL_S = 0.2


class CatalogLocked(OSError):
    """Another program has locked the file of the catalog at `address` for LOCK_LIMIT_S seconds."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"another program has locked the catalog's file, for over {LOCK_LIMIT_S:g} s (database is locked)"
        )
        self.address = address


def watch(engine: Engine, what: str, address: str) -> None:
    """Have each statement wait until the database's file is not locked, and each error of the engine know `address`.

    `what` names the catalog where the wait is reported.
    """

    def wait(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        # A connection that has begun to write holds the lock itself.
        if not getattr(connection.connection.dbapi_connection, "in_transaction", False):
            await_release(address, what, to_write=not statement.lstrip().lower().startswith(("select", "pragma")))

    def add_address(context: ExceptionContext) -> None:
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.add_note(address)

    if engine.dialect.name == "sqlite":
        event.listen(engine, "before_cursor_execute", wait)
    event.listen(engine, "handle_error", add_address)


def await_release(path: str, what: str, *, to_write: bool) -> None:
    """Wait while another program keeps the SQLite file at `path` from being read, or written.

    SQLite's own wait cannot be interrupted, and says nothing. Raises CatalogLocked after LOCK_LIMIT_S.
    """
    if not _is_held(path, to_write=to_write):
        return
    with waiting_for(f"{what}, which another program has locked", LOCK_LIMIT_S):
        end = time.monotonic() + LOCK_LIMIT_S
        while _is_held(path, to_write=to_write):
            if time.monotonic() > end:
                raise CatalogLocked(path)
            time.sleep(_INTERVAL_S)


def address_of(error: Exception) -> str | None:
    """Return the address of the database that raised the error; None if it is not from a database that is watched."""
    if isinstance(error, CatalogLocked):
        return error.address
    notes: list[str] = getattr(error, "__notes__", [])
    return notes[0] if notes and isinstance(error, SQLAlchemyError) else None


def is_locked(error: Exception) -> bool:
    """Whether another program holds the file of an SQLite catalog."""
    locked = isinstance(error, SQLAlchemyError) and "database is locked" in str(error)
    return locked or isinstance(error, CatalogLocked)


def _is_held(path: str, *, to_write: bool) -> bool:
    if not Path(path).is_file():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            connection.execute("begin immediate" if to_write else "select 1 from sqlite_master limit 1").fetchall()
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.DatabaseError:
        pass
    return False
