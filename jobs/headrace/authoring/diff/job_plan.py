"""The plan of one job: how its two sides differ, in words and in Flink's compiled plans."""

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
from headrace.planner.state.verdict import model_change

_NO_PLANS = "Flink cannot compile the plan of a Table API job, so no plans are compared"

Status = Literal["new", "changed", "removed", "unchanged"]


@dataclass(frozen=True)
class JobPlan:
    """The changes of one job.

    `operators` are all operators of Flink's plan, changed or not; empty if the plans were not compared, in which case
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
        """The changes by the part of the job that they belong to."""
        parts = dict.fromkeys(change.part for change in self.changes)
        return {part: [change for change in self.changes if change.part == part] for part in parts}

    @property
    def operator_changes(self) -> list[Pair]:
        """The operators of a changed job that differ, without those that differ only because another one does."""
        differing = [pair for pair in self.operators if pair.differs and not pair.operator.follows]
        return differing if self.status == "changed" else []


def new(now: Side, compiler: Compiler) -> JobPlan:
    """Return the plan of a new job. Raises UserError for what Flink rejects in it."""
    compiled, job = compiler.compiled(now), now.folder.job
    reads = (Change("job", "reads", None, each) for each in job.reads)
    writes = (Change("job", f"sink {sink}", None, mode) for sink, mode in job.writes.items())
    added = tuple(Pair(None, each) for each in operators(compiled.plan)) if compiled.plan else ()
    return JobPlan(job.name, "new", (*reads, *writes), added, tables=tuple(now.tables))


def unreadable(now: Side, ref: str, error: UserError, compiler: Compiler) -> JobPlan:
    """Return the plan of a job whose old files have faults. Raises UserError for what Flink rejects in the new ones."""
    compiler.compiled(now)
    first, *others = (problem.what for problem in error.problems)
    more = f", and {len(others)} more" if others else ""
    note = (
        f"its files at {ref} cannot be read by this version of headrace, so nothing is compared: {first}{more}. "
        "Compare with a commit whose files it can read"
    )
    return JobPlan(now.folder.job.name, "changed", tables=tuple(now.tables), notes=(note,))


def changed(was: Side, now: Side, ref: str, compiler: Compiler) -> JobPlan:
    """Return the plan of a job that exists on both sides, changed or not.

    Raises UserError for what Flink rejects in the job as it is now.
    """
    in_files = tuple(changes.changes(was, now))
    plan = JobPlan(now.folder.job.name, "changed" if in_files else "unchanged", in_files, tables=tuple(now.tables))
    if was.plan_inputs == now.plan_inputs:
        return plan
    after = compiler.compiled(now)
    try:
        before = compiler.compiled(was)
    except HeadraceError as error:
        notes = (f"the job at {ref} cannot be planned, so no plans are compared: {p.what}" for p in error.problems)
        return replace(plan, status="changed", notes=tuple(notes))
    pairs = align(operators(before.plan), operators(after.plan)) if before.plan and after.plan else []
    return replace(
        plan,
        status="changed",
        changes=(*in_files, *_of_sinks(before, after)),
        operators=tuple(pairs),
        sql=_sql(was, now, ref, before, after),
        notes=(*_of_model(was, now), *(() if pairs else (_NO_PLANS,))),
    )


def _of_model(was: Side, now: Side) -> Iterator[str]:
    """Yield what a change of a score job's model means for its events and its state."""
    old, new_ = was.folder.job.model, now.folder.job.model
    if old and new_ and old != new_:
        yield f"headrace model compare {old} {new_} --since TIME lists the events that appear and those that go"
        yield model_change(old, new_)


def _of_sinks(was: Compiled, now: Compiled) -> Iterator[Change]:
    for sink, columns in now.columns.items():
        if sink in was.columns:
            yield from differences.changes(f"sink {sink}", {"columns": was.columns[sink]}, {"columns": columns})


def _sql(was: Side, now: Side, ref: str, before: Compiled, after: Compiled) -> str:
    name = now.folder.job.name
    old, new_ = (statements.text(statements.of(s.composition, c.columns)) for s, c in ((was, before), (now, after)))
    return statements.unified(old, new_, f"{name} at {ref}", name)


def to_json(plan: JobPlan) -> dict[str, Any]:
    """Return the plan as one JSON object."""
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
