"""Turns packs of messages into Arrow streams: one of good readings, one of dead letters, one of late readings.

A stream is one value, so Flink handles a row per pack between its source and `arrow_rows`, whatever the messages hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs import arrow_streams, session_rows
from headrace_udfs.contract import Contract
from headrace_udfs.dictionary import BITS
from headrace_udfs.high_water import NOTHING
from headrace_udfs.messages import Messages
from headrace_udfs.packs import Pack, grouped, joined, times, unpacked
from headrace_udfs.pipeline import PIECE, Pipeline, Rows
from headrace_udfs.reader_watermark import ReaderWatermark
from headrace_udfs.sealed import Protector
from headrace_udfs.session_rows import SessionRows
from headrace_udfs.stream_types import CONDENSED, INDEX, LATE, LETTERS, Types, good
from headrace_udfs.times import Micros
from headrace_udfs.types import ARROW, TS

Flags = npt.NDArray[np.bool_]

Run = Callable[[Sequence[Pack], Messages], Rows]
"""Returns the rows of the messages of some packs."""

Condense = Callable[[Mapping[str, pa.Array], Flags], list[bytes]]
"""Makes less of the rows that are true in the second argument; the first has the columns of all rows."""


Stream: TypeAlias = "pa.Buffer | None"
"""An Arrow IPC stream; None if it would have no rows. Texts that repeat have a dictionary."""


@dataclass
class Streamed:
    """What becomes of packs: for each, its streams, and the watermark after it in microseconds since 1970, or NOTHING.

    Small packs are decoded together; their streams stand where the first of them is.
    """

    good: list[Stream] = field(default_factory=list)
    letters: list[Stream] = field(default_factory=list)
    late: list[Stream] = field(default_factory=list)
    sessions: list[Stream] = field(default_factory=list)
    watermarks: list[int] = field(default_factory=list)


class Streams:
    """Runs an open pipeline over the packs of one source.

    watermark: decides which readings are late; None if no reading can be. condense: what becomes of good readings that
    are not late, instead of rows. run: what runs the pipeline, if not itself.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        watermark: ReaderWatermark | None = None,
        condense: Condense | None = None,
        run: Run | None = None,
    ) -> None:
        self._pipeline, self._watermark, self._condense = pipeline, watermark, condense
        self._run: Run = run or (lambda _packs, messages: pipeline.run(messages))
        self._good = good(pipeline, timed=watermark is not None)

    def of(self, packs: Sequence[bytes], given: Sequence[int | None] | None = None) -> Streamed:
        """Return the streams of the packs. Raises NotAPack; RegistryFailed.

        given: for each pack, the watermark after it in microseconds since 1970, which replaces that of its readings.
        """
        streamed, start = Streamed(), 0
        for packs_ in grouped([unpacked(pack) for pack in packs], PIECE):
            group = _Group(packs_, self._run)
            places = [None] * (len(packs_) - 1)
            if self._pipeline.sessions:
                streamed.sessions += [group.sessions(self._pipeline.sessions), *places]
            columns, late, late_rows = group.columns, None, ~group.is_good
            if self._watermark:
                moves = given[start : start + len(packs_)] if given else None
                watermarks, before = _watermarks(self._watermark, group, moves)
                streamed.watermarks += watermarks
                late_rows = group.is_good & (group.times() <= before)
                columns = {
                    **columns,
                    "late": pa.array(late_rows),
                    "key": _key_texts([columns[name] for name in self._pipeline.keys]),
                    "watermark": pa.array(before, mask=before == NOTHING).view(ARROW["timestamp"]),
                }
                late = group.stream(LATE, columns, late_rows, self._pipeline.late_payloads)
            if self._condense:
                good_ = _condensed(self._condense(columns, group.is_good & ~late_rows))
            elif self._pipeline.dictionary:
                good_ = group.stream(self._good, *group.named(self._pipeline.key, self._pipeline.dead_payloads))
            else:
                good_ = group.stream(self._good, columns, group.is_good)
            streamed.good += [good_, *places]
            letters = group.stream(LETTERS, columns, group.is_letter, self._pipeline.dead_payloads)
            streamed.letters += [letters, *places]
            streamed.late += [late, *places]
            start += len(packs_)
        return streamed


