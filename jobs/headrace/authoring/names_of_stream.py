"""Names that come with the stream, learned from a few messages as a job would learn them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from headrace_udfs.contract import Contract
from headrace_udfs.dictionary import Names
from headrace_udfs.faults import Fault
from headrace_udfs.formats.base import Decoded
from headrace_udfs.types import ARROW


def named(contract: Contract, decoded: Decoded, partitions: Sequence[int]) -> Decoded:
    """Return the readings with the names that the sample gives them, as a job would know them by then."""
    names, faults = Names(contract), dict(decoded.faults)
    rows = pa.table(dict(decoded.columns)).to_pylist()
    for i, row in enumerate(rows):
        if i in faults and row[contract.key] is None:
            continue
        found = names.resolve(row, partitions[i], refused=i in faults)
        if isinstance(found, Fault):
            faults[i] = found
        else:
            rows[i] = found
    columns = {name: pa.array([row[name] for row in rows], ARROW[kind]) for name, kind in contract.columns.items()}
    return Decoded(columns, faults, decoded.message)
