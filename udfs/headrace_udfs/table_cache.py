"""A copy of a small Iceberg table in a worker's memory, read again whenever the table has changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyarrow as pa
from pyiceberg.catalog import Catalog, load_catalog
from tenacity import RetryError, Retrying, stop_after_attempt, wait_exponential

from headrace_udfs.references import resolve
from headrace_udfs.step_protocol import CatalogAddress

REFRESH_S = 5.0
"""Seconds between two checks for a new snapshot."""

FIRST_LOOK_WAIT_S = 0.5
"""Seconds before the second attempt of the first read; the wait doubles with each further attempt."""

_SQLITE = "sqlite:///"

_log = logging.getLogger(__name__)

T = TypeVar("T", bound=Sized)


@dataclass(frozen=True)
class Kept(Generic[T]):
    """Which table is kept, and as what. columns: those that are read. of: what becomes of its rows."""

    table: str
    columns: tuple[str, ...]
    of: Callable[[pa.Table], T]
    empty: T


class TableCache(Generic[T]):
    """A table of one catalog, kept current by a thread that checks for a new snapshot every `refresh_s` seconds.

    `rows` are replaced as a whole when there is a new snapshot. If a check fails, the failure is logged and they stay
    as they are. Raises RuntimeError if the first read fails four times.
    """

    def __init__(self, address: CatalogAddress, kept: Kept[T], refresh_s: float = REFRESH_S) -> None:
        self._kept, self._refresh_s = kept, refresh_s
        self._snapshot: int | None = None
        self.rows = kept.empty
        try:
            for attempt in Retrying(stop=stop_after_attempt(4), wait=wait_exponential(FIRST_LOOK_WAIT_S)):
                with attempt:
                    self._catalog = _connect(address)
                    self.refresh()
        except RetryError as failure:
            cause = failure.last_attempt.exception()
            raise RuntimeError(f"{kept.table} of catalog '{address.name}' cannot be read: {cause}") from cause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"headrace-{kept.table}", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Check once, and read the table if it has changed. A table without a snapshot has no rows."""
        kept = self._kept
        table = self._catalog.load_table(kept.table)
        snapshot = table.current_snapshot()
        if snapshot is None:
            self._snapshot, self.rows = None, kept.empty
        elif snapshot.snapshot_id != self._snapshot:
            rows = table.scan(selected_fields=kept.columns, snapshot_id=snapshot.snapshot_id).to_arrow()
            self._snapshot, self.rows = snapshot.snapshot_id, kept.of(rows)
            _log.info("%d rows of %s, snapshot %d", len(self.rows), kept.table, snapshot.snapshot_id)

    def close(self) -> None:
        """Stop the thread that checks for new snapshots, and close the catalog."""
        self._stop.set()
        self._thread.join(timeout=10)
        self._catalog.close()

    def _keep(self) -> None:
        while not self._stop.wait(self._refresh_s):
            try:
                self.refresh()
            except Exception:
                _log.warning(
                    "%s could not be read; its %d rows stay as they are",
                    self._kept.table,
                    len(self.rows),
                    exc_info=True,
                )


def _connect(address: CatalogAddress) -> Catalog:
    """Return the catalog, which must exist: a client of a SQL catalog creates one that does not, by default."""
    properties = {key: resolve(value) for key, value in address.properties.items()}
    path = properties.get("uri", "").removeprefix(_SQLITE)
    if properties.get("uri", "").startswith(_SQLITE) and not Path(path).is_file():
        raise FileNotFoundError(f"there is no catalog: {path} does not exist")
    return load_catalog(address.name, **properties, init_catalog_tables="false")


_Key = tuple[str, tuple[tuple[str, str], ...], int, float]
_lock = threading.Lock()
_shared: dict[_Key, tuple[TableCache[Any], int]] = {}


def acquire(address: CatalogAddress, kept: Kept[T], refresh_s: float = REFRESH_S) -> TableCache[T]:
    """Return the cache of this table, which all of the process share that ask with the same `kept`, not an equal one.

    Call `release` when done with it. Raises RuntimeError if the table cannot be read.
    """
    key = _key(address, kept, refresh_s)
    with _lock:
        cache, users = _shared.get(key) or (TableCache(address, kept, refresh_s), 0)
        _shared[key] = cache, users + 1
        return cache


def release(address: CatalogAddress, kept: Kept[T], refresh_s: float = REFRESH_S) -> None:
    """End one use of the cache that `acquire` returned; the last release closes it."""
    key = _key(address, kept, refresh_s)
    with _lock:
        cache, users = _shared[key]
        if users > 1:
            _shared[key] = cache, users - 1
        else:
            del _shared[key]
            cache.close()


def _key(address: CatalogAddress, kept: Kept[T], refresh_s: float) -> _Key:
    return address.name, tuple(sorted(address.properties.items())), id(kept), refresh_s
