"""Packs in, Arrow streams out: no cut into packs and batches changes a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs import flink_streams, streams
from headrace_udfs.contract import Contract
from headrace_udfs.high_water import IDLE_S, NOTHING, HighWater
from headrace_udfs.messages import Messages
from headrace_udfs.packs import NotAPack, packed, unpacked
from headrace_udfs.pipeline import PIECE, Pipeline
from headrace_udfs.reader_watermark import ReaderWatermark
from headrace_udfs.stream_types import LATE, LETTERS, good
from headrace_udfs.streams import Streams

START_MS = 1_400_000_000_000
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
SINGLE = CONTRACT.model_copy(update={"format": "json"})


def opened(contract: Contract) -> Pipeline:
    pipeline = Pipeline(contract)
    pipeline.open(lambda _name, _n: None)
    return pipeline


def pack(values: Sequence[bytes | None], first: int = 0, partition: int = 0) -> bytes:
    offsets = np.arange(first, first + len(values))
    return packed(partition, offsets, Messages(values, topics="plant.readings", times=START_MS + offsets))


def rows(found: Sequence[Any]) -> list[dict[str, Any]]:
    return [row for each in found if each for row in pa.ipc.open_stream(each).read_all().to_pylist()]


def reading(ts_ms: int, value: object = 1.5, tag: str = "a") -> str:
    return json.dumps({"tag": tag, "value": value, "ts": ts_ms})


texts = st.binary(max_size=8) | st.none()


@given(
    st.lists(st.tuples(texts, texts, st.lists(st.tuples(st.text(max_size=4), texts), max_size=3)), max_size=6),
    st.sampled_from(["value", "key", "headers", "all"]),
)
def test_what_is_packed_is_what_is_unpacked(messages: list[tuple[Any, ...]], parts: str) -> None:
    values, keys, headers = ([message[part] for message in messages] for part in range(3))
    given_ = Messages(
        values,
        keys if parts in ("key", "all") else None,
        headers if parts in ("headers", "all") else None,
        "a.tøpic",
        np.arange(len(values)) - 5,
    )
    found = unpacked(packed(7, np.arange(len(values)) * 3, given_))
    assert (found.partition, found.offsets.tolist()) == (7, [3 * n for n in range(len(values))])
    assert found.messages.topics == "a.tøpic"
    assert (list(found.messages.values), found.messages.keys) == (values, given_.keys)
    assert found.messages.headers == given_.headers
    assert found.messages.times is not None
    assert found.messages.times.tolist() == [n - 5 for n in range(len(values))]


@pytest.mark.parametrize("spoilt", [b"", b'{"tag":"a"}', pack([b"1"])[:-1], pack([b"1"]) + b"0"])
def test_what_is_not_a_whole_pack_is_refused(spoilt: bytes) -> None:
    with pytest.raises(NotAPack):
        Streams(opened(SINGLE)).of([spoilt])


@given(st.integers(0, 83), st.integers(0, 255))
def test_a_pack_with_another_number_in_its_front_or_lengths_is_refused_or_has_as_many_bytes(at: int, byte: int) -> None:
    pack_ = bytearray(pack([b"first", None, b"third"], 5))
    pack_[at] = byte
    try:
        found = unpacked(bytes(pack_))
    except NotAPack:
        return
    # What passes differs in its partition, offsets, times or a bit without a meaning, never in where a message ends.
    assert list(found.messages.values) == [b"first", None, b"third"]


items = st.sampled_from([reading(START_MS), reading(START_MS + 1), "{}", reading(START_MS, "x"), "7"])
arrays = st.lists(items, max_size=4).map(lambda each: f"[{','.join(each)}]".encode()) | st.sampled_from([None, b"{"])


@given(st.lists(arrays, max_size=8), st.lists(st.integers(0, 8), max_size=3))
def test_no_cut_into_packs_changes_a_row(messages: list[bytes | None], cuts: list[int]) -> None:
    ends = sorted({min(cut, len(messages)) for cut in cuts} | {len(messages)})
    starts = [0, *ends[:-1]]
    packs = [pack(messages[a:b], a) for a, b in zip(starts, ends, strict=True) if a < b]
    together = Streams(opened(CONTRACT)).of(packs)
    alone = [Streams(opened(CONTRACT)).of([pack([message], at)]) for at, message in enumerate(messages)]
    assert rows(together.good) == [row for each in alone for row in rows(each.good)]
    assert rows(together.letters) == [row for each in alone for row in rows(each.letters)]
    seen = [(row["src_offset"], row["src_index"]) for row in rows(together.good) + rows(together.letters)]
    assert len(seen) == len(set(seen))
    assert {offset for offset, _ in seen} == set(range(len(messages)))


def test_only_the_first_letter_of_a_message_has_its_bytes() -> None:
    payload = f"[{{}},{reading(START_MS)},{{}}]".encode()
    streamed = Streams(opened(CONTRACT)).of([pack([payload, None], 5, partition=3)])
    letters = [[row[name] for name in ("payload", "src_offset", "src_index")] for row in rows(streamed.letters)]
    assert letters == [[payload, 5, 0], [None, 5, 2], [None, 6, 0]]
    (good,) = rows(streamed.good)
    position = [good[name] for name in ("src_topic", "src_partition", "src_offset", "src_index")]
    assert position == ["plant.readings", 3, 5, 1]


def test_packs_that_are_decoded_together_keep_their_positions_and_topics() -> None:
    other = packed(1, np.array([9]), Messages([reading(START_MS).encode()], topics="other", times=np.array([START_MS])))
    streamed = Streams(opened(SINGLE)).of([pack([reading(START_MS).encode()], 4), other])
    assert streamed.good[1] is None
    places = [(row["src_topic"], row["src_partition"], row["src_offset"]) for row in rows(streamed.good)]
    assert places == [("plant.readings", 0, 4), ("other", 1, 9)]


def test_large_packs_are_not_decoded_together() -> None:
    value = reading(START_MS).encode() + b" " * (PIECE // 2)
    streamed = Streams(opened(SINGLE.model_copy(update={"max_bytes": PIECE}))).of([pack([value], n) for n in range(3)])
    assert [stream is None for stream in streamed.good] == [False, False, False]


def watermark(partitions: int = 1) -> ReaderWatermark:
    return ReaderWatermark(HighWater(partitions, 1, lambda: 0.0), 10_000_000)


def test_a_reading_is_late_if_the_packs_before_have_passed_it() -> None:
    late = f"[{reading(START_MS)},{reading(START_MS + 1)}]".encode()
    packs = [pack([f"[{reading(START_MS + 10_000)}]".encode()], 0), pack([late], 1)]
    streamed = Streams(opened(CONTRACT), watermark()).of(packs)
    assert streamed.watermarks == [START_MS * 1000] * 2
    assert [row["late"] for row in rows(streamed.good)] == [False, True, False]
    (found,) = rows(streamed.late)
    assert [found[name] for name in ("key", "payload", "src_offset", "src_index")] == ["a", late, 1, 0]
    assert found["watermark"] == found["ts"]


def test_readings_of_one_pack_do_not_make_each_other_late() -> None:
    values = [reading(START_MS + 60_000).encode(), reading(START_MS).encode()]
    streamed = Streams(opened(SINGLE), watermark()).of([pack(values)])
    assert not any(row["late"] for row in rows(streamed.good))
    assert streamed.watermarks == [(START_MS + 50_000) * 1000]


def test_the_watermark_waits_for_every_partition_of_the_reader() -> None:
    streams_ = Streams(opened(SINGLE), watermark(partitions=2))
    first = streams_.of([pack([reading(START_MS + 60_000).encode()], 0, partition=0)])
    assert first.watermarks == [NOTHING]
    second = streams_.of([pack([reading(START_MS + 20_000).encode()], 0, partition=1), pack([b"{"], 1)])
    assert second.watermarks == [(START_MS + 10_000) * 1000] * 2


def test_a_partition_that_is_idle_holds_nothing_back_and_what_it_sends_later_is_late() -> None:
    now = [0.0]
    streams_ = Streams(opened(SINGLE), ReaderWatermark(HighWater(2, 1, lambda: now[0]), 10_000_000))

    def sent(partition: int, ms: int) -> streams.Streamed:
        return streams_.of([pack([reading(START_MS + ms).encode()], partition=partition)])

    assert sent(0, 60_000).watermarks == [NOTHING]
    now[0] = IDLE_S + 1
    assert sent(0, 61_000).watermarks == [(START_MS + 51_000) * 1000]
    back = sent(1, 50_000)
    assert [len(rows(back.late)), [row["late"] for row in rows(back.good)]] == [1, [True]]
    # It counts again, but no watermark goes back.
    assert back.watermarks == [(START_MS + 51_000) * 1000]
    assert sent(0, 99_000).watermarks == [(START_MS + 51_000) * 1000]
    assert sent(1, 80_000).watermarks == [(START_MS + 70_000) * 1000]


def test_after_a_start_nothing_is_late_until_the_watermark_is_known_again() -> None:
    old = [pack([reading(START_MS).encode()], 7)]
    assert [row["late"] for row in rows(Streams(opened(SINGLE), watermark()).of(old).good)] == [False]


def test_a_watermark_that_is_given_replaces_that_of_the_readings() -> None:
    packs = [pack([b"{"], 0), pack([reading(START_MS).encode()], 1), pack([reading(START_MS + 1).encode()], 2)]
    streamed = Streams(opened(SINGLE), watermark()).of(packs, [START_MS * 1000, None, None])
    assert streamed.watermarks == [START_MS * 1000] * 3
    assert [row["late"] for row in rows(streamed.good)] == [True, False]


def test_streams_have_the_columns_that_sql_is_told() -> None:
    streamed = Streams(opened(SINGLE), watermark()).of(
        [pack([reading(START_MS).encode(), b"{"]), pack([reading(START_MS - 60_000).encode()], 2)]
    )
    for found, types in (
        (streamed.good, good(opened(SINGLE), timed=True)),
        (streamed.letters, LETTERS),
        (streamed.late, LATE),
    ):
        for each in [stream for stream in found if stream is not None]:
            schema = pa.ipc.open_stream(each).schema
            assert {field.name: field.type for field in schema} == {name: kind.arrow for name, kind in types.items()}


@pytest.mark.parametrize(("tags", "has_dictionary"), [(7, True), (10_000, False)])
def test_texts_that_repeat_have_a_dictionary_and_are_the_same(tags: int, has_dictionary: bool) -> None:
    values = [reading(START_MS + n, tag=f"tag {n % tags}").encode() for n in range(5_000)]
    (stream,) = Streams(opened(SINGLE)).of([pack(values)]).good
    read = pa.ipc.open_stream(stream)
    assert pa.types.is_dictionary(read.schema.field("tag").type) == has_dictionary
    assert read.read_all()["tag"].to_pylist() == [f"tag {n % tags}" for n in range(5_000)]


@pytest.mark.parametrize("streams_", [[b"ab"], [None, b"ab", None], [b"ab", None, b"", b"c"], [None, None]])
def test_streams_become_a_column_of_bytes(streams_: list[bytes | None]) -> None:
    column = flink_streams._column([None if each is None else pa.py_buffer(each) for each in streams_])
    column.validate(full=True)
    assert (column.type, column.to_pylist()) == (pa.binary(), streams_)
