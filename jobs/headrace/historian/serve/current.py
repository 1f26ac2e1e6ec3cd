"""The historian of the current snapshots, which each request gets."""

from __future__ import annotations

from threading import Lock
from typing import Annotated

from fastapi import Depends, Request

from headrace.environment.settings import Settings
from headrace.historian.historian import Historian


class CurrentHistorian:
    """The historian of the current snapshots, shared by the threads of a server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._historian: Historian | None = None

    def historian(self) -> Historian:
        """Return a historian that includes all commits so far; NaN counts as bad. Raises PlatformError.

        It is the same one as long as no table has changed.
        """
        with self._lock:
            previous = self._historian
            self._historian = previous.refreshed() if previous else Historian.open(self._settings, nonfinite="bad")
            return self._historian


def _historian(request: Request) -> Historian:
    current: CurrentHistorian = request.app.state.current
    return current.historian()


Now = Annotated[Historian, Depends(_historian)]
"""What an endpoint takes to get that historian."""
