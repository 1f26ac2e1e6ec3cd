"""The endpoints of the API: all of them are GET and change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import Problem, UserError
from headrace.historian.historian import Historian
from headrace.historian.serve import answers
from headrace.historian.serve.answers import Extent, Health, Neighbours, Plot, Tag, Tags, milliseconds, traces
from headrace.historian.serve.problems import Refusal
from headrace.project import pattern as patterns
from headrace_udfs.instants import Instant

MAX_TAGS = 20
MAX_SPAN = timedelta(days=3660)
MAX_PIXELS = 4000
MAX_LISTED = 500

# The guard checks tokens, if there are any; this adds them to the OpenAPI description.
_TOKEN = HTTPBearer(auto_error=False, description="A token, if the server was started with one.")
_REFUSALS = {
    400: "the request is not valid",
    401: "the token is missing or unknown",
    403: "the request comes from another site",
    503: "a table cannot be read, or the server is busy",
}

router = APIRouter(
    prefix="/api",
    dependencies=[Security(_TOKEN)],
    responses={code: {"model": Refusal, "description": text} for code, text in _REFUSALS.items()},
)


class CurrentHistorian:
    """The historian of the current snapshots, shared by the threads of a server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._historian: Historian | None = None

    def historian(self) -> Historian:
        """Return a historian that includes all commits so far; NaN counts as bad. Raises PlatformError.

        It is the same one as long as no table has changed.
        """
        with self._lock:
            previous = self._historian
            self._historian = previous.refreshed() if previous else Historian.open(self._settings, nonfinite="bad")
            return self._historian


def _historian(request: Request) -> Historian:
    current: CurrentHistorian = request.app.state.current
    return current.historian()


Now = Annotated[Historian, Depends(_historian)]
Tagged = Annotated[list[str], Query(alias="tag", description="A name or a wildcard; repeatable.")]
Start = Annotated[Instant, Query(description="Start of the span, with a time zone: 2026-03-01T00:00:00Z.")]
End = Annotated[Instant, Query(description="End of the span, excluded.")]


@router.get("/health")
def health(historian: Now) -> Health:
    """Check that the tables can be read."""
    return Health(readings=iceberg.row_count(historian.reader.table))


@router.get("/tags")
def tags(
    historian: Now,
    search: Annotated[str, Query(description="A wildcard for the name (* and ?), or words to find in any field.")] = "",
    asset: Annotated[str, Query(description="A place in the plant, or a wildcard for one.")] = "*",
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED, description="The most tags to return.")] = 100,
) -> Tags:
    """Find tags by name, words or place."""
    rows = answers.search(historian.tag_names, search, asset)
    return Tags(found=len(rows), tags=[Tag.model_validate(row) for row in rows[:limit]])


@router.get("/extent")
def extent(historian: Now) -> Extent:
    """Return the times of the first and the last reading."""
    times = historian.extent
    return Extent(start=milliseconds(times[0]), end=milliseconds(times[1])) if times else Extent(start=None, end=None)


@router.get("/plot")
def plot(
    historian: Now,
    tags: Tagged,
    start: Start,
    end: End,
    pixels: Annotated[int, Query(ge=1, le=MAX_PIXELS, description="Width of the chart.")] = 1000,
) -> Plot:
    """Return what a trend shows: at most five readings per tag and pixel, so that no spike is lost, and anomalies."""
    names = _checked(historian, tags, start, end)
    trend = historian.trend(names, start, end, pixels)
    rows = historian.tag_names.rows
    return Plot(start=milliseconds(start), end=milliseconds(end), traces=list(traces(trend, rows)))


@router.get("/nearest")
def nearest(historian: Now, tags: Tagged, start: Start, end: End) -> list[Neighbours]:
    """Return when each tag last reported before the span and first after it, to find readings from an empty span."""
    return answers.neighbours(historian.nearest(_checked(historian, tags, start, end), start, end))


@router.get("/readings.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
def readings(historian: Now, tags: Tagged, start: Start, end: End) -> StreamingResponse:
    """Return stored readings for a spreadsheet, sorted by tag, then by time, however many.

    A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    names = _checked(historian, tags, start, end)
    rows = answers.csv_parts(historian.stream(names, start, end))
    headers = {"Content-Disposition": 'attachment; filename="readings.csv"'}
    return StreamingResponse(rows, media_type="text/csv", headers=headers)


def _checked(historian: Historian, tags: list[str], start: datetime, end: datetime) -> list[str]:
    """Return one pattern per tag that `tags` stand for."""
    names = historian.tag_names.resolve(tags)
    _check(names, start, end)
    return [patterns.literal(name) for name in names]


def _check(tags: Sequence[str], start: datetime, end: datetime) -> None:
    """Raise UserError with every limit that these tags and this span exceed, and for an end that is not after start."""
    problems = []
    if len(tags) > MAX_TAGS:
        what = f"{len(tags)} tags are more than {MAX_TAGS}"
        problems.append(Problem(what, "query parameter tag", "choose fewer, or send several requests"))
    if end <= start:
        what = f"the end {_iso(end)} is not after the start {_iso(start)}"
        problems.append(Problem(what, "query parameters start and end", "swap them"))
    if end - start > MAX_SPAN:
        what = f"a span of {(end - start).days:,} days is longer than {MAX_SPAN.days:,}"
        problems.append(Problem(what, "query parameters start and end", "choose less time"))
    if problems:
        raise UserError(problems)


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
