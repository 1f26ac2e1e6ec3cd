"""Read dead letters or late readings, the newest first, and decrypt their payloads with the environment's keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.environment import warehouse
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.project.system_tables import DEAD_LETTERS, LATE_READINGS
from headrace_udfs import sealed
from headrace_udfs.key_ring import BadKey, KeyRing, Keys

_QUERIES = Path(__file__).parent / "queries"


@dataclass(frozen=True)
class Letters:
    """Rows of one of the two tables: the names of their columns, with `payload` as the last one, and their values."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def dead(settings: Settings, job: str | None, code: str | None, limit: int) -> Letters:
    """Return dead letters, the newest first, of one job if it is given, and with one code."""
    return _read(settings, DEAD_LETTERS, {"job": job, "code": code, "limit": limit})


def late(settings: Settings, job: str | None, limit: int) -> Letters:
    """Return late readings, the newest first."""
    return _read(settings, LATE_READINGS, {"job": job, "limit": limit})


def decrypted(settings: Settings, letters: Letters) -> Letters:
    """Return the letters with payloads as they were before they were encrypted.

    Raises UserError if a key is missing, or does not fit a payload.
    """
    names = {name for row in letters.rows if row[-1] and (name := sealed.key_name(row[-1]))}
    try:
        keys = KeyRing(settings.keys).open(names)
        rows = [[*row[:-1], _payload(row[-1], keys)] for row in letters.rows]
    except BadKey as error:
        what, _, fix = str(error).partition("; ")
        raise UserError(what, fix=fix or "use --env of the environment that wrote it, with its keys") from None
    return Letters(letters.columns, rows)


def _payload(stored: bytes | None, keys: Keys) -> bytes | None:
    return sealed.unseal(stored, keys) if stored and sealed.is_sealed(stored) else stored


def _read(settings: Settings, table: str, values: dict[str, Any]) -> Letters:
    query = _QUERIES / f"{table.partition('.')[2]}.sql"
    with warehouse.open(settings, [table]) as connection:
        answer = warehouse.run(connection, query, values)
        return Letters([column[0] for column in answer.description], answer.fetchall())
