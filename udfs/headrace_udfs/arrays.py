"""Types of NumPy arrays, and Arrow arrays spread over the rows of a batch."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Doubles = npt.NDArray[np.float64]
"""A float64 array; NaN is a missing value."""

Positions = npt.NDArray[np.int64]
"""An int64 array of row numbers."""

TEXTS: Final = pa.dictionary(pa.int32(), pa.string())
"""The type of texts that have a dictionary."""


def check_whole(name: str, values: pa.Array | pa.ChunkedArray) -> None:
    """Raise ValueError if `values` break Arrow's rules, as native code may return them: reading them could crash.

    Such as an index out of bounds of its dictionary, an offset beyond a buffer, or a text that is not UTF-8.
    """
    try:
        values.validate(full=True)
    except pa.ArrowException as error:
        raise ValueError(f"'{name}' is not a valid Arrow array: {error}") from None


def encoded(texts: pa.Array) -> pa.DictionaryArray:
    """Return texts, plain or encoded, with a dictionary."""
    return texts if texts.type == TEXTS else texts.dictionary_encode()


def plain(column: pa.Array) -> pa.Array:
    """Return texts that have a dictionary without it, and any other column as it is."""
    return column.cast(pa.string()) if column.type == TEXTS else column


def by_dictionary(texts: pa.StringArray, keys: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return texts[i] for each key that is number i of the dictionary of `keys`; null for a null key.

    texts: as long as that dictionary.
    """
    distinct = texts.dictionary_encode()
    return pa.DictionaryArray.from_arrays(distinct.indices.take(keys.indices), distinct.dictionary)


def spread(values: pa.Array, where: Positions, rows: int) -> pa.Array:
    """Return an array of `rows` values: value i at position where[i], null everywhere else.

    values: any Arrow type, as long as `where`. where: distinct positions from 0 to rows - 1.
    """
    if not len(where):
        return pa.nulls(rows, values.type)
    source = np.full(rows, -1, np.int64)
    source[where] = np.arange(len(where))
    return values.take(pa.array(source, mask=source < 0))
