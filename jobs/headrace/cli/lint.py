"""`headrace lint`: report likely mistakes in the SQL of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.cli.common import Context, Env, JobOrFunctionNames, Json, out, print_json
from headrace.errors import CheckFailed

if TYPE_CHECKING:
    from headrace.authoring.lint import Finding


def lint(names: JobOrFunctionNames = None, env: Env = "local", json: Json = False) -> None:
    """Check each job's SQL as Flink gets it, and the folders of functions; exits with 1 if there are likely mistakes.

    Faults of the files themselves exit with 2; what is found in the other files is shown all the same.
    """
    from headrace.authoring.lint import UnreadableError
    from headrace.authoring.lint import lint as findings_of

    context = Context(env)
    try:
        findings = findings_of(context.project, context.settings, names)
    except UnreadableError as error:
        _show(error.findings, json=json and bool(error.findings))
        raise
    _show(findings, json=json)
    if findings:
        files = len({finding.where.file for finding in findings})
        raise CheckFailed(
            f"findings: {len(findings)}, in {files} file{'s' if files > 1 else ''}",
            fix="correct each line, or end it with -- noqa: and the code to allow it deliberately",
        )


def _show(findings: list[Finding], *, json: bool) -> None:
    from rich.markup import escape

    if json:
        print_json([finding.to_json() for finding in findings])
        return
    for finding in findings:
        out.print(
            f"[bold]{escape(str(finding.where))}[/] [red]{finding.code}[/] {escape(finding.message)}\n"
            f"  [green]fix[/] {escape(finding.fix)}",
            highlight=False,
            soft_wrap=True,
        )
