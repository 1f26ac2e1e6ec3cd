"""HR02: a join that keeps every row, in a job without state_ttl."""

from __future__ import annotations

from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR02(BaseRule):
    """A join keeps every row that it has seen, and job.yaml sets no state_ttl.

    A join without a bound on time keeps the rows of both sides, because a match may still arrive. If one side is a
    stream, that is all its rows, however small the other side is. The same goes for an ``in`` or an ``exists`` over a
    select. Checkpoints grow until they fail.

    **Anti-pattern**

    .. code-block:: sql

        select pumps.pump, pumps.ts, assets.bearing_limit
        from {{ source('pumps') }} as pumps
        inner join {{ table('plant.assets') }} as assets on pumps.pump = assets.pump

    **Best practice**

    Set ``state_ttl`` in job.yaml to how long a row may wait for its match, such as ``1d``, or bound the time in the
    join's condition; the asset and unit of a tag need no join: use ``steps: [enrich]``.

    .. code-block:: yaml

        state_ttl: 1d
    """

    name = "headrace.endless_state"

    def check(self, subject: Subject) -> Violations:
        """Yield each join that keeps the rows of a stream indefinitely."""
        if subject.job.state_ttl is not None:
            return
        for select in subject.query.selects:
            for join in select.joins:
                if not join.bounded and (streams := join.left | join.right):
                    kept = ", ".join(sorted(streams))
                    yield join.place, f"this join keeps every row of {kept} indefinitely, and job.yaml has no state_ttl"
