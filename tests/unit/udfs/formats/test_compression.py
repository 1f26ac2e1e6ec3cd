"""A compressed payload is exactly one stream, and never becomes larger than its bound."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats.compression import COMPRESSIONS, inflate, named

WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
    "snappy": lambda data: pa.Codec("snappy").compress(data, asbytes=True),
    "lz4": lambda data: pa.Codec("lz4").compress(data, asbytes=True),
}
LIMIT = 10_000


def refusal(payload: bytes, compression: str, limit: int = LIMIT) -> Code:
    with pytest.raises(Refused) as caught:
        inflate(payload, compression, limit)
    return caught.value.fault.code


@pytest.mark.parametrize("name", COMPRESSIONS)
@given(st.binary(max_size=200))
def test_what_a_library_compressed_is_read(name: str, data: bytes) -> None:
    assert inflate(WRITERS[name](data), name, max(1, len(data))) == data


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_a_payload_of_exactly_the_bound_is_read(name: str) -> None:
    assert len(inflate(WRITERS[name](bytes(LIMIT)), name, LIMIT)) == LIMIT
    assert refusal(WRITERS[name](bytes(LIMIT + 1)), name) is Code.INFLATES_TOO_LARGE


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_a_bomb_is_not_inflated(name: str) -> None:
    bomb = WRITERS[name](bytes(50_000_000))
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    try:
        assert refusal(bomb, name) is Code.INFLATES_TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert pa.total_allocated_bytes() - before < 20_000_000


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_every_truncated_stream_is_refused(name: str) -> None:
    whole = WRITERS[name](b"pump 7 " * 40)
    for end in range(1, len(whole)):
        assert refusal(whole[:end], name) is Code.NOT_COMPRESSED
    assert refusal(b"", name) is Code.EMPTY_PAYLOAD
    assert refusal(b'{"tag": "a", "value": 1.5}', name) in {Code.NOT_COMPRESSED, Code.INFLATES_TOO_LARGE}


@pytest.mark.parametrize("name", [name for name in COMPRESSIONS if name != "snappy"])
def test_what_follows_a_stream_is_refused(name: str) -> None:
    whole = WRITERS[name](b"pump 7 " * 200)
    assert refusal(whole + whole, name) is Code.TRAILING_BYTES
    assert refusal(whole + b"x", name) is Code.TRAILING_BYTES
    assert refusal(whole + bytes(2000), name) is Code.TRAILING_BYTES


def test_snappy_has_no_end_of_its_own() -> None:
    whole = WRITERS["snappy"](b"pump 7 " * 40)
    assert refusal(whole + whole, "snappy") is Code.NOT_COMPRESSED


def test_a_frame_of_lz4_may_be_empty() -> None:
    assert inflate(WRITERS["lz4"](b""), "lz4", 1) == b""


@given(st.sampled_from(COMPRESSIONS), st.binary(max_size=40), st.integers(0, 30))
def test_no_bytes_raise_anything_but_refused(name: str, noise: bytes, at: int) -> None:
    whole = WRITERS[name](b"pump 7 " * 4)
    for payload in (noise, whole[:at] + noise, whole[:at] + noise + whole[at:]):
        with contextlib.suppress(Refused):
            assert len(inflate(payload, name, LIMIT)) <= LIMIT


def test_a_header_names_the_compression() -> None:
    assert [named(b"gzip"), named(b" GZip "), named(b"x-gzip"), named(b"deflate")] == ["gzip", "gzip", "gzip", "zlib"]
    assert named(None) is named(b"") is named(b"identity") is None
    for name in (b"br", b"gzip, zstd", b"\xff"):
        with pytest.raises(Refused) as caught:
            named(name)
        assert caught.value.fault.code is Code.UNKNOWN_COMPRESSION
