"""A message that kills its worker becomes a dead letter, and costs no other message."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import cloudpickle
import numpy as np
import pyarrow as pa
import pytest

from headrace_udfs.contract import Contract
from headrace_udfs.messages import Messages
from headrace_udfs.packs import packed
from headrace_udfs.pipeline import Pipeline
from headrace_udfs.poison import Poison
from headrace_udfs.step_protocol import Columns, Worker
from headrace_udfs.streams import Streams
from headrace_udfs.types import ContractType

CONTRACT = Contract.model_validate(
    {
        "description": "Readings in arrays.",
        "topic": "plant.readings",
        "format": "json_array",
        "fields": {"tag": {"type": "string", "required": True}, "value": {"type": "double"}},
        "time": {"path": "ts", "unit": "epoch_ms"},
        "key": "tag",
    }
)


class Deadly:
    """Ends the process in which it meets the value 13, and another one each time for the value 14."""

    name: ClassVar[str] = "deadly"
    needs: ClassVar[tuple[str, ...]] = ("value",)
    outputs: ClassVar[Mapping[str, ContractType]] = {}

    def __init__(self, once: str) -> None:
        self._once = once

    def open(self, worker: Worker) -> None:
        """Needs nothing."""

    def apply(self, columns: Columns) -> Columns:
        values = columns["value"].to_pylist()
        if 13.0 in values:
            os.kill(os.getpid(), signal.SIGKILL)
        if 14.0 in values and not Path(self._once).exists():
            Path(self._once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {}

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture(autouse=True)
def _by_value() -> Iterator[None]:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def pack(values: list[list[float] | None], first: int = 0, partition: int = 0) -> bytes:
    texts = [
        None if v is None else json.dumps([{"tag": "a", "value": x, "ts": 1_400_000_000_000} for x in v])
        for v in values
    ]
    offsets = np.arange(first, first + len(values))
    messages = Messages([t.encode() if t else None for t in texts], topics="plant.readings", times=offsets)
    return packed(partition, offsets, messages)


def ended_worker(pipeline: Pipeline, packs: list[bytes], folder: Path) -> None:
    """Decode the packs in a process, which must be killed meanwhile."""
    work = cloudpickle.dumps((pipeline, packs, folder))
    code = (
        "import sys, cloudpickle\n"
        "from headrace_udfs.poison import Poison\n"
        "from headrace_udfs.streams import Streams\n"
        "pipeline, packs, folder = cloudpickle.loads(sys.stdin.buffer.read())\n"
        "run = Poison('key', pipeline, folder).run\n"
        "pipeline.open(lambda *_: None)\n"
        "Streams(pipeline, run=run).of(packs)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=work, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def streams(pipeline: Pipeline, folder: Path) -> Streams:
    run = Poison("key", pipeline, folder).run
    pipeline.open(lambda *_: None)
    return Streams(pipeline, run=run)


def rows(found: list[bytes | None]) -> list[dict[str, Any]]:
    return [row for each in found if each for row in pa.ipc.open_stream(each).read_all().to_pylist()]


def test_what_kills_a_worker_twice_is_a_dead_letter_and_the_rest_is_stored(tmp_path: Path) -> None:
    pipeline = Pipeline(CONTRACT, [Deadly(str(tmp_path / "once"))])
    notes = tmp_path / "notes"
    packs = [pack([[1, 2], [14], [3, 13], None, [4]], 5), pack([[5]], 0, partition=3)]
    ended_worker(pipeline, packs, notes)
    ended_worker(pipeline, packs, notes)
    # The worker of another reader starts first, and reads other messages.
    streams(Pipeline(CONTRACT), notes).of([pack([[1]], 5, partition=1)])
    streamed = streams(pipeline, notes).of(packs)
    assert [row["value"] for row in rows(streamed.good)] == [1, 2, 14, 4, 5]
    letters = [(row["src_offset"], row["err_code"], row["err_msg"]) for row in rows(streamed.letters)]
    killed = ("udf_failed", "decoding it ends the process, by signal 9")
    assert letters == [(7, *killed), (8, "null_payload", "the message has no value")]
    assert (
        rows(streamed.letters)[0]["payload"]
        == json.dumps([{"tag": "a", "value": x, "ts": 1_400_000_000_000} for x in (3, 13)]).encode()
    )
    assert list(notes.iterdir()) == []


def test_one_worker_that_ended_suspects_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Poison, "_tried", lambda *_: pytest.fail("nothing is suspected"))
    ended_worker(Pipeline(CONTRACT, [Deadly(str(tmp_path / "once"))]), [pack([[1], [14]])], tmp_path / "notes")
    streamed = streams(Pipeline(CONTRACT), tmp_path / "notes").of([pack([[1], [14]])])
    assert len(rows(streamed.good)) == 2
    assert list((tmp_path / "notes").iterdir()) == []


def test_notes_of_workers_that_live_of_other_messages_and_other_pipelines_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poison, "_tried", lambda *_: pytest.fail("nothing is suspected"))
    ended, offsets = 2**22 - 1, ["plant.readings", 0, 0, 9]
    (tmp_path / f"key-{os.getppid()}-1").write_text(json.dumps([5, [offsets]]))
    (tmp_path / f"key-{ended}-1").write_text(
        json.dumps([5, [["plant.readings", 0, 10, 19], ["plant.readings", 1, 0, 9]]])
    )
    (tmp_path / f"key-{ended}-2").write_text('[["plant')
    (tmp_path / f"other-{ended}-1").write_text(json.dumps([5, [offsets]]))
    (tmp_path / f"old-{ended}-1").touch()
    os.utime(tmp_path / f"old-{ended}-1", (0, 0))
    streamed = streams(Pipeline(CONTRACT), tmp_path).of([pack([[1]], 5)])
    assert len(rows(streamed.good)) == 1
    assert sorted(note.name.partition("-")[0] for note in tmp_path.iterdir()) == ["key", "key", "key", "other"]


def test_without_a_folder_for_notes_a_worker_decodes_as_before(tmp_path: Path) -> None:
    (tmp_path / "notes").touch()
    assert len(rows(streams(Pipeline(CONTRACT), tmp_path / "notes").of([pack([[1]])]).good)) == 1


def test_an_exception_removes_the_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError("the registry is down")

    made = streams(Pipeline(CONTRACT), tmp_path)
    monkeypatch.setattr(Pipeline, "run", fails)
    with pytest.raises(OSError, match="the registry is down"):
        made.of([pack([[1]])])
    assert list(tmp_path.iterdir()) == []


def test_a_message_without_an_offset_that_kills_workers_is_found_in_other_batches(tmp_path: Path) -> None:
    contract = CONTRACT.model_copy(update={"format": "json"})
    pipeline = Pipeline(contract, [Deadly(str(tmp_path / "once"))])
    texts = [json.dumps({"tag": "a", "value": n, "ts": 1_400_000_000_000}).encode() for n in range(10, 16)]
    code = (
        "import sys, cloudpickle\n"
        "from headrace_udfs.messages import Messages\n"
        "from headrace_udfs.poison import Poison\n"
        "pipeline, values, folder = cloudpickle.loads(sys.stdin.buffer.read())\n"
        "run = Poison('key', pipeline, folder).run_messages\n"
        "pipeline.open(lambda *_: None)\n"
        "run(Messages(values, topics='plant.readings'))\n"
    )
    # Flink sends other batches to each worker: the checkpoint that it continues from is not at their borders.
    for batch in (texts[:4], texts[1:]):
        work = cloudpickle.dumps((pipeline, batch, tmp_path / "notes"))
        assert subprocess.run([sys.executable, "-c", code], input=work, check=False).returncode == -signal.SIGKILL
    run = Poison("key", pipeline, tmp_path / "notes").run_messages
    pipeline.open(lambda *_: None)
    batch = run(Messages(texts, topics="plant.readings")).batch
    assert batch.column("err_msg").to_pylist() == [
        None,
        None,
        None,
        "decoding it ends the process, by signal 9",
        None,
        None,
    ]
    assert list((tmp_path / "notes").iterdir()) == []
