"""A copy of historian.tags in a worker's memory, read again whenever the table has changed."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from pyiceberg.catalog import Catalog, load_catalog
from tenacity import RetryError, Retrying, stop_after_attempt, wait_exponential

from headrace_udfs.references import resolve
from headrace_udfs.step_protocol import CatalogAddress
from headrace_udfs.tags import COLUMNS, TagTable

TABLE = "historian.tags"
REFRESH_S = 5.0
"""Seconds between two checks for a new snapshot."""

FIRST_LOOK_WAIT_S = 0.5
"""Seconds before the second attempt of the first read; the wait doubles with each further attempt."""

_SQLITE = "sqlite:///"

_log = logging.getLogger(__name__)


class TagCache:
    """The tags of one catalog, kept current by a thread that checks for a new snapshot every `refresh_s` seconds.

    `table` is replaced as a whole when there is a new snapshot. If a check fails, the failure is logged and the tags
    stay as they are. Raises RuntimeError if the first read fails four times.
    """

    def __init__(self, address: CatalogAddress, refresh_s: float = REFRESH_S) -> None:
        self._refresh_s = refresh_s
        self._snapshot: int | None = None
        self.table = TagTable.empty()
        try:
            for attempt in Retrying(stop=stop_after_attempt(4), wait=wait_exponential(FIRST_LOOK_WAIT_S)):
                with attempt:
                    self._catalog = _connect(address)
                    self.refresh()
        except RetryError as failure:
            cause = failure.last_attempt.exception()
            raise RuntimeError(f"{TABLE} of catalog '{address.name}' cannot be read: {cause}") from cause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="headrace-tags", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Check once, and read the tags if the table has changed. A table without a snapshot has no tags."""
        table = self._catalog.load_table(TABLE)
        snapshot = table.current_snapshot()
        if snapshot is None:
            self._snapshot, self.table = None, TagTable.empty()
        elif snapshot.snapshot_id != self._snapshot:
            rows = table.scan(selected_fields=COLUMNS, snapshot_id=snapshot.snapshot_id).to_arrow()
            self._snapshot, self.table = snapshot.snapshot_id, TagTable.of(rows)
            _log.info("%d tags of %s, snapshot %d", len(self.table), TABLE, snapshot.snapshot_id)

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
                    "%s could not be read; the %d tags stay as they are", TABLE, len(self.table), exc_info=True
                )


def _connect(address: CatalogAddress) -> Catalog:
    """Return the catalog, which must exist: a client of a SQL catalog creates one that does not, by default."""
    properties = {key: resolve(value) for key, value in address.properties.items()}
    path = properties.get("uri", "").removeprefix(_SQLITE)
    if properties.get("uri", "").startswith(_SQLITE) and not Path(path).is_file():
        raise FileNotFoundError(f"there is no catalog: {path} does not exist")
    return load_catalog(address.name, **properties, init_catalog_tables="false")


_Key = tuple[str, tuple[tuple[str, str], ...]]
_lock = threading.Lock()
_shared: dict[_Key, tuple[TagCache, int]] = {}


def acquire(address: CatalogAddress) -> TagCache:
    """Return the cache of this catalog, which all steps of the process share. Call `release` when done with it.

    Raises RuntimeError if the tags cannot be read.
    """
    with _lock:
        cache, users = _shared.get(_key(address)) or (TagCache(address), 0)
        _shared[_key(address)] = cache, users + 1
        return cache


def release(address: CatalogAddress) -> None:
    """End one use of the cache that `acquire` returned; the last release closes it."""
    with _lock:
        cache, users = _shared[_key(address)]
        if users > 1:
            _shared[_key(address)] = cache, users - 1
        else:
            del _shared[_key(address)]
            cache.close()


def _key(address: CatalogAddress) -> _Key:
    return address.name, tuple(sorted(address.properties.items()))
