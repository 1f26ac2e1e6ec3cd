"""The states of assets: the latest statement counts, and what is below a place in the plant is in its state."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.catalog import Catalog, load_catalog
from tenacity import Retrying, stop_after_delay, wait_fixed

from headrace_udfs import table_cache
from headrace_udfs.scoring import asset_states
from headrace_udfs.scoring.asset_states import KEPT, STATES, TABLE, AssetState, AssetStates, latest, suppressing
from headrace_udfs.step_protocol import CatalogAddress
from headrace_udfs.table_cache import TableCache

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
    state=st.sampled_from([*STATES, "running"]),
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
            expected = holding[-1] if holding and holding[-1] in STATES else None
            assert found[row, column] == expected


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    loaded = load_catalog("plant", **_properties(tmp_path))
    for name, schema in (("historian.tags", _TAGS), (TABLE, _STORED)):
        loaded.create_namespace(name.partition(".")[0])
        loaded.create_table(name, schema)
    yield loaded
    loaded.close()


def _properties(folder: Path) -> dict[str, str]:
    return {"type": "sql", "uri": f"sqlite:///{folder}/c.db", "warehouse": f"file://{folder}/w"}


_TAGS = pa.schema(
    [
        pa.field("tag", pa.string(), nullable=False),
        ("asset", pa.string()),
        ("unit", pa.string()),
        ("range_low", pa.float64()),
        ("range_high", pa.float64()),
    ]
)
_STORED = pa.schema([pa.field(each.name, each.type, each.name == "until") for each in SCHEMA])


def threads() -> list[str]:
    of_tables = ("headrace-condition.", "headrace-historian.")
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(of_tables)]


def test_states_are_followed_while_a_worker_runs(
    tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asset_states, "TableCache", partial(TableCache, refresh_s=0.02))
    listed = [{"tag": "P1.flow", "asset": "north/p1"}]
    catalog.load_table("historian.tags").append(pa.Table.from_pylist(listed, _TAGS))
    states = AssetStates(CatalogAddress("plant", _properties(tmp_path)))
    names, at = ["P1.flow", "P2.flow"], np.array([[15, 15]])
    try:
        assert states.of(names)(at).tolist() == [[None, None]]
        said = rows(("north", 10, None, "stopped", 1), ("P2", 10, None, "maintenance", 1)).cast(_STORED)
        catalog.load_table(TABLE).append(said)
        for attempt in Retrying(stop=stop_after_delay(30), wait=wait_fixed(0.02)):
            with attempt:
                assert states.of(names)(at).tolist() == [["stopped", "maintenance"]]
    finally:
        states.close()
    assert threads() == []


def test_without_the_table_a_worker_does_not_start(
    tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_cache, "FIRST_LOOK_WAIT_S", 0.0)
    catalog.drop_table(TABLE)
    with pytest.raises(RuntimeError, match=r"condition\.asset_states of catalog 'plant' cannot be read"):
        AssetStates(CatalogAddress("plant", _properties(tmp_path)))
    assert threads() == []
