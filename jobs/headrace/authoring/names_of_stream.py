"""Names that come with the stream, learned from a few messages as a job would learn them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from headrace_udfs import session_rows
from headrace_udfs.contract import Contract
from headrace_udfs.dictionary import Names
from headrace_udfs.faults import Fault
from headrace_udfs.formats.base import Decoded
from headrace_udfs.masking import withheld
from headrace_udfs.messages import Messages
from headrace_udfs.pipeline import CODE
from headrace_udfs.session_rows import SessionRows
from headrace_udfs.sparkplug_sessions import Nodes, Session
from headrace_udfs.types import ARROW

_Row = dict[str, Any]


def named(contract: Contract, decoded: Decoded, messages: Messages, partitions: Sequence[int | str]) -> Decoded:
    """Return the readings with the names that the sample gives them, as a job would know them by then.

    partitions: of each message, with its topic if there are several. With sessions, the readings of tags that end
    follow the rows of the message that ends them, and so does what else there is to say of a session.
    """
    of = (np.arange(len(messages)) if decoded.message is None else decoded.message).tolist()
    names, nodes = Names(contract), Nodes()
    rows = pa.table(dict(decoded.columns)).to_pylist()
    sessions, dropped = _sessions(contract, decoded, messages, of)
    kept: list[tuple[int, _Row, Fault | None]] = []
    for i, (row, message) in enumerate(zip(rows, of, strict=True)):
        fault = decoded.faults.get(i)
        if not dropped[i]:
            kept.append((message, *_resolved(contract, names, row, partitions[message], fault)))
        if message in sessions and (i + 1 == len(rows) or of[i + 1] != message):
            for _, what in nodes.next(sessions[message], partitions[message], 0):
                tag, said = ("", what) if isinstance(what, Fault) else (what, None)
                kept.append((message, session_rows.ended_columns(contract, row, tag, sessions[message]), said))
    columns = {
        name: pa.array([row[name] for _, row, _ in kept], ARROW[kind]) for name, kind in contract.columns.items()
    }
    faults = withheld({i: fault for i, (_, _, fault) in enumerate(kept) if fault}, contract)
    return Decoded(columns, faults, np.array([message for message, _, _ in kept], np.int64))


def _resolved(
    contract: Contract, names: Names, row: _Row, partition: int | str, fault: Fault | None
) -> tuple[_Row, Fault | None]:
    if fault and row[contract.key] is None:
        return row, fault
    found = names.resolve(row, partition, refused=fault is not None)
    return (row, found) if isinstance(found, Fault) else (found, fault)


def _sessions(
    contract: Contract, decoded: Decoded, messages: Messages, of: Sequence[int]
) -> tuple[Mapping[int, Session], Sequence[bool]]:
    """Return the session of each message that has one, and which rows are no readings."""
    if not (contract.dictionary and contract.dictionary.sessions):
        return {}, [False] * len(of)
    codes = pa.array(
        [decoded.faults[i].code.value if i in decoded.faults else None for i in range(len(of))], pa.string()
    )
    columns = {**decoded.columns, CODE: codes}
    found = SessionRows(contract, messages, np.array(of, np.int64), columns)
    return dict(zip(found.message, found.sessions, strict=True)), found.dropped.tolist()
