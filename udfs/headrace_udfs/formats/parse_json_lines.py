"""JSON lines: one JSON value per line."""

from __future__ import annotations

from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats.documents import MAX_VALUES, Documents, too_many_values
from headrace_udfs.formats.json_text import JsonText


class JsonLines:
    """Parses one payload at a time."""

    def __init__(self) -> None:
        """Prepare the decoder."""
        self._json = JsonText()

    def parse(self, payload: bytes) -> Documents:
        """Return one document per line that is not blank; a line that is not one JSON value is a fault.

        Raises Refused if there is no such line.
        """
        lines = [line for line in payload.split(b"\n") if line.strip(b" \t\r")]
        if not lines:
            raise Refused(Code.EMPTY_PAYLOAD, f"{len(payload)} bytes, and nothing but white space")
        if len(lines) > MAX_VALUES:
            raise too_many_values(len(lines))
        return [self._line(line) for line in lines]

    def _line(self, line: bytes) -> object:
        try:
            return self._json.parse(line)
        except Refused as refused:
            return refused.fault
