"""What Kafka's reader packs is what Python unpacks."""

from __future__ import annotations

import base64
import os
import random
import struct
import subprocess
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

from headrace_udfs.packs import NotAPack, unpacked

PROGRAM = Path(__file__).with_name("PackRecords.java")
JARS = ("flink-sql-connector-kafka", "flink-dist", "log4j")
ENOUGH = 4 * 2**20

Bytes = bytes | None


@dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    offset: int
    time: int
    key: Bytes
    value: Bytes
    headers: tuple[tuple[str, Bytes], ...]

    def line(self) -> str:
        headers = [text for name, value in self.headers for text in (name.encode(), value)]
        texts = ["-" if each is None else each.hex() for each in (self.key, self.value, *headers)]
        return ",".join([self.topic, str(self.partition), str(self.offset), str(self.time), *texts])


def java_packs(folder: Path, parts: str, records: list[Record]) -> tuple[list[tuple[int, bytes]], int]:
    """Return the packs of the records, a split for each partition, with their records' offsets; and the counter."""
    splits = groupby(records, lambda record: record.partition)
    file = folder / "records"
    file.write_text("\n\n".join("\n".join(record.line() for record in split) for _, split in splits) + "\n")
    jars = (str(jar) for jar in (Path(os.environ["FLINK_HOME"]) / "lib").iterdir() if jar.name.startswith(JARS))
    java = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", ":".join(jars), str(PROGRAM)]
    done = subprocess.run([*java, parts, str(file)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    *packs, counted = done.stdout.splitlines()
    found = [line.split() for line in packs]
    return [(int(offset), base64.b64decode(pack)) for offset, pack in found], int(counted)


def some_records() -> list[Record]:
    chance = random.Random(7)  # noqa: S311 - the same records each time

    def text() -> Bytes:
        return chance.choice([None, b"", chance.randbytes(3), chance.randbytes(300)])

    def record(partition: int, offset: int) -> Record:
        headers = [(chance.choice(["", "a", "größe", "a"]), text()) for _ in range(chance.randrange(4))]
        return Record("a.tøpic", partition, offset, chance.randrange(-1, 2**41), text(), text(), tuple(headers))

    # Gaps, as transactions and compaction leave them, and a first offset beyond 2**32.
    return [record(p, 2**33 + p + 3 * n) for p in (0, 3, 2**31 - 1) for n in range(40)]


@pytest.mark.parametrize("parts", ["lines", "lines,key", "lines,headers", "lines,key,headers"])
def test_python_reads_what_java_packs(parts: str, tmp_path: Path) -> None:
    records = some_records()
    packs, counted = java_packs(tmp_path, parts, records)
    assert counted == len(records)
    found = [(last, unpacked(pack)) for last, pack in packs]
    assert [pack.partition for _, pack in found] == [0, 3, 2**31 - 1]
    for last, pack in found:
        own, messages = [each for each in records if each.partition == pack.partition], pack.messages
        assert last == own[-1].offset
        assert pack.offsets.tolist() == [each.offset for each in own]
        assert messages.topics == "a.tøpic"
        assert messages.times is not None
        assert messages.times.tolist() == [each.time for each in own]
        assert list(messages.values) == [each.value for each in own]
        assert messages.keys == ([each.key for each in own] if "key" in parts else None)
        assert messages.headers == ([list(each.headers) for each in own] if "headers" in parts else None)


def test_a_job_of_an_earlier_release_gets_packs_without_lines(tmp_path: Path) -> None:
    records = [Record("t", 3, n, 7, None, value, ()) for n, value in enumerate((b"first", None, b"third"))]
    ((last, pack),), _ = java_packs(tmp_path, "value", records)
    front = struct.pack("<4s5i6q3i", b"hrp1", 3, 3, 1, 0, len(pack), 0, 1, 2, 7, 7, 7, 5, -1, 5)
    assert (last, pack) == (2, front + b"tfirstthird")
    with pytest.raises(NotAPack, match="earlier release"):
        unpacked(pack)


@pytest.mark.parametrize("long", ["key", "value", "header"])
def test_a_pack_ends_with_the_record_that_reaches_four_mebibytes(long: str, tmp_path: Path) -> None:
    body = bytes(2**16)

    def record(n: int) -> Record:
        headers = (("h", body),) if long == "header" else ()
        return Record("t", 0, n, 0, body if long == "key" else None, body if long == "value" else b"", headers)

    packs, counted = java_packs(tmp_path, "lines,key,headers", [record(n) for n in range(150)])
    assert counted == 150
    assert [len(unpacked(pack).offsets) for _, pack in packs] == [64, 64, 22]
    assert [last for last, _ in packs] == [63, 127, 149]
