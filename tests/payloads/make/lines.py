"""Writes the golden messages of a preset or format, and what they mean.

tests/payloads/<name>/messages.jsonl has one message per line, in the project's form for files of messages;
tests/payloads/<name>/readings.jsonl has a line for each of them: what it is called, which tool made it, the readings
that this tool says it holds, and which rows are refused.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MEANING = ("contract", "readings", "refused")
PAYLOADS = Path(__file__).parents[1]


def ts(milliseconds: float) -> str:
    """Return a time since 1970 as ISO 8601, to the microsecond."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="microseconds")


def body(value: bytes | str) -> Any:
    """Return the value of a message as a file of messages has it: text as text, bytes as base64."""
    return {"$base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else {"$text": value}


def write(name: str, made_by: str, lines: Iterable[dict[str, Any]]) -> None:
    """Write lines with `name`, `value`, `readings`, `refused`, and maybe `key`, `headers`, in place of the tool's."""
    folder = PAYLOADS / name
    folder.mkdir(exist_ok=True)
    messages, readings = folder / "messages.jsonl", folder / "readings.jsonl"
    pairs = list(zip(_lines(messages), _lines(readings), strict=True))
    pairs = [pair for pair in pairs if json.loads(pair[1])["made_by"] != made_by]
    for line in lines:
        message = {part: line[part] for part in ("key", "headers", "time", "value") if line.get(part) is not None}
        meaning = {"name": line["name"], "made_by": made_by, **{k: line[k] for k in MEANING if line.get(k) is not None}}
        pairs.append((_json({"$message": message}), _json(meaning)))
    messages.write_text("".join(f"{pair[0]}\n" for pair in pairs), encoding="utf-8")
    readings.write_text("".join(f"{pair[1]}\n" for pair in pairs), encoding="utf-8")


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
