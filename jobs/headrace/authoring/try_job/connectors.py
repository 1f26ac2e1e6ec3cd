"""The connectors of a trial: live topics and tables as sources, files on this machine as sinks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from headrace.compose.connectors import LiveConnectors, Options
from headrace.planner.in_process.file_connectors import changelog_options, file_table, folder_of_topic
from headrace.project.job import Job, Mode
from headrace.project.table import Table
from headrace.project.topic import Topic
from headrace_udfs.contract import Contract

ROLL = "1 s"


@dataclass(frozen=True)
class TrialConnectors(LiveConnectors):
    """Reads live topics from `since`, or from the latest offset if it is None.

    Topics, and the tables in `written`, are written as files in `folder`.
    """

    folder: Path = field(default_factory=Path)
    written: Mapping[str, Table] = field(default_factory=dict)
    since: datetime | None = None

    def catalog(self) -> list[str]:
        """Return the catalog's statements, and a temporary table over files for each table that the job writes."""
        # A temporary table hides the Iceberg table with its name, so the job cannot reach the real one.
        name = self.settings.catalog.name
        file_tables = [
            file_table(name, table, described, self._files(table)) for table, described in self.written.items()
        ]
        return [*super().catalog(), *file_tables]

    def reading(self, job: Job, source: str, contract: Contract, *, packed: bool) -> Options:
        """Return the options of a source: its topic from `since`, in a consumer group of the trial's own."""
        options = {**super().reading(job, source, contract, packed=packed)}
        options["properties.group.id"] += ".trial"
        if self.since is None:
            return {**options, "scan.startup.mode": "latest-offset"}
        millis = str(int(self.since.timestamp() * 1000))
        return {**options, "scan.startup.mode": "timestamp", "scan.startup.timestamp-millis": millis}

    def writing(self, job: Job, topic: Topic, mode: Mode) -> Options:  # noqa: ARG002 - the signature of Connectors
        """Return the options of a sink: files instead of the topic."""
        return self._files(folder_of_topic(topic))

    def output(self, sink: str) -> Path:
        """Return the folder to which a table, or what `folder_of_topic` returns, is written."""
        return self.folder / f"out.{sink}"

    def _files(self, sink: str) -> Options:
        rolling = {f"sink.rolling-policy.{each}": ROLL for each in ("rollover-interval", "check-interval")}
        return {**changelog_options(self.output(sink)), **rolling}
