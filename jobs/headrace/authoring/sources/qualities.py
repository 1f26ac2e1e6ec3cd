"""Which value of a row is its quality, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.authoring.sources.documents import Seen
from headrace.authoring.sources.names import QUALITY, Keys, last, ranked
from headrace_udfs.status_codes import SEVERITY, STATUS_CODES

_OPC_DA = {0, 4, 8, 12, 16, 20, 24, 28, 64, 68, 80, 84, 88, 192, 216}
_WORDS = {
    **dict.fromkeys(("good", "ok", "valid", "gut", "gültig"), "good"),
    **dict.fromkeys(
        ("bad", "fault", "error", "failed", "failure", "invalid", "nok", "schlecht", "fehler", "störung", "ungültig"),
        "bad",
    ),
    **dict.fromkeys(
        ("uncertain", "warning", "questionable", "suspect", "unsicher", "warnung", "fraglich"), "uncertain"
    ),
}
"""What words for a quality mean. Others are uncertain."""

_SHOWN = 5


def quality(values: Mapping[str, Seen], rows: int) -> tuple[Keys, str] | None:
    """Return the keys of `quality:` and the reason; None if no value looks like one."""
    for path in ranked(values, QUALITY):
        name, _, part = path.rpartition(".")
        if (part if part != "Code" else last(name)).casefold() not in QUALITY:
            continue
        seen, where = values[path], name if part == "Code" else path
        missing = {} if seen.count >= rows else {"missing": "good"}
        if keys := _mapping(seen, part == "Code"):
            return {"path": where, **keys, **missing}, _reason(where, seen, keys, missing)
    return None


def unread(path: str, seen: Seen) -> str | None:
    """Return why a value that is called a quality is not read as one; None if it is not called so."""
    if last(path) not in QUALITY:
        return None
    shown = [str(each) for each in dict.fromkeys(seen.examples) if each is not None][:_SHOWN]
    return (
        f"not read as the quality, because what {', '.join(shown)} mean is not known: every reading is Good, unless "
        "quality: says it, as docs/payloads.md shows"
    )


def _mapping(seen: Seen, in_object: bool) -> Keys | None:
    kinds = set(seen.types) - {"null"}
    known = [each for each in seen.examples if each is not None]
    if kinds == {"boolean"}:
        return {"mapping": "boolean"}
    if kinds == {"number"}:
        if not in_object and set(known) <= _OPC_DA and 192 in known:
            return {"mapping": "opcda"}
        fits = all(isinstance(each, int) and (each == 0 or abs(each) >= 2**20) for each in known)
        return {"mapping": "opcua"} if in_object or fits else None
    if kinds == {"string"}:
        words = sorted({each.casefold() for each in known})
        if all(each in STATUS_CODES for each in known):
            return {"mapping": "opcua"}
        if {"good", "bad"} & {_WORDS.get(each, "") for each in words}:
            names = {each: _WORDS.get(each, "uncertain") for each in words if each not in SEVERITY}
            return {"mapping": "names", **({"names": names} if names else {})}
    return None


def _reason(path: str, seen: Seen, keys: Keys, missing: Keys) -> str:
    reasons = {
        "boolean": "is true or false",
        "opcda": "has 192 and other codes of OPC DA",
        "opcua": "has StatusCodes of OPC UA",
        "names": "has words; say what each means, regardless of its case",
    }
    reason = reasons[keys["mapping"]]
    if keys["mapping"] == "opcua" and {*seen.examples} <= {0, None}:
        reason = "is 0 in the sample, which is Good in OPC UA and bad in OPC DA: a guess"
    left_out = "; left out it means good, which is a guess" if missing else ""
    return f"{path} {reason}{left_out}"
