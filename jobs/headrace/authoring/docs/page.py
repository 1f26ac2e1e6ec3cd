"""The catalogue as one self-contained HTML page, which can be opened from a disk, a file share or an e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from headrace.authoring import udfs
from headrace.authoring.docs import column_rows, drawing, lineage, templates
from headrace.authoring.docs.contents import Contents
from headrace.authoring.docs.lineage import Edge, Kind, Lineage, Node
from headrace.planner.in_process.case import SETTINGS, CaseSettings
from headrace.project import yaml_file
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from headrace.upkeep.products import Measured
from headrace_udfs.durations import duration
from headrace_udfs.faults import Code


def page(project: Project, contents: Contents, measured: Mapping[str, Measured] | None = None) -> str:
    """Return the page as HTML, with a section for each job, source, table, topic, macro and function, and a search.

    `measured`: what data products are now, by table.
    """
    return templates.fill(
        "page.html.j2",
        contents=contents,
        products={name: table for name, table in contents.tables.items() if table.product},
        measured=measured or {},
        links=Links(contents, lineage.draw(contents)),
        udfs=udfs.listing(project),
        codes=list(Code),
        dead_letters=Node("table", DEAD_LETTERS),
        rows=column_rows,
        duration=duration,
        files=files,
        cases=cases,
    )


@dataclass(frozen=True)
class Links:
    """The relations between the project's parts, and their links on the page."""

    contents: Contents
    lineage: Lineage

    def href(self, node: Node) -> str | None:
        """Return the link to a node's section; None for a table without a file."""
        if node.kind != "topic":
            known: Mapping[str, object] = self.contents.jobs if node.kind == "job" else self.contents.tables
            return f"#{node.kind}/{node.name}" if node.name in known else None
        written = (f"#topic/{name}" for name, topic in self.contents.topics.items() if topic.topic == node.name)
        read = (f"#source/{name}" for name, source in self.contents.sources.items() if node.name in source.topic_names)
        return next(written, None) or next(read, None)

    def picture(self, job: str | None = None) -> Markup:
        """Return a picture of the whole lineage, or of the lineage around a job."""
        shown = self.lineage.around(job) if job else self.lineage
        return Markup(drawing.svg(shown, Node("job", job) if job else None, self.href))  # noqa: S704 - its template escapes what goes into it

    def writers(self, kind: Kind, name: str) -> list[Edge]:
        """Return the edges into a topic, table or job."""
        return self.lineage.into(Node(kind, name))

    def readers(self, kind: Kind, name: str) -> list[Edge]:
        """Return the edges out of a topic, table or job."""
        return self.lineage.out_of(Node(kind, name))

    def callers(self, macro: str) -> list[str]:
        """Return the jobs whose templates call the macro."""
        return [job for job, calls in self.contents.calls.items() if any(call.name == macro for call in calls)]

    def jobs_with_function(self, name: str) -> list[str]:
        """Return the jobs that name a function of the project's own."""
        return [job for job, folder in self.contents.jobs.items() if name in folder.job.functions]

    def jobs_with_step(self, step: str) -> list[str]:
        """Return the jobs that apply the step to the records that they read."""
        return [name for name, folder in self.contents.jobs.items() if step in folder.job.steps]


def files(folder: JobFolder) -> list[Path]:
    """Return the job's SQL files: the templates of its sinks, its views, its checks and its expected counts."""
    return [*folder.templates.values(), *folder.views.values(), *folder.duckdb_templates]


def cases(folder: JobFolder) -> dict[str, str | None]:
    """Return the descriptions of the job's test cases, by name; None for a case without one."""
    folders = sorted(path for path in folder.path.glob("tests/*") if path.is_dir())
    settings = {path: path / SETTINGS for path in folders}
    return {
        path.name: yaml_file.load(file, CaseSettings).description if file.is_file() else None
        for path, file in settings.items()
    }
