"""Where in the plant a reading was taken, and in which unit, by its tag."""

from __future__ import annotations

import pyarrow as pa

from headrace_udfs.tags import Positions, TagTable


def enrich(rows: Positions, table: TagTable) -> tuple[pa.StringArray, pa.StringArray]:
    """Asset and unit of readings whose tags stand at `rows` of the table; null for -1, a tag that is not known."""
    known = pa.array(rows, mask=rows < 0)
    return table.asset.take(known), table.unit.take(known)
