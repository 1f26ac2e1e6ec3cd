"""list: the project's jobs."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from headrace.authoring.docs import contents
from headrace.cli.common import Json, out, print_json, table
from headrace.project.job import Job
from headrace.project.paths import Project


def list_jobs(json: Json = False) -> None:
    """Show the jobs of the project: whose each is, what it gives, reads and writes."""
    jobs = [folder.job for folder in contents.read(Project.find()).jobs.values()]
    if json:
        print_json([_plain(job) for job in jobs])
        return
    shown = table("job", "what it gives")
    for job in jobs:
        shown.add_row(f"[bold]{job.name}[/]\n[dim]{escape(job.owner)}[/]", _summary(job))
        shown.add_section()
    out.print(shown)


def _summary(job: Job) -> Group:
    ends = Table.grid(padding=(0, 1))
    writes = (sink if mode == "append" else f"{sink} ({mode})" for sink, mode in job.writes.items())
    ends.add_row("[dim]reads[/]", ", ".join(job.reads))
    ends.add_row("[dim]writes[/]", ", ".join(writes))
    return Group(escape(job.description), ends)


def _plain(job: Job) -> dict[str, Any]:
    keys = ("name", "owner", "description", "grain", "reads", "through", "writes", "params")
    return {key: getattr(job, key) for key in keys}
