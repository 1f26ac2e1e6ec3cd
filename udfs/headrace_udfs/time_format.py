"""Times as texts of a declared form, like %Y%m%d%H%M%S, read strictly: each part has its width and its limits."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PARTS: Mapping[str, str] = {
    "Y": r"[0-9]{4}", "m": r"[0-9]{2}", "d": r"[0-9]{2}", "j": r"[0-9]{3}", "b": "|".join(_MONTHS),
    "H": r"[0-9]{2}", "I": r"[0-9]{2}", "p": "AM|PM|am|pm", "M": r"[0-9]{2}", "S": r"[0-9]{2}",
    "f": r"[0-9]{1,9}", "z": r"[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?",
}  # fmt: skip
_DIRECTIVE = re.compile(r"%(-(?=[mdHI]))?(.?)", re.DOTALL)  # %-d is a day of one digit or two

Micros = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def check(form: str) -> None:
    """Raise ValueError if the form has unknown or repeated parts, or does not define a day."""
    parts = [part for _, part in _DIRECTIVE.findall(form) if part != "%"]
    if unknown := next((part for part in parts if part not in _PARTS), None):
        raise ValueError(f"%{unknown} is not a part of a time that is read; the parts are: %{', %'.join(_PARTS)}")
    if twice := next((part for part in parts if parts.count(part) > 1), None):
        raise ValueError(f"%{twice} occurs twice")
    has = set(parts)
    if "Y" not in has or not ("j" in has or ("d" in has and has & {"m", "b"})):
        raise ValueError("a time needs a day: %Y with %m and %d, with %b and %d, or with %j")
    if len(has & {"m", "b"}) > 1 or ("j" in has and has & {"m", "b", "d"}):
        raise ValueError("the day is said twice: by %j, or by %m or %b and %d")
    if ("I" in has) != ("p" in has) or {"H", "I"} <= has:
        raise ValueError("the hour is %H, or %I with %p")
    if ("f" in has and "S" not in has) or ("S" in has and "M" not in has) or ("M" in has and not has & {"H", "I"}):
        raise ValueError("a smaller part of a time needs the larger ones: %f needs %S, which needs %M, and that %H")


def read(texts: pa.StringArray, form: str) -> tuple[Micros, Flags, Flags]:
    """Return the microseconds of the texts, whether each has this form, and whether it has a zone.

    The microseconds are since 1970-01-01T00:00:00, in UTC if the text has a zone and else by the local clock; decimals
    beyond six are cut. They are undefined where the text is null or does not have the form.
    """
    found = pc.extract_regex(texts, pattern=_pattern(form))
    fits = found.is_valid().to_numpy(zero_copy_only=False)
    part = {field.name: found.field(i) for i, field in enumerate(found.type)}
    micros, valid = _of_day(part, fits)
    clock, in_day = _of_clock(part, fits)
    micros, fits = micros + clock, valid & in_day & fits
    if "z" not in part:
        return micros, fits, np.zeros(len(texts), bool)
    offset, in_range = _offset(part["z"], fits)
    return micros - offset, fits & in_range, fits.copy()


def _pattern(form: str) -> str:
    pattern, at = "", 0
    for match in _DIRECTIVE.finditer(form):
        pattern += re.escape(form[at : match.start()])
        pattern += "%" if match[2] == "%" else f"(?P<{match[2]}>{'[0-9]{1,2}' if match[1] else _PARTS[match[2]]})"
        at = match.end()
    return f"^{pattern}{re.escape(form[at:])}$"


def _int(part: Mapping[str, pa.Array], name: str, fits: Flags, default: int = 0) -> npt.NDArray[np.int64]:
    """Return a part as whole numbers, `default` where there is none."""
    if name not in part:
        return np.full(len(fits), default, np.int64)
    numbers: npt.NDArray[np.int64] = pc.if_else(pa.array(fits), part[name], str(default)).cast(pa.int64()).to_numpy()
    return numbers


def _of_day(part: Mapping[str, pa.Array], fits: Flags) -> tuple[Micros, Flags]:
    years = _int(part, "Y", fits, 1970)
    if "j" in part:
        first = (years - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        following = (years - 1969).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        days = _int(part, "j", fits, 1)
        valid = (days >= 1) & (first + days <= following)
        return (first + days - 1) * 86_400_000_000, valid & (years >= 1)
    if "b" in part:
        months = pc.index_in(part["b"], pa.array(_MONTHS)).fill_null(0).to_numpy().astype(np.int64) + 1
    else:
        months = _int(part, "m", fits, 1)
    days = _int(part, "d", fits, 1)
    start = (years - 1970) * 12 + months - 1
    first = start.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (start + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    valid = (months >= 1) & (months <= 12) & (days >= 1) & (first + days <= following) & (years >= 1)
    return (first + days - 1) * 86_400_000_000, valid


def _of_clock(part: Mapping[str, pa.Array], fits: Flags) -> tuple[Micros, Flags]:
    hours, most = _int(part, "H", fits), 23
    valid = np.ones(len(fits), bool)
    if "I" in part:
        twelve = _int(part, "I", fits, 12)
        valid = (twelve >= 1) & (twelve <= 12)
        after = pc.equal(pc.utf8_upper(part["p"]), "PM").fill_null(False).to_numpy(zero_copy_only=False)
        hours = twelve % 12 + 12 * after
    minutes, seconds = _int(part, "M", fits), _int(part, "S", fits)
    valid &= (hours <= most) & (minutes <= 59) & (seconds <= 59)
    micros = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000
    if "f" in part:
        six = pc.utf8_slice_codeunits(pc.utf8_rpad(part["f"], 6, "0"), 0, 6)
        micros = micros + _int({"f": six}, "f", fits)
    return micros, valid


def _offset(zones: pa.StringArray, fits: Flags) -> tuple[Micros, Flags]:
    encoded = pc.if_else(pa.array(fits), zones, "Z").dictionary_encode()
    known = np.array([_seconds(zone) for zone in encoded.dictionary.to_pylist()], np.int64)
    seconds = known[encoded.indices.to_numpy()] if len(fits) else np.zeros(0, np.int64)
    return seconds * 1_000_000, np.abs(seconds) < 86_400


def _seconds(zone: str) -> int:
    """Return the offset of a zone like Z, +01, +0100 or +01:00; a day if it is none."""
    if zone in ("Z", "z"):
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:
        return 86_400
    return (hours * 60 + minutes) * (-60 if zone[0] == "-" else 60)
