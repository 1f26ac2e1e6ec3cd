"""`headrace source`: contracts of topics, made from samples and tried on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli import completion, source_report, times
from headrace.cli.common import Context, Env, Json, log, out, print_json, table
from headrace.errors import CheckFailed, Place, PlatformError, UserError, unknown
from headrace.project.paths import Project

if TYPE_CHECKING:
    from datetime import datetime

    from headrace.environment.kafka_sample import Record
    from headrace_udfs.contract import Contract
    from headrace_udfs.registry import RegistryAddress

app = typer.Typer(help="Contracts of topics: made from a sample, shown, and tried on messages.", no_args_is_help=True)

Since = Annotated[
    str | None,
    typer.Option("--from", metavar="earliest|TIME", help="Read from here on; default: the last messages."),
]
File = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Read this file instead of the topic: a message per line, as headrace send."),
]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="Read so many messages at most.")]
Seconds = Annotated[float, typer.Option(min=0, help="Wait so long for messages if the topic has none.")]


@app.command()
def show(
    name: Annotated[
        str | None,
        typer.Argument(metavar="PRESET|SOURCE", help="Default: list them all.", autocompletion=completion.contracts),
    ] = None,
    json: Json = False,
) -> None:
    """Show a preset, or the contract of a source as it stands after its preset."""
    from headrace.project import source_files, source_presets

    project = Project.find()
    presets, sources = source_presets.names(), source_files.names(project)
    if name is None:
        _list(project, json=json)
        return
    if name not in sources and name not in presets:
        raise UserError([unknown("preset or source", name, [*presets, *sources])])
    content = source_files.content(project, name) if name in sources else source_presets.content(name)
    if json:
        print_json(content)
    elif name in sources:
        source_report.print_yaml(source_report.as_yaml(content))
    else:
        source_report.print_yaml(source_presets.path_of(name).read_text(encoding="utf-8"))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The source's name: a new file in sql/_sources/.")],
    topic: Annotated[str, typer.Option(metavar="TOPIC", help="Topic that it describes; a sample of it is read.")],
    preset: Annotated[
        str | None, typer.Option(metavar="PRESET", help="The product that sends the messages, if you know it.")
    ] = None,
    since: Since = None,
    file: File = None,
    limit: Limit = 1_000,
    seconds: Seconds = 10,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Write a contract that fits a sample of a topic, with the reason for each line.

    Of all presets, the one that decodes most of the sample is taken; if none fits, the contract is made of what the
    messages hold. It is a proposal: read it before jobs do. Up to three messages are kept next to it as examples if
    `headrace new` cannot make up any for it.
    """
    from headrace.authoring.sources import contract_file, proposal

    context = Context(env)
    path = contract_file.path_of(context.project, name)
    records = read_sample(context, topic, file, limit, since, seconds)
    with log.status("looking for what fits"), _registry_answers(context):
        found = proposal.propose(records, preset, _registry(context) if proposal.names_schemas(records) else None)
    noun = "message" if len(records) == 1 else "messages"
    sample = f"{len(records):,} {noun} of {file.name if file else topic}"
    written = contract_file.write(context.project, path, records, found, sample)
    if json:
        print_json(
            {
                "written": [str(Place.of(each)) for each in written],
                "keys": found.keys,
                **source_report.as_json(found.tally),
            }
        )
        return
    _print_written(written, written[1:])
    source_report.print_tally(found.tally)
    out.print(f"\nnext: read the file, then headrace source check {name}", highlight=False, soft_wrap=True)


def _registry(context: Context) -> RegistryAddress | None:
    return context.settings.schema_registry.address() if context.settings.schema_registry else None


@contextmanager
def _registry_answers(context: Context) -> Iterator[None]:
    """Raise PlatformError if the registry does not return a schema."""
    from headrace_udfs.schemas import RegistryFailed

    try:
        yield
    except RegistryFailed as failure:
        raise PlatformError(str(failure), f"schema_registry of {context.env}") from None


