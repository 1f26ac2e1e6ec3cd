"""Decompression of one payload, with a bound on what it may become."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import pyarrow as pa
import zstandard

from headrace_udfs.faults import Code, Refused, readable, shown

_CHUNK = 128
"""Bytes of zstd that are fed at a time: each of its blocks has at least 4 bytes, and becomes up to 128 KiB."""

_WINDOW = 2**24
"""Bytes that a zstd stream may look back: more than this is more than the longest value of a contract."""

_LZ4_MAGIC = b"\x04\x22\x4d\x18"


def inflate(payload: bytes, compression: str, max_bytes: int) -> bytes:
    """Return the decompressed payload. compression: a name in COMPRESSIONS.

    Raises Refused if the payload is not exactly one stream of this compression, or has over `max_bytes` decompressed:
    no more than about that is ever in memory.
    """
    if not payload:
        raise Refused(Code.EMPTY_PAYLOAD, "0 bytes")
    return _INFLATE[compression](payload, max_bytes)


def named(header: bytes | None) -> str | None:
    """Return the compression that a content-encoding header names; None if there is none. Raises Refused."""
    name = (header or b"").decode("latin-1").strip().lower()
    if name in {"", "identity"}:
        return None
    if name not in _HEADERS:
        known = ", ".join(_HEADERS)
        raise Refused(Code.UNKNOWN_COMPRESSION, f"the header names {shown(name)}; supported are: {known}")
    return _HEADERS[name]


def _zlib(bits: int) -> Callable[[bytes, int], bytes]:
    def inflated(payload: bytes, max_bytes: int) -> bytes:
        stream = zlib.decompressobj(bits)
        try:
            found = stream.decompress(payload, max_bytes + 1)
        except zlib.error as error:
            raise _not_compressed(str(error)) from None
        if len(found) > max_bytes:
            raise _too_large(max_bytes)
        if not stream.eof:
            raise _not_compressed("the stream is truncated")
        _check_end(len(stream.unused_data))
        return found

    return inflated


def _zstd(payload: bytes, max_bytes: int) -> bytes:
    stream = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
    found = bytearray()
    for start in range(0, len(payload), _CHUNK):
        try:
            found += stream.decompress(payload[start : start + _CHUNK])
        except zstandard.ZstdError as error:
            raise _not_compressed(str(error)) from None
        if len(found) > max_bytes:
            raise _too_large(max_bytes)
        if stream.eof:
            _check_end(len(stream.unused_data) + max(0, len(payload) - start - _CHUNK))
            return bytes(found)
    raise _not_compressed("the stream is truncated")


def _lz4(payload: bytes, max_bytes: int) -> bytes:
    end = _end_of_lz4(payload)
    try:
        with pa.CompressedInputStream(pa.BufferReader(payload[:end]), "lz4") as stream:
            found = stream.read(max_bytes + 1)
    except OSError as error:
        raise _not_compressed(str(error)) from None
    if len(found) > max_bytes:
        raise _too_large(max_bytes)
    _check_end(len(payload) - end)
    return bytes(found)


def _end_of_lz4(payload: bytes) -> int:
    """Return where the first frame of lz4 ends. Raises Refused if it is truncated."""
    if payload[:4] != _LZ4_MAGIC or len(payload) < 7:
        raise _not_compressed("no frame of lz4 begins here")
    flags = payload[4]
    at = 7 + 8 * bool(flags & 0x08) + 4 * bool(flags & 0x01)
    while at + 4 <= len(payload):
        size = int.from_bytes(payload[at : at + 4], "little") & 0x7FFFFFFF
        at += 4
        if size == 0:
            at += 4 * bool(flags & 0x04)
            break
        at += size + 4 * bool(flags & 0x10)
    else:
        raise _not_compressed("the stream is truncated")
    if at > len(payload):
        raise _not_compressed("the stream is truncated")
    return at


def _snappy(payload: bytes, max_bytes: int) -> bytes:
    length = shift = 0
    for byte in payload[:5]:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if length > max_bytes:
        raise _too_large(max_bytes)
    try:
        return bytes(pa.decompress(payload, decompressed_size=length, codec="snappy", asbytes=True))
    except (OSError, pa.ArrowException) as error:
        raise _not_compressed(str(error)) from None


def _not_compressed(why: str) -> Refused:
    return Refused(Code.NOT_COMPRESSED, readable(why))


def _too_large(max_bytes: int) -> Refused:
    return Refused(Code.INFLATES_TOO_LARGE, f"more than {max_bytes:,} bytes after decompression")


def _check_end(left: int) -> None:
    if left:
        raise Refused(Code.TRAILING_BYTES, f"{left:,} bytes follow the compressed stream")


_INFLATE: Mapping[str, Callable[[bytes, int], bytes]] = {
    "gzip": _zlib(zlib.MAX_WBITS | 16),
    "zlib": _zlib(zlib.MAX_WBITS),
    "zstd": _zstd,
    "snappy": _snappy,
    "lz4": _lz4,
}
COMPRESSIONS = tuple(_INFLATE)
"""The names of compressions in a contract: gzip, zlib, zstd frames, snappy without framing, lz4 frames."""

_HEADERS: Mapping[str, str] = {**{name: name for name in COMPRESSIONS}, "x-gzip": "gzip", "deflate": "zlib"}
