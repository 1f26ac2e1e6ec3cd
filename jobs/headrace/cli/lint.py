"""lint."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from headrace.authoring import lint as linting
from headrace.cli.common import Context, Env, Json, out, print_json
from headrace.errors import CheckFailed

JobNames = Annotated[
    list[str] | None, typer.Argument(metavar="[JOB]...", help="<domain>/<job>_v<N>; all of them if none is named.")
]


def lint(names: JobNames = None, env: Env = "local", json: Json = False) -> None:
    """Read each job's SQL as Flink gets it, and tell what in it is hardly meant so; ends with 1 if there is any."""
    context = Context(env)
    findings = linting.lint(context.project, context.settings, names)
    if json:
        print_json([finding.to_json() for finding in findings])
    else:
        for finding in findings:
            out.print(
                f"[bold]{escape(str(finding.where))}[/] [red]{finding.code}[/] {escape(finding.message)}\n"
                f"  [green]fix[/] {escape(finding.fix)}",
                highlight=False,
                soft_wrap=True,
            )
    if findings:
        files = len({finding.where.file for finding in findings})
        raise CheckFailed(
            f"findings: {len(findings)}, in {files} file{'s' if files > 1 else ''}",
            fix="mend each, or end its line with -- noqa: and the code where it is meant so",
        )
