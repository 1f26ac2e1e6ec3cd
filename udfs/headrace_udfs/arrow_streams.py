"""Writes rows as one value that Flink's table function `arrow_rows` opens: an Arrow IPC stream."""

from __future__ import annotations

import pyarrow as pa

from headrace_udfs.arrays import TEXTS, encoded, plain

_BATCH = 4096
"""Rows of a batch in a stream: Java allocates memory for large ones each time, and fills it with zeros."""

_FEW = 256
"""Rows of a stream for which dictionaries do not pay: each is a message of its own in the stream."""


def stream(batch: pa.RecordBatch) -> pa.Buffer:
    """Return the rows as an Arrow IPC stream. Texts that repeat have a dictionary, and no others."""
    columns = map(_compact if batch.num_rows > _FEW else plain, batch.columns)
    batch = pa.RecordBatch.from_arrays([*columns], batch.schema.names)
    measured = pa.MockOutputStream()
    _write(batch, measured)
    made = pa.allocate_buffer(measured.size())
    _write(batch, pa.FixedSizeBufferWriter(made))
    return made


def _write(batch: pa.RecordBatch, sink: pa.NativeFile) -> None:
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        for start in range(0, batch.num_rows, _BATCH):
            writer.write_batch(batch.slice(start, _BATCH))


def _compact(column: pa.Array) -> pa.Array:
    """Return texts that repeat with a dictionary: fewer bytes on the way to Flink, and fewer objects there."""
    if column.type not in (pa.string(), TEXTS) or column.null_count == len(column):
        return plain(column)
    texts = encoded(column)
    return texts if 2 * len(texts.dictionary) < len(column) else plain(column)
