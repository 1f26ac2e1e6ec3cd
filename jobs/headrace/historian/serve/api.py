"""The questions of the interface: each is asked with GET and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import AwareDatetime

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import Problem, UserError
from headrace.historian.historian import Historian
from headrace.historian.serve import answers
from headrace.historian.serve.answers import Extent, Health, Plot, Tag, Tags, milliseconds, traces
from headrace.historian.serve.problems import Refusal

MAX_TAGS = 20
MAX_SPAN = timedelta(days=3660)
MAX_PIXELS = 4000
MAX_LISTED = 500
MAX_CSV_ROWS = 1_000_000

# The guard checks tokens, where there are any; this is how the description of the interface tells of them.
_TOKEN = HTTPBearer(auto_error=False, description="A token, where the server was started with one.")
_REFUSALS = {400: "what cannot be asked", 401: "no token", 403: "another site asks", 503: "a table cannot be read"}

router = APIRouter(
    prefix="/api",
    dependencies=[Security(_TOKEN)],
    responses={code: {"model": Refusal, "description": text} for code, text in _REFUSALS.items()},
)


class CurrentHistorian:
    """Shared by the threads of a server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._historian: Historian | None = None

    def historian(self) -> Historian:
        """A historian that knows of all commits until now; NaN counts as bad. Raises PlatformError."""
        with self._lock:
            known = self._historian
            self._historian = known.refreshed() if known else Historian.open(self._settings, nonfinite="bad")
            return self._historian


def _historian(request: Request) -> Historian:
    current: CurrentHistorian = request.app.state.current
    return current.historian()


Now = Annotated[Historian, Depends(_historian)]
Tagged = Annotated[list[str], Query(alias="tag", description="A name, or a wildcard of names; may recur.")]
Start = Annotated[AwareDatetime, Query(description="From when on, with a zone: 2026-03-01T00:00:00Z.")]
End = Annotated[AwareDatetime, Query(description="Until when; no longer in the span.")]


@router.get("/health")
def health(historian: Now) -> Health:
    """Whether the tables can be read."""
    return Health(readings=iceberg.row_count(historian.reader.table))


@router.get("/tags")
def tags(
    historian: Now,
    search: Annotated[str, Query(description="A wildcard of the name (* and ?), or words to find anywhere.")] = "",
    asset: Annotated[str, Query(description="A place in the plant, or a wildcard of one.")] = "*",
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED, description="How many to tell.")] = 100,
) -> Tags:
    """Tags by name, words or place."""
    found = answers.search(historian.tag_names, search, asset)
    return Tags(found=len(found), tags=[Tag.model_validate(row) for row in found[:limit]])


@router.get("/extent")
def extent(historian: Now) -> Extent:
    """The time that there are readings of."""
    found = historian.extent
    return Extent(start=milliseconds(found[0]), end=milliseconds(found[1])) if found else Extent(start=None, end=None)


@router.get("/plot")
def plot(
    historian: Now,
    tags: Tagged,
    start: Start,
    end: End,
    pixels: Annotated[int, Query(ge=1, le=MAX_PIXELS, description="Width of the picture.")] = 1000,
) -> Plot:
    """What a trend shows: of each tag and pixel at most five readings, no spike lost; and the anomalies."""
    names = _checked(historian, tags, start, end)
    trend = historian.trend(names, start, end, pixels)
    rows = historian.tag_names.rows
    return Plot(start=milliseconds(start), end=milliseconds(end), traces=list(traces(trend, rows)))


@router.get("/readings.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
def readings(historian: Now, tags: Tagged, start: Start, end: End) -> StreamingResponse:
    """Readings as they are stored, in the order of tags, then of time; at most a million."""
    names = _checked(historian, tags, start, end)
    found = historian.raw(names, start, end, max_rows=MAX_CSV_ROWS)
    saved = {"Content-Disposition": 'attachment; filename="readings.csv"'}
    return StreamingResponse(answers.csv_parts(found), media_type="text/csv", headers=saved)


def _checked(historian: Historian, tags: list[str], start: datetime, end: datetime) -> list[str]:
    names = historian.tag_names.resolve(tags)
    _check(names, start, end)
    return names


def _check(tags: Sequence[str], start: datetime, end: datetime) -> None:
    """Raise UserError with all that is too much, or the wrong way round, in a question of these tags and this time."""
    problems = []
    if len(tags) > MAX_TAGS:
        what = f"{len(tags)} tags are more than {MAX_TAGS}"
        problems.append(Problem(what, "query parameter tag", "ask for fewer, or in several questions"))
    if end <= start:
        what = f"the span ends at {_said(end)}, not after its start {_said(start)}"
        problems.append(Problem(what, "query parameters start and end", "put the earlier time first"))
    if end - start > MAX_SPAN:
        what = f"a span of {(end - start).days:,} days is longer than {MAX_SPAN.days:,}"
        problems.append(Problem(what, "query parameters start and end", "ask for less time"))
    if problems:
        raise UserError(problems)


def _said(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
