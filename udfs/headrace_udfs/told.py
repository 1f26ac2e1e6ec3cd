"""Rows that are no readings, but say what ids stand for: put after the readings of their messages, as markers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import Positions
from headrace_udfs.faults import Code, Fault
from headrace_udfs.formats.base import Decoded
from headrace_udfs.types import ARROW, ContractType

_DEFINITION = Fault(Code.DEFINITION, "says what an id stands for")


def merged(readings: Decoded, told: Decoded, columns: Mapping[str, ContractType]) -> Decoded:
    """Return the rows of both, those of a message together, as rows of `columns`.

    A row that says what an id stands for has the fault DEFINITION. That a message has no rows is a fault only if
    neither has any.
    """
    owner, kept = _owners(readings), _kept(told)
    tells = {int(each) for each in _owners(told)[kept]}
    without = [i for i, fault in readings.faults.items() if fault.code == Code.NO_READINGS and int(owner[i]) in tells]
    own = np.delete(np.arange(len(owner)), without)
    order = np.argsort(np.concatenate([owner[own], _owners(told)[kept]]), kind="stable")
    taken = pa.array(order)
    found = {
        name: pa.concat_arrays([readings.columns[name].take(pa.array(own)), _column(told, name, kind, kept)]).take(
            taken
        )
        for name, kind in columns.items()
    }
    every = {i: readings.faults.get(int(row)) for i, row in enumerate(own)}
    every |= {len(own) + i: told.faults.get(int(row), _DEFINITION) for i, row in enumerate(kept)}
    faults = {place: fault for place, i in enumerate(order.tolist()) if (fault := every[i])}
    return Decoded(found, faults, np.concatenate([owner[own], _owners(told)[kept]])[order])


def _owners(decoded: Decoded) -> Positions:
    rows = len(next(iter(decoded.columns.values())))
    return np.arange(rows) if decoded.message is None else decoded.message


def _kept(told: Decoded) -> Positions:
    """Return the rows that are there: a message that cannot be read, or has none, is for its readings to say."""
    owner = _owners(told)
    alone = np.bincount(owner)[owner] == 1 if len(owner) else np.zeros(0, bool)
    left = [i for i, fault in told.faults.items() if alone[i] and fault.code not in _OF_A_ROW]
    return np.delete(np.arange(len(owner)), left)


_OF_A_ROW = (Code.MISSING_FIELD, Code.NULL_FIELD, Code.WRONG_TYPE)
"""Codes of a row that is there, and does not say what it should."""


def _column(told: Decoded, name: str, kind: ContractType, kept: Positions) -> pa.Array:
    if name in told.columns:
        return told.columns[name].take(pa.array(kept))
    return pa.nulls(len(kept), ARROW[kind])
