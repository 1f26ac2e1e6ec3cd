"""Samples: messages of a topic, or of a file."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from headrace.environment.kafka_sample import Record
from headrace.errors import Place, UserError
from headrace.project import message_file


def of_file(path: Path, topic: str, limit: int) -> list[Record]:
    """Return up to `limit` messages of a file as records of `topic`, at the offsets of their lines.

    A message that does not say its time has that of now. Raises UserError for a file that cannot be read.
    """
    now = datetime.now(UTC)
    records = [
        Record(
            each.topic or topic,
            each.partition or 0,
            each.line,
            _millis(each.time or now),
            each.key,
            each.headers,
            each.value,
            f"{path.name}:{each.line}",
        )
        for each in islice(message_file.read(path), limit)
    ]
    if not records:
        raise UserError("the file has no messages", Place.of(path))
    return records


def _millis(time: datetime) -> int:
    return round(time.timestamp() * 1000)
