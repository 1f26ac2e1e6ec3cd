"""What becomes of one job: its two sides compared, in words and in Flink's plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from headrace.authoring.diff import changes
from headrace.authoring.diff.compiled import Compiled, Compiler
from headrace.authoring.diff.side import Side
from headrace.authoring.render import statements
from headrace.errors import HeadraceError, UserError
from headrace.planner.state import differences
from headrace.planner.state.alignment import Pair, align
from headrace.planner.state.differences import Change
from headrace.planner.state.operators import operators

Status = Literal["new", "changed", "removed", "unchanged"]


@dataclass(frozen=True)
class JobPlan:
    """What becomes of a job.

    `operators` are all of Flink's plan, those that differ and those that do not; none where it was not compared, and
    `notes` say why. `sql` is a unified diff of the job's statements.
    """

    job: str
    status: Status
    changes: tuple[Change, ...] = ()
    operators: tuple[Pair, ...] = ()
    sql: str = ""
    tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def parts(self) -> dict[str, list[Change]]:
        """The changes by what they are of."""
        parts = dict.fromkeys(change.part for change in self.changes)
        return {part: [change for change in self.changes if change.part == part] for part in parts}

    @property
    def operator_changes(self) -> list[Pair]:
        """The operators of a changed job that differ, less those that only follow another one."""
        differing = [pair for pair in self.operators if pair.differs and not pair.operator.follows]
        return differing if self.status == "changed" else []


def new(now: Side, compiler: Compiler) -> JobPlan:
    """A job that was not there. Raises UserError for what Flink refuses of it."""
    made, job = compiler.compiled(now), now.folder.job
    reads = (Change("job", "reads", None, each) for each in job.reads)
    writes = (Change("job", f"sink {sink}", None, mode) for sink, mode in job.writes.items())
    added = tuple(Pair(None, each) for each in operators(made.plan)) if made.plan else ()
    return JobPlan(job.name, "new", (*reads, *writes), added, tables=tuple(now.tables))


def unreadable(now: Side, ref: str, error: UserError, compiler: Compiler) -> JobPlan:
    """A job that was there with faults. Raises UserError for what Flink refuses of it as it is."""
    compiler.compiled(now)
    notes = (f"it cannot be read as it was at {ref}, so nothing is compared: {p.what}" for p in error.problems)
    return JobPlan(now.folder.job.name, "changed", tables=tuple(now.tables), notes=tuple(notes))


def changed(was: Side, now: Side, ref: str, compiler: Compiler) -> JobPlan:
    """A job that is on both sides, changed or not. Raises UserError for what Flink refuses of it as it is."""
    found = tuple(changes.changes(was, now))
    made = JobPlan(now.folder.job.name, "changed" if found else "unchanged", found, tables=tuple(now.tables))
    if was.plan_inputs == now.plan_inputs:
        return made
    after = compiler.compiled(now)
    try:
        before = compiler.compiled(was)
    except HeadraceError as error:
        said = (f"Flink refuses it as it was at {ref}, so no plans are compared: {p.what}" for p in error.problems)
        return replace(made, status="changed", notes=tuple(said))
    pairs = align(operators(before.plan), operators(after.plan)) if before.plan and after.plan else []
    return replace(
        made,
        status="changed",
        changes=(*found, *_of_sinks(before, after)),
        operators=tuple(pairs),
        sql=_sql(was, now, ref, before, after),
        notes=() if pairs else ("Flink compiles no plan of a Table API job: no plans are compared",),
    )


def _of_sinks(was: Compiled, now: Compiled) -> Iterator[Change]:
    for sink, columns in now.columns.items():
        if sink in was.columns:
            yield from differences.changes(f"sink {sink}", {"columns": was.columns[sink]}, {"columns": columns})


def _sql(was: Side, now: Side, ref: str, before: Compiled, after: Compiled) -> str:
    name = now.folder.job.name
    old, new_ = (statements.text(statements.of(s.composition, c.columns)) for s, c in ((was, before), (now, after)))
    return statements.unified(old, new_, f"{name} at {ref}", name)


def to_json(plan: JobPlan) -> dict[str, Any]:
    """As one JSON object."""
    return {
        "job": plan.job,
        "status": plan.status,
        "changes": [vars(change) for change in plan.changes],
        "operators": [_operator(pair) for pair in plan.operators if pair.differs],
        "sql": plan.sql,
        "notes": list(plan.notes),
    }


def _operator(pair: Pair) -> dict[str, Any]:
    sides = {"was": pair.was, "now": pair.now}
    return {
        "operator": str(pair.operator),
        "change": pair.kind,
        "changes": [{"what": c.what, "was": c.was, "now": c.now} for c in pair.changes],
        **{side: each and {"id": each.id, "type": each.type, "traits": each.traits} for side, each in sides.items()},
    }
