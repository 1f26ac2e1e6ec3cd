"""Plain text: the whole payload is one value, like `21.5`, `true` or `RUNNING`."""

from __future__ import annotations

from headrace_udfs.formats.documents import text_of


def parse(payload: bytes) -> str:
    """Return the text without the white space around it. Raises Refused if it is empty or not UTF-8."""
    return text_of(payload).strip(" \t\r\n")
