"""Made-up readings as a job gets them of a source that masks values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from headrace.authoring.new.sample import Reading
from headrace.errors import UserError
from headrace.planner.in_process.file_connectors import case_keys
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Fault
from headrace_udfs.masking import Masking
from headrace_udfs.types import ARROW, TS


def masked(contract: Contract, readings: Sequence[Reading], *, windowed: bool) -> list[Reading]:
    """Return the readings with the masks of the contract, by the keys of cases.

    Raises UserError if they are for windows and their times are masked: a window can then hold others.
    """
    secrets = contract.secrets
    if not secrets:
        return list(readings)
    if windowed and TS in secrets:
        fix = "write the job without --window, and its windows by hand"
        raise UserError("the times of this source are masked, so that no case of windows can be made up", fix=fix)
    columns = {
        name: pa.array([reading.fields.get(name) for reading in readings], ARROW[field.type])
        for name, field in contract.fields.items()
    }
    columns[TS] = pa.array([reading.ts.replace(tzinfo=None) for reading in readings], ARROW["timestamp"])
    hidden = Masking(contract, case_keys().open(contract.key_names)).apply(columns, _refuse_none)
    values = {name: [_in_utc(value) for value in column.to_pylist()] for name, column in hidden.items()}
    return [
        replace(reading, ts=values[TS][row], fields={name: values[name][row] for name in reading.fields})
        for row, reading in enumerate(readings)
    ]


def _refuse_none(faults: Iterator[tuple[int, Fault]]) -> None:
    """Take no faults: values are made up so that they fit their masks."""
    assert not [*faults]  # noqa: S101 - says that a kind of mask was forgotten


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
