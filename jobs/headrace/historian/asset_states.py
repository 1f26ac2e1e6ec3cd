"""When assets are stopped or in maintenance: statements are added to condition.asset_states, and none is changed."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import UserError, unknown
from headrace.historian.historian import Historian
from headrace.historian.models import declared
from headrace.project.system_tables import ASSET_STATES
from headrace_udfs.scoring import asset_states
from headrace_udfs.scoring.stream import States

Row = dict[str, Any]


def stored(settings: Settings) -> list[Row]:
    """Return the states as rows of the table, by start and asset. Raises PlatformError."""
    table = iceberg.load_table(iceberg.connect(settings), ASSET_STATES)
    with iceberg.errors_reported(f"table {ASSET_STATES} cannot be read"):
        return asset_states.current(table.scan().to_arrow())


def begin(
    settings: Settings,
    asset: str,
    state: str,
    span: tuple[datetime, datetime | None],
    *,
    by: str | None = None,
    note: str | None = None,
) -> Row:
    """Say that an asset is in a state from the first time of `span` to before the second; None if it still is.

    It replaces what was said about the same asset and start. by: who says it; default: the user of the operating
    system. Raises UserError for an unknown state, an asset without tags and an empty name, and PlatformError.
    """
    if state not in asset_states.STATES:
        raise UserError([unknown("state", state, asset_states.STATES, scope="an asset")])
    _check(settings, asset)
    since, until = span
    row = {"asset": asset, "since": since, "until": until, "state": state, "note": note}
    return _add(settings, [row], by)[0]


def end(settings: Settings, asset: str, at: datetime, *, by: str | None = None) -> list[Row]:
    """Say that each state that an asset is in at a time ends then, and return these statements.

    Raises UserError if it is in none, and PlatformError.
    """
    own = [row for row in stored(settings) if row["asset"] == asset and row["since"] <= at]
    going_on = [row for row in own if row["until"] is None or row["until"] > at]
    if not going_on:
        raise UserError(f"'{asset}' is in no state at {at.isoformat()}", fix="headrace states list shows all")
    return _add(settings, [{**row, "until": at} for row in going_on], by)


def suppressing(settings: Settings, historian: Historian, names: Sequence[str]) -> States | None:
    """Return what suppresses alerts of readings of these tags, as it is stored now; None without the table.

    Raises PlatformError.
    """
    table = iceberg.find_table(iceberg.connect(settings), ASSET_STATES)
    if table is None:
        return None
    with iceberg.errors_reported(f"table {ASSET_STATES} cannot be read"):
        states = asset_states.latest(table.scan(selected_fields=asset_states.KEPT.columns).to_arrow())
    assets = declared.assets(names, historian.tag_names.assets(names))
    return partial(asset_states.suppressing, [assets[name] for name in names], states)


def _add(settings: Settings, rows: Sequence[Row], by: str | None) -> list[Row]:
    name = (getpass.getuser() if by is None else by).strip()
    if not name:
        raise UserError("the name of who writes this is empty", "--by", "give a name")
    said = [{**row, "said_at": datetime.now(UTC), "said_by": name} for row in rows]
    catalog = iceberg.connect(settings)

    def attempt() -> None:
        table = iceberg.load_table(catalog, ASSET_STATES)
        table.append(pa.Table.from_pylist(said, schema_to_pyarrow(table.schema(), include_field_ids=False)))

    iceberg.commit(ASSET_STATES, attempt)
    return said


def _check(settings: Settings, asset: str) -> None:
    """Raise UserError if no tag belongs to the asset, or to one below it."""
    historian = Historian.open(settings)
    names = historian.tags()
    assets = sorted({*declared.assets(names, historian.tag_names.assets(names)).values()})
    if not any(each == asset or each.startswith(f"{asset}/") for each in assets):
        raise UserError([unknown("asset", asset, assets, scope="the tags")])
