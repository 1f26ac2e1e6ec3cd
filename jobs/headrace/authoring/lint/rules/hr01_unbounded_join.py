"""HR01: a join of two streams without a bound on time."""

from __future__ import annotations

from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR01(BaseRule):
    """Two streams are joined without a bound on the time between their rows.

    A row waits for its match indefinitely: the job keeps every row that it has read, and which rows match depends on
    how long it has run. The time is bounded if the condition compares ``event_time`` of both sides from above and from
    below, or requires the same window: equal ``window_start`` and equal ``window_end``.

    **Anti-pattern**

    .. code-block:: sql

        select pumps.pump, pumps.bearing, tanks.level
        from {{ on_time('pumps') }} as pumps
        inner join {{ on_time('tanks') }} as tanks on pumps.line = tanks.line

    **Best practice**

    In the join's condition, compare ``event_time`` of two ``on_time()`` sides from above and from below.

    .. code-block:: sql

        select pumps.pump, pumps.bearing, tanks.level
        from {{ on_time('pumps') }} as pumps
        inner join {{ on_time('tanks') }} as tanks
            on
                pumps.line = tanks.line
                and tanks.event_time between pumps.event_time - interval '1' minute and pumps.event_time
    """

    name = "headrace.unbounded_join"

    def check(self, subject: Subject) -> Violations:
        """Yield each join of two streams whose condition does not bound the time between their rows."""
        for select in subject.query.selects:
            for join in select.joins:
                if join.left and join.right and not join.bounded and not join.nested:
                    left, right = (", ".join(sorted(streams)) for streams in (join.left, join.right))
                    yield join.place, f"{left} and {right} are joined without a bound on the time between their rows"
