"""Which snapshots of a table are kept, and the tag that names one snapshot of each day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot

from headrace.upkeep.maintain.flink import line

RECENT = timedelta(hours=3)
"""Every snapshot is kept this long if the table does not set `history.expire.max-snapshot-age-ms`: each query finishes
in the snapshot that it began in. Every commit writes all of them again, 1 kB each."""
LATEST = 100
"""This many of the latest snapshots are kept as long as the tagged ones, so that a quiet table has its history too."""
DAYS = timedelta(days=7)
"""How long the last snapshot of a day is kept, under a tag."""
_AGE, _LEAST = "history.expire.max-snapshot-age-ms", "history.expire.min-snapshots-to-keep"
_TAG = re.compile(r"headrace-(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True)
class Needed:
    """What readers of a table still need: each snapshot after `since` and the one before it, and the `marked` ones.

    A marked snapshot is where a refresh has stopped reading. It stays for DAYS; what came since is then compared with
    it, and all of the table need not be read again.
    """

    since: datetime | None = None
    marked: frozenset[int] = frozenset()


NOTHING = Needed()


def kept(metadata: TableMetadata, now: datetime, needed: Needed = NOTHING) -> set[int]:
    """Return the ids of the snapshots that stay. Those that a tag or a branch's head names stay as well.

    A table that sets `history.expire.max-snapshot-age-ms` keeps its snapshots for that time, and besides only those
    that are needed.
    """
    age, own = max_age(metadata)
    least = int(metadata.properties.get(_LEAST, 1))
    young = _ms(now - age)
    ids = {each.snapshot_id for each in metadata.snapshots if each.timestamp_ms >= young}
    for name, ref in metadata.refs.items():
        if ref.snapshot_ref_type == SnapshotRefType.BRANCH:
            ids.update(each.snapshot_id for each in line(metadata, ref.snapshot_id)[:least])
        elif not _over(name, now):
            ids.add(ref.snapshot_id)
    main = line(metadata, metadata.current_snapshot_id)
    if not own:
        ids.update(each.snapshot_id for each in main[:LATEST] if each.timestamp_ms >= _ms(now - DAYS))
        ids.update(new_tags(metadata, now).values())
    if needed.since is not None:
        ids.update(_after(main, needed.since))
    week = _ms(now - DAYS)
    ids.update(e.snapshot_id for e in metadata.snapshots if e.snapshot_id in needed.marked and e.timestamp_ms >= week)
    return ids


def max_age(metadata: TableMetadata) -> tuple[timedelta, bool]:
    """Return how long each snapshot of the table is kept, and whether the table sets that itself."""
    own = metadata.properties.get(_AGE)
    return (RECENT, False) if own is None else (timedelta(milliseconds=int(own)), True)


def new_tags(metadata: TableMetadata, now: datetime) -> dict[str, int]:
    """Return the tags that days of the last DAYS lack, with the last snapshot of each. Today is not over yet.

    None for a table that sets itself how long its snapshots are kept.
    """
    if max_age(metadata)[1]:
        return {}
    last: dict[str, int] = {}
    for each in line(metadata, metadata.current_snapshot_id):
        day = datetime.fromtimestamp(each.timestamp_ms / 1000, UTC).date()
        if now.astimezone(UTC).date() - DAYS <= day < now.astimezone(UTC).date():
            last.setdefault(tag_of(day), each.snapshot_id)
    return {name: snapshot for name, snapshot in last.items() if name not in metadata.refs}


def old_tags(metadata: TableMetadata, now: datetime) -> list[str]:
    """Return the tags of days that are longer ago than DAYS."""
    return [name for name in metadata.refs if _over(name, now)]


def tag_of(day: date) -> str:
    """Return the tag of the last snapshot of a day in UTC."""
    return f"headrace-{day.isoformat()}"


def _over(name: str, now: datetime) -> bool:
    match = _TAG.fullmatch(name)
    return match is not None and date.fromisoformat(match[1]) < (now - DAYS).astimezone(UTC).date()


def _after(main: list[Snapshot], since: datetime) -> Iterator[int]:
    for each in main:
        yield each.snapshot_id
        if each.timestamp_ms < _ms(since):
            return


def _ms(time: datetime) -> float:
    return time.timestamp() * 1000
