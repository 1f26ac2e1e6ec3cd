"""When assets are stopped or in maintenance, by condition.asset_states: their events are stored, with no alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headrace_udfs import tag_cache
from headrace_udfs.arrays import Positions
from headrace_udfs.step_protocol import CatalogAddress
from headrace_udfs.table_cache import Kept, TableCache

TABLE = "condition.asset_states"
STATES = ("stopped", "maintenance")
"""Those that suppress alerts. Any other state, such as running, suppresses none while it is the one that counts."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class AssetState:
    """That an asset is in a state from `since` to before `until`, None if it still is; microseconds since the epoch."""

    asset: str
    state: str
    since: int
    until: int | None

    def holds_for(self, asset: str) -> bool:
        """Whether it is the state of an asset: its own, or that of a place in the plant that the asset is below."""
        return asset == self.asset or asset.startswith(f"{self.asset}/")


def current(rows: pa.Table) -> list[dict[str, Any]]:
    """Return the statements that count, by start and asset: of those about one asset and start, the latest.

    rows: with at least the columns of KEPT. Of two with one time, the one with the state that comes last counts.
    """
    said = sorted(rows.to_pylist(), key=lambda row: (row["said_at"], row["state"]))
    found = {(row["since"], row["asset"]): row for row in said}
    return [found[key] for key in sorted(found)]


def latest(rows: pa.Table) -> tuple[AssetState, ...]:
    """Return the states by the rows of the table, by start and asset."""
    return tuple(_state(row) for row in current(rows))


def _state(row: Mapping[str, Any]) -> AssetState:
    since, until = (time and (time - _EPOCH) // timedelta(microseconds=1) for time in (row["since"], row["until"]))
    return AssetState(row["asset"], row["state"], since, until)


KEPT: Kept[tuple[AssetState, ...]] = Kept(TABLE, ("asset", "since", "until", "state", "said_at"), latest, ())


def suppressing(assets: Sequence[str], states: Sequence[AssetState], at: Positions) -> npt.NDArray[np.object_]:
    """Return the state that suppresses the alert of each reading, None if there is none; [n, tags].

    assets: that of each tag. states: by start; of several at one time, the one that began last counts. at: int64
    [n, tags], the times of the readings in microseconds since the epoch.
    """
    found = np.full(at.shape, None, np.object_)
    for each in states:
        columns = [column for column, asset in enumerate(assets) if each.holds_for(asset)]
        if columns:
            times = at[:, columns]
            within = (times >= each.since) & (times < (np.inf if each.until is None else each.until))
            of_columns = found[:, columns]
            of_columns[within] = each.state if each.state in STATES else None
            found[:, columns] = of_columns
    return found


class AssetStates:
    """The states of a catalog's assets in a worker, followed while it runs. Raises RuntimeError as TableCache does."""

    def __init__(self, address: CatalogAddress) -> None:
        self._address = address
        self._tags = tag_cache.acquire(address)
        try:
            self._states = TableCache(address, KEPT)
        except RuntimeError:
            tag_cache.release(address)
            raise

    def of(self, tags: Sequence[str]) -> Callable[[Positions], npt.NDArray[np.object_]]:
        """Return what suppresses the alerts of readings [n, tags] of these tags, by what is known now.

        A tag without an asset in historian.tags belongs to what its name has before the last dot.
        """
        known = self._tags.rows
        rows = known.look_up(pa.array(tags, pa.string()))
        listed = known.asset.take(pa.array(rows, mask=rows < 0)).to_pylist()
        assets = [asset or name.rpartition(".")[0] for name, asset in zip(tags, listed, strict=True)]
        return partial(suppressing, assets, self._states.rows)

    def close(self) -> None:
        """Stop following them."""
        self._states.close()
        tag_cache.release(self._address)
