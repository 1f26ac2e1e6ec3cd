"""`headrace render`: show the SQL of a job as Flink gets it."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace.cli.common import Context, Env, JobName, Json, out, print_json, refuse_together


def render(
    job: JobName,
    diff: Annotated[bool, typer.Option("--diff", help="Show what differs from a git ref.")] = False,
    against: Annotated[
        str | None, typer.Option(metavar="REF", help="With --diff: the git ref.", show_default="HEAD")
    ] = None,
    checks: Annotated[
        bool, typer.Option("--checks", help="Show the checks and expected counts, as DuckDB gets them.")
    ] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Show a job's SQL as Flink gets it, every statement in order; needs neither Flink nor a broker."""
    from headrace.authoring.render import statements

    refuse_together(checks=checks, diff=diff or bool(against))
    context = Context(env)
    if checks:
        templates = statements.for_duckdb(context.project, context.settings, job)
        if json:
            print_json({"job": job, "checks": templates})
        else:
            _show("\n".join(f"-- {name}\n{sql}\n" for name, sql in templates.items()), "sql")
        return
    if diff or against:
        ref = against or "HEAD"
        text = statements.difference(context.project, env, job, ref)
        if json:
            print_json({"job": job, "against": ref, "diff": text})
        elif text:
            _show(text, "diff")
        else:
            out.print(f"{job} renders the same as at {ref}", highlight=False)
        return
    rendered = statements.of_job(context.project, context.settings, job)
    if json:
        print_json({"job": job, "statements": rendered})
    else:
        _show(statements.text(rendered), "sql")


def _show(text: str, language: str) -> None:
    if out.is_terminal:
        from rich.syntax import Syntax

        out.print(Syntax(text, language, theme="ansi_dark", background_color="default", word_wrap=True))
    else:
        typer.echo(text, nl=False)
