"""What is kept in Flink's state comes back as it was, from this release and from earlier ones."""

from __future__ import annotations

import base64
import zlib
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.scoring import stored
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.channels import State
from headrace_udfs.scoring.events import Event
from headrace_udfs.scoring.stream import Memory

_US = st.integers(-(2**62), 2**62)
_ROWS = st.lists(st.tuples(st.integers(0, 2**31 - 1), _US, st.floats(), st.booleans(), _US))


@given(st.integers(0, 15), st.integers(0, 2**64 - 1), _ROWS)
def test_packed_readings_come_back(bucket: int, of: int, rows: list[tuple[int, int, float, bool, int]]) -> None:
    tag, times, values, good, order = zip(*rows, strict=True) if rows else ((),) * 5
    numbers = [np.array(part, np.int64) for part in (tag, times, order)]
    readings = Readings(numbers[0], numbers[1], np.array(values, float), np.array(good, bool), numbers[2])
    packed = stored.pack(bucket, of, readings)
    assert stored.bucket(packed) == bucket
    back_of, back = stored.unpack(packed)
    assert back_of == of
    for field in fields(Readings):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(readings, field.name))
        assert getattr(back, field.name).dtype == getattr(readings, field.name).dtype


def memory() -> Memory:
    random = np.random.default_rng(1)
    last, seen, run, z = random.normal(size=(4, 3))
    state = State(last, seen, run, z, random.normal(size=(6, 3)), random.normal(size=(2, 3)))
    state.seen[0], state.z[1] = -np.inf, np.nan
    known = {
        "a.x": Event("a.x", 1, 3, 2, 0.1 + 0.2, "level", ("a.y", "a.\u00e4")),
        "b.x": Event("b.x", 2**60, 2**60 + 1, 2**60, 1e300, "shift_2d"),
    }
    return Memory(state, known)


def same(one: Memory, other: Memory) -> None:
    assert one.open == other.open
    for field in fields(State):
        np.testing.assert_array_equal(getattr(one.state, field.name), getattr(other.state, field.name))


def test_a_memory_comes_back_to_the_last_bit() -> None:
    pin, of, back = stored.load(stored.dump("sites@1", 2**64 - 1, memory()))
    assert (pin, of) == ("sites@1", 2**64 - 1)
    same(back, memory())
    pin, of, none = stored.load(stored.dump("sites@1", 0, Memory(memory().state, {})))
    assert none.open == {}


def test_the_state_of_an_earlier_release_is_read() -> None:
    pin, of, back = stored.load(zlib.decompress(base64.b64decode(FORMAT_1)))
    assert (pin, of) == ("sites@1", 11)
    same(back, memory())
    packed_of, readings = stored.unpack(base64.b64decode(PACK_1))
    assert (packed_of, stored.bucket(base64.b64decode(PACK_1))) == (11, 3)
    assert [getattr(readings, field.name).tolist() for field in fields(Readings)] == [[2], [5], [0.5], [True], [9]]


def test_a_format_of_a_later_release_is_refused() -> None:
    dumped = stored.dump("sites@1", 0, memory()).replace(b'"format":1', b'"format":2')
    with pytest.raises(ValueError, match="has format 2; this release reads format 1"):
        stored.load(dumped)


def test_a_layout_tells_versions_and_tags_apart() -> None:
    each = [("a@1", ["x", "y"]), ("a@2", ["x", "y"]), ("a@1", ["y", "x"]), ("a@1", ["x"])]
    assert len({stored.layout(*one) for one in each}) == len(each)
    assert stored.layout("a@1", ["x", "y"]) == 14_458_536_500_861_090_107


FORMAT_1 = (
    "eJybwsjAUK2Ull+Um1iiZGWoo5Sbn5Kao2SlVJxZklrsYKiko5STWJlfCpIEyiYWFSVWFitZVQNFi4Fi0caxOkrFqal5UGZRKYxV"
    "BaVzUxPzgBqizXRAvOTUvJKiVBDfCMiv1VHKLwDrrVYqSUwH2pqoVwG0sbgksQjimtS8FCUrYx2lgtTE7HiQC42g7OLk/KJUJSsD"
    "PWMDVGACtCSxtBgop5STWgb0CtBRqTmJJalAg6KB5lcCBRL1YkoNDFJNlIAugNmchGKzoamRpZGhqYGJmYGZhYmZpbkZ1C2YMuZI"
    "rsOqD9m9hqnaQAcjnFickZlWEm+UguLK2NrY2oWbd2vwyl2zl89gUdrk9cqe68/TnoeqV+0ZwODD/8+el++u+fHG3r2wZXnaxDv2"
    "pUHavTv0Hu5XSpzyr2XGI/t3+itL1UOv2wc9KpEWvHwJqu9H/bcJO63X1D2037I+VJNj4vP90fGZG61vHdk//YDeN67b9/Z36wR3"
    "7Nd8bO++Rf5gSdgSe5m3Fq1ztl/aP9/S82kK68v9Lb39hddKL+yf+DXqx401DfbRCTZxVYsv7n+YL+NUs+WL/U2LpV+6pD/Yb87Q"
    "+lK6gfVAmavQl1TLf/tXb7ww8V3csf2S72e+02K9vV8taHH08ojT9gWslrUmF0/bm2j9LAz9yODw93izx7VTH/fvWCJluE7rxv4X"
    "zL8XzwhncPAyiK0+tfGJvSZT4doL5k/tAZiTBoY="
)
"""The memory above, compressed."""

PACK_1 = "AwAAAAsAAAAAAAAAAQAAAAIAAAAFAAAAAAAAAAAAAAAAAOA/AQkAAAAAAAAA"
