"""Connectors of a job under test: each topic and table is a folder of JSON lines; other statements are unchanged."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from headrace.compose import render
from headrace.compose.connectors import Options, Spread
from headrace.compose.flink_types import flink_type
from headrace.environment.settings import Settings
from headrace.planner.in_process import encoded
from headrace.planner.in_process.case import Case
from headrace.planner.in_process.values import read_table
from headrace.project import message_file
from headrace.project.job import Job, Mode
from headrace.project.message_file import FileMessage
from headrace.project.message_topics import topic_of
from headrace.project.table import Table
from headrace.project.topic import Topic
from headrace_udfs import packs
from headrace_udfs.around import carried
from headrace_udfs.contract import Contract
from headrace_udfs.key_ring import KeyRing
from headrace_udfs.messages import Messages
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import GivenSchemas

_TIMES = "timestamp-format.standard"


class _CaseKeys(Mapping[str, Mapping[int, str]]):
    """A key of each name, which anybody may know: its version is 1."""

    def __getitem__(self, name: str) -> Mapping[int, str]:
        return {1: f"the key '{name}' of cases, which is not a secret"}

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def case_keys() -> KeyRing:
    """Return the keys that every case has."""
    return KeyRing(_CaseKeys())


@dataclass(frozen=True)
class FileConnectors:
    """Connectors of one test case, below `folder`. `tables` are all Iceberg tables that the job's statements name."""

    case: Case
    folder: Path
    settings: Settings
    tables: Mapping[str, Table]
    metadata: ClassVar[bool] = False
    follow: ClassVar[Options] = {}

    @property
    def now(self) -> float | None:
        """The case's clock in seconds since 1970, if it has one."""
        return self.case.settings.clock.timestamp() if self.case.settings.clock else None

    def catalog(self) -> list[str]:
        """Return the statements that create an in-memory catalog with a table of files for each Iceberg table."""
        name = self.settings.catalog.name
        spaces = dict.fromkeys(table.partition(".")[0] for table in self.tables)
        statements = [render.engine("cases_catalog", name=name)]
        statements += [render.engine("cases_database", name=f"{name}.{space}") for space in spaces]
        return statements + [
            file_table(name, table, described, self._input(table) if table in self.case.tables else self._output(table))
            for table, described in self.tables.items()
        ]

    def reading(self, job: Job, source: str, contract: Contract, *, packed: bool) -> Options:  # noqa: ARG002 - the protocol's signature
        """Return the options of a table with the case's messages for the source, and its watermark if it has steps."""
        arrived = datetime.fromtimestamp(self.now, UTC) if self.now else datetime.now(UTC)
        file = self.case.sources.get(source)
        schema = self.case.schemas.get(source)
        steps = {step.after: step.to for step in self.case.settings.watermark.get(source, [])}
        ends: Counter[tuple[str, int]] = Counter()
        rows: list[dict[str, Any]] = []
        for each in message_file.read(file) if file else ():
            partition, topic = each.partition or 0, topic_of(each, contract, file)
            value = encoded.message(each.value, contract, schema)
            placed = replace(each, value=value, partition=partition, time=each.time or arrived, topic=topic)
            row = _row(placed, ends[topic, partition], contract, packed=packed)
            rows.append({**row, "src_watermark": _text(steps.get(each.line))})
            ends[topic, partition] += 1
        return self._given(f"source.{source}", rows)

    def stepped(self, source: str) -> bool:
        """Whether the case moves the source's watermark in steps of its own."""
        return source in self.case.settings.watermark

    def spread(self, source: str) -> Spread:  # noqa: ARG002 - the protocol's signature
        """Return one partition and one reader."""
        return Spread()

    def schemas(self, source: str) -> RegistryAddress | GivenSchemas | None:
        """Return the schema that the case holds for the source."""
        return GivenSchemas({encoded.NUMBER: each} if (each := self.case.registered.get(source)) else {})

    @property
    def keys(self) -> KeyRing:
        """Keys of cases alone, the same in each run: a case needs no secret, and its tokens are those of its files."""
        return case_keys()

    def writing(self, job: Job, topic: Topic, mode: Mode) -> Options:  # noqa: ARG002 - the protocol's signature
        """Return the options of a table of files instead of the topic."""
        return self._output(folder_of_topic(topic))

    def output(self, sink: str) -> Path:
        """Return the folder that a table, or what `folder_of_topic` returns, is written to."""
        return self.folder / f"out.{sink}"

    def _input(self, table: str) -> Options:
        rows = read_table(self.case.tables[table], self.tables[table].columns)
        return self._given(f"table.{table}", [{n: _text(v) for n, v in row.items()} for row in rows])

    def _given(self, name: str, rows: list[dict[str, Any]]) -> Options:
        path = self.folder / name
        path.mkdir()
        (path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return {"connector": "filesystem", "path": str(path), "format": "json", f"json.{_TIMES}": "ISO-8601"}

    def _output(self, sink: str) -> Options:
        return changelog_options(self.output(sink))


def _row(message: FileMessage, offset: int, contract: Contract, *, packed: bool) -> dict[str, Any]:
    """Return the row of one message, whose partition and time are known."""
    if not packed:
        return {
            "payload": _text(message.value),
            "src_topic": message.topic,
            "src_partition": message.partition,
            "src_offset": offset,
            "src_ts": _text(message.time),
        }
    parts = carried(contract)
    # Each message is a pack of its own, so that the watermark follows each.
    one = Messages(
        [message.value],
        keys=[message.key] if "key" in parts else None,
        headers=[message.headers] if "headers" in parts else None,
        topics=message.topic,
        times=np.array([int(message.time.timestamp() * 1000)] if message.time else [0]),
    )
    return {"pack": _text(packs.packed(message.partition or 0, np.array([offset]), one))}


def file_table(catalog: str, name: str, table: Table, options: Options) -> str:
    """Return the statement that creates a temporary table of files instead of an Iceberg table."""
    return render.engine(
        "files",
        name=f"{catalog}.{name}",
        columns={n: flink_type(c.type) for n, c in table.columns.items()},
        required=[n for n, c in table.columns.items() if c.required],
        key=table.key,
        options=options,
    )


def folder_of_topic(topic: Topic) -> str:
    """Return the name of the folder of a topic, which a table of the same name does not have."""
    return f"topic.{topic.topic}"


def changelog_options(path: Path) -> dict[str, str]:
    """Create the folder `path` and return the options of a table that is written as files in it.

    The format keeps retractions, which an upsert sink receives and an append sink must not.
    """
    path.mkdir()
    return {
        "connector": "filesystem",
        "path": str(path),
        "format": "debezium-json",
        f"debezium-json.{_TIMES}": "ISO-8601",
    }


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
