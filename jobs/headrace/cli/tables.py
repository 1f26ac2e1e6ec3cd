"""`headrace tables`: compare tables and topics with their files, and create or change them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli import cells, completion
from headrace.cli.common import Context, Env, Json, TableNames, clock, log, out, print_json
from headrace.cli.common import table as new_table
from headrace.cli.maintain import show_deleted

if TYPE_CHECKING:
    from rich.table import Table

    from headrace.environment.apply.table_changes import TablePlan
    from headrace.upkeep.load import Change
    from headrace.upkeep.retention import Report

app = typer.Typer(
    help="Iceberg tables of sql/_tables/ and topics of sql/_topics/, created and changed.", no_args_is_help=True
)


@app.command()
def plan(names: TableNames = None, env: Env = "local", json: Json = False) -> None:
    """Show what `apply` would do; exits with 1 if a change is refused as unsafe.

    If the retention of a table changes, it shows the rows that `maintain --retention` would then delete.
    """
    from headrace.environment.apply import schema_changes, table_changes, topic_changes

    context = Context(env)
    plans = table_changes.plan(context.project, context.settings, names or None)
    absent = [] if names else [each.topic for each in topic_changes.missing(context.project, context.settings)]
    schemas = [] if names else schema_changes.missing(context.project, context.settings)
    also = {"topic": absent, "subject": [each.subject for each in schemas]}
    _print(plans, also, json, done=False, previews=[*_retention(context, plans)])
    table_changes.require_safe(plans)


@app.command()
def apply(names: TableNames = None, env: Env = "local", json: Json = False) -> None:
    """Create and evolve tables, create topics, and register their schemas.

    If one change of a table is refused as unsafe, nothing is changed.
    """
    from headrace.environment.apply import schema_changes, table_changes, topic_changes

    context = Context(env)
    with log.status("comparing the tables with the catalog"):
        plans = table_changes.apply(context.project, context.settings, names or None)
        created = [] if names else topic_changes.apply(context.project, context.settings)
        registered = [] if names else schema_changes.apply(context.project, context.settings)
    _print(plans, {"topic": created, "subject": registered}, json, done=True)


@app.command()
def load(
    name: Annotated[
        str,
        typer.Argument(metavar="TABLE", help="A table that no job writes.", autocompletion=completion.tables),
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Its rows: .csv, .jsonl or .parquet.")],
    replace: Annotated[bool, typer.Option("--replace", help="Remove all rows that the file does not have.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Give a table the rows of a file: each replaces the row with its key, or is added.

    Every row is checked first; if one is not valid, nothing is written. Columns that the file does not have keep their
    values. Jobs that look the rows up see the change within the `refresh:` that job.yaml states.
    """
    from headrace.upkeep import load as loading

    context = Context(env)
    with log.status("loading"):
        done = loading.load(context.project, context.settings, name, file, replace=replace, dry_run=dry_run)
    if json:
        print_json(asdict(done))
        return
    counts = f"{done.added:,} added, {done.changed:,} changed, {done.removed:,} removed, {done.unchanged:,} unchanged"
    out.print(f"{name}: {counts}{'; nothing was written' if dry_run else ''}", highlight=False, soft_wrap=True)
    for change in done.examples if dry_run else ():
        out.print(f"  {_change(change)}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def branches(names: TableNames = None, env: Env = "local", json: Json = False) -> None:
    """List what replays have written: branches of tables, and tables that they have made, with their rows."""
    from headrace.operations.replay import left as replayed

    context = Context(env)
    found = replayed.listed(context.project, context.settings, names or None)
    if json:
        print_json([asdict(each) for each in found])
        return
    shown = new_table("branch", "table", "rows", "last written", numbers=("rows",))
    for each in found:
        shown.add_row(each.name, each.table, f"{each.rows:,}", clock(each.at))
    out.print(shown)


@app.command("drop-branch")
def drop_branch(
    branch: Annotated[str, typer.Argument(metavar="BRANCH", help="A branch, as `tables branches` lists it.")],
    names: TableNames = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Drop a branch from the tables that have it; `maintain` deletes its files. A replay that writes it is ended."""
    from headrace.operations.replay import left as replayed

    context = Context(env)
    dropped = replayed.dropped(context.project, context.settings, names or None, branch)
    if json:
        print_json({"branch": branch, "tables": dropped})
    else:
        out.print(f"dropped {branch} of {', '.join(dropped)}", highlight=False, soft_wrap=True)


@app.command()
def drop(
    names: Annotated[list[str], typer.Argument(metavar="TABLE", help="A table that a replay has made, or several.")],
    env: Env = "local",
    json: Json = False,
) -> None:
    """Drop tables that replays have made, with their files; other tables are refused.

    With the last table of a replay goes the branch of its dead letters and late readings. A replay that writes them is
    ended.
    """
    from headrace.operations.replay import left as replayed

    gone = replayed.dropped_tables(Context(env).settings, names)
    if json:
        print_json({"dropped": gone})
    else:
        out.print(f"dropped {', '.join(gone)}", highlight=False, soft_wrap=True)


def _change(change: Change) -> str:
    key = ", ".join(f"{column} {cells.shown(value)}" for column, value in change.key.items())
    after = ", ".join(
        f"{column} {cells.shown(change.before[column]) or 'null'} -> {cells.shown(value) or 'null'}"
        for column, value in change.after.items()
        if column in change.before
    )
    return f"{change.kind} {key}{': ' if after else ''}{after}"


def _retention(context: Context, plans: Iterable[TablePlan]) -> Iterator[Report]:
    """Yield what `maintain --retention` would delete from the tables whose retention changes."""
    from headrace.project import table_files
    from headrace.upkeep import retention

    for each in plans:
        changed = any(step.target == "headrace.retention" for step in each.changes) and each.action != "create"
        described = table_files.pick(context.project, [each.name])[each.name].retention if changed else None
        if described:
            yield retention.preview(context.project, context.settings, each.name, described)


_ALSO = {"topic": ("topics", "create", "created"), "subject": ("schemas", "register", "registered")}


def _print(
    plans: list[TablePlan],
    also: Mapping[str, list[str]],
    json: bool,
    *,
    done: bool,
    previews: Sequence[Report] = (),
) -> None:
    if json:
        others = [{kind: name, "action": _ALSO[kind][1]} for kind, names in also.items() for name in names]
        of = {each.table: {"retention": asdict(each)} for each in previews}
        print_json([*({**_plain(table), **of.get(table.name, {})} for table in plans), *others])
        return
    for table in plans:
        if table.action != "unchanged" or table.kept:
            out.print(f"[bold]{table.name}[/]", highlight=False)
            out.print(_steps(table))
    show_deleted(previews, dry_run=True)
    out.print(_summary(plans, done=done), highlight=False)
    for kind, names in also.items():
        noun, verb, past = _ALSO[kind]
        if names:
            out.print(f"{noun} {past if done else f'to {verb}'}: {', '.join(names)}", highlight=False, soft_wrap=True)


def _steps(table: TablePlan) -> Table:
    from rich.table import Table

    steps = Table.grid(padding=(0, 2))
    for step in table.changes:
        steps.add_row("", step.kind, step.target, step.detail)
    for column in table.kept:
        steps.add_row("", "stays", column, "the file lacks it; null in the rows that jobs write from now on")
    if table.refused:
        steps.add_row(
            "", "[bold red]refused[/]", f"{len(table.refused)} below", "apply will change none of these tables"
        )
    return steps


def _summary(plans: list[TablePlan], *, done: bool) -> str:
    verbs = {
        "create": "created" if done else "to create",
        "change": "changed" if done else "to change",
        "refuse": "refused",
        "unchanged": "as described",
    }
    counts = {action: sum(table.action == action for table in plans) for action in verbs}
    return "tables: " + (", ".join(f"{n} {verbs[action]}" for action, n in counts.items() if n) or "none described")


def _plain(table: TablePlan) -> dict[str, Any]:
    refused = [{**asdict(problem), "where": str(problem.where)} for problem in table.refused]
    return {
        "table": table.name,
        "action": table.action,
        "changes": [*map(asdict, table.changes)],
        "refused": refused,
        "kept": [*table.kept],
    }
