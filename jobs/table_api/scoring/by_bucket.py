"""Score the packs of each bucket of tags inside Flink."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from pyflink.common import Row, Types
from pyflink.datastream import DataStream, KeyedProcessFunction, RuntimeContext, TimeDomain
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor
from pyflink.table import Table

from headrace_udfs.scoring import alignment, stored, stream, tables
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.asset_states import AssetStates
from headrace_udfs.scoring.buckets import buckets
from headrace_udfs.scoring.parts import part
from headrace_udfs.scoring.stream import Found, Memory, Scorer
from headrace_udfs.scoring.takeover import taken_over
from headrace_udfs.step_protocol import CatalogAddress
from table_api import Inputs

_END_OF_INPUT = 2**63 - 1
_APART_MS = 1000
"""How long a bucket waits before it scores again: many instants at a time cost a third of a few at a time."""
_SOON = -(2**63)
"""What a bucket waits for that is woken in a moment anyway: nothing that comes needs a timer."""
_ROWS = 20_000
"""The most rows that are sent at a time: some 2 MB."""


def scored(inputs: Inputs, packs: Table, scorer: Scorer) -> DataStream:
    """Return what comes out: records of a STRING (scores, events or alerts), and of BYTES, an Arrow stream."""
    returns = Types.ROW_NAMED(["sink", "stream"], [Types.STRING(), Types.PRIMITIVE_ARRAY(Types.BYTE())])
    # The key is in the pack: any other column of its row may be of another bucket.
    keyed = inputs.to_stream(packs).key_by(lambda row: stored.bucket(row[0]), Types.INT())
    return keyed.process(ByBucket(scorer, inputs.asset_states()), returns).name("score")


class ByBucket(KeyedProcessFunction):  # type: ignore[misc]
    """Holds packs until the watermark has passed their instants, and scores these.

    Its state per bucket: `held`, packs as `stored.pack` writes them; `memory`, as `stored.dump` does; `tags`, JSON of
    the version of the model and the names that the numbers in both stand for. states: where it finds the states of
    assets that suppress alerts; None if none do.
    """

    def __init__(self, scorer: Scorer, states: CatalogAddress | None) -> None:
        self._whole, self._address = scorer, states
        self._buckets = buckets(scorer.model.tags)

    def open(self, runtime_context: RuntimeContext) -> None:
        """Get access to the state. Raises RuntimeError if the states of assets cannot be read."""
        self._states = AssetStates(self._address) if self._address else None
        kind = Types.PRIMITIVE_ARRAY(Types.BYTE())
        self._held = runtime_context.get_list_state(ListStateDescriptor("held", kind))
        self._memory = runtime_context.get_state(ValueStateDescriptor("memory", kind))
        self._tags = runtime_context.get_state(ValueStateDescriptor("tags", Types.STRING()))
        self._scorers: dict[int, Scorer | None] = {}
        self._advanced: dict[int, int] = {}
        self._next_ms: dict[int, int] = {}
        self._waits_us: dict[int, int] = {}

    def close(self) -> None:
        """Stop following the states of assets."""
        if self._states:
            self._states.close()

    def process_element(self, value: Row, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Store the pack until the watermark passes its instants."""
        yield from self._begin(ctx)
        pack = bytes(value[0])
        self._held.add(pack)
        self._wake(alignment.closes_us(stored.unpack(pack).times, self._whole.every_us), ctx)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:  # noqa: ARG002 - Flink passes it
        """Score the instants that the watermark has passed."""
        yield from self._begin(ctx)
        key = ctx.get_current_key()
        scorer = self._scorers[key]
        self._waits_us.pop(key, None)
        if scorer is None:
            return
        watermark = ctx.timer_service().current_watermark()
        # A watermark covers its whole millisecond.
        ended = watermark == _END_OF_INPUT
        until = stream.END_US if ended else alignment.boundary(watermark * 1000 + 999, scorer.every_us)
        if self._advanced.get(key) == until:  # by an earlier timer of the same watermark
            return
        if not ended and self._too_early(ctx):
            return
        self._advanced[key] = until
        held, memory = self._readings(), self._remembered(scorer)
        wakes = stream.wakes_us(scorer, memory, held)
        if wakes is None or until < wakes:
            self._wake(wakes, ctx)
            return
        closed = held.times < until
        states = self._states.of([tag.name for tag in scorer.model.tags]) if self._states else None
        memory, found = stream.advance(scorer, memory, held.taken(closed), until, states)
        held = held.taken(~closed)
        self._hold(held, ctx)
        self._memory.update(stored.dump(scorer.pin, memory))
        self._wake(stream.wakes_us(scorer, memory, held), ctx)
        yield from _sent(scorer, found)

    def _too_early(self, ctx: KeyedProcessFunction.OnTimerContext) -> bool:
        """Whether the bucket has scored a moment ago; if so, it is woken when the moment is over."""
        key, timers = ctx.get_current_key(), ctx.timer_service()
        now, due = timers.current_processing_time(), self._next_ms.get(key, 0)
        if ctx.time_domain() == TimeDomain.EVENT_TIME and now < due:
            timers.register_processing_time_timer(due)
            timers.register_event_time_timer(_END_OF_INPUT)  # which does not wait for a moment
            self._waits_us[key] = _SOON
            return True
        self._next_ms[key] = now + _APART_MS
        return False

    def _begin(self, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Make the bucket's part of the model, when its key comes first; take over what another version has left."""
        key = ctx.get_current_key()
        if key in self._scorers:
            return
        bucket = self._buckets[key] if key < len(self._buckets) else []
        self._scorers[key] = replace(self._whole, model=part(self._whole.model, bucket)) if bucket else None
        now = {"model": self._whole.pin, "tags": [self._whole.model.tags[at].name for at in bucket]}
        before = json.loads(self._tags.value() or "null")
        if before == now:
            return
        self._tags.update(json.dumps(now))
        if before:
            yield from self._take_over(before["tags"], bucket, ctx)

    def _take_over(self, names: list[str], bucket: list[int], ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        kept, left = taken_over(self._readings(), names, bucket, self._whole)
        self._hold(kept, ctx)
        self._wake(alignment.closes_us(kept.times, self._whole.every_us), ctx)
        if left is not None:
            yield from _sent(self._whole, Found(scores=[left]))
        if dumped := self._memory.value():
            self._memory.clear()
            yield from _sent(self._whole, stream.abandon(*stored.load(bytes(dumped))))

    def _readings(self) -> Readings:
        return alignment.joined([stored.unpack(bytes(pack)) for pack in self._held.get() or ()])

    def _remembered(self, scorer: Scorer) -> Memory:
        dumped = self._memory.value()
        return stored.load(bytes(dumped))[1] if dumped else stream.fresh(scorer)

    def _hold(self, held: Readings, ctx: KeyedProcessFunction.Context) -> None:
        if len(held):
            self._held.update([stored.pack(ctx.get_current_key(), held)])
        else:
            self._held.clear()

    def _wake(self, at_us: int | None, ctx: KeyedProcessFunction.Context) -> None:
        """Set a timer for the first watermark that has passed all before `at_us`, if none comes earlier."""
        key = ctx.get_current_key()
        if at_us is not None and at_us < self._waits_us.get(key, stream.END_US):
            self._waits_us[key] = at_us
            ctx.timer_service().register_event_time_timer(-(-at_us // 1000) - 1)


def _sent(scorer: Scorer, found: Found) -> Iterator[Row]:
    for rows in found.scores:
        yield from (Row("scores", sent) for sent in tables.streams(tables.score_table(scorer, rows), _ROWS))
    if found.frames:  # a table costs as much as scoring a hundred readings, without rows too
        yield from (Row("events", sent) for sent in tables.streams(tables.event_table(found.frames), _ROWS))
    if found.alerts:
        yield from (Row("alerts", sent) for sent in tables.streams(tables.alert_table(found.alerts), _ROWS))