class _Group:
    """Packs that are decoded together.

    columns: by name, those of the rows and of their origins. is_good: whether each row is.
    """

    def __init__(self, packs: Sequence[Pack], run: Run) -> None:
        self.packs = packs
        self._messages = joined(packs)
        rows = run(packs, self._messages)
        self._message = np.arange(len(self._messages)) if rows.message is None else rows.message
        self.is_good = np.ones(rows.batch.num_rows, bool)
        self.is_good[rows.refused] = False
        self.is_letter = ~self.is_good
        batch = {name: rows.batch.column(name) for name in rows.batch.schema.names}
        self.columns: Mapping[str, pa.Array] = {**batch, **self._origin()}
        self._dropped = np.zeros(rows.batch.num_rows, bool)

    def times(self) -> Micros:
        """Return the event time of each row as Flink has it, in whole milliseconds, as microseconds since 1970."""
        micros = self.columns[TS].cast(pa.int64()).fill_null(0).to_numpy()
        whole: Micros = np.floor_divide(micros, 1000) * 1000
        return whole

    def rows_of_packs(self) -> list[slice]:
        """Return the rows of each pack."""
        ends = np.cumsum([len(pack.offsets) for pack in self.packs])
        cuts = np.searchsorted(self._message, ends).tolist()
        return [slice(start, end) for start, end in zip([0, *cuts[:-1]], cuts, strict=True)]

    def sessions(self, contract: Contract) -> Stream:
        """Return the stream of the sessions of the messages; their rows that are no readings are not handed on."""
        rows = SessionRows(contract, self._messages, self._message, self.columns)
        self.is_good &= ~rows.dropped
        self.is_letter &= ~rows.dropped
        self._dropped = rows.dropped
        if not rows.message:
            return None
        types = session_rows.types(contract)
        firsts = pa.array(np.searchsorted(self._message, rows.message))
        given = {name: self.columns[name].take(firsts) for name in types if name in self.columns}
        columns = rows.columns(given)
        return _ipc(types, [columns[name] for name in types])

    def named(self, key: str, payloads: Protector) -> tuple[Mapping[str, pa.Array], Flags]:
        """Return all columns with NAMED, and which rows a job needs to know or to give names."""
        has_name = pc.is_valid(self.columns[key]).to_numpy(zero_copy_only=False)
        spoilt = np.bincount(self._message[~self.is_good], minlength=len(self._messages))[self._message] > 0
        is_open = pc.is_valid(self.columns[BITS]).to_numpy(zero_copy_only=False) if BITS in self.columns else ~has_name
        pending = np.flatnonzero(self.is_good & (~has_name | is_open) & ~spoilt)
        _, first = np.unique(self._message[pending], return_index=True)
        texts: list[bytes | None] = [None] * len(self._message)
        for row in pending[first].tolist():
            texts[row] = self._messages.values[self._message[row]]
        more = {"src_payload": pa.array(payloads.stored(texts), pa.binary()), "src_refused": pa.array(~self.is_good)}
        return {**self.columns, **more}, self.is_good | (has_name & ~self._dropped)

    def stream(
        self, types: Types, columns: Mapping[str, pa.Array], which: Flags, payloads: Protector | None = None
    ) -> Stream:
        """Return the Arrow stream of some rows, as PyFlink would write it, with `payloads` if types have a payload."""
        if not which.any():
            return None
        if not which.all():
            kept = pa.array(which)
            columns = {name: columns[name].filter(kept) for name in types if name in columns}
        if payloads:
            columns = {**columns, "payload": pa.array(payloads.stored(self._payloads(which)), pa.binary())}
        return _ipc(types, [columns[name] for name in types])

    def _payloads(self, which: Flags) -> list[bytes | None]:
        """Return the payload of the message of each row of `which`, if it is the first such row of that message."""
        of = self._message[which]
        first = np.concatenate([[True], of[1:] != of[:-1]])
        values = self._messages.values
        return [values[n] if f else None for n, f in zip(of.tolist(), first.tolist(), strict=True)]

    def _origin(self) -> dict[str, pa.Array]:
        of, rows = self._message, len(self._message)
        offsets = np.concatenate([pack.offsets for pack in self.packs])
        partitions = np.repeat([pack.partition for pack in self.packs], [len(pack.offsets) for pack in self.packs])
        topics = self._messages.topics
        rows_of_message = np.bincount(of)
        firsts = np.cumsum(rows_of_message) - rows_of_message
        return {
            "src_topic": _constant(topics, rows) if isinstance(topics, str) else pa.array(topics).take(pa.array(of)),
            "src_partition": pa.array(partitions[of], pa.int32()),
            "src_offset": pa.array(offsets[of]),
            INDEX: pa.array(np.arange(rows) - firsts[of], pa.int32()),
            "src_ts": pa.array(times(self._messages)[of] * 1000).view(ARROW["timestamp"]),
        }


def _constant(text: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), [text])


def _key_texts(keys: Sequence[pa.Array]) -> pa.Array:
    """Return the key of each row as one text."""
    texts = [key.cast(pa.string()) for key in keys]
    return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, "/")


def _condensed(texts: list[bytes]) -> Stream:
    return _ipc(CONDENSED, [pa.array(texts, pa.binary())]) if texts else None


def _ipc(types: Types, columns: Sequence[pa.Array]) -> pa.Buffer:
    """Return the Arrow stream of some columns."""
    return arrow_streams.stream(pa.RecordBatch.from_arrays(columns, [*types]))


def _watermarks(
    watermark: ReaderWatermark, group: _Group, given: Sequence[int | None] | None
) -> tuple[list[int], Micros]:
    """Return the watermark after each pack of a group, and for each row the one before its pack."""
    after, before = [], np.empty(len(group.is_good), np.int64)
    times = group.times()
    for number, (pack, rows) in enumerate(zip(group.packs, group.rows_of_packs(), strict=True)):
        before[rows] = watermark.us
        if given is None:
            watermark.advance(times[rows], group.is_good[rows], pack.partition)
        elif (us := given[number]) is not None:
            watermark.give(us)
        after.append(watermark.us)
    return after, before
