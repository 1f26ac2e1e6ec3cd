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


@given(st.integers(0, 15), _ROWS)
def test_packed_readings_come_back(bucket: int, rows: list[tuple[int, int, float, bool, int]]) -> None:
    tag, times, values, good, order = zip(*rows, strict=True) if rows else ((),) * 5
    numbers = [np.array(part, np.int64) for part in (tag, times, order)]
    readings = Readings(numbers[0], numbers[1], np.array(values, float), np.array(good, bool), numbers[2])
    packed = stored.pack(bucket, readings)
    assert stored.bucket(packed) == bucket
    back = stored.unpack(packed)
    for field in fields(Readings):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(readings, field.name))
        assert getattr(back, field.name).dtype == getattr(readings, field.name).dtype


def memory(turned: float = 0.5) -> Memory:
    random = np.random.default_rng(1)
    last, seen, run, z = random.normal(size=(4, 3))
    means, centres = random.normal(size=(6, 3)), random.normal(size=(2, 3))
    state = State(last, seen, run, z, np.concatenate([means, np.full((1, 3), turned)]), centres)
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
    pin, back = stored.load(stored.dump("sites@1", memory()))
    assert pin == "sites@1"
    same(back, memory())
    _, none = stored.load(stored.dump("sites@1", Memory(memory().state, {})))
    assert none.open == {}


def test_the_state_of_an_earlier_release_is_read() -> None:
    pin, back = stored.load(zlib.decompress(base64.b64decode(FORMAT_1)))
    assert pin == "sites@1"
    same(back, memory(turned=0.0))
    packed = base64.b64decode(PACK_1)
    assert stored.bucket(packed) == 3
    readings = stored.unpack(packed)
    assert [getattr(readings, field.name).tolist() for field in fields(Readings)] == [[2], [5], [0.5], [True], [9]]


def test_a_format_of_a_later_release_is_refused() -> None:
    dumped = stored.dump("sites@1", memory()).replace(b'"format":2', b'"format":3')
    with pytest.raises(ValueError, match="has format 3; this release reads formats up to 2"):
        stored.load(dumped)


FORMAT_1 = (
    "eJzrYGRgqFZKyy/KTSxRsjLUUcrNT0nNUbJSKs4sSS12MFTSUUosKkqsLFayqlbKSSwGKoo2jtVRKk5NzYMyi0phrCoonZuamAfU"
    "EG2mA+Ilp+aVFKWC+EZAfq2OUn4BWG+1UkliOtCmRL0KoC3FJYlFEBek5qUoWRnrKBWkJmbHg1xlBGUXJ+cXpSpZGegZG6ACE6Al"
    "iaXFQDmlnNQyoPOBjkrNSSxJBRoUDTS/EuQLvZhSA4NUEyWgC2A2J6HYbGhqZGlkaGpgYmZgZmFiZmluBnULpow5kuuw6kN2r2Gq"
    "NtDBCCcWZ2SmlcQbpaC4MrY2tnbh5t0avHLX7OUzWJQ2eb2y5/rztOeh6lV7BjD48P+z5+W7a368sXcvbFmeNvGOfWmQdu8OvYf7"
    "lRKn/GuZ8cj+nf7KUvXQ6/ZBj0qkBS9fgur7Uf9twk7rNXUP7besD9XkmPh8f3R85kbrW0f2Tz+g943r9r393TrBHfs1H9u7b5E/"
    "WBK2xF7mrUXrnO2X9s+39Hyawvpyf0tvf+G10gv7J36N+nFjTYN9dIJNXNXii/sf5ss41Wz5Yn/TYumXLukP9psztL6UbmA9UOYq"
    "9CXV8t/+1RsvTHwXd2y/5PuZ77RYb+9XC1ocvTzitH0Bq2WtycXT9iZaPwtDPzI4/D3e7HHt1Mf9O5ZIGa7TurH/BfPvxTPCGRy8"
    "DGKrT218Yq/JVLj2gvlTewCXUALQ"
)
"""The memory above, without turns, compressed."""

PACK_1 = "AwAAAAEAAAACAAAABQAAAAAAAAAAAAAAAADgPwEJAAAAAAAAAA=="
