from __future__ import annotations

from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR03(BaseRule):
    """A window, or the order of an OVER, goes by a column that no watermark follows.

    A window closes, and a row's turn comes, when the watermark passes. Of the columns of a source only ``event_time``
    of ``on_time()`` has one: ``ts`` has none, and what comes late over ``source()`` is dropped without a word, where
    ``on_time()`` hands it to the job's ``late`` table. Ranking (``row_number``, ``rank``) may go by any column.

    **Anti-pattern**

    .. code-block:: sql

        select tag, window_start, window_end, avg(`value`) as mean
        from table(tumble(table {{ source('plant_readings') }}, descriptor(event_time), interval '1' minute))
        group by tag, window_start, window_end

    **Best practice**

    Read ``{{ on_time(...) }}`` of a source whose contract has ``watermark:``, and go by its ``event_time``; after a
    window go by ``window_time``.

    .. code-block:: sql

        select tag, window_start, window_end, avg(`value`) as mean
        from table(tumble(table {{ on_time('plant_readings') }}, descriptor(event_time), interval '1' minute))
        group by tag, window_start, window_end
    """

    name = "headrace.no_watermark"

    def check(self, subject: Subject) -> Violations:
        for select in subject.query.selects:
            for window in select.windows:
                if window.streams and not window.column.rowtime:
                    of = ", ".join(sorted(window.streams))
                    yield window.place, f"{window.kind} goes by {window.place.raw} of {of}, which no watermark follows"
