"""The historian as it stands now, the same one for as long as nobody has written."""

from __future__ import annotations

from threading import Lock

from pyiceberg.catalog import Catalog

from headrace import catalog as catalogs
from headrace import tags
from headrace.historian import Historian
from headrace.historian.historian import READINGS
from headrace.settings import Settings


class Standing:
    """Shared by the threads of a server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._catalog: Catalog | None = None
        self._stamp: tuple[str, ...] = ()
        self._historian: Historian | None = None

    def historian(self) -> Historian:
        """A historian that knows of all commits until now; NaN counts as bad. Raises PlatformError."""
        with self._lock:
            self._catalog = self._catalog or catalogs.connect(self._settings)
            stamp = tuple(catalogs.load_table(self._catalog, name).metadata_location for name in (READINGS, tags.TAGS))
            if self._historian is None or stamp != self._stamp:
                self._historian = Historian.open(self._settings, nonfinite="bad")
                self._stamp = stamp
            return self._historian
