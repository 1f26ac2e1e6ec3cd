"""Search everything that a job leaves behind for values that it must not show: tables, topics, state, logs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import fastavro
import pyarrow.parquet as pq

from gallery import stand
from gallery.kit import Tables
from headrace.environment import iceberg
from headrace.project import topic_files

SHORTEST, SHORTEST_NUMBER = 5, 8
"""Characters of the shortest value that is searched, and of the shortest of digits: others stand anywhere by chance."""


def found(tables: Tables, values: Iterable[str]) -> dict[str, list[str]]:
    """Return the values that stand somewhere in what was stored or logged, by place; those of the input do not count.

    Looked at are the data and metadata files of all tables, the topics that jobs write, and each other file of the
    platform: logs, checkpoints, savepoints, releases. Left out are the input's own files and the broker's log of it.
    """
    leaks: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        wanted, folder = Path(scratch) / "wanted", Path(scratch) / "read"
        wanted.write_text("".join(f"{each}\n" for each in sorted(set(filter(is_telling, values)))), encoding="utf-8")
        folder.mkdir()
        places: dict[str, str] = {}
        for place, text in (*_tables(tables), *_topics(tables)):
            file = folder / str(len(places))
            file.write_text(text, encoding="utf-8")
            places[str(file)] = place
        places |= {str(each): str(each.relative_to(tables.project.home)) for each in _files(tables)}
        for name, value in _searched(wanted, [*places]):
            leaks.setdefault(places[name], []).append(value)
    return leaks


def _searched(wanted: Path, files: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each file that has one of the texts, and the text; grep finds all of them in one pass."""
    command = ["grep", "--fixed-strings", "--text", "--only-matching", "--with-filename", "--null", "-f", str(wanted)]
    for start in range(0, len(files), 500):
        part = [*command, "--", *files[start : start + 500]]
        bytes_alone = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(part, capture_output=True, text=True, errors="replace", check=False, env=bytes_alone)
        if done.returncode > 1:
            raise RuntimeError(done.stderr)
        for line in sorted(set(done.stdout.splitlines())):
            file, _, value = line.partition("\0")
            yield file, value


def is_telling(value: str) -> bool:
    """Return whether a value that is found somewhere has come from the input: no code, and not too short."""
    return len(value) >= (SHORTEST_NUMBER if value.isdigit() else SHORTEST) and not (
        value.isalpha() and value.islower()
    )


def texts(value: object) -> Iterator[str]:
    """Yield each text in a JSON value."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def _tables(tables: Tables) -> Iterator[tuple[str, str]]:
    catalog = iceberg.connect(tables.settings)
    names = [name for space in catalog.list_namespaces() for name in catalog.list_tables(space)]
    for name in names:
        location = Path(catalog.load_table(name).location().removeprefix("file://"))
        for file in sorted(each for each in location.rglob("*") if each.is_file()):
            yield f"{'.'.join(name)}: {file.name}", _decoded(file)


def _decoded(file: Path) -> str:
    """Return the text of a file, without compression."""
    if file.suffix == ".parquet":
        return f"{pq.read_metadata(file)}\n{_rows(file)}"
    if file.suffix == ".avro":
        with file.open("rb") as stream:
            return str([*fastavro.reader(stream)])
    return file.read_bytes().decode("utf-8", "replace")


def _rows(file: Path) -> str:
    table = pq.read_table(file)
    return "\n".join(str(value) for column in table.columns for value in column.to_pylist() if value is not None)


def _topics(tables: Tables) -> Iterator[tuple[str, str]]:
    for name in topic_files.names(tables.project):
        yield f"topic {name}", str(tables.messages(name))


def _files(tables: Tables) -> Iterator[Path]:
    home = tables.project.home
    copied = [tables.project.root / part for part in stand.PARTS]
    inputs = (tables.folder, *copied, *_broker(home))
    for file in sorted(each for each in home.rglob("*") if each.is_file() and not each.is_symlink()):
        if not any(file.is_relative_to(each) for each in inputs):
            yield file


def _broker(home: Path) -> list[Path]:
    """Return the folders in which the broker keeps topics: those with the files of a partition."""
    return sorted({log.parent for log in home.rglob("*.log") if (log.parent / "partition.metadata").exists()})
