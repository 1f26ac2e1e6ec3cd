"""What a gallery job gives: its data as files, and a judge of what it has stored.

A module `<area>_<job>.py` in this folder has

- `JOB`, the job's name, such as maintenance/rul_v1;
- `write(folder)`, which writes the job's data into an empty folder, the same at each call, and returns the files;
- `judge(tables)`, which compares what the job has stored with figures computed without it;
- or, instead of these two, `run(project, progress)`, which does everything and returns a Result;
- if it helps, `FIRST`, the names of jobs that run before it, on the same data; `then(tables)`, what is done between the
  run and the judge; and `picture(tables, path)`, which draws an SVG file for the page.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from headrace.environment import warehouse
from headrace.environment.settings import Settings
from headrace.project.paths import Project
from support.worlds.live_plant import Plant

HERE = Path(__file__).parent
_JOB = re.compile(r"^JOB = ", re.MULTILINE)


@dataclass(frozen=True)
class Feed:
    """A file of the job's data, and where it goes.

    `into` is `source/<contract>` for a message file, as `headrace send` takes it, or `table/<namespace>.<table>` for
    rows, as `headrace tables load` takes them. `key` and `partitions` are of messages: the field whose value is the
    message's key, and the partitions of the topic. A topic gets its files in the order of the list.
    """

    into: str
    file: Path
    key: str | None = None
    partitions: int = 1


@dataclass(frozen=True)
class Verdict:
    """One sentence of the judge: `what` was judged, the `figure` found, what is `wanted`, and whether it `holds`."""

    what: str
    figure: str
    wanted: str
    holds: bool


@dataclass(frozen=True)
class Tables:
    """What the judge sees: the files that were fed, in `folder`, and what the job has stored."""

    project: Project
    settings: Settings
    folder: Path

    def frame(self, sql: str) -> pd.DataFrame:
        """Return the answer of a SELECT in DuckDB's SQL over the tables; times are in UTC."""
        with warehouse.open(self.settings) as connection:
            rows: pd.DataFrame = warehouse.ask(connection, sql).df()
        return rows

    def messages(self, topic: str) -> list[tuple[Any, Any]]:
        """Return key and value of each message in the topic of sql/_topics/<topic>.yaml; None is a tombstone."""
        return Plant(self.project, self.settings, topic).messages(topic)


@dataclass(frozen=True)
class Entry:
    """A job of the gallery: its module's name, such as maintenance_rul, and what the module gives."""

    name: str
    job: str
    write: Callable[[Path], Sequence[Feed]]
    judge: Callable[[Tables], Sequence[Verdict]]
    run: Callable[[Project, Callable[[str], None]], Any] | None = None
    first: tuple[str, ...] = ()
    then: Callable[[Tables], object] | None = None
    picture: Callable[[Tables, Path], object] | None = None


def names() -> list[str]:
    """Return the names of all jobs of the gallery, sorted: the modules of this folder that have a JOB."""
    return sorted(path.stem for path in HERE.glob("*.py") if _JOB.search(path.read_text(encoding="utf-8")))


def entry(name: str) -> Entry:
    """Return a job of the gallery."""
    module = importlib.import_module(f"gallery.{name}")
    own: dict[str, Any] = {each: getattr(module, each, None) for each in ("write", "judge", "run", "then", "picture")}
    return Entry(name, module.JOB, **own, first=getattr(module, "FIRST", ()))


def count(rows: int, noun: str) -> str:
    """Return a number and its noun, such as 1 row or 2,000 rows."""
    return f"{rows:,} {noun}{'' if rows == 1 else 's'}"


def same(what: str, found: pd.DataFrame, wanted: pd.DataFrame, tolerance: float = 0.0) -> Verdict:
    """Return whether two frames have the same rows, whatever their order; numbers may differ by `tolerance`.

    Columns are those of `wanted`. Rows are put in order by the columns that have no fractions, then by the others.
    """
    columns = list(wanted.columns)
    by = sorted(columns, key=lambda column: pd.api.types.is_float_dtype(wanted[column]))
    left, right = (each[columns].sort_values(by, ignore_index=True) for each in (found, wanted))
    try:
        pd.testing.assert_frame_equal(left, right, check_dtype=False, rtol=0, atol=tolerance, check_exact=not tolerance)
        differing = ""
    except AssertionError as error:
        differing = " ".join(str(error).split())[:200] + _only_in_one(left, right)
    return Verdict(what, differing or count(len(left), "row"), f"the same {count(len(right), 'row')}", not differing)


def _only_in_one(found: pd.DataFrame, wanted: pd.DataFrame) -> str:
    """Return the first rows that only one of two frames has, by the columns without fractions."""
    exact = [column for column in wanted.columns if not pd.api.types.is_float_dtype(wanted[column])]
    if not exact:
        return ""
    both = found[exact].astype(str).merge(wanted[exact].astype(str), how="outer", indicator=True)
    sides = {"left_only": "only found", "right_only": "only wanted"}
    rows = both[both["_merge"] != "both"].head(4)
    return "".join(f"; {sides[row.pop('_merge')]}: {', '.join(row.values())}" for row in rows.to_dict("records"))


def duck(sql: str, **frames: pd.DataFrame) -> pd.DataFrame:
    """Return the answer of DuckDB to a SELECT over frames, by their names: a judge of its own.

    Times are in UTC; in the SELECT they are timestamps without a zone, which need no extension of DuckDB.
    """
    with duckdb.connect() as connection:
        for name, frame in frames.items():
            zoned = {
                str(each): column.dt.tz_convert(None) for each, column in frame.select_dtypes("datetimetz").items()
            }
            connection.register(name, frame.assign(**zoned))
        rows: pd.DataFrame = connection.execute(sql).df()
    times = rows.select_dtypes("datetime").items()
    return rows.assign(**{str(each): column.dt.tz_localize("UTC") for each, column in times})
