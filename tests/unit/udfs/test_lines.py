"""Values in one buffer are the values that were put there, however they are cut and joined."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.lines import Lines, lengths

values = st.lists(st.none() | st.sampled_from([b"", b"\n", b"{}"]) | st.binary(max_size=5), max_size=6)


@given(values, st.integers(0, 6), st.integers(0, 6))
def test_a_part_has_its_values_and_their_text(given_: list[bytes | None], start: int, stop: int) -> None:
    lines = Lines.of(given_)
    assert [*lines[start:stop]] == given_[start:stop]
    assert [lines[at] for at in range(len(lines))] == given_
    stop = min(stop, len(given_))
    if start <= stop:
        assert lines.between(start, stop) == b"".join((value or b"") + b"\n" for value in given_[start:stop])


@given(st.lists(values, max_size=3), st.integers(0, 6))
def test_joined_parts_have_the_values_of_all(parts: list[list[bytes | None]], start: int) -> None:
    joined = Lines.joined([Lines.of(part)[start:] for part in parts]) if parts else Lines.of([])
    assert [*joined] == [value for part in parts for value in part[start:]]
    assert joined.are_lines()
    assert lengths(joined).tolist() == lengths([*joined]).tolist()


@given(values, st.integers(0, 6))
def test_a_part_is_pickled_without_the_rest(given_: list[bytes | None], start: int) -> None:
    text = pickle.dumps(Lines.of([b"x" * 1000, *given_])[1:][start:])
    assert len(text) < 1000
    assert [*pickle.loads(text)] == given_[start:]  # noqa: S301 - it is ours


def test_bytes_that_do_not_end_in_newlines_are_no_lines() -> None:
    lines = Lines.of([b"ab", None])
    assert lines.are_lines()
    assert not Lines.within(b"ab\nx", 0, lines.lengths).are_lines()


@given(values, st.sampled_from([-2, -1, 1, 2, 3]))
def test_every_other_value_has_its_text_too(given_: list[bytes | None], step: int) -> None:
    part = Lines.of(given_)[::step]
    assert [*part] == given_[::step]
    assert [*Lines.joined([part])] == given_[::step]
