"""HR03: a window over a column without a watermark."""

from __future__ import annotations

from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR03(BaseRule):
    """A window, or the order of an OVER, uses a column that no watermark follows.

    A window closes, and a row is processed in order, when the watermark passes. Of a source's columns only
    ``event_time`` of ``on_time()`` has a watermark. ``ts`` has none, and over ``source()`` late readings are dropped
    silently, whereas ``on_time()`` sends them to the job's ``late_table``. Ranking (``row_number``, ``rank``) can
    order by any column.

    **Anti-pattern**

    .. code-block:: sql

        select tag, window_start, window_end, avg(`value`) as mean
        from table(tumble(table {{ source('plant_readings') }}, descriptor(event_time), interval '1' minute))
        group by tag, window_start, window_end

    **Best practice**

    Read ``{{ on_time(...) }}`` of a source whose contract has ``watermark:``, and use its ``event_time``; after a
    window use ``window_time``.

    .. code-block:: sql

        select tag, window_start, window_end, avg(`value`) as mean
        from table(tumble(table {{ on_time('plant_readings') }}, descriptor(event_time), interval '1' minute))
        group by tag, window_start, window_end
    """

    name = "headrace.no_watermark"

    def check(self, subject: Subject) -> Violations:
        """Yield each window or OVER order on a column of a stream that no watermark follows."""
        for select in subject.query.selects:
            for window in select.windows:
                if window.streams and not window.column.rowtime:
                    of = ", ".join(sorted(window.streams))
                    yield window.place, f"{window.kind} uses {window.place.raw} of {of}, which no watermark follows"
