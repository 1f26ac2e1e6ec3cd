"""Messages that a source's file of examples has, for the first test case of a job: sql/_sources/<name>.messages.jsonl.

Most contracts of JSON and Avro need none: `sample` makes messages for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from headrace.authoring.names_of_stream import named
from headrace.authoring.new.sample import Reading, can_write
from headrace.errors import Place, UserError
from headrace.project import message_file
from headrace.project.message_file import FileMessage
from headrace.project.message_topics import topic_of
from headrace.project.paths import Project
from headrace_udfs.contract import Contract, Severity
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages
from headrace_udfs.types import QUALITY, TS

_SEVERITIES: tuple[Severity, ...] = ("good", "uncertain", "bad", "bad")


@dataclass(frozen=True)
class Examples:
    """The text of a file of examples, and the readings that its messages hold."""

    text: str
    readings: list[Reading]


def path_of(project: Project, source: str) -> Path:
    """Return the file of a source's examples, which need not exist."""
    return project.sql / "_sources" / f"{source}.messages.jsonl"


def needed(contract: Contract) -> bool:
    """Return whether no message can be made up for the contract."""
    return not can_write(contract)


def of(project: Project, source: str, contract: Contract) -> Examples | None:
    """Return the examples of a source; None if messages can be made up for its contract.

    Raises UserError if they are needed and there are none, or none of their readings decodes.
    """
    if not needed(contract):
        return None
    path = path_of(project, source)
    if contract.secrets:
        what = (
            f"no message can be made up for '{source}', and it masks values: a case would be messages of the topic as "
            "they are, in the repository"
        )
        raise UserError(what, fix="write the job's files by hand, with made-up messages, from a job of this project")
    fix = (
        f"headrace source check {source} --keep puts messages of the topic in {Place.of(path)}; or write a message "
        "or two there, one per line as headrace send takes them"
    )
    if contract.registered:
        what = f"no message can be made up for '{source}', whose messages name schemas of a registry"
        raise UserError(what, fix="write the job's files by hand, from a job of this project")
    if not path.is_file():
        raise UserError(f"no message can be made up for '{source}', which says where its rows or values stand", fix=fix)
    found = _readings(contract, path)
    if not found:
        raise UserError("none of the readings in these messages decodes", Place.of(path), fix)
    return Examples(path.read_text(encoding="utf-8"), found)


def _readings(contract: Contract, path: Path) -> list[Reading]:
    sent = [*message_file.read(path)]
    now = datetime.now(UTC)
    topics = [topic_of(each, contract, path) for each in sent]
    times = np.array([round((each.time or now).timestamp() * 1000) for each in sent], np.int64)
    messages = Messages(
        [each.value for each in sent],
        [each.key for each in sent],
        [each.headers for each in sent],
        topics,
        times,
    )
    decoded = Decoder(contract).decode(messages)
    if contract.dictionary:
        decoded = named(contract, decoded, messages, [each.partition or 0 for each in sent])
    owners = np.arange(len(sent)) if decoded.message is None else decoded.message
    firsts = np.searchsorted(owners, owners)
    good = [row for row in range(len(owners)) if row not in decoded.faults]
    columns = {name: column.take(pa.array(good, pa.int64())).to_pylist() for name, column in decoded.columns.items()}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    offsets = _offsets(sent, topics)
    return [_reading(row, offsets[owners[i]], int(i - firsts[i])) for row, i in zip(rows, good, strict=True)]


def _offsets(sent: Sequence[FileMessage], topics: Sequence[str]) -> list[int]:
    """Return the offset of each message in its partition, as a case has them."""
    ends: Counter[tuple[str, int]] = Counter()
    offsets = []
    for place in zip(topics, (each.partition or 0 for each in sent), strict=True):
        offsets.append(ends[place])
        ends[place] += 1
    return offsets


def _reading(row: dict[str, object], offset: int, index: int) -> Reading:
    ts, status = row.pop(TS), row.pop(QUALITY)
    assert isinstance(ts, datetime), "a good reading has a time"  # noqa: S101 - narrows the type
    assert isinstance(status, int), "a good reading has a quality"  # noqa: S101 - narrows the type
    severity: Severity = _SEVERITIES[status >> 30]
    return Reading(row, ts.replace(tzinfo=UTC), severity, position=(offset, index), status=status)
