"""Bands as a trend draws them: nothing of a band is lost in a pixel, and gaps stay gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from headrace.historian.anomalies import bands, newest
from headrace.historian.anomalies.score_reader import BAND, ScoreReader
from headrace.historian.read.chunked_reader import ChunkedReader
from headrace.historian.read.reader import TooManyRowsError
from headrace.historian.series.intervals import Every, cut
from headrace_udfs.scoring.tables import SCORES

MINUTE = 60_000_000
SCHEMA = pa.schema([SCORES.field(name) for name in BAND])


@dataclass(frozen=True)
class Stored:
    """A table of scores in memory; a read of more than `held` rows is refused."""

    table: pa.Table
    held: int = 10**9

    def rows(self, names: Sequence[str], start: int, end: int, **_: Any) -> pa.Table:
        ts = self.table["ts"].cast(pa.int64())
        within = pc.and_(pc.greater_equal(ts, start), pc.less(ts, end))
        found = self.table.filter(pc.and_(within, pc.is_in(self.table["tag"], pa.array(names))))
        if len(found) > self.held:
            raise TooManyRowsError
        return found


def scores(minutes: Sequence[int], low: Sequence[float | None], *, tag: str = "A", model: str = "m@1") -> pa.Table:
    """Return scores whose band goes from `low` to one more, with the expected value in the middle."""
    bound = pa.array(low, pa.float64())
    times = pa.array([minute * MINUTE for minute in minutes]).cast(SCHEMA.field("ts").type)
    columns = [pa.array([tag] * len(minutes)), times, pa.array([model] * len(minutes))]
    return pa.Table.from_arrays([*columns, pc.add(bound, 0.5), bound, pc.add(bound, 1.0)], schema=SCHEMA)


def drawn(stored: Stored, start: int, end: int, pixels: int) -> pa.Table:
    """Return the bands of the tag A from one minute to another."""
    low, high = start * MINUTE, end * MINUTE
    grid = cut(low, high, Every(-(-(high - low) // pixels), "us"))
    chunks = ChunkedReader(None, None, "bad")  # type: ignore[arg-type]
    return bands.drawn(chunks, cast("ScoreReader", stored), ["A"], grid, ())


def minutes(table: pa.Table) -> list[int]:
    return [ts // MINUTE for ts in table["ts"].cast(pa.int64()).to_pylist()]


def segments(table: pa.Table) -> list[list[int]]:
    """Return the minutes of each stretch without a gap."""
    found: list[list[int]] = [[]]
    for minute, low in zip(minutes(table), table["low"].to_pylist(), strict=True):
        found += [[]] if low is None else []
        if low is not None:
            found[-1].append(minute)
    return [each for each in found if each]


@given(
    lows=st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=2, max_size=200),
    pixels=st.integers(1, 50),
)
def test_a_pixel_has_the_lowest_and_the_highest_of_its_scores(lows: list[float | None], pixels: int) -> None:
    end = len(lows)
    result = drawn(Stored(scores(range(end), lows)), 0, end, pixels)
    width = -(-end * MINUTE // pixels)
    expected: dict[int, list[float]] = {}
    for minute, low in enumerate(lows):
        if low is not None:
            expected.setdefault(minute * MINUTE // width, []).append(low)
    known = result.filter(result["low"].is_valid())
    assert known["low"].to_pylist() == [min(each) for each in expected.values()]
    assert known["high"].to_pylist() == [max(each) + 1.0 for each in expected.values()]
    assert known["expected"].to_pylist() == [each[0] + 0.5 for each in expected.values()]
    assert (np.diff(np.asarray(result["ts"].cast(pa.int64()))) >= 0).all()


@given(lows=st.lists(st.one_of(st.none(), st.floats(-10, 10)), min_size=40, max_size=200), held=st.integers(30, 80))
def test_a_band_that_is_read_in_parts_is_the_same(lows: list[float | None], held: int) -> None:
    table = scores([minute * 120 for minute in range(len(lows))], lows)  # a part has one neighbour on each side
    end = len(lows) * 120
    assert segments(drawn(Stored(table, held), 0, end, 60)) == segments(drawn(Stored(table), 0, end, 60))


def test_a_band_ends_where_nothing_is_expected_and_where_scores_are_missing() -> None:
    known = [*range(10), *range(20, 30), *range(100, 110)]
    low = [None if 24 <= minute < 26 else 1.0 for minute in known]
    result = drawn(Stored(scores(known, low)), 0, 110, 1000)
    assert segments(result) == [[*range(10)], [*range(20, 24)], [26, 27, 28, 29], [*range(100, 110)]]


def test_one_score_that_is_missing_is_no_gap_if_the_next_ones_are_near() -> None:
    known = [minute for minute in range(30) if minute not in {7, 15}]
    assert len(segments(drawn(Stored(scores(known, [1.0] * len(known))), 0, 30, 1000))) == 1


def test_a_span_between_two_scores_has_both_and_no_others() -> None:
    result = drawn(Stored(scores(range(0, 100, 10), [1.0] * 10)), 42, 46, 100)
    assert segments(result) == [[40, 50]]


def test_without_a_table_or_without_scores_there_is_no_band() -> None:
    grid = cut(0, MINUTE, Every(MINUTE, "us"))
    chunks = ChunkedReader(None, None, "bad")  # type: ignore[arg-type]
    assert bands.drawn(chunks, None, ["A"], grid, ()).num_rows == 0
    assert drawn(Stored(SCHEMA.empty_table()), 0, 10, 10).num_rows == 0
    assert drawn(Stored(scores(range(10), [None] * 10)), 0, 10, 10).num_rows == 0


def test_the_newest_model_hides_an_older_one_only_where_it_has_scored() -> None:
    old, new = (scores(range(*span), [1.0] * 20, model=model) for span, model in (((0, 20), "m@9"), ((10, 30), "m@10")))
    both = pa.concat_tables([old, new]).sort_by([("ts", "ascending"), ("model", "ascending")])
    result = newest.bands(drawn(Stored(both), 0, 30, 1000))
    by_model = {model: result.filter(pc.equal(result["model"], model)) for model in ("m@9", "m@10")}
    assert segments(by_model["m@9"]) == [[*range(10)]]
    assert segments(by_model["m@10"]) == [[*range(10, 30)]]
    times = newest.scored(both)
    assert newest.is_superseded(times, "A", "m@9", 15 * MINUTE, 15 * MINUTE)
    assert not newest.is_superseded(times, "A", "m@9", 5 * MINUTE, 8 * MINUTE)
    assert not newest.is_superseded(times, "A", "m@10", 15 * MINUTE, 15 * MINUTE)
