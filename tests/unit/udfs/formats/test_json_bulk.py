"""A JSON text that is proven in bulk is the document that the exact parser makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.faults import Refused
from headrace_udfs.formats import json_bulk
from headrace_udfs.formats.documents import Spoilt
from headrace_udfs.formats.json_bulk import UNPROVEN
from headrace_udfs.formats.json_text import JsonText

LITERALS = (
    "0", "-0", "-0.0", "1.5", "1e3", "3.0", "9007199254740993", "9007199254740993.0", "18446744073709551616", "1e400",
    "9" * 400, "9" * 5000, "1e-400", "4.9e-324", "0.1", "123456789012345678901234567890.5e-10", "NaN", "-Infinity",
    "01", "true", "null", '"a:b"', '":"', '"\\u003a"', '"\\ud800"', '"\\ud83d\\ude00"', '"é"', '"\x01"', "tru", "",
    "[" * 63 + "]" * 63, "[" * 70 + "]" * 70, "[" * 2000 + "]" * 2000,
)  # fmt: skip

texts = st.recursive(
    st.sampled_from(LITERALS) | st.floats().map(repr) | st.integers().map(str) | st.text(max_size=4).map(json.dumps),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(st.sampled_from(["a", "b:", "\\u0061", "\\u003a", "é"]), inner), max_size=3).map(
            lambda pairs: "{" + " , ".join(f'"{key}" : {value}' for key, value in pairs) + "}"
        )
    ),
    max_leaves=8,
)


def exactly(text: bytes) -> Any:
    try:
        return JsonText().parse(text)
    except Refused as refused:
        return refused.fault


@settings(max_examples=300, deadline=None)
@given(st.lists(texts.map(lambda text: text.encode("utf-8", "surrogatepass")), max_size=5))
def test_what_is_proven_is_what_is_exact(payloads: list[bytes]) -> None:
    for payload, document in zip(payloads, json_bulk.documents(payloads, 2**20), strict=True):
        exact = exactly(payload)
        assert document is UNPROVEN or repr(document) == repr(exact)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":":","a":1}',
        b'[{"a":1},{"b":1,"b":"::"}]',
        b"[NaN]",
        b"",
        b"{",
        b'"\xff"',
        b"[" * 70 + b"]" * 70,
    ],
)
def test_what_has_a_fault_is_never_proven(text: bytes) -> None:
    good = b'{"a":"b:c","d:":[{}]}'
    found = json_bulk.documents([good, text, None, good], 2**20)
    assert found == [json.loads(good), UNPROVEN, UNPROVEN, json.loads(good)]
    assert not isinstance(found[0], Spoilt)
    assert json_bulk.documents([good], len(good) - 1) == [UNPROVEN]
