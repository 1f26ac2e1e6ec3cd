"""tables plan, tables apply."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from headrace.cli.common import Context, Env, Json, log, out, print_json
from headrace.environment.apply import table_changes, topic_changes
from headrace.environment.apply.table_changes import TablePlan

app = typer.Typer(
    help="Iceberg tables as the files of sql/_tables/ describe them, and topics of sql/_topics/.", no_args_is_help=True
)

TableNames = Annotated[
    list[str] | None, typer.Argument(metavar="[TABLE]...", help="<namespace>.<table>; all of them if none is named.")
]


@app.command()
def plan(names: TableNames = None, env: Env = "local", json: Json = False) -> None:
    """Show what `apply` would do; ends with 1 if a change is refused as unsafe."""
    context = Context(env)
    plans = table_changes.plan(context.project, context.settings, names or None)
    absent = [] if names else [*topic_changes.missing(context.project, context.settings)]
    _print(plans, absent, json, done=False)
    table_changes.require_safe(plans)


@app.command()
def apply(names: TableNames = None, env: Env = "local", json: Json = False) -> None:
    """Create and evolve the tables, and create topics; nothing at all is touched if one change is refused as unsafe."""
    context = Context(env)
    with log.status("comparing the tables with the catalog"):
        plans = table_changes.apply(context.project, context.settings, names or None)
        made = [] if names else topic_changes.apply(context.project, context.settings)
    _print(plans, made, json, done=True)


def _print(plans: list[TablePlan], topics: list[str], json: bool, *, done: bool) -> None:
    if json:
        created = [{"topic": name, "action": "create"} for name in topics]
        print_json([*(_plain(each) for each in plans), *created])
        return
    for each in plans:
        if each.action != "unchanged":
            out.print(f"[bold]{each.name}[/]", highlight=False)
            out.print(_steps(each))
    out.print(_summary(plans, done=done), highlight=False)
    if topics:
        out.print(f"topics {'created' if done else 'to create'}: {', '.join(topics)}", highlight=False)


def _steps(each: TablePlan) -> Table:
    steps = Table.grid(padding=(0, 2))
    for step in each.changes:
        steps.add_row("", step.kind, step.target, step.detail)
    if each.refused:
        steps.add_row("", "[bold red]refused[/]", f"{len(each.refused)} below", "apply will touch none of these tables")
    return steps


def _summary(plans: list[TablePlan], *, done: bool) -> str:
    verbs = {
        "create": "created" if done else "to create",
        "change": "changed" if done else "to change",
        "refuse": "refused",
        "unchanged": "as described",
    }
    counts = {action: sum(each.action == action for each in plans) for action in verbs}
    return "tables: " + (", ".join(f"{n} {verbs[action]}" for action, n in counts.items() if n) or "none described")


def _plain(each: TablePlan) -> dict[str, Any]:
    refused = [{**asdict(problem), "where": str(problem.where)} for problem in each.refused]
    return {"table": each.name, "action": each.action, "changes": [*map(asdict, each.changes)], "refused": refused}
