"""What a worker's function returns is what Flink, and a function that is called on it, expects."""

from __future__ import annotations

import pyarrow as pa
import pytest

from headrace_udfs.flink_arrays import ArrowColumn, to_arrow

TEXTS = pa.array(["a", None, "b", "a"], pa.string())


@pytest.mark.parametrize("column", [TEXTS, TEXTS.dictionary_encode()], ids=["plain", "with a dictionary"])
def test_a_function_that_is_called_on_texts_gets_them_plain(column: pa.Array) -> None:
    (argument,) = to_arrow([ArrowColumn(column)], ["string"])
    assert argument.equals(TEXTS)
    assert pa.Array.from_pandas(ArrowColumn(column), type=pa.string()).equals(TEXTS)
