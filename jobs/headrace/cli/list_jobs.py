"""`headrace list`: show the jobs of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.cli.common import Json, out, print_json, table
from headrace.project.paths import Project

if TYPE_CHECKING:
    from rich.console import Group

    from headrace.project.job import Job


def list_jobs(json: Json = False) -> None:
    """Show the jobs of the project: owner, description, what each reads and writes."""
    from rich.markup import escape

    from headrace.authoring.docs import contents

    jobs = [folder.job for folder in contents.read(Project.find()).jobs.values()]
    if json:
        print_json([_plain(job) for job in jobs])
        return
    shown = table("job", "description", prose=["description"])
    for job in jobs:
        shown.add_row(f"[bold]{job.name}[/]\n[dim]{escape(job.owner)}[/]", _summary(job))
        shown.add_section()
    out.print(shown)


def _summary(job: Job) -> Group:
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    ends = Table.grid(padding=(0, 1))
    writes = (sink if mode == "append" else f"{sink} ({mode})" for sink, mode in _writes(job).items())
    if job.model:
        ends.add_row("[dim]model[/]", job.model)
    ends.add_row("[dim]reads[/]", ", ".join(job.reads))
    ends.add_row("[dim]writes[/]", ", ".join(writes))
    return Group(escape(job.description), ends)


def _plain(job: Job) -> dict[str, Any]:
    keys = ("name", "kind", "owner", "description", "grain", "model", "reads", "steps", "params")
    return {**{key: getattr(job, key) for key in keys}, "writes": _writes(job)}


def _writes(job: Job) -> dict[str, str]:
    """Return the mode by sink, each named as in job.yaml."""
    return {job.output(sink): mode for sink, mode in job.writes.items()}
