"""`headrace model`: train models of anomaly scores, and see what their versions find in stored readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli import completion, model_backtest, model_report, model_rescore, times
from headrace.cli.common import Context, Env, Json, clock, log, out, print_json, table
from headrace.cli.model_arguments import Since, Until, Version

if TYPE_CHECKING:
    from headrace.historian.models.train import Trained
    from headrace_udfs.scoring.events import Event
    from headrace_udfs.scoring.stream import Frame, Scorer

app = typer.Typer(help="Models of anomaly scores: trained on stored readings, kept as versions.", no_args_is_help=True)
app.command()(model_report.report)
app.command()(model_rescore.rescore)
app.command()(model_backtest.backtest)

Name = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="A folder under udfs/models/.", autocompletion=completion.models),
]


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new model.")],
    tags: Annotated[list[str], typer.Option("--tags", metavar="TAG", help="Names or wildcards; repeatable.")],
    since: Since,
    until: Until = None,
    owner: Annotated[str, typer.Option(help="The person or team responsible for the model.")] = "unknown",
    env: Env = "local",
) -> None:
    """Propose a model for tags from their stored readings, and write it with reasons to udfs/models/NAME/model.yaml."""
    from headrace.historian import Historian
    from headrace.historian.models import instants, propose

    context = Context(env)
    span = times.span(since, until)
    with log.status("reading"):
        historian = Historian.open(context.settings, nonfinite="bad")
        known = historian.tag_names
        names = sorted({found for asked in tags for found in known.resolve(asked)})
        readings = instants.read(historian, names, *span)
        proposal = propose.propose(names, readings, known.assets(names))
    text = propose.write(context.project, name, tags, owner, proposal)
    typer.echo(text, nl=False)
    log.print(f"next: headrace model train {name} --since {since}", highlight=False)


@app.command()
def train(
    name: Name,
    since: Since,
    until: Until = None,
    holdback: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="The end of the span that networks have not learned from, like 90d."),
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Train a model on stored readings, and keep it as its next version, udfs/models/MODEL/N/."""
    from headrace.historian import Historian
    from headrace.historian.models import train as training

    context = Context(env)
    span, last = times.span(since, until), times.length(holdback, "--holdback")
    with log.status("training") as status:
        historian = Historian.open(context.settings, nonfinite="bad")
        trained = training.train(context.project, historian, name, span, status.update, holdback=last)
    if json:
        print_json({"model": str(trained.pin), **asdict(trained.training), **trained.model.card()})
    else:
        _show_training(trained)


@app.command("list")
def listing(json: Json = False) -> None:
    """List the models and their versions."""
    from headrace.project import model_files, model_versions
    from headrace.project.model_files import Pin
    from headrace.project.paths import Project

    project = Project.find()
    cards = {
        name: [model_versions.card(project, Pin(name, number)) for number in model_files.versions(project, name)]
        for name in model_files.names(project)
    }
    if json:
        print_json(cards)
        return
    shown = table("model", "trained on", "tags", "without scores", "false events", numbers=("tags", "without scores"))
    for name, of_model in cards.items():
        if not of_model:
            shown.add_row(name, "not trained yet", "", "", "")
        for card in of_model:
            period = f"{card['since'][:10]} to {card['until'][:10]}"
            shown.add_row(card["model"], period, str(len(card["tags"])), str(len(card["refused"])), _rate(card))
    out.print(shown)


@app.command()
def show(version: Version, json: Json = False) -> None:
    """Show a version: what it was trained on, the false events of each tag, and the tags without scores and why."""
    from headrace.project import model_files, model_versions
    from headrace.project.paths import Project

    project = Project.find()
    card = model_versions.card(project, model_files.pin(project, version))
    if json:
        print_json(card)
        return
    out.print(f"{card['model']}, trained {card['trained_at'][:19]} by {card['code']}", highlight=False)
    out.print(
        f"readings from {card['since']} to before {card['until']}: {card['readings']:,}, snapshot {card['snapshot']}",
        highlight=False,
    )
    shown = table("tag", "false events", "compared with", numbers=("false events",), prose=("compared with",))
    rates = card["false_events_per_month"]
    for tag in card["tags"]:
        name = tag["name"]
        rate = f"{rates[name]:.2f}" if name in rates else ""
        shown.add_row(name, rate, card["refused"].get(name) or _compared_with(card["kind"], tag))
    out.print(shown)
    out.print("false events per month, in the training span, by models that did not learn from those readings")


