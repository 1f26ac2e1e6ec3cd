"""The historian as it stands now, the same one for as long as nobody has written."""

from __future__ import annotations

from threading import Lock

from headrace.environment.settings import Settings
from headrace.historian import Historian


class Standing:
    """Shared by the threads of a server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._historian: Historian | None = None

    def historian(self) -> Historian:
        """A historian that knows of all commits until now; NaN counts as bad. Raises PlatformError."""
        with self._lock:
            known = self._historian
            self._historian = known.renewed() if known else Historian.open(self._settings, nonfinite="bad")
            return self._historian
