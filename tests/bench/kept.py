"""Write the result of a benchmark: as JSON, and as a page of Markdown with the table and the chart."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec


class Stamped(msgspec.Struct, frozen=True):
    """Date, machine and package versions of a measurement."""

    date: str
    machine: str
    versions: dict[str, str]


def now() -> str:
    """Return the time in UTC, to the minute, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="minutes")


def machine() -> str:
    """Return the number of cores, the system and the version of Python."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def keep(result: Stamped, folder: Path, name: str, about: Iterable[str], rows: Sequence[Sequence[str]]) -> Path:
    """Write <name>.json and <name>.md, which has the table of `rows`; return the path for the chart."""
    (folder / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    text = [
        f"# {name.capitalize()} bench",
        "",
        f"{result.date}, {result.machine}; {', '.join(f'{k} {v}' for k, v in result.versions.items())}.",
        *about,
        "",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        f"![chart]({name}.svg)",
        "",
    ]
    (folder / f"{name}.md").write_text("\n".join(text), encoding="utf-8")
    return folder / f"{name}.svg"
