"""People say when assets are stopped or in maintenance, and take it back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.historian import asset_states
from headrace.project.system_tables import ASSET_STATES
from support import copy_tables
from support.worlds.pumps import empty_plant, s

PUMP = "north/pumps/p1"


@pytest.fixture
def known(pytestconfig: pytest.Config, tmp_path: Path) -> Settings:
    project = empty_plant(pytestconfig.rootpath, tmp_path)
    copy_tables(tmp_path, ASSET_STATES)
    found = settings.load(project, "local")
    table_changes.apply(project, found)
    return found


def said(known: Settings) -> list[tuple[Any, ...]]:
    return [(row["asset"], row["since"], row["until"], row["state"], row["note"]) for row in asset_states.stored(known)]


def test_a_state_begins_is_corrected_and_ends(known: Settings) -> None:
    before = datetime.now(UTC)
    begun = asset_states.begin(known, PUMP, "stopped", (s(0), s(60)), by="ann", note="no water")
    assert before <= begun["said_at"] <= datetime.now(UTC)
    asset_states.begin(known, PUMP, "maintenance", (s(0), None), by="bob", note="a new seal")
    asset_states.begin(known, "north", "stopped", (s(5), None), by="bob")
    assert said(known) == [(PUMP, s(0), None, "maintenance", "a new seal"), ("north", s(5), None, "stopped", None)]
    (ended,) = asset_states.end(known, PUMP, s(90), by="ann")
    assert (ended["until"], ended["said_by"]) == (s(90), "ann")
    assert said(known)[0] == (PUMP, s(0), s(90), "maintenance", "a new seal")
    (sooner,) = asset_states.end(known, PUMP, s(0), by="ann")
    assert sooner["since"] == sooner["until"] == s(0)
    rows = iceberg.load_table(iceberg.connect(known), ASSET_STATES).scan().to_arrow()
    assert len(rows) == 5, "no statement is changed"


def test_only_a_state_of_that_time_ends(known: Settings) -> None:
    asset_states.begin(known, PUMP, "stopped", (s(10), s(20)))
    for at in (9, 20):
        with pytest.raises(UserError, match=f"'{PUMP}' is in no state at"):
            asset_states.end(known, PUMP, s(at))


@pytest.mark.parametrize(
    ("asset", "state", "by", "fault"),
    [
        ("north/pumps/p3", "stopped", None, "there is no asset 'north/pumps/p3'\n  fix: did you mean 'north/pumps/p"),
        ("north/pump", "stopped", None, "there is no asset 'north/pump'"),
        (PUMP, "stoppd", None, "there is no state 'stoppd'\n  fix: did you mean 'stopped'?"),
        (PUMP, "stopped", " ", "the name of who writes this is empty"),
    ],
)
def test_what_would_suppress_nothing_is_refused(
    known: Settings, asset: str, state: str, by: str | None, fault: str
) -> None:
    with pytest.raises(UserError) as raised:
        asset_states.begin(known, asset, state, (s(0), None), by=by)
    assert fault in str(raised.value)
    assert asset_states.stored(known) == []
