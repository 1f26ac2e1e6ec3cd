"""The effect of changes to the project's files on each affected job, and on the tables of those jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from headrace.authoring.diff import job_plan, products, side
from headrace.authoring.diff.compiled import UNCHECKED, Compiler
from headrace.authoring.diff.job_plan import JobPlan
from headrace.authoring.diff.products import ProductChange
from headrace.authoring.diff.side import Side
from headrace.environment import git_ref
from headrace.environment import settings as environments
from headrace.environment.apply import table_changes
from headrace.environment.apply.table_changes import TablePlan
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError
from headrace.project import job_folder
from headrace.project.paths import Project

T = TypeVar("T")


@dataclass(frozen=True)
class Report:
    """What differs from the git ref `ref`: `jobs`, `tables` to create or change, `products` that break their readers.

    `unchecked` is what was not checked.
    """

    ref: str
    commit: str
    jobs: tuple[JobPlan, ...]
    tables: tuple[TablePlan, ...]
    products: tuple[ProductChange, ...]
    unchecked: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        return {
            "against": self.ref,
            "commit": self.commit,
            "jobs": [job_plan.to_json(job) for job in self.jobs],
            "tables": [_table(each) for each in self.tables],
            "products": [each.to_json() for each in self.products],
            "unchecked": list(self.unchecked),
        }


def report(
    project: Project,
    env: str,
    names: Iterable[str] | None,
    ref: str,
    progress: Callable[[str], None] = lambda _step: None,
) -> Report:
    """Compare the jobs `names`, or all jobs, of the working tree with those of the git ref `ref`.

    Neither a broker nor a cluster is contacted; the catalog is, for its tables. Raises UserError with every problem in
    the jobs' files, with what Flink rejects in them, or if there is no such ref.
    """
    settings = environments.load(project, env)
    with git_ref.at(project, ref) as then, Compiler(project) as compiler:
        then_settings, unread = settings_then(then, env, settings, ref)
        names_now, names_then = job_folder.names(project), job_folder.names(then)

        def planned(name: str, now: Side | None) -> JobPlan:
            progress(f"comparing {name}")
            if now is None:
                return JobPlan(name, "removed", notes=("stop it if it runs; its tables stay",))
            if name not in names_then:
                return job_plan.new(now, compiler)
            try:
                was = side.load(then, then_settings, name)
            except UserError as error:
                return job_plan.unreadable(now, ref, error, compiler)
            return job_plan.changed(was, now, ref, compiler)

        removed = {*names_then} - {*names_now}
        chosen = list(names or sorted({*names_now, *names_then}))
        sides = _each(chosen, lambda name: None if name in removed else side.load(project, settings, name))
        jobs = _each(chosen, lambda name: planned(name, sides[name]))
        broken = tuple(products.changes(project, then))
    touched = tuple(job for job in jobs.values() if job.status != "unchanged")
    needed, unchecked = _tables(project, settings, touched)
    compiled = [UNCHECKED] if any(job.operators for job in touched) else []
    return Report(ref, git_ref.commit_of(project, ref), touched, needed, broken, (*unread, *compiled, *unchecked))


def settings_then(then: Project, env: str, now: Settings, ref: str) -> tuple[Settings, list[str]]:
    """Return the environment's settings in the earlier project; if they cannot be read, those of `now`, and why."""
    try:
        return git_ref.settings_at(then, env, now), []
    except UserError as error:
        fault = f"catalogs/{env}.yaml at {ref} cannot be read by this version of headrace: {error.problems[0].what}"
        return now, [f"{fault}. Both sides are compared with today's, so that its changes are not shown"]


def _each(names: Iterable[str], make: Callable[[str], T]) -> dict[str, T]:
    """Return the result of `make` for each name. Raises UserError with the problems of all of them."""
    results, problems = {}, []
    for name in names:
        try:
            results[name] = make(name)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(list(dict.fromkeys(problems)))
    return results


def _tables(project: Project, settings: Settings, jobs: Iterable[JobPlan]) -> tuple[tuple[TablePlan, ...], list[str]]:
    """Return the jobs' tables that differ from their files; if they were not checked, none and the reason."""
    names = dict.fromkeys(name for job in jobs for name in job.tables)
    if not names:
        return (), []
    where = settings.catalog
    if where.type == "sqlite" and not Path(where.path).is_file():
        return (), [f"there is no catalog at {where.path}: which tables must be created or changed was not checked"]
    try:
        plans = table_changes.plan(project, settings, names)
    except PlatformError as error:
        return (), [f"which tables must be created or changed was not checked: {error.problems[0].what}"]
    return tuple(each for each in plans if each.action != "unchanged"), []


def _table(each: TablePlan) -> dict[str, Any]:
    refused = [{**asdict(problem), "where": str(problem.where)} for problem in each.refused]
    return {"table": each.name, "action": each.action, "changes": [*map(asdict, each.changes)], "refused": refused}
