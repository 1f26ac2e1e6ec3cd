"""Times as the project's files and addresses write them: a date, a time and a zone, like 2026-03-01T00:00:00Z."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_FORM = "a time is written like 2026-03-01T00:00:00Z, with a zone"


def _parsed(value: object) -> object:
    """Return the time of a text. Pydantic would take a number, and a text of digits, for seconds since 1970."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{error}; {_FORM}") from None
    if isinstance(value, str) and _INSTANT.fullmatch("+".join(value.rsplit(" ", 1))):
        raise ValueError(f"{_FORM}; in an address, a + is written as %2B")
    raise ValueError(_FORM)


Instant = Annotated[AwareDatetime, BeforeValidator(_parsed)]
"""A field of a model, or a parameter, that reads a time with a zone."""
