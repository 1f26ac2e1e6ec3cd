"""deploy."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from headrace.cli.common import Context, Env, Json, log, out, print_json, table
from headrace.cli.markdown import deploy_comment
from headrace.cli.submit import Wait
from headrace.cli.upgrade import AcceptLoss
from headrace.errors import UserError
from headrace.operations import deploy as deployment
from headrace.operations.deploy import Action, Outcome
from headrace.operations.deploy.recovery import recover
from headrace.operations.lifecycle import operation_context

_STYLES = {"create": "green", "resume": "green", "upgrade": "yellow", "stop": "red", "leave alone": "dim"}


def deploy(
    only: Annotated[list[str] | None, typer.Option(metavar="JOB", help="Only this job; may be given again.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    accept_loss: AcceptLoss = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a comment for a pull request.")] = False,
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Have the cluster run what the project's files and the environment say: start, upgrade, leave alone, stop.

    Says what becomes of each job's state before anything stops. Ends with 1 where state would be lost, with 3 where
    the old version of a job runs again.
    """
    if json and as_markdown:
        raise UserError("--json and --markdown are two answers", fix="ask for one")
    context, names, outcomes = Context(env), only or [], []
    with log.status("looking at the cluster") as status:
        if dry_run:
            actions = deployment.plan(
                operation_context.read_only(context.project, context.settings, status.update), names
            )
        else:
            with operation_context.locked(context.project, context.settings, wait, status.update) as operation:
                recover(operation, names)
                actions = deployment.plan(operation, names)
                if not json and not as_markdown:
                    _show(actions)
                deployment.validate(actions, accept_loss=accept_loss)
                outcomes = deployment.execute(operation, actions)
    if json:
        print_json({"env": env, "dry_run": dry_run, "jobs": [each.to_json() for each in outcomes or actions]})
    elif as_markdown:
        typer.echo(deploy_comment(env, actions, outcomes), nl=False)
    elif dry_run:
        _show(actions)
    else:
        _tell(outcomes)
    if dry_run:
        deployment.validate(actions, accept_loss=accept_loss)
    deployment.verdict(outcomes)


def _show(actions: list[Action]) -> None:
    shown = table("job", "action", "verdict", "why")
    for each in actions:
        reasons = "; ".join([each.why, *(each.verdict.reasons if each.verdict else ())])
        verdict = "refused" if each.error else each.verdict.kind if each.verdict else ""
        shown.add_row(each.job, f"[{_STYLES[each.kind]}]{each.kind}[/]", verdict, escape(reasons))
    out.print(shown)


def _tell(outcomes: list[Outcome]) -> None:
    for each in outcomes:
        if each.action.kind != "leave alone" and each.entry:
            out.print(
                f"{each.action.job} is {each.entry.step} as job {each.entry.flink_job_id} ({each.seconds:.1f} s)",
                highlight=False,
                soft_wrap=True,
            )
