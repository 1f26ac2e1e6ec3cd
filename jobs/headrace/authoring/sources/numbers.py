"""Numbers that are written as texts, with a point or a comma."""

from __future__ import annotations

import re
from collections.abc import Sequence

_POINT = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_COMMA = re.compile(r"-?(0|[1-9]\d*)(,\d+)?")


def sign(texts: Sequence[str]) -> str | None:
    """Return the decimal sign of the texts if most of them are numbers; None if they are not, or have both signs.

    A text with zeros in front, like 007, is a name.
    """
    with_point, with_comma = (sum(bool(form.fullmatch(each.strip())) for each in texts) for form in (_POINT, _COMMA))
    whole = sum(bool(_POINT.fullmatch(each.strip()) and _COMMA.fullmatch(each.strip())) for each in texts)
    if with_point > whole and with_comma > whole:
        return None
    most, found = (with_comma, ",") if with_comma > whole else (with_point, ".")
    return found if 2 * most > len(texts) else None


def is_number(text: str, decimal: str) -> bool:
    """Return whether a text is a number with this decimal sign."""
    return bool((_COMMA if decimal == "," else _POINT).fullmatch(text.strip()))
