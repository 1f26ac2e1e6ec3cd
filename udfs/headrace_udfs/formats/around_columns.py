"""The columns of a contract that read nothing of the message's value, in every format."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import Positions
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Fault
from headrace_udfs.formats.rows.around import Around
from headrace_udfs.formats.rows.extract import Extractor, payload_columns
from headrace_udfs.formats.rows.walk import Level, Rows
from headrace_udfs.messages import Messages


class AroundColumns:
    """Reads what stands around messages: once per message, however many rows it has."""

    def __init__(self, contract: Contract) -> None:
        """Take the columns that read only keys, headers, topics, timestamps and constants."""
        names = contract.sources.keys() - set(payload_columns(contract))
        self._extractor = Extractor(contract, names, overflows=True) if names else None

    def read(self, messages: Messages, message: Positions | None, faults: dict[int, Fault]) -> dict[str, pa.Array]:
        """Return the columns for each row, and add the faults of rows that have none yet.

        message: the position of the message of each row; None if there is one row per message.
        """
        if self._extractor is None:
            return {}
        each = np.arange(len(messages))
        level = Level([None] * len(messages), [], each.tolist())
        decoded = self._extractor.read(Rows([level], each, each, {}), Around(messages))
        if message is None:
            for i, fault in decoded.faults.items():
                faults.setdefault(i, fault)
            return dict(decoded.columns)
        for row in np.flatnonzero(np.isin(message, list(decoded.faults))).tolist():
            faults.setdefault(row, decoded.faults[int(message[row])])
        return {name: array.take(pa.array(message)) for name, array in decoded.columns.items()}
