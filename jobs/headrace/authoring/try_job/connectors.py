"""The ends of a trial: live topics and tables to read, and files on this machine in place of all that is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from headrace.compose.connectors import LiveConnectors, Options
from headrace.planner.in_process.file_connectors import changelog_options, file_table
from headrace.project.job import Job, Mode
from headrace.project.table import Table
from headrace.project.topic_files import Topic
from headrace_udfs.contract import Contract

ROLL = "1 s"


@dataclass(frozen=True)
class TrialConnectors(LiveConnectors):
    """Reads from `since` (None: from what comes next) to `bounded`; writes `written`, and topics, to `folder`."""

    folder: Path = field(default_factory=Path)
    written: Mapping[str, Table] = field(default_factory=dict)
    since: datetime | None = None

    def catalog(self) -> list[str]:
        # A temporary table hides the Iceberg table of its name: there is no way from here to the real one.
        name = self.settings.catalog.name
        stood_in = [file_table(name, table, described, self._files(table)) for table, described in self.written.items()]
        return [*super().catalog(), *stood_in]

    def reading(self, job: Job, source: str, contract: Contract) -> Options:
        options = {**super().reading(job, source, contract)}
        options["properties.group.id"] += ".trial"
        if self.since is None:
            return {**options, "scan.startup.mode": "latest-offset"}
        millis = str(int(self.since.timestamp() * 1000))
        return {**options, "scan.startup.mode": "timestamp", "scan.startup.timestamp-millis": millis}

    def writing(self, job: Job, topic: Topic, mode: Mode) -> Options:  # noqa: ARG002 - all that Live needs
        return self._files(topic.topic)

    def output(self, sink: str) -> Path:
        """Where a table, or a topic by the broker's name, is written."""
        return self.folder / f"out.{sink}"

    def _files(self, sink: str) -> Options:
        rolling = {f"sink.rolling-policy.{each}": ROLL for each in ("rollover-interval", "check-interval")}
        return {**changelog_options(self.output(sink)), **rolling}
