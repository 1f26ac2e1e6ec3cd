"""The scores and events of one environment, each opened when it is first asked for."""

from __future__ import annotations

from threading import Lock
from typing import TypeVar

from pyiceberg.catalog import Catalog

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.historian.anomalies import event_reader
from headrace.historian.anomalies.event_reader import EventReader
from headrace.historian.anomalies.score_reader import ScoreReader
from headrace.historian.read.files import Manifests
from headrace.historian.read.footers import Footers
from headrace.project.system_tables import ANOMALY_EVENTS, ANOMALY_NOTES, SCORES

T = TypeVar("T")


class Anomalies:
    """Readers of the scores and the events, pinned to the snapshots at their first use. Threads can share them.

    A reader is None if its tables do not exist: no model scores anything in this environment yet.
    """

    def __init__(self, settings: Settings, catalog: Catalog, before: Anomalies | None = None) -> None:
        self._settings, self._catalog = settings, catalog
        self._manifests: Manifests = before._manifests if before else Manifests()
        self._footers: Footers = before._footers if before else Footers()
        self._scores: list[ScoreReader | None] = []
        self._events: list[EventReader | None] = []
        self._lock = Lock()

    @property
    def scores(self) -> ScoreReader | None:
        """The reader of condition.scores. Raises PlatformError if the table cannot be read."""
        with self._lock:
            if not self._scores:
                table = iceberg.find_table(self._catalog, SCORES)
                self._scores.append(ScoreReader.of(table, self._manifests, self._footers) if table else None)
            return self._scores[0]

    @property
    def events(self) -> EventReader | None:
        """The reader of condition.anomaly_events and condition.anomaly_notes. Raises PlatformError."""
        with self._lock:
            if not self._events:
                version = event_reader.current_version(self._catalog)
                self._events.append(EventReader.open(self._settings, version) if version else None)
            return self._events[0]

    def required_scores(self) -> ScoreReader:
        """Return `scores`. Raises PlatformError if the table does not exist."""
        return _required(self.scores, SCORES)

    def required_events(self) -> EventReader:
        """Return `events`. Raises PlatformError if a table does not exist."""
        return _required(self.events, f"{ANOMALY_EVENTS}, or no table {ANOMALY_NOTES}")

    def refreshed(self) -> Anomalies:
        """Return readers of the current snapshots, or this object if nothing that it has opened has changed.

        Raises PlatformError.
        """
        fresh = Anomalies(self._settings, self._catalog, self)
        for reader in self._scores:
            table = iceberg.find_table(self._catalog, SCORES)
            if (table and table.metadata_location) == (reader and reader.table.metadata_location):
                fresh._scores.append(reader)
        for events in self._events:
            if event_reader.current_version(self._catalog) == (events and events.version):
                fresh._events.append(events)
        same = (len(fresh._scores), len(fresh._events)) == (len(self._scores), len(self._events))
        return self if same else fresh


def _required(reader: T | None, name: str) -> T:
    if reader is None:
        raise PlatformError(f"there is no table {name}", fix="create it: `headrace tables apply`")
    return reader
