"""Write what people say of events to condition.anomaly_notes: statements are added, and none is changed."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.project.system_tables import ANOMALY_NOTES

MAX_NOTE = 2000
"""The most characters of a note."""


def write(
    settings: Settings,
    event: Mapping[str, Any],
    *,
    by: str | None = None,
    acknowledged: bool | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    """Add a statement about an event, a row of `Historian.events`, and return it as stored.

    by: who says it; default: the user of the operating system. acknowledged: whether somebody takes care of the event;
    None does not change that. note: a text that replaces the note before; "" removes it, None does not change it.
    Raises UserError for a long note and for a name that is empty, and PlatformError.
    """
    name = (getpass.getuser() if by is None else by).strip()
    if not name:
        raise UserError("the name of who writes this is empty", "--by", "give a name")
    if note is not None and len(note) > MAX_NOTE:
        raise UserError(f"a note of {len(note):,} characters is longer than {MAX_NOTE:,}", fix="shorten it")
    row = {
        "tag": event["tag"],
        "started_at": event["started_at"],
        "model": event["model"],
        "noted_at": datetime.now(UTC),
        "noted_by": name,
        "acknowledged": acknowledged,
        "note": None if note is None else note.strip(),
    }
    catalog = iceberg.connect(settings)

    def attempt() -> None:
        table = iceberg.load_table(catalog, ANOMALY_NOTES)
        table.append(pa.Table.from_pylist([row], schema_to_pyarrow(table.schema(), include_field_ids=False)))

    iceberg.commit(ANOMALY_NOTES, attempt)
    return row
