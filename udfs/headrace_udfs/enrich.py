"""Look up where in the plant a reading was taken, and in which unit, by its tag."""

from __future__ import annotations

import pyarrow as pa

from headrace_udfs.arrays import Positions
from headrace_udfs.tags import TagTable


def enrich(rows: Positions, table: TagTable) -> tuple[pa.StringArray, pa.StringArray]:
    """Return the assets and units of readings, two string arrays as long as `rows`.

    rows: the row of each reading's tag in `table`, as `TagTable.look_up` returns it; -1, an unknown tag, gives null.
    """
    known = pa.array(rows, mask=rows < 0)
    return table.asset.take(known), table.unit.take(known)
