"""The Historian: queries for readings, aggregates, states and trends over the Iceberg tables of an environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.historian import answers
from headrace.historian.aggregates import bounds, named
from headrace.historian.aggregates.aggregate_input import AggregateInput
from headrace.historian.aggregates.states import states
from headrace.historian.anomalies import bands, one_event
from headrace.historian.anomalies.anomalies import Anomalies
from headrace.historian.anomalies.event_reader import Choice
from headrace.historian.anomalies.of_tags import of_tags
from headrace.historian.raw_stream import RawReadings
from headrace.historian.read import reader
from headrace.historian.read.chunked_reader import ChunkedReader, Nonfinite
from headrace.historian.read.files import Manifests, extent
from headrace.historian.read.footers import Footers
from headrace.historian.read.reader import Reader, ReadStats, TooManyRowsError
from headrace.historian.read.reported_tags import ReportedTags
from headrace.historian.read.rows import TEXT
from headrace.historian.series import intervals as spans
from headrace.historian.series.cells import Cells, Intervals
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.intervals import MAX_RESULTS, Every
from headrace.historian.series.points import Points
from headrace.historian.series.status import Mask, is_bad
from headrace.historian.tags.tag_names import TagNames
from headrace.historian.trends.lttb import lttb_of_each
from headrace.historian.trends.plot import plot
from headrace.historian.trends.trend import drawn, trend
from headrace.project import pattern
from headrace.project.system_tables import READINGS, TAGS

DEFAULT = Configuration()
# Pieces in which `lttb` can read the time of a tag that has too many readings to hold in memory.
_PIECES = 4096

Tags = str | Sequence[str]
Shape = Literal["step", "linear"]


@dataclass(frozen=True)
class Historian:
    """Queries over one snapshot of the readings and of the list of tags; `refreshed()` returns the current ones.

    Tags are names or wildcards (`*`, `?`), one or several; `~*`, `~?` and `~~` are these characters in a name. Times
    are datetimes with a time zone. Every answer is a `pyarrow.Table`, sorted by tag in the requested order, then in the
    direction of time; `.to_pandas()` makes it a data frame. In its columns, `ts` is timestamp[us, UTC], `value` a
    double in the tag's unit or null, and `quality` an OPC UA StatusCode, good below 1073741824. Of several readings of
    a tag at the same instant, only the one that was received last is used and returned.

    Every query raises UserError for invalid arguments, including an unknown tag, and PlatformError if the tables cannot
    be read. A reading of good or uncertain quality whose value is NaN or infinite also raises UserError, unless the
    historian was opened with `nonfinite="bad"`.
    """

    chunked_reader: ChunkedReader
    anomalies: Anomalies
    """The scores and events that models have found."""
    _tags_location: str
    """Location of the metadata of the list of tags."""

    @classmethod
    def open(cls, settings: Settings, *, nonfinite: Nonfinite = "error") -> Historian:
        """Return a historian of the current snapshots of an environment's tables.

        `nonfinite` says what a NaN or infinite value of usable quality becomes: "error" raises UserError, "bad" makes
        the reading bad. Raises PlatformError.
        """
        catalog = iceberg.connect(settings)
        readings, listed = (iceberg.load_table(catalog, name) for name in (READINGS, TAGS))
        reader = Reader.of(readings, Manifests(), Footers(), ReportedTags())
        names = TagNames.of(listed, reader.tags)
        return cls(ChunkedReader(reader, names, nonfinite), Anomalies(settings, catalog), listed.metadata_location)

    def refreshed(self) -> Historian:
        """Return a historian of the current snapshots, or this one if no table that it has read has changed.

        Metadata of files that have not changed is not read again. Raises PlatformError.
        """
        old, names = self.reader, self.tag_names
        readings, listed = (iceberg.load_table(old.table.catalog, name) for name in (READINGS, TAGS))
        anomalies = self.anomalies.refreshed()
        same = listed.metadata_location == self._tags_location
        if same and readings.metadata_location == old.table.metadata_location:
            return self if anomalies is self.anomalies else replace(self, anomalies=anomalies)
        reader = Reader.of(readings, old.files.manifests, old.footers, old.reported)
        names = names.reporting(reader.tags) if same else TagNames.of(listed, reader.tags)
        chunked_reader = ChunkedReader(reader, names, self.chunked_reader.nonfinite)
        return Historian(chunked_reader, anomalies, listed.metadata_location)

    @property
    def reader(self) -> Reader:
        """The reader of the snapshot of readings."""
        return self.chunked_reader.reader

    @property
    def tag_names(self) -> TagNames:
        """The names of all tags, listed or reporting."""
        return self.chunked_reader.tag_names

    @property
    def read_stats(self) -> ReadStats:
        """What all queries so far have read."""
        return self.reader.read_stats

    def explain(self) -> str:
        """Return one sentence about the files opened so far and their sizes, compared with the whole snapshot."""
        stats, (files, size) = self.read_stats, self.reader.whole
        return (
            f"opened {len(stats.files):,} of {files:,} files, of {stats.bytes / 1e6:,.1f} of {size / 1e6:,.1f} MB; "
            f"{stats.rows:,} rows were read from them"
        )

    @cached_property
    def extent(self) -> tuple[datetime, datetime] | None:
        """The times of the first and the last reading of all tags, or None without readings. Raises PlatformError."""
        with iceberg.errors_reported("the readings cannot be read"):
            times = extent(self.reader.table)
        return (spans.instant(times[0]), spans.instant(times[1])) if times else None

    def tags(self, tag: str = "*", asset: str = "*") -> list[str]:
        """Return the sorted names that `tag`, a name or a wildcard, stands for, of the tags at or below `asset`.

        They are listed in historian.tags, or have readings. `asset` is a place in the plant, or a wildcard of one; a
        tag that is not listed has none.
        """
        return self.tag_names.find(tag, asset)

    def raw(
        self, tags: Tags, start: datetime, end: datetime, *, bounding: bool = False, max_rows: int | None = None
    ) -> pa.Table:
        """Return stored readings from `start` to before `end`: columns tag, ts, value, text, quality.

        With `bounding`, also each tag's last reading before `start` and its first from `end` on. If `end` is before
        `start`, the latest reading of a tag comes first. Raises UserError for more than `max_rows` readings (default
        4,000,000).
        """
        try:
            return self._raw_readings(tags, start, end, bounding=bounding).whole(max_rows)
        except TooManyRowsError:
            what = f"more than {max_rows or reader.MAX_HELD:,} readings, or too many long texts"
            raise UserError(what, fix="choose less time, or use a plot or a stream") from None

    def stream(self, tags: Tags, start: datetime, end: datetime, *, bounding: bool = False) -> pa.RecordBatchReader:
        """Return the rows of `raw` in the same order, however many: they are read as the caller takes them."""
        parts = self._raw_readings(tags, start, end, bounding=bounding).parts()
        batches = (batch for part in parts for batch in part.combine_chunks().to_batches())
        return pa.RecordBatchReader.from_batches(answers.READINGS, batches)

    def last(self, tags: Tags, as_of: datetime, *, usable: bool = False) -> pa.Table:
        """Return the last reading at or before `as_of`, up to 32 days old: columns tag, ts, value, text, quality.

        One row per tag. For a tag without such a reading, ts is null and quality Bad_NoData. With `usable`, the last
        good reading.
        """
        names = self._resolve(tags)
        rows = self.reader.before(names, spans.microseconds(as_of) + 1, DEFAULT, int(usable), also=(TEXT,))
        fit = rows.usable(DEFAULT) if usable else np.ones(len(rows), np.bool_)
        newest = rows.newest(fit)
        self.chunked_reader.refuse_unknown([name for name, at in zip(names, newest, strict=True) if at < 0], [rows])
        return answers.readings_or_none(rows, newest)

    def nearest(self, tags: Tags, start: datetime, end: datetime) -> pa.Table:
        """Return when the tags last reported before `start` and first from `end` on: columns tag, before, after.

        One row per tag, however long ago; times are timestamp[us, UTC], null if there is no such reading. So an empty
        answer can say where the readings are.
        """
        names = self._resolve(tags)
        if unknown := [name for name in names if not self.tag_names.known(name)]:
            raise self.tag_names.unknown(unknown)
        low, high = sorted((spans.microseconds(start), spans.microseconds(end)))
        reporting = self.reader.tags()  # of other tags, every file would be searched in vain
        before = [self.reader.last_time(name, low) if name in reporting else None for name in names]
        after = [self.reader.first_time(name, high) if name in reporting else None for name in names]
        return pa.table({"tag": names, "before": pa.array(before, answers.TS), "after": pa.array(after, answers.TS)})

    def at(
        self,
        tags: Tags,
        times: Sequence[datetime],
        *,
        shape: Shape | None = None,
        configuration: Configuration = DEFAULT,
    ) -> pa.Table:
        """Return the value at each of `times`, interpolated between usable readings: columns tag, ts, value, quality.

        Sorted by time, without duplicates. `shape` overrides the interpolation in the list of tags.
        """
        if not times:
            raise UserError("no time is given", fix="give one or more")
        names, moments = self._resolve(tags), np.unique([spans.microseconds(each) for each in times])
        _refuse_more(len(names) * len(moments))
        instants = Intervals(moments, moments, np.zeros(len(moments), np.bool_))
        parts = []
        for chunk, part, points in self._points(names, instants, configuration):
            tag, time = np.repeat(np.arange(len(chunk)), len(part)), np.tile(part.start, len(chunk))
            bound = bounds.interpolated(points, tag, time, self._stepped(chunk, shape)[tag], configuration)
            value = np.where(is_bad(bound.status), np.nan, bound.value)
            parts.append(answers.values(chunk, tag, time, value, bound.status))
        return pa.concat_tables(parts)

    def interpolated(
        self,
        tags: Tags,
        start: datetime,
        end: datetime,
        every: str,
        *,
        zone: str = "UTC",
        shape: Shape | None = None,
        configuration: Configuration = DEFAULT,
    ) -> pa.Table:
        """Return the value at `start` and at every further `every` before `end`: columns tag, ts, value, quality."""
        name = "Interpolative"
        table = self.aggregate(tags, start, end, every, name, zone=zone, shape=shape, configuration=configuration)
        return table.select(answers.VALUES.names)

    def aggregate(
        self,
        tags: Tags,
        start: datetime,
        end: datetime,
        every: str | None,
        aggregates: str | Sequence[str],
        *,
        zone: str = "UTC",
        shape: Shape | None = None,
        configuration: Configuration = DEFAULT,
    ) -> pa.Table:
        """Return OPC UA aggregates of each interval: columns tag, aggregate, interval, ts, value, quality.

        `every` is the length of an interval, like 15m, 8h or 1d; days, weeks, months and years follow the calendar of
        `zone`; None makes one interval of the whole time. `interval` is the start of the interval, and `ts` the time of
        the result, which is different for some aggregates. If `end` is before `start`, the intervals run backwards.
        Units and meanings are in `headrace.historian.AGGREGATES`.
        """
        chosen = [named(each) for each in ([aggregates] if isinstance(aggregates, str) else aggregates)]
        if not chosen:
            raise UserError("no aggregate is given", fix="give one, like TimeAverage2")
        names = self._resolve(tags)
        intervals = _intervals(start, end, every, zone, len(names) * len(chosen))

        def of(chunk: list[str], part: Intervals, points: Points) -> list[pa.Table]:
            inputs = AggregateInput(points, Cells.of(part, len(chunk)), self._stepped(chunk, shape), configuration)
            return [answers.aggregated(chunk, inputs.cells, each.name, each(inputs)) for each in chosen]

        parts = [of(*part) for part in self._points(names, intervals, configuration)]
        results = pa.concat_tables([table for tables in parts for table in tables])
        return answers.in_order(results, names, [each.name for each in chosen])

    def plot(self, tags: Tags, start: datetime, end: datetime, pixels: int = 1000) -> pa.Table:
        """Return at most five readings per pixel to draw in `pixels` pixels: columns tag, ts, value, text, quality.

        They are the first, the last, the smallest and the largest reading, and the first of the worst quality; of
        texts, the first, the last, the first other one, and the first of the worst quality. A text is cut after 200
        characters and keeps its own quality. A bad reading has no value.
        """
        names = self._resolve(tags)
        read, parts = self.chunked_reader.around, []
        for chunk, part, rows in self.chunked_reader.each(
            names,
            _pixels(start, end, pixels, len(names)),
            lambda chunk, low, high: read(chunk, low, high, DEFAULT, also=(TEXT,)),
        ):
            points, text = rows.stored(nonfinite_is_bad=self.chunked_reader.nonfinite == "bad")
            parts.append(drawn(chunk, points, text, plot(points, Cells.of(part, points.tags), text)))
        return pa.concat_tables(parts)

    def trend(self, tags: Tags, start: datetime, end: datetime, pixels: int = 1000) -> pa.Table:
        """Return the readings of `plot` with each tag's neighbours on both sides."""
        names = self._resolve(tags)
        return trend(self.chunked_reader, names, _pixels(start, end, pixels, len(names)))

    def lttb(self, tags: Tags, start: datetime, end: datetime, count: int = 1000) -> pa.Table:
        """Return `count` readings of each tag that keep the look of its trend: columns tag, ts, value, quality.

        They are selected from the readings that are not bad. Unlike `plot`, the selection may drop a spike.
        """
        names = self._resolve(tags)
        if count < 3:
            raise UserError(f"a trend cannot have only {count} points", fix="use three or more")
        _refuse_more(len(names) * count)
        low, high = _span(start, end)
        pieces = spans.cut(low, high, Every(-(-(high - low) // _PIECES), "us"))
        return lttb_of_each(lambda chunk: self._points(chunk, pieces, DEFAULT), names, pieces, count)

    def states(
        self,
        tags: Tags,
        start: datetime,
        end: datetime,
        every: str | None = None,
        *,
        zone: str = "UTC",
        configuration: Configuration = DEFAULT,
    ) -> pa.Table:
        """Return how long each state lasted in each interval: columns tag, interval, state, seconds, readings, entries.

        `readings` is the number of readings with the state, `entries` the number of them that changed to it. A state is
        a text, or a number as text. The last known state lasts to `end`.
        """
        names = self._resolve(tags)
        intervals = _intervals(start, end, every, zone, len(names))
        parts = []
        read = self.chunked_reader.around
        for chunk, part, rows in self.chunked_reader.each(
            names, intervals, lambda chunk, low, high: read(chunk, low, high, configuration, also=(TEXT,))
        ):
            points, words = rows.states()
            inputs = AggregateInput(points, Cells.of(part, len(chunk)), self._stepped(chunk, "step"), configuration)
            parts.append(answers.states(chunk, inputs.cells, words, states(inputs)))
        return pa.concat_tables(parts)

    def scores(
        self, tags: Tags, since: datetime, until: datetime, *, model: str | None = None, max_rows: int | None = None
    ) -> pa.Table:
        """Return the scores of readings from `since` to before `until`, by tag, time and model: columns as in SCORES.

        `model` is a version, name@version; default: all that have scored the readings. `expected`, `low` and `high` are
        in the tag's unit; without a score, `none_because` says why. Raises UserError for an unknown tag and for more
        than `max_rows` rows (default 4,000,000), and PlatformError.
        """
        names = self._resolve(tags)
        if missing := [name for name in names if not self.tag_names.known(name)]:
            raise self.tag_names.unknown(missing)
        stored, models = self.anomalies.required_scores(), [model] if model else []
        try:
            return stored.rows(names, *_span(since, until), models=models, max_rows=max_rows)
        except TooManyRowsError:
            what = f"more than {max_rows or reader.MAX_HELD:,} scores"
            raise UserError(what, fix="choose less time or fewer tags") from None

    def events(
        self,
        tags: Tags = "*",
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        asset: str = "*",
        cause: str | None = None,
        model: str | None = None,
        state: Literal["open", "ended", "stale"] | None = None,
        acknowledged: bool | None = None,
        min_score: float | None = None,
    ) -> pa.Table:
        """Return the events of anomalies, newest first, with what people say of them: columns as in EVENTS.

        An event is returned if its tag is one of `tags` at or below the place `asset`, and if it fulfils everything
        else that is given: it overlaps the time from `since` to before `until`, and its peak score is at least
        `min_score`. `model` is name@version, or a name for all its versions. Raises UserError for an unknown tag, cause
        or model, and PlatformError.
        """
        choice = Choice(since, until, cause, model, state, acknowledged, min_score)
        return of_tags(self.anomalies.required_events().find(choice), self.tag_names, tags, asset)

    def event(self, tag: str, time: datetime, *, model: str | None = None) -> dict[str, Any]:
        """Return the event of a tag that lasts at `time`, as a row of `events`: of several models, the newest's.

        `tag` is a name. Raises UserError if there is none, with the nearest ones, and PlatformError.
        """
        spans.microseconds(time)
        return one_event.at(self.events(pattern.literal(tag), model=model), tag, time)

    def bands(
        self, tags: Tags, start: datetime, end: datetime, pixels: int = 1000, *, models: Sequence[str] = ()
    ) -> pa.Table:
        """Return the band in which each model expects readings, drawn in `pixels` pixels: columns as in BANDS.

        Of the scores in a pixel: the lowest `low`, the highest `high`, and the first `expected`. Where a band has a
        gap, its next row has no values. `models` are versions, name@version; all without any. Empty without a table of
        scores. Raises UserError for more than 50,000,000 scores, and PlatformError.
        """
        names = self._resolve(tags)
        return bands.drawn(
            self.chunked_reader, self.anomalies.scores, names, _pixels(start, end, pixels, len(names)), models
        )

    def _raw_readings(self, tags: Tags, start: datetime, end: datetime, *, bounding: bool) -> RawReadings:
        return RawReadings(
            self.chunked_reader, self._resolve(tags), *_span(start, end), bounding=bounding, reverse=end < start
        )

    def _points(
        self, names: list[str], intervals: Intervals, configuration: Configuration
    ) -> Iterator[tuple[list[str], Intervals, Points]]:
        read = self.chunked_reader.points
        return self.chunked_reader.each(
            names, intervals, lambda chunk, low, high: read(chunk, low, high, configuration)
        )

    def _resolve(self, tags: Tags) -> list[str]:
        return self.tag_names.resolve(tags)

    def _stepped(self, names: Sequence[str], shape: Shape | None) -> Mask:
        stepped = self.tag_names.stepped
        return np.array([stepped(name) if shape is None else shape == "step" for name in names], np.bool_)


def _intervals(start: datetime, end: datetime, every: str | None, zone: str, tags: int) -> Intervals:
    length = None if every is None else Every.parse(every)
    return spans.cut(spans.microseconds(start), spans.microseconds(end), length, spans.zone(zone), tags)


def _span(start: datetime, end: datetime) -> tuple[int, int]:
    """Return the earlier and the later time, microseconds since 1970, UTC. Raises UserError if they are equal."""
    low, high = sorted((spans.microseconds(start), spans.microseconds(end)))
    if low == high:
        raise UserError("start and end are the same time", fix="choose a span of time")
    return low, high


def _pixels(start: datetime, end: datetime, pixels: int, tags: int) -> Intervals:
    if pixels < 1:
        raise UserError(f"a trend of {pixels} pixels shows nothing", fix="use one or more")
    _refuse_more(tags * pixels * 5)
    low, high = _span(start, end)
    return spans.cut(low, high, Every(-(-(high - low) // pixels), "us"))


def _refuse_more(results: int) -> None:
    if results > MAX_RESULTS:
        raise UserError(f"{results:,} points are more than {MAX_RESULTS:,}", fix="use fewer points, or fewer tags")