def _print_written(files: list[Path], messages: list[Path]) -> None:
    """Print which files were written, and which of them hold messages."""
    for each in files:
        out.print(f"[green]written[/] {Place.of(each)}", highlight=False, soft_wrap=True)
    for each in messages:
        out.print(
            f"[yellow]messages as they are in {Place.of(each)}: replace what names a person before you commit it[/]",
            highlight=False,
            soft_wrap=True,
        )


@app.command()
def check(
    name: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A contract of sql/_sources/.", autocompletion=completion.sources)
    ],
    since: Since = None,
    file: File = None,
    limit: Limit = 1_000,
    seconds: Seconds = 10,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep up to three of the messages as examples for headrace new.")
    ] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Decode messages as a job would, and show how many readings they hold and why the others are refused.

    Exits with 1 if a reading is refused.
    """
    from headrace.authoring.sources import contract_file, decoding
    from headrace.project import source_files

    context = Context(env)
    contract = source_files.load(context.project, name)
    records = _sample_of(context, contract, file, limit, since, seconds)
    with log.status("decoding"), _registry_answers(context):
        found = decoding.tally(contract, records, _registry(context) if contract.registered else None)
    kept = contract_file.keep_examples(context.project, name, contract, records, found) if keep else []
    if json:
        print_json(
            {**({"written": [str(Place.of(each)) for each in kept]} if keep else {}), **source_report.as_json(found)}
        )
    else:
        _print_written(kept, kept)
        source_report.print_tally(found)
    if found.codes:
        raise typer.Exit(CheckFailed.exit_code)


def _sample_of(
    context: Context, contract: Contract, file: Path | None, limit: int, since: str | None, seconds: float
) -> list[Record]:
    """Return messages of the file, or of the contract's topics, of each its share. Raises as `read_sample` does."""
    from headrace.environment import source_topics

    if file or not contract.several:
        return read_sample(context, contract.topic, file, limit, since, seconds)
    topics = source_topics.names(context.settings.kafka_client(), contract)
    found: list[Record] = []
    problems = []
    for topic in topics:
        try:
            found += read_sample(context, topic, None, -(-limit // len(topics)), since, seconds)
        except UserError as empty:
            problems += empty.problems
    if not found:
        raise UserError(problems)
    return found


def read_sample(
    context: Context, topic: str, file: Path | None, limit: int, since: str | None, seconds: float
) -> list[Record]:
    """Return messages of the file, or of the topic. Raises UserError if there are none."""
    from headrace.authoring.sources import sample
    from headrace.environment import kafka_sample

    if file:
        return sample.of_file(file, topic, limit)
    client = context.settings.kafka_client()
    with log.status(f"reading {topic}"):
        records = kafka_sample.sample(client, topic, limit, _time(since), seconds)
    if not records:
        what = "the topic has no messages" if since is None else "the topic has no messages from there on"
        raise UserError(what, topic, "wait longer with --seconds, or read a file of messages with --file")
    return records


def _time(text: str | None) -> datetime | None:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(0, UTC) if text == "earliest" else times.instant(text, "--from")


def _list(project: Project, *, json: bool) -> None:
    from headrace.project import source_files, source_presets

    presets = {name: source_presets.content(name) for name in source_presets.names()}
    contracts: dict[str, Contract] = {name: source_files.load(project, name) for name in source_files.names(project)}
    if json:
        rows: list[dict[str, Any]] = [
            *({"preset": name, "description": keys["description"]} for name, keys in presets.items()),
            *({"source": n, "preset": c.preset, "description": c.description} for n, c in contracts.items()),
        ]
        print_json(rows)
        return
    shown = table("preset", "messages of", prose=("messages of",))
    for name, keys in presets.items():
        shown.add_row(name, keys["description"])
    out.print(shown)
    if contracts:
        own = table("source", "preset", "description", prose=("description",))
        for name, contract in contracts.items():
            own.add_row(name, contract.preset or "", contract.description)
        out.print()
        out.print(own)
