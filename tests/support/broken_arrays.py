"""Arrow arrays that break Arrow's own rules, as native code may return them: reading one could end the process."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa


def _words(*indices: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(["one", "two"]), safe=False)


def _texts(ends: list[int], characters: bytes) -> pa.StringArray:
    buffers = [None, pa.py_buffer(np.array([0, *ends], np.int32)), pa.py_buffer(characters)]
    return pa.Array.from_buffers(pa.string(), len(ends), buffers)


TEXTS: Mapping[str, pa.Array] = {
    "an index above its dictionary": _words(0, 2**30),
    "an index below its dictionary": _words(0, -(2**30)),
    "a dictionary that is not UTF-8": pa.DictionaryArray.from_arrays([0, 0], _texts([2], b"\xff\xfe"), safe=False),
    "texts that are not UTF-8": _texts([1, 2], b"\xff\xfe"),
    "a character cut in two": _texts([1, 2], "é".encode()),
    "a text that ends beyond all": _texts([2**30, 2], b"ab"),
    "a slice of texts that are not UTF-8": _texts([1, 2, 3], b"a\xff\xfe").slice(1),
}
"""Arrays of two texts."""


def _lists(ends: list[int]) -> pa.ListArray:
    buffers = [None, pa.py_buffer(np.array([0, *ends], np.int32))]
    return pa.Array.from_buffers(pa.list_(pa.float64()), len(ends), buffers, children=[pa.array([1.0, 2.0])])


NESTED: Mapping[str, pa.Array] = {
    "array<double>": _lists([2**30, 2]),
    "array<string>": pa.ListArray.from_arrays([0, 1, 2], TEXTS["texts that are not UTF-8"]),
    "row<a string>": pa.StructArray.from_arrays([TEXTS["a text that ends beyond all"]], ["a"]),
}
"""Arrays of two values, by their type."""
