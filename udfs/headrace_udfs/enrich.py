"""Look up where in the plant a reading was taken, and in which unit, by its tag."""

from __future__ import annotations

import pyarrow as pa

from headrace_udfs.arrays import by_dictionary, encoded
from headrace_udfs.tags import TagTable


def enrich(tags: pa.Array, table: TagTable) -> tuple[pa.DictionaryArray, pa.DictionaryArray]:
    """Return the assets and units of `tags` (string, plain or dictionary-encoded), null for an unknown tag."""
    tags = encoded(tags)
    rows = table.distinct(tags)
    known = pa.array(rows, mask=rows < 0)
    return by_dictionary(table.asset.take(known), tags), by_dictionary(table.unit.take(known), tags)
