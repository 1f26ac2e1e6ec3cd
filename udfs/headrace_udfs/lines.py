"""The values of many messages in one buffer: whoever needs one cuts it out, and who reads them all needs none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

Lengths = npt.NDArray[np.int64]
"""An int64 array with the bytes of each value; -1 for a message without a value."""

NULL = -1
"""The length of a value that is not there."""


class Lines(Sequence[bytes | None]):
    """Values of messages; a newline follows each of them in the text, also one that is not there.

    text: has the values, and may have more. lengths: of the values. starts: int64, where in the text each begins.
    """

    def __init__(self, text: bytes, lengths: Lengths, starts: npt.NDArray[np.int64]) -> None:
        self.text, self.lengths, self.starts = text, lengths, starts

    @classmethod
    def within(cls, text: bytes, start: int, lengths: Lengths) -> Lines:
        """Return the values of these lengths that a text has from `start` on."""
        ends = start + np.cumsum(np.maximum(lengths, 0) + 1)
        return cls(text, lengths, ends - np.maximum(lengths, 0) - 1)

    @classmethod
    def of(cls, values: Sequence[bytes | None]) -> Lines:
        """Return values as lines: the same ones if they are lines."""
        if isinstance(values, Lines):
            return values
        text = b"\n".join([value or b"" for value in values]) + b"\n"
        return cls.within(text, 0, lengths(values))

    @classmethod
    def joined(cls, parts: Sequence[Lines]) -> Lines:
        """Return the values of all parts."""
        text = b"".join([part.between(0, len(part)) for part in parts])
        return cls.within(text, 0, np.concatenate([part.lengths for part in parts]))

    def between(self, start: int, stop: int) -> bytes:
        """Return the text of the values from position `start` to before `stop`, with their newlines."""
        if start == stop:
            return b""
        last = stop - 1
        return self.text[self.starts[start] : self.starts[last] + max(int(self.lengths[last]), 0) + 1]

    def are_lines(self) -> bool:
        """Return whether there is a newline after each value."""
        ends = self.starts + np.maximum(self.lengths, 0)
        return bool((np.frombuffer(self.text, np.uint8)[ends] == ord("\n")).all())

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self.lengths)

    @overload
    def __getitem__(self, at: int) -> bytes | None: ...

    @overload
    def __getitem__(self, at: slice) -> Lines: ...

    def __getitem__(self, at: int | slice) -> bytes | Lines | None:
        """Return a value, or some of the values: those between two positions without copying them."""
        if isinstance(at, slice):
            part = Lines(self.text, self.lengths[at], self.starts[at])
            return part if at.step in (None, 1) else Lines.of([*part])
        start, length = int(self.starts[at]), int(self.lengths[at])
        return None if length < 0 else self.text[start : start + length]

    def __iter__(self) -> Iterator[bytes | None]:
        """Return the values one by one."""
        text = self.text
        spans = zip(self.starts.tolist(), self.lengths.tolist(), strict=True)
        return (None if length < 0 else text[start : start + length] for start, length in spans)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the values alone, and not what else the text has."""
        return Lines.of, ([*self],)


def lengths(values: Sequence[bytes | None]) -> Lengths:
    """Return the lengths of values."""
    if isinstance(values, Lines):
        return values.lengths
    return np.array([NULL if value is None else len(value) for value in values], np.int64)