def _compared_with(kind: str, tag: dict[str, Any]) -> str:
    if kind == "baseline":
        return "its median"
    what = "a network" if kind == "onnx" else f"{len(tag['mates'])} tags of its asset"
    return what + (f", {len(tag['peers'])} peers" if tag["peers"] else "")


@app.command()
def events(version: Version, since: Since, until: Until = None, env: Env = "local", json: Json = False) -> None:
    """Score stored readings with a version, and list the events that reach into the span."""
    context = Context(env)
    with log.status("scoring") as status:
        ((scorer, frames),) = _replayed(context, (version,), (since, until), status.update)
    if json:
        print_json([{**_plain(frame.event), "model": frame.model} for frame in frames])
        return
    shown = table("tag", "from", "lasts", "cause", "score", numbers=("lasts", "score"))
    for frame in frames:
        shown.add_row(frame.event.tag, *_cells(frame.event))
    out.print(shown)
    out.print(_summary(scorer, frames), highlight=False)


@app.command()
def compare(
    old: Version, new: Version, since: Since, until: Until = None, env: Env = "local", json: Json = False
) -> None:
    """Score stored readings with two versions, and list the events that appear with the new one and those that go."""
    from headrace.historian.models.compare import compare as compared

    context = Context(env)
    with log.status("scoring with both") as status:
        (first, before), (second, after) = _replayed(context, (old, new), (since, until), status.update)
        change = compared(before, after)
    if json:
        print_json({what: [_plain(each) for each in getattr(change, what)] for what in ("appear", "go", "stay")})
        return
    shown = table("", "tag", "from", "lasts", "cause", "score", numbers=("lasts", "score"))
    for sign, listed in (("+", change.appear), ("-", change.go)):
        for event in listed:
            shown.add_row(sign, event.tag, *_cells(event))
    out.print(shown)
    out.print(
        f"{first.pin} to {second.pin}: {len(change.appear):,} events appear, {len(change.go):,} go, "
        f"{len(change.stay):,} stay",
        highlight=False,
    )


def _replayed(
    context: Context, versions: Sequence[str], asked: tuple[str, str | None], progress: Callable[[str], None]
) -> list[tuple[Scorer, list[Frame]]]:
    """Return each version as a stream has it, and the events that reach into the span."""
    from headrace.historian import Historian
    from headrace.historian.models import replay
    from headrace.project import model_files

    pins, span = [model_files.pin(context.project, version) for version in versions], times.span(*asked)
    scorers = [replay.scorer_of(context.project, pin, span[0]) for pin in pins]
    historian, now = Historian.open(context.settings, nonfinite="bad"), datetime.now(UTC)
    return [(scorer, replay.replay(scorer, historian, span, now, progress)) for scorer in scorers]


def _show_training(trained: Trained) -> None:
    model, training = trained.model, trained.training
    scored = len(model.tags) - len(model.refused)
    out.print(
        f"{trained.pin}: {training.readings:,} readings of {len(model.tags):,} tags, {scored:,} of them have scores",
        highlight=False,
    )
    for reason, count in Counter(model.refused.values()).most_common():
        out.print(f"  {count:,} without: {reason}", highlight=False)
    out.print(f"false events per tag and month: {_rate(model.card())}", highlight=False)
    if not trained.new:
        out.print("the training gave the same model again, so there is no new version", highlight=False)
    out.print(f"headrace model show {trained.pin}", highlight=False)


def _rate(card: dict[str, Any]) -> str:
    rates = card["false_events_per_month"].values()
    if rates:
        return f"{sum(rates) / len(rates):.2f} (most: {max(rates):.2f})"
    from headrace_udfs.scoring.tags import is_learning

    learning = card["refused"] and all(is_learning(why) for why in card["refused"].values())
    return "learning" if learning else "no tag has scores"


def _summary(scorer: Scorer, frames: Sequence[Frame]) -> str:
    tags = len(scorer.model.tags) - len(scorer.model.refused)
    events = f"{len(frames):,} events of {len({f.event.tag for f in frames}):,} tags; {tags:,} tags have scores"
    return f"{events}\na score of 1 means one such event in 10 months, 2 means one in 100"


def _plain(event: Event) -> dict[str, Any]:
    times_ = {"started_at": _time(event.start), "ended_at": _time(event.end), "peak_at": _time(event.peak_at)}
    return {"tag": event.tag, **times_, "peak_score": event.peak_score, "cause": event.cause, "related": event.related}


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def _cells(event: Event) -> tuple[str, str, str, str]:
    start = clock(_time(event.start)).removesuffix(":00 UTC").removesuffix(" UTC")
    return start, f"{(event.end - event.start) / 3.6e9:.1f} h", event.cause, f"{event.peak_score:.1f}"
