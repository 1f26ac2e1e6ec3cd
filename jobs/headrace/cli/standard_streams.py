"""Standard output and standard error of every command; a closed pipe and a full disk are handled only here.

A write can fail at any line and, because of buffering, at the very end. Libraries write to `sys.stdout` too (CSV by
pyarrow, tables by rich), so the streams themselves report the failure.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from headrace.errors import PlatformError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CLOSED_PIPE = 141
"""Exit code when the reader of standard output has gone, as a shell reports it: 128 + SIGPIPE."""


class OutputFailed(PlatformError):
    """Standard output cannot be written, for example because the disk is full."""


class _StandardOutput(io.FileIO):
    """Ends the command if nobody reads its output any more. Raises OutputFailed for other failures."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            sys.exit(CLOSED_PIPE)
        except OSError as error:
            fix = "free space on the disk that it goes to, or send it elsewhere"
            raise OutputFailed(f"the output cannot be written: {error.strerror}", "standard output", fix) from None


class _StandardError(io.FileIO):
    """Drops output that cannot be written: a command must not end because nobody reads its progress."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def guard() -> None:
    """Replace `sys.stdout` and `sys.stderr` with streams that handle failed writes as their classes describe.

    A stream that something else has replaced, such as a test that captures output, is left alone.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _guarded(sys.stdout, _StandardOutput)
    if isinstance(sys.stderr, io.TextIOWrapper) and sys.stderr is sys.__stderr__:
        sys.stderr = _guarded(sys.stderr, _StandardError)


def flush() -> None:
    """Write what is still buffered. Raises SystemExit(141) or OutputFailed."""
    if sys.stdout is not None:
        sys.stdout.flush()


def discard() -> None:
    """Send what is still buffered to the null device, so that the interpreter's last flush does not fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def _guarded(stream: io.TextIOWrapper, kind: type[io.FileIO]) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(kind(stream.fileno(), "wb", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
