"""`headrace deploy`: make the cluster match the project's files and the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion
from headrace.cli.common import (
    AcceptLoss,
    Context,
    Env,
    Json,
    Markdown,
    Wait,
    log,
    out,
    print_json,
    refuse_together,
    table,
)

if TYPE_CHECKING:
    from headrace.operations.deploy import Action, Outcome

_STYLES = {"create": "green", "resume": "green", "upgrade": "yellow", "stop": "red", "leave alone": "dim"}


def deploy(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="JOB", help="Only this job; repeatable.", autocompletion=completion.jobs),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, without doing anything.")
    ] = False,
    accept_loss: AcceptLoss = False,
    as_markdown: Markdown = False,
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Make the cluster match the project's files and the environment: start, upgrade, leave alone or stop jobs.

    Reports what happens to the state of each job before anything stops. Exits with 1 if state would be lost, with 3 if
    the old version of a job runs again.
    """
    from headrace.operations import deploy as deployment
    from headrace.operations.lifecycle import operation_context

    refuse_together(json=json, markdown=as_markdown)
    context, names, outcomes = Context(env), only or [], []
    with log.status("querying the cluster") as status:
        if dry_run:
            actions = deployment.plan(
                operation_context.read_only(context.project, context.settings, status.update), names
            )
        else:
            with operation_context.locked(context.project, context.settings, wait, status.update) as operation:
                deployment.recover(operation, names)
                actions = deployment.plan(operation, names)
                if not json and not as_markdown:
                    _show(actions)
                deployment.validate(actions, accept_loss=accept_loss)
                outcomes = deployment.execute(operation, actions)
    if json:
        print_json({"env": env, "dry_run": dry_run, "jobs": [result.to_json() for result in outcomes or actions]})
    elif as_markdown:
        from headrace.cli.markdown import deploy_comment

        typer.echo(deploy_comment(env, actions, outcomes), nl=False)
    elif dry_run:
        _show(actions)
    else:
        _report(outcomes)
    if dry_run:
        deployment.validate(actions, accept_loss=accept_loss)
    deployment.verdict(outcomes)


def _show(actions: list[Action]) -> None:
    from rich.markup import escape

    shown = table("job", "action", "verdict", "why", prose=["why"])
    for action in actions:
        reasons = "; ".join([action.why, *(action.verdict.reasons if action.verdict else ())])
        verdict = "refused" if action.error else action.verdict.kind if action.verdict else ""
        shown.add_row(action.job, f"[{_STYLES[action.kind]}]{action.kind}[/]", verdict, escape(reasons))
    out.print(shown)


def _report(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.action.kind != "leave alone" and outcome.entry:
            entry = outcome.entry
            out.print(
                f"{entry.job} is {entry.step} as job {entry.flink_job_id} ({outcome.seconds:.1f} s)",
                highlight=False,
                soft_wrap=True,
            )
