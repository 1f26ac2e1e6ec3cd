"""The endpoints of the API: all of them are GET and change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Security
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer

from headrace.environment import iceberg
from headrace.errors import Problem, UserError
from headrace.historian.historian import Historian
from headrace.historian.serve import answers, events_api
from headrace.historian.serve.anomalies import Found, ranked
from headrace.historian.serve.answers import Extent, Health, Neighbours, Plot, Tag, Tags, traces
from headrace.historian.serve.current import Now
from headrace.historian.serve.parameters import refuse_unknown
from headrace.historian.serve.problems import REFUSALS
from headrace.historian.serve.units import milliseconds
from headrace.project import pattern as patterns
from headrace_udfs.instants import Instant

MAX_TAGS = 20
MAX_SPAN = timedelta(days=3660)
MAX_PIXELS = 4000
MAX_LISTED = 500

# The guard checks tokens, if there are any; this adds them to the OpenAPI description.
_TOKEN = HTTPBearer(auto_error=False, description="A token, if the server was started with one.")

router = APIRouter(
    prefix="/api",
    dependencies=[Security(_TOKEN), Depends(refuse_unknown)],
    responses=REFUSALS,
)
router.include_router(events_api.router)


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
    *,
    pixels: Annotated[int, Query(ge=1, le=MAX_PIXELS, description="Width of the chart.")] = 1000,
    models: Annotated[
        list[str] | None,
        Query(
            alias="model",
            description="A version whose bands and events to return; repeatable. Without any, at each time those of "
            "the newest version that has scored it.",
        ),
    ] = None,
) -> Plot:
    """Return what a trend shows: at most five readings per tag and pixel, so that no spike is lost, bands and events.

    A band is where a model expects the readings: in each pixel from the lowest to the highest such value.
    """
    chosen = _checked(historian, tags, start, end)
    names = [patterns.name_of(each) for each in chosen]
    points, bands = historian.trend(chosen, start, end, pixels), historian.bands(chosen, start, end, pixels)
    found = historian.events(chosen, start, end).to_pylist() if historian.anomalies.events else []
    shown = Found.shown(bands, found, models or ())
    return Plot(
        start=milliseconds(start),
        end=milliseconds(end),
        models=ranked([*bands["model"].unique().to_pylist(), *(event["model"] for event in found)]),
        traces=list(traces(names, points, shown, historian.tag_names.rows)),
    )


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
