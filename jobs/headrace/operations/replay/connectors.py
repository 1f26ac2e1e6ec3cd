"""The connectors of a replay: a span of live topics as sources, and branches or other tables as sinks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.compose.connectors import LiveConnectors, Options
from headrace.operations.replay.targets import Targets
from headrace.planner.in_process.file_connectors import file_table
from headrace.project.job import Job, Mode
from headrace.project.table import Table
from headrace.project.topic import Topic
from headrace_udfs.contract import Contract


@dataclass(frozen=True)
class ReplayConnectors(LiveConnectors):
    """Reads live topics from the offsets `starts`, by source and partition, and writes instead of `written` tables.

    Their rows go to the `targets`. Topics that the job writes get nothing.
    """

    targets: Targets = field(default_factory=lambda: Targets(""))
    starts: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    written: Mapping[str, Table] = field(default_factory=dict)

    def catalog(self) -> list[str]:
        """Return the catalog's statements, and for each table that is written a temporary one over its target."""
        # A temporary table hides the Iceberg table with its name, so the job cannot reach the real one.
        name = self.settings.catalog.name
        hidden = [file_table(name, each, described, self._target(each)) for each, described in self.written.items()]
        return [*super().catalog(), *hidden]

    def reading(self, job: Job, source: str, contract: Contract, *, packed: bool) -> Options:
        """Return the options of a source: its topic from the start offsets, in a consumer group of the replay's own."""
        options = {**super().reading(job, source, contract, packed=packed)}
        options["properties.group.id"] += f".{self.targets.branch}"
        starts = ";".join(f"partition:{p},offset:{at}" for p, at in sorted(self.starts[source].items()))
        return {**options, "scan.startup.mode": "specific-offsets", "scan.startup.specific-offsets": starts}

    def writing(self, job: Job, topic: Topic, mode: Mode) -> Options:  # noqa: ARG002 - the signature of Connectors
        """Return the options of a sink that drops what it gets: consumers would take it for news."""
        return {"connector": "blackhole"}

    def _target(self, table: str) -> Options:
        catalog, other = self.settings.catalog, self.targets.others.get(table)
        namespace, _, name = (other or table).partition(".")
        properties = {key: value for key, value in catalog.flink().items() if key != "type"}
        return {
            **properties,
            "connector": "iceberg",
            "catalog-name": catalog.name,
            "catalog-database": namespace,
            "catalog-table": name,
            # Flink would make a table that is not there, without its partitions: it has to be there.
            **({} if other else {"branch": self.targets.branch}),
        }
