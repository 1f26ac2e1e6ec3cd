from __future__ import annotations

from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR02(BaseRule):
    """A join keeps every row that it has seen, and job.yaml sets no state_ttl.

    A join without a bound on time keeps the rows of both its sides, for a match may still come; where one of them is
    a stream, that is all its rows, whatever the size of the other. So is an ``in`` or an ``exists`` over a select.
    Checkpoints grow until they fail.

    **Anti-pattern**

    .. code-block:: sql

        select pumps.pump, pumps.ts, assets.bearing_limit
        from {{ source('pumps') }} as pumps
        inner join {{ table('plant.assets') }} as assets on pumps.pump = assets.pump

    **Best practice**

    Write ``state_ttl: 1d``, or how long a row may wait for its match, in job.yaml, or bound the time in the join's
    condition; asset and unit of a tag come without a join, by ``steps: [enrich]``.

    .. code-block:: yaml

        state_ttl: 1d
    """

    name = "headrace.endless_state"

    def check(self, subject: Subject) -> Violations:
        if subject.job.state_ttl is not None:
            return
        for select in subject.query.selects:
            for join in select.joins:
                if not join.bounded and (streams := join.left | join.right):
                    kept = ", ".join(sorted(streams))
                    yield join.place, f"this join keeps every row of {kept} for ever, and job.yaml has no state_ttl"
