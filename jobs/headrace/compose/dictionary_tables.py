"""The views of a source whose names come with the stream: rows, what is known of their ids, readings and dead letters.

LAST_VALUE over all earlier rows of an id is state of the job, as exactly once as the rest of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headrace.compose import render
from headrace.compose.places_of_rows import place
from headrace.compose.session_views import SessionViews
from headrace.compose.sql_text import Sql
from headrace.errors import Place, UserError
from headrace.project.job import SCORE, Job
from headrace.project.paths import Project
from headrace.project.system_tables import POSITION
from headrace_udfs import stream_types
from headrace_udfs.contract import Contract
from headrace_udfs.dictionary import INTEGER_TYPES
from headrace_udfs.faults import Code
from headrace_udfs.formats.exact import EXACT
from headrace_udfs.masking import meanings
from headrace_udfs.pipeline import DECODE, Pipeline

_CODES = {
    "unnamed": Code.UNKNOWN_ALIAS.value,
    "elsewhere": Code.OTHER_PARTITION.value,
    "untyped": Code.UNKNOWN_DATATYPE.value,
    "unfit": Code.WRONG_TYPE.value,
    "too_large": Code.INTEGER_TOO_LARGE.value,
}


def check(project: Project, job: Job, name: str, contract: Contract) -> None:
    """Raise UserError if the job cannot have the readings of a source whose names come with the stream."""
    if contract.dictionary is None:
        return
    place = Place.of(project.sql / job.name / "job.yaml")
    if job.state_ttl is not None:
        what = f"state_ttl would forget the names of '{name}', which come with the stream"
        fix = "store its readings in a job without state_ttl, and read the table of that job"
        raise UserError(what, place, fix)
    if job.kind == SCORE:
        what = f"a score job has to know its tags where '{name}' is decoded, but their names come with the stream"
        raise UserError(what, place, "write the readings to a topic in another job, with a contract of its own")


@dataclass(frozen=True)
class NamedViews:
    """The views of one source, whose readings are in the view `name`."""

    name: str
    contract: Contract
    pipeline: Pipeline

    def statements(self, opened: Sql, sessions: Sql | None) -> tuple[str, ...]:
        """Return the statements that create the views. opened, sessions: the FROM clauses of the streams."""
        names = {
            "rows": f"{self.name}__rows",
            "learned": f"{self.name}__learned",
            "resolved": f"{self.name}__resolved",
            "judged": self.judged,
        }
        every = [*stream_types.good(self.pipeline, timed=False)]
        values: dict[str, Any] = {**self._values, **names}
        own = [*self.contract.columns, *POSITION]
        ended = self._sessions.readings() if self._sessions else None
        return (
            *(self._sessions.statements(sessions) if self._sessions and sessions else ()),
            render.engine("named_rows", **values, view=names["rows"], columns=every, opened=opened),
            render.engine("learned", **values, view=names["learned"], columns=every),
            render.engine("resolved", **values, view=names["resolved"], integer_types=INTEGER_TYPES),
            render.engine("judged", **values, view=self.judged, exact=EXACT),
            render.engine("named_readings", **values, view=self.name, columns=own, ended=ended),
        )

    def letters(self, letters: str, origin: dict[str, str | int]) -> str:
        """Return the SELECT of all dead letters. letters: the SELECT of those that the worker found."""
        own = {**origin, "stage": DECODE}
        sessions = self._sessions.letters(own) if self._sessions else None
        values = {**self._values, **own, "judged": self.judged, "sessions": sessions}
        return render.engine("unnamed_letters", **values, letters=Sql(letters))

    @property
    def judged(self) -> str:
        """The view of good readings and of those that become dead letters, with the reason."""
        return f"{self.name}__judged"

    @property
    def shared(self) -> tuple[str, ...]:
        """The views all whose readers must share one state."""
        return (self._sessions.ended, self.judged) if self._sessions else (self.judged,)

    @property
    def _sessions(self) -> SessionViews | None:
        return SessionViews(self.name, self.contract) if self.pipeline.sessions else None

    @property
    def _values(self) -> dict[str, Any]:
        dictionary = self.contract.dictionary
        gives, by = (dictionary.gives, dictionary.by) if dictionary else ((), ())
        return {
            "key": self.contract.key,
            "by": by,
            "others": [name for name in gives if name != self.contract.key],
            "type": self.contract.learned_type,
            "typed": {name: self.contract.fields[name].type for name in self.contract.typed_columns},
            "codes": _CODES,
            "meanings": meanings(self.contract, _CODES.values()),
            "place": place(self.contract),
        }
