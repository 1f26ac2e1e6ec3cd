"""Payloads to readings in one pass: decoded, then through each step, a row's failure being that row's alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing

import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import Positions, spread
from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.faults import Code, Fault, readable
from headrace_udfs.formats.base import Payloads
from headrace_udfs.isolate import isolate
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import GivenSchemas
from headrace_udfs.step_protocol import CatalogAddress, Columns, Step, Worker
from headrace_udfs.types import ARROW, TS, ContractType

DECODE = "decode"
INDEX = "src_index"
HIGH_WATER = "src_high_water"
CODE = "err_code"
ERRORS: Mapping[str, ContractType] = {"err_stage": "string", CODE: "string", "err_msg": "string"}


class Pipeline:
    """A contract and the steps after it. Pickles as these; `open` makes the rest, in the worker.

    `now`, in seconds since 1970, stands for the worker's clock where it is given. `schemas` is where those are known
    that payloads name. Raises ValueError when a step needs a
    column that nothing before it has, or adds one that is there already.
    """

    def __init__(
        self,
        contract: Contract,
        steps: Sequence[Step] = (),
        catalog: CatalogAddress | None = None,
        now: float | None = None,
        schemas: RegistryAddress | GivenSchemas | None = None,
    ) -> None:
        self._contract = contract
        self._now = now
        self._schemas = schemas
        self._steps = tuple(steps)
        self._catalog = catalog
        self.many = contract.many
        self.columns: dict[str, ContractType] = contract.columns
        for step in self._steps:
            if absent := [name for name in step.needs if name not in self.columns]:
                raise ValueError(f"step '{step.name}' needs {', '.join(absent)}; there is {', '.join(self.columns)}")
            if present := [name for name in step.outputs if name in self.columns]:
                raise ValueError(f"step '{step.name}' adds {', '.join(present)}, which is there already")
            self.columns |= step.outputs

    def open(self, count: Callable[[str, int], None]) -> None:
        """Make ready to run; `count(name, n)` adds n to the metric `name`."""
        now = self._now
        worker = Worker(self._catalog, count)
        with ExitStack() as opened:
            schemas = opened.enter_context(closing(self._schemas.open())) if self._schemas else None
            self._decoder = Decoder(self._contract, time.time if now is None else lambda: now, schemas)
            for step in self._steps:
                step.open(worker)
                opened.callback(step.close)
            self._close = opened.pop_all().close

    def close(self) -> None:
        """Let go of what the steps hold in the worker."""
        self._close()

    def run(self, payloads: Payloads) -> pa.RecordBatch:
        """One row a payload: `columns`, and ERRORS, which are null where the row is good.

        The columns of a row that is not good mean nothing. Where a message holds many readings, each column is a list
        with one item a reading, and INDEX has their numbers in the message, from 0. Raises RegistryFailed.
        """
        decoded = self._decoder.decode(payloads)
        rows = len(decoded.columns[TS])
        refused = {i: (DECODE, fault) for i, fault in decoded.faults.items()}
        columns = {**decoded.columns, **self._stepped(decoded.columns, rows, refused)}
        where = np.fromiter(refused, np.int64, len(refused))
        for name, texts in zip(ERRORS, _error_texts(refused), strict=True):
            columns[name] = spread(pa.array(texts, pa.string()), where, rows)
        ordered = {name: columns[name] for name in (*self.columns, *ERRORS)}
        if decoded.message is not None:
            ordered = _by_message(ordered, decoded.message, len(payloads))
        return pa.RecordBatch.from_pydict(ordered)

    def _stepped(self, columns: Columns, rows: int, refused: dict[int, tuple[str, Fault]]) -> Columns:
        """What the steps add for the rows not refused; those that a step fails on are refused, and left null."""
        good = np.delete(np.arange(rows), list(refused))
        needed = {name for step in self._steps for name in step.needs} & columns.keys()
        flowing = {name: columns[name].take(pa.array(good)) if refused else columns[name] for name in needed}
        if self._contract.key in flowing:
            flowing[self._contract.key] = flowing[self._contract.key].dictionary_encode()
        for step in self._steps:
            outputs, failed = _apply(step, flowing, len(good))
            for i, error in failed.items():
                refused[int(good[i])] = (
                    step.name,
                    Fault(Code.UDF_FAILED, readable(f"{type(error).__name__}: {error}")),
                )
            if failed:
                kept = np.delete(np.arange(len(good)), list(failed))
                flowing = {name: column.take(pa.array(kept)) for name, column in flowing.items()}
                good = good[kept]
            flowing |= outputs
        added = [name for step in self._steps for name in step.outputs]
        return {name: spread(flowing[name], good, rows) if refused else flowing[name] for name in added}


def _by_message(columns: Columns, message: Positions, messages: int) -> dict[str, pa.Array]:
    """Each column as a list a message, and INDEX; `message` is ascending, and has each message at least once."""
    counts = np.bincount(message, minlength=messages)
    ends = np.cumsum(counts)
    index = pa.array(np.arange(len(message)) - np.repeat(ends - counts, counts), pa.int32())
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    return {name: pa.ListArray.from_arrays(offsets, values) for name, values in {**columns, INDEX: index}.items()}


def _apply(step: Step, columns: Columns, rows: int) -> tuple[Columns, dict[int, Exception]]:
    """The step's outputs for the rows it does not fail on, and what it raises on each of the others, by position."""

    def applied(start: int, stop: int) -> Columns:
        sliced = {name: column.slice(start, stop - start) for name, column in columns.items()}
        return _checked(step, step.apply(sliced), stop - start)

    try:
        return _checked(step, step.apply(columns), rows), {}
    except Exception:
        pieces = isolate(applied, rows)
    kept = [piece.result for piece in pieces if piece.result is not None]
    empty = {name: pa.array([], ARROW[kind]) for name, kind in step.outputs.items()}
    outputs = {name: pa.concat_arrays([column, *(result[name] for result in kept)]) for name, column in empty.items()}
    return outputs, {piece.start: piece.error for piece in pieces if piece.error is not None}


def _checked(step: Step, outputs: Columns, rows: int) -> Columns:
    for name, kind in step.outputs.items():
        if outputs[name].type != ARROW[kind] or len(outputs[name]) != rows:
            found = f"{len(outputs[name])} of {outputs[name].type}"
            raise TypeError(f"'{name}' is {found}; {rows} of {ARROW[kind]} are wanted")
    return outputs


def _error_texts(refused: Mapping[int, tuple[str, Fault]]) -> tuple[list[str], list[str], list[str]]:
    stages = [stage for stage, _ in refused.values()]
    return stages, [fault.code.value for _, fault in refused.values()], [fault.message for _, fault in refused.values()]
