"""Typed columns as a fast decoder has them to those that every format returns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from headrace_udfs import times
from headrace_udfs.arrays import Positions
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Fault
from headrace_udfs.formats.base import Decoded
from headrace_udfs.formats.rows.instants import Instants
from headrace_udfs.types import TS


class Finish:
    """Makes timestamps of the texts and numbers of one contract's columns."""

    def __init__(self, contract: Contract) -> None:
        """Take the contract's time and its fields of type timestamp."""
        self._instants = Instants(contract.time, "", False)
        self._timestamps = [name for name, field in contract.fields.items() if field.type == "timestamp"]

    def decoded(self, columns: Mapping[str, pa.Array]) -> Decoded:
        """Return the columns with timestamps, and the faults of those that are none."""
        finished, faults = dict(columns), dict[int, Fault]()
        for name in self._timestamps:
            if name in columns:
                finished[name], found = times.from_iso8601(columns[name])
                for i, fault in found.items():
                    faults.setdefault(i, Fault(fault.code, f"{name}: {fault.message}"))
        if TS in columns:
            finished[TS], found = self._instants.timestamps(columns[TS])
            for i, fault in found.items():
                faults.setdefault(i, fault)
        return Decoded(finished, faults)


def joined(one: Decoded, where: Positions, other: Decoded, elsewhere: Positions) -> Decoded:
    """Return the rows of both, those of the first at the positions `where` and the others `elsewhere`."""
    order = np.argsort(np.concatenate([where, elsewhere]), kind="stable")
    columns = {
        name: pa.concat_arrays([array, other.columns[name]]).take(pa.array(order))
        for name, array in one.columns.items()
    }
    faults = {int(where[i]): fault for i, fault in one.faults.items()}
    faults |= {int(elsewhere[i]): fault for i, fault in other.faults.items()}
    return Decoded(columns, faults)
