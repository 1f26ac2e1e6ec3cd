"""The views of the sessions of Sparkplug's edge nodes: the tags that births and deaths end, and what is missing.

Two running aggregates keep what is alive: one row per message reaches them, and births and deaths alone the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headrace.compose import render
from headrace.compose.places_of_rows import place
from headrace.compose.sql_text import Sql
from headrace.project.system_tables import POSITION
from headrace_udfs import session_rows, sparkplug_sessions
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code
from headrace_udfs.masking import meanings
from headrace_udfs.stream_types import INDEX, TYPES, Types

_CODES = {
    "elsewhere": Code.OTHER_PARTITION.value,
    "other_session": Code.OTHER_SESSION.value,
    "no_birth": Code.NO_BIRTH.value,
    "gap": Code.SEQUENCE_GAP.value,
}


@dataclass(frozen=True)
class SessionViews:
    """The views of one source, the name of whose readings is `name`."""

    name: str
    contract: Contract

    @property
    def types(self) -> Types:
        """The columns of the stream that the views read."""
        return session_rows.types(self.contract)

    def statements(self, opened: Sql) -> tuple[str, ...]:
        """Return the statements that create the views. opened: the FROM clause of the rows of the stream."""
        names = {each: f"{self.name}__{each}" for each in ("sessions", "sequence", "born")}
        return (
            render.engine("sessions", view=names["sessions"], columns=[*self.types], opened=opened),
            render.engine("sequence", **self._values, view=names["sequence"], sessions=names["sessions"]),
            render.engine("born", **self._values, view=names["born"], sessions=names["sessions"]),
            render.engine("ended", **self._values, view=self.ended, born=names["born"]),
        )

    @property
    def ended(self) -> str:
        """The view of births and deaths, with the tags that each ends."""
        return f"{self.name}__ended"

    def readings(self) -> Sql:
        """Return the SELECT of a reading of each tag that ended."""
        columns = {name: Sql(TYPES[kind].flink) for name, kind in self.contract.columns.items()}
        return Sql(
            render.engine(
                "ended_readings",
                columns={**columns, **dict.fromkeys(POSITION)},
                key=self.contract.key,
                around=session_rows.around(self.contract),
                position=[name for name in POSITION if name != INDEX],
                stale=sparkplug_sessions.STALE,
                ended=self.ended,
            )
        )

    def letters(self, values: dict[str, Any]) -> Sql:
        """Return the SELECT of what the sessions have to say as dead letters. values: the stage, and the job."""
        views = {"sequence": f"{self.name}__sequence", "ended": self.ended}
        numbers = {"numbers": sparkplug_sessions.SEQUENCE, "last_index": sparkplug_sessions.LAST_INDEX}
        return Sql(render.engine("session_letters", **self._values, **values, **views, **numbers))

    @property
    def _values(self) -> dict[str, Any]:
        return {
            "place": place(self.contract),
            "codes": _CODES,
            "meanings": meanings(self.contract, _CODES.values()),
            "births": list(sparkplug_sessions.BIRTHS),
            "deaths": list(sparkplug_sessions.DEATHS),
            "node_birth": sparkplug_sessions.NODE_BIRTH,
            "node_death": sparkplug_sessions.NODE_DEATH,
        }
