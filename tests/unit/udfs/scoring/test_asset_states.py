"""The states of assets: the latest statement counts, and what is below a place in the plant is in its state."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.scoring.asset_states import KEPT, STATES, AssetState, latest, suppressing

TS = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [("asset", pa.string()), ("since", TS), ("until", TS), ("state", pa.string()), ("said_at", TS)]
)  # fmt: skip


def rows(*said: tuple[str, int, int | None, str, int]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in said], SCHEMA)


def test_the_latest_statement_about_an_asset_and_start_counts() -> None:
    said = rows(("b", 5, None, "stopped", 1), ("a", 5, None, "maintenance", 3), ("a", 5, 9, "stopped", 2))
    assert latest(said) == (AssetState("a", "maintenance", 5, None), AssetState("b", "stopped", 5, None))
    assert latest(said.slice(1, 1)) == (AssetState("a", "maintenance", 5, None),)
    assert latest(SCHEMA.empty_table()) == KEPT.empty


def test_times_are_microseconds_since_1970() -> None:
    at = datetime(2026, 1, 1, 0, 0, 0, 7, UTC)
    said = pa.Table.from_pylist([{"asset": "a", "since": at, "state": "stopped", "said_at": at}], SCHEMA)
    assert latest(said) == (AssetState("a", "stopped", 1_767_225_600_000_007, None),)


def test_a_state_holds_for_what_is_below_its_place_and_not_for_a_name_that_begins_alike() -> None:
    site = AssetState("site/a", "stopped", 10, 20)
    at = np.array([[9, 9, 9], [10, 10, 10], [19, 19, 19], [20, 20, 20]])
    found = suppressing(["site/a", "site/a/pump", "site/ab"], [site], at)
    assert found.tolist() == [
        [None, None, None],
        ["stopped", "stopped", None],
        ["stopped", "stopped", None],
        [None, None, None],
    ]


_STATES = st.builds(
    AssetState,
    asset=st.sampled_from(["s", "s/a", "s/b"]),
    state=st.sampled_from(STATES),
    since=st.integers(0, 20),
    until=st.none() | st.integers(0, 25),
)


@given(st.lists(_STATES, max_size=6), st.lists(st.integers(0, 30), min_size=1, max_size=10))
def test_each_reading_has_the_state_that_began_last(states: list[AssetState], times: list[int]) -> None:
    assets = ["s/a", "s/b", "t"]
    in_order = sorted(states, key=lambda each: each.since)
    found = suppressing(assets, in_order, np.repeat(np.array(times)[:, None], len(assets), axis=1))
    for row, at in enumerate(times):
        for column, asset in enumerate(assets):
            holding = [
                each.state
                for each in in_order
                if each.asset in (asset, "s") and asset != "t" and each.since <= at
                and (each.until is None or at < each.until)
            ]  # fmt: skip
            assert found[row, column] == (holding[-1] if holding else None)
