"""Run a watch per tag inside Flink."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

from pyflink.common import Row, Types
from pyflink.common.time import Instant
from pyflink.common.typeinfo import TypeInformation
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ValueStateDescriptor
from pyflink.table import Table
from pyflink.table.expressions import col

from headrace_udfs.status_codes import SEVERITY
from table_api import Inputs
from table_api.watches.in_order import Line, advance, wake
from table_api.watches.watch import Reading, Watch

_END_OF_INPUT = 2**63 - 1


def watched(inputs: Inputs, readings: Table, watch: Watch[Any, Any], columns: Mapping[str, TypeInformation]) -> Table:
    """Return the events of a watch over each tag of `readings`: the tag, then the fields of the event.

    readings: a source read with `inputs.on_time`, with the columns tag, ts, value and quality. The watch gets each
    reading once the watermark has passed it. columns: the names and types of the event's fields, in their order; in
    the event, a field of the type Types.INSTANT() is a number of microseconds since 1970.
    """
    good = (col("quality") < SEVERITY["uncertain"]).alias("good")
    stream = inputs.to_stream(readings.select(col("tag"), col("ts"), col("value"), good))
    returns = Types.ROW_NAMED(["tag", *columns], [Types.STRING(), *columns.values()])
    instants = [kind == Types.INSTANT() for kind in columns.values()]
    events = stream.key_by(itemgetter(0), Types.STRING()).process(ByTag(watch, instants), returns)
    return inputs.environment.from_data_stream(events.name(type(watch).__name__))


class ByTag(KeyedProcessFunction):  # type: ignore[misc]
    """Runs a watch with one Line per tag as its state, and one timer per tag."""

    def __init__(self, watch: Watch[Any, Any], instants: list[bool]) -> None:
        self._watch, self._instants = watch, instants

    def open(self, runtime_context: RuntimeContext) -> None:
        """Get access to the state."""
        self._line = runtime_context.get_state(ValueStateDescriptor("line", Types.PICKLED_BYTE_ARRAY()))

    def process_element(self, value: Row, ctx: KeyedProcessFunction.Context) -> None:
        """Store the reading until the watermark passes it."""
        _, at, number, good = value
        line = self._line.value() or Line()
        line.waiting.append(Reading(at, number, good))
        if line.timer is None or at // 1000 < line.timer:
            self._set_timer(line, at // 1000, ctx)
        self._line.update(line)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:  # noqa: ARG002 - Flink passes it
        """Pass to the watch the readings that the watermark has passed; emit its events."""
        line = self._line.value()
        if line is None:
            return
        line.timer = None
        watermark = ctx.timer_service().current_watermark()
        if watermark == _END_OF_INPUT:
            events = advance(self._watch, line, None)
            self._line.clear()
        else:
            # A watermark covers its whole millisecond.
            events = advance(self._watch, line, watermark * 1000 + 999)
            self._keep(line, ctx)
        for event in events:
            fields = (_instant(x) if is_instant else x for x, is_instant in zip(event, self._instants, strict=True))
            yield Row(ctx.get_current_key(), *fields)

    def _keep(self, line: Line[Any], ctx: KeyedProcessFunction.Context) -> None:
        """Store the line and set its timer to the next time at which `advance` has something to do."""
        time = wake(self._watch, line)
        if time is None:
            self._line.clear()
            return
        self._set_timer(line, time // 1000, ctx)
        self._line.update(line)

    def _set_timer(self, line: Line[Any], time: int, ctx: KeyedProcessFunction.Context) -> None:
        if line.timer is not None:
            ctx.timer_service().delete_event_time_timer(line.timer)
        ctx.timer_service().register_event_time_timer(time)
        line.timer = time


def _instant(microseconds: int) -> Instant:
    seconds, rest = divmod(microseconds, 1_000_000)
    return Instant(seconds, rest * 1000)
