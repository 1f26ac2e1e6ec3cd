"""Turns payloads into readings in one pass: decodes them, then runs each step.

A row that fails in decoding or in a step becomes a dead letter and affects no other row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import TEXTS, Positions, check_whole, encoded, plain, spread
from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.dictionary import as_decoded
from headrace_udfs.faults import Code, Fault, readable
from headrace_udfs.isolate import isolate
from headrace_udfs.key_ring import KeyRing
from headrace_udfs.lines import lengths
from headrace_udfs.messages import Messages
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import GivenSchemas
from headrace_udfs.sealed import Protection
from headrace_udfs.step_protocol import CatalogAddress, Columns, Step, Worker
from headrace_udfs.types import ARROW, TS, ContractType

DECODE = "decode"
"""The stage of dead letters that could not be decoded; for the others, it is the name of the step that failed."""

HIGH_WATER = "src_high_water"
"""The column with the event time that all partitions of the reader have reached."""

CODE = "err_code"
ERRORS: Mapping[str, ContractType] = {"err_stage": "string", CODE: "string", "err_msg": "string"}
"""The columns that describe why a row is not good: stage, code and message."""


PIECE = 2**21
"""Bytes of payloads that are decoded at a time, as Python objects, which take many times as much."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a batch of messages.

    batch: the pipeline's columns, then ERRORS, which are null where a row is good; in the other rows, the values of the
        columns are undefined. Texts of the key and of steps have a dictionary if there are steps.
    refused: the positions of the rows that are not good, ascending.
    message: the position of the message of each row, ascending; None if there is exactly one row per message.
    """

    batch: pa.RecordBatch
    refused: Positions
    message: Positions | None = None


class Pipeline:
    """A contract and the steps that follow its decoding.

    Only these are pickled; `open` creates everything else in the worker.
    """

    def __init__(
        self,
        contract: Contract,
        steps: Sequence[Step] = (),
        catalog: CatalogAddress | None = None,
        now: float | None = None,
        schemas: RegistryAddress | GivenSchemas | None = None,
        *,
        key_ring: KeyRing | None = None,
    ) -> None:
        """Check that the columns of the steps fit together; nothing is opened.

        catalog: the Iceberg catalog that steps may read. now: seconds since 1970, used instead of the worker's clock.
        schemas: the source of the schemas that payloads name. key_ring: has the keys that the contract needs. Raises
        ValueError if a step needs a column that neither the contract nor an earlier step has, adds a column that
        already exists, or replaces one by another type; or if there are steps, and names that come with the stream.
        """
        if steps and contract.dictionary:
            raise ValueError(
                f"'{steps[0].name}' runs before the names of '{contract.topic}' are known, which come with the stream; "
                "leave it out, and use the macro lookup in a SELECT"
            )
        self._contract = contract
        self._now = now
        self._schemas = schemas
        self._key_ring = ring = key_ring or KeyRing({})
        self.dead_letters = Protection.of_dead_letters(contract, ring)
        self.late_readings = Protection.of_late_readings(contract, ring)
        self._steps = tuple(steps)
        self._catalog = catalog
        self.key, self.keys, self.topic = contract.key, contract.keys, contract.topic
        self.dictionary = contract.dictionary
        self.sessions = contract if contract.dictionary and contract.dictionary.sessions else None
        self.columns: dict[str, ContractType] = as_decoded(contract).columns
        for step in self._steps:
            if missing := [name for name in step.needs if name not in self.columns]:
                known = ", ".join(self.columns)
                raise ValueError(f"step '{step.name}' needs {', '.join(missing)}; the columns are: {known}")
            if repeated := [name for name in step.outputs if name in self.columns and name not in step.needs]:
                raise ValueError(f"step '{step.name}' adds {', '.join(repeated)}, which already exists")
            if retyped := [name for name, kind in step.outputs.items() if self.columns.get(name, kind) != kind]:
                raise ValueError(f"step '{step.name}' changes the type of {', '.join(retyped)}")
            self.columns |= step.outputs

    def open(self, count: Callable[[str, int], None]) -> None:
        """Prepare to run; `count(name, n)` adds n to the metric `name`.

        Raises the error of a step that fails to open, after closing what is open already; RegistryFailed if the address
        of the registry has no valid value; BadKey; ValueError if the format needs schemas and has none.
        """
        now = self._now
        worker = Worker(self._catalog, count)
        with ExitStack() as opened:
            schemas = opened.enter_context(closing(self._schemas.open())) if self._schemas else None
            clock = time.time if now is None else lambda: now
            self._decoder = Decoder(self._contract, clock, schemas, self._key_ring)
            self.dead_payloads, self.late_payloads = self.dead_letters.open(), self.late_readings.open()
            for step in self._steps:
                step.open(worker)
                opened.callback(step.close)
            self._close = opened.pop_all().close

    def close(self) -> None:
        """Close the steps and the source of schemas."""
        self._close()

    def run(self, messages: Messages) -> Rows:
        """Return the rows of the messages: one per message, or as many as each holds. Raises RegistryFailed."""
        pieces = _pieces(messages)
        runs = [self._run(piece) for piece in pieces]
        return runs[0] if len(runs) == 1 else _joined(runs, [len(piece) for piece in pieces])

    def _run(self, messages: Messages) -> Rows:
        decoded = self._decoder.decode(messages)
        rows = len(decoded.columns[TS])
        refused = {i: (DECODE, fault) for i, fault in decoded.faults.items()}
        columns = dict(decoded.columns)
        if self._steps and self.columns.get(self.key) == "string":
            columns[self.key] = encoded(columns[self.key])
        columns |= self._stepped(columns, rows, refused)
        where = np.fromiter(refused, np.int64, len(refused))
        for name, texts in zip(ERRORS, _error_texts(refused), strict=True):
            columns[name] = spread(pa.array(texts, pa.string()), where, rows)
        batch = pa.RecordBatch.from_pydict({name: columns[name] for name in (*self.columns, *ERRORS)})
        return Rows(batch, np.sort(where), decoded.message)

    def _stepped(self, columns: Columns, rows: int, refused: dict[int, tuple[str, Fault]]) -> Columns:
        """Return the columns that the steps add, null in refused rows; add rows on which a step fails to `refused`."""
        good = np.delete(np.arange(rows), list(refused))
        needed = {name for step in self._steps for name in step.needs} & columns.keys()
        flowing = {name: columns[name].take(pa.array(good)) if refused else columns[name] for name in needed}
        for step in self._steps:
            outputs, failed = _apply(step, flowing, len(good))
            for i, error in failed.items():
                fault = Fault(Code.UDF_FAILED, readable(f"{type(error).__name__}: {error}"))
                refused[int(good[i])] = step.name, fault
            if failed:
                kept = np.delete(np.arange(len(good)), list(failed))
                flowing = {name: column.take(pa.array(kept)) for name, column in flowing.items()}
                good = good[kept]
            flowing |= outputs
        added = [name for step in self._steps for name in step.outputs]
        return {name: spread(flowing[name], good, rows) if refused else flowing[name] for name in added}


def _pieces(messages: Messages) -> list[Messages]:
    """Return the messages in pieces of about PIECE bytes, each of one message at least; one piece if there are none."""
    if messages.size <= PIECE:
        return [messages]
    number = np.cumsum(np.maximum(lengths(messages.values), 0)) // PIECE
    cuts = (np.flatnonzero(np.diff(number)) + 1).tolist()
    return [messages.piece(start, stop) for start, stop in zip([0, *cuts], [*cuts, len(messages)], strict=True)]


def _joined(runs: Sequence[Rows], messages: Sequence[int]) -> Rows:
    """Return the rows of several batches as those of one. messages: how many each batch has."""
    starts = np.cumsum([0, *(run.batch.num_rows for run in runs[:-1])])
    before = np.cumsum([0, *messages[:-1]])
    numbers = [run.message + first for run, first in zip(runs, before, strict=True) if run.message is not None]
    return Rows(
        pa.concat_batches([run.batch for run in runs]),
        np.concatenate([run.refused + start for run, start in zip(runs, starts, strict=True)]),
        np.concatenate(numbers) if numbers else None,
    )


def _apply(step: Step, columns: Columns, rows: int) -> tuple[Columns, dict[int, Exception]]:
    """Return the step's outputs for the rows on which it succeeds, and its exception for each other row."""

    def apply_to(start: int, stop: int) -> Columns:
        sliced = {name: column.slice(start, stop - start) for name, column in columns.items()}
        return _checked(step, step.apply(sliced), stop - start)

    try:
        return _checked(step, step.apply(columns), rows), {}
    except Exception:
        pieces = isolate(apply_to, rows)
    kept = [piece.result for piece in pieces if piece.result is not None]
    empty = {name: pa.array([], TEXTS if kind == "string" else ARROW[kind]) for name, kind in step.outputs.items()}
    outputs = {name: pa.concat_arrays([column, *(result[name] for result in kept)]) for name, column in empty.items()}
    return outputs, {piece.start: piece.error for piece in pieces if piece.error is not None}


def _checked(step: Step, outputs: Columns, rows: int) -> Columns:
    checked = {}
    for name, kind in step.outputs.items():
        if not isinstance(outputs[name], pa.Array):
            raise TypeError(f"'{name}' is a {type(outputs[name]).__name__}, expected an Array of type {ARROW[kind]}")
        check_whole(name, outputs[name])
        checked[name] = output = encoded(outputs[name]) if outputs[name].type == pa.string() else outputs[name]
        expected = TEXTS if kind == "string" else ARROW[kind]
        if output.type != expected or len(output) != rows:
            returned = f"{len(outputs[name])} values of type {outputs[name].type}"
            raise TypeError(f"'{name}' has {returned}, expected {rows} of type {ARROW[kind]}")
        if kind == "string" and output.dictionary.null_count:  # such rows do not count as null, in Flink neither
            checked[name] = encoded(plain(output))
    return checked


def _error_texts(refused: Mapping[int, tuple[str, Fault]]) -> tuple[list[str], list[str], list[str]]:
    stages = [stage for stage, _ in refused.values()]
    return stages, [fault.code.value for _, fault in refused.values()], [fault.message for _, fault in refused.values()]
