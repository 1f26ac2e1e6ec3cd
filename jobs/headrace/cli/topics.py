"""`headrace topics`: create the topics that jobs read and write, and compare them with their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli import completion, times
from headrace.cli.common import Context, Env, Json, out, print_json, table
from headrace.errors import CheckFailed, Problem

if TYPE_CHECKING:
    from headrace.environment.apply.topic_changes import TopicPlan

app = typer.Typer(help="Topics of sql/_sources/ and sql/_topics/, created and compared.", no_args_is_help=True)

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME", help="A file of sql/_sources/ or sql/_topics/; default: all.", autocompletion=completion.topics
    ),
]


@app.command()
def create(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME", help="A file of sql/_sources/ or sql/_topics/.", autocompletion=completion.topics
        ),
    ],
    partitions: Annotated[
        int | None, typer.Option(min=1, help="Default: what its file in sql/_topics/ says, else 1.")
    ] = None,
    retention: Annotated[
        str | None, typer.Option(metavar="LENGTH", help="How long messages are kept, like 7d; default as above.")
    ] = None,
    compacted: Annotated[
        bool | None, typer.Option("--compacted/--not-compacted", help="Keep the last message of each key.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Create topics that the broker does not have.

    A topic that exists is compared, and never changed: exits with 1 if it differs from its file or the options.
    """
    from headrace.environment.apply import topic_changes
    from headrace.environment.kafka_topics import TopicLayout

    context = Context(env)
    layout = TopicLayout(partitions, times.length(retention, "--retention"), compacted)
    plans = topic_changes.plan(context.project, context.settings, names, layout)
    if not dry_run:
        topic_changes.create(context.settings, plans)
    if json:
        print_json([{**_plain(each), "action": each.action} for each in plans])
    else:
        for each in plans:
            out.print(f"{each.topic}: {_done(each, dry_run=dry_run)}", highlight=False, markup=False, soft_wrap=True)
    if differing := [each for each in plans if each.action == "differs"]:
        fix = "change the topic with the broker's own tools, or what its file or the options say"
        raise CheckFailed(
            [Problem(f"{each.topic} is not as described; it stays as it is", fix=fix) for each in differing]
        )


@app.command("list")
def list_(names: Names = None, env: Env = "local", json: Json = False) -> None:
    """List the project's topics as the broker has them; exits with 1 if one is missing or differs from its file."""
    from headrace.environment.apply import topic_changes

    context = Context(env)
    plans = topic_changes.plan(context.project, context.settings, names or None)
    if json:
        print_json([_plain(each) for each in plans])
    else:
        shown = table("topic", "file", "partitions", "kept", numbers=("partitions",), prose=("kept",))
        for each in plans:
            shown.add_row(
                each.topic, ", ".join(each.files), str(each.found.partitions) if each.found else "", _kept(each)
            )
        out.print(shown)
    if any(each.action != "unchanged" for each in plans):
        raise typer.Exit(CheckFailed.exit_code)


def _done(plan: TopicPlan, *, dry_run: bool) -> str:
    if plan.action == "unchanged":
        return "exists"
    if plan.action == "differs":
        return f"exists with {'; '.join(plan.differences)}"
    options = "".join(f", {name}={value}" for name, value in plan.layout.configuration().items())
    number = plan.layout.partitions or 1
    noun = "partition" if number == 1 else "partitions"
    return f"{'to be created' if dry_run else 'created'} with {number} {noun}{options}"


def _kept(plan: TopicPlan) -> str:
    if plan.found is None:
        return "missing"
    kept = f"{plan.found.retention}{', compacted' if plan.found.compacted else ''}"
    return "; ".join([kept, *plan.differences])


def _plain(plan: TopicPlan) -> dict[str, Any]:
    found = plan.found
    kept = found and {
        "partitions": found.partitions, "retention_ms": found.retention_ms, "compacted": found.compacted
    }  # fmt: skip
    return {"topic": plan.topic, "files": plan.files, "found": kept, "differences": plan.differences}
