"""Isolates a message that ends the process which decodes it, as a fault in a library's native code can.

A worker notes which messages it decodes, and removes the note afterwards. Flink replaces a worker that has ended, and
sends the same messages again. The next worker finds the note. After two workers, the third first decodes those messages
one by one in a separate process. If a message ends this process twice in a row, too, it becomes a dead letter. Most
workers that end were killed with their TaskManager: that alone suspects no message.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cloudpickle
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs.faults import Code
from headrace_udfs.messages import Messages
from headrace_udfs.packs import Pack
from headrace_udfs.pipeline import CODE, Pipeline, Rows

_FOLDER = Path(tempfile.gettempdir()) / f"headrace-decoding-{os.getuid()}"
_LIMIT_S = 300
_KEPT_S = 86_400
_READY, _DECODED = b"r", b"d"


class _Span(NamedTuple):
    """Messages of one partition, from the offset `first` to `last`."""

    topic: str
    partition: int
    first: int
    last: int

    def overlaps(self, other: _Span) -> bool:
        return self[:2] == other[:2] and self.first <= other.last and other.first <= self.last


class _Note(NamedTuple):
    """What a worker that has ended was decoding: these messages had ended so many workers before.

    sums: see _sums; for messages whose offsets are not known.
    """

    file: Path
    ended: int
    spans: tuple[_Span, ...]
    sums: frozenset[int]

    def overlaps(self, spans: Sequence[_Span], sums: frozenset[int]) -> bool:
        return not self.sums.isdisjoint(sums) or any(span.overlaps(own) for span in spans for own in self.spans)


class Poison:
    """Runs a pipeline, apart from messages that end a process.

    key: what this pipeline and the next one in its place have in common, and no other pipeline has.
    """

    def __init__(self, key: str, pipeline: Pipeline, folder: Path = _FOLDER) -> None:
        """Read the notes of workers that have ended. The pipeline is not open yet."""
        self._pipeline, self._pickled = pipeline, cloudpickle.dumps(pipeline)
        self._key, self._folder = key, folder
        self._notes: list[_Note] = []
        with _best_effort():
            folder.mkdir(mode=0o700, exist_ok=True)
            self._notes = _left(folder, key)

    def run(self, packs: Sequence[Pack], messages: Messages) -> Rows:
        """Return the rows of the messages of the packs as Pipeline.run does."""
        spans = [_Span(str(p.messages.topics), p.partition, int(p.offsets[0]), int(p.offsets[-1])) for p in packs]
        return self._run(messages, spans, frozenset())

    def run_messages(self, messages: Messages) -> Rows:
        """Return the rows of messages whose offsets are not known."""
        return self._run(messages, [], _sums(messages))

    def _run(self, messages: Messages, spans: Sequence[_Span], sums: frozenset[int]) -> Rows:
        notes = [note for note in self._notes if note.overlaps(spans, sums)]
        ended = 1 + max(note.ended for note in notes) if notes else 0
        fatal = self._fatal(messages) if ended > 1 else {}
        if fatal:
            values = [None if position in fatal else value for position, value in enumerate(messages.values)]
            messages = replace(messages, values=values)
        with self._noted(ended, spans, sums):
            rows = self._pipeline.run(messages)
        for note in notes:
            self._notes.remove(note)
            with _best_effort():
                note.file.unlink()
        return _refused(rows, fatal)

    @contextmanager
    def _noted(self, ended: int, spans: Sequence[_Span], sums: frozenset[int]) -> Iterator[None]:
        note = self._folder / f"{self._key}-{os.getpid()}-{threading.get_ident()}"
        with _best_effort():
            note.write_bytes(msgspec.json.encode([ended, spans, sums]))
        try:
            yield
        finally:
            with _best_effort():
                note.unlink()

    def _fatal(self, messages: Messages) -> dict[int, str]:
        """Return why messages must not be decoded, by position."""
        fatal: dict[int, str] = {}
        start, before = 0, -1
        while start < len(messages):
            ended, decoded = self._tried(messages.piece(start, len(messages)))
            if ended >= 0 or decoded < 0:
                break
            start += decoded
            if start == before:
                fatal[start] = f"decoding it ends the process, by signal {-ended}"
                start, before = start + 1, -1
            else:
                before = start
        return fatal

    def _tried(self, messages: Messages) -> tuple[int, int]:
        """Return how a process that decodes the messages ends, and how many it decodes; -1 if it does not start."""
        done = subprocess.run(
            [sys.executable, "-m", "headrace_udfs.poison"],
            input=cloudpickle.dumps((self._pickled, messages)),
            capture_output=True,
            timeout=_LIMIT_S,
            check=False,
        )
        return done.returncode, len(done.stdout) - len(_READY)


def _sums(messages: Messages) -> frozenset[int]:
    """Return the checksums of the messages: a new worker gets other batches, but some of the same messages."""
    return frozenset(map(zlib.crc32, filter(None, messages.values)))


def _best_effort() -> contextlib.suppress:
    """Without notes, a worker decodes as before: a full disk stops no job."""
    return contextlib.suppress(OSError)


def _left(folder: Path, key: str) -> list[_Note]:
    """Return the notes of processes that have ended. Those of jobs that have not come back for long are removed."""
    notes = []
    for file in folder.iterdir():
        # Another worker may remove a file meanwhile, and one that ended while it wrote has left part of a note.
        with contextlib.suppress(OSError, ValueError):
            if time.time() - file.stat().st_mtime > _KEPT_S:
                file.unlink()
            elif file.name.startswith(f"{key}-") and not _runs(int(file.name.split("-")[1])):
                ended, spans, sums = msgspec.json.decode(file.read_bytes())
                notes.append(_Note(file, ended, tuple(_Span(*span) for span in spans), frozenset(sums)))
    return notes


def _runs(process: int) -> bool:
    """Return whether another process of this number runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return process != os.getpid()


def _refused(rows: Rows, fatal: Mapping[int, str]) -> Rows:
    """Return the rows with another error in those of the messages that were not decoded."""
    if not fatal:
        return rows
    at = np.array(list(fatal)) if rows.message is None else np.searchsorted(rows.message, list(fatal))
    mask = np.zeros(rows.batch.num_rows, bool)
    mask[at] = True
    columns = {name: rows.batch.column(name) for name in rows.batch.schema.names}
    for name, texts in ((CODE, [Code.UDF_FAILED.value] * len(fatal)), ("err_msg", list(fatal.values()))):
        columns[name] = pc.replace_with_mask(columns[name], pa.array(mask), pa.array(texts, pa.string()))
    return replace(rows, batch=pa.RecordBatch.from_pydict(columns))


def _try() -> None:
    """Decode the messages of the standard input one by one, and report each on the standard output."""
    reports = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print does not count as a report
    pickled, messages = cloudpickle.loads(sys.stdin.buffer.read())
    pipeline: Pipeline = cloudpickle.loads(pickled)
    pipeline.open(lambda _name, _n: None)
    reports.write(_READY)
    for position in range(len(messages)):
        pipeline.run(messages.piece(position, position + 1))
        reports.write(_DECODED)


if __name__ == "__main__":
    _try()
