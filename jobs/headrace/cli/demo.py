"""`headrace demo`: run two years of real sensor data through the pipeline, and verify that nothing was lost."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from headrace.cli import progress, reconcile
from headrace.cli.common import Context, Json, out, print_json, table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from rich.panel import Panel as Box

    from headrace.local.demo import Outcome
    from headrace.local.demo.year import Year
    from headrace.project.paths import Project

MONTHS, STRONGEST = 12, 5


def demo(json: Json = False) -> None:
    """Run two years of real wind farm data through Kafka, Flink and Iceberg, and verify that nothing was lost."""
    from headrace.environment import warehouse
    from headrace.local import demo as pipeline
    from headrace.local.demo import year
    from headrace.upkeep import reconcile as reconciliation

    context = Context("local")
    with progress.steps() as step:
        outcome = pipeline.run(context.project, lambda: context.settings, step)
    with warehouse.open(context.settings) as connection:
        found = year.stored(connection, outcome.version)
        if json:
            _print_json(connection, outcome, found)
        else:
            _report(connection, outcome, found, context.project)
    reconciliation.verdict(outcome.balances)


def _report(connection: DuckDBPyConnection, outcome: Outcome, found: Year, project: Project) -> None:
    from rich.text import Text

    from headrace.local.demo import trend, year_pictures

    _counts(connection)
    out.rule("nothing lost, nothing stored twice", align="left")
    reconcile.show(outcome.balances)
    out.rule("dead letters by code", align="left")
    _dead_letters(connection)
    out.rule("scores of 2015", align="left")
    _scores(outcome)
    out.rule("events of 2015 that an engineer recognises", align="left")
    _recognised(found)
    out.rule("false alarms", align="left")
    _false_alarms(found, outcome, project)
    panels = year_pictures.panels(connection, outcome.version, found.events, year_pictures.ICE_AND_OUTAGE)
    out.print(Text.from_ansi(trend.in_terminal(panels[0], min(out.width, 110))))
    picture = trend.to_png(panels, project.home / "demo" / "events.png")
    out.print(f"picture: {picture}", highlight=False, soft_wrap=True)
    out.print(_next())


def _counts(connection: DuckDBPyConnection) -> None:
    values = _figures(connection)
    out.rule("historian.readings", align="left")
    out.print(
        f"{values['readings']:,} readings of {values['tags']} tags, {values['first_ts']:%Y-%m-%d} to "
        f"{values['last_ts']:%Y-%m-%d}; {values['unknown_tag']:,} of a tag that is not in historian.tags",
        highlight=False,
    )


def _dead_letters(connection: DuckDBPyConnection) -> None:
    from rich.markup import escape

    from headrace.local.demo import JOB

    shown = table("records", "stage", "code", "for example", numbers=["records"], prose=["for example"])
    shown.expand = True
    example_column = shown.columns[-1]
    example_column.no_wrap, example_column.ratio, example_column.overflow = True, 1, "ellipsis"
    for stage, code, records, example in _answer(connection, "dead_letters.sql", {"job": JOB}).fetchall():
        shown.add_row(f"{records:,}", stage, code, escape(example))
    out.print(shown)


def _scores(outcome: Outcome) -> None:
    trained, scored = outcome.trained, outcome.scored
    same = "the training gave it again" if str(trained.pin) == outcome.version else f"the training gave {trained.pin}"
    in_time = "reading that came in time" if scored.late else "reading"
    out.print(
        f"{outcome.version} learned from {trained.training.readings:,} readings of 2014 ({same}).\n"
        f"Each {in_time} up to {scored.until:%Y-%m-%d %H:%M} UTC has one row in condition.scores: {scored.readings:,}, "
        f"{scored.with_score:,} of them with a score.\n"
        f"{scored.anomalies:,} anomalies ({scored.anomalies / scored.readings:.2%})",
        highlight=False,
    )
    if scored.late:
        out.print(
            f"{scored.late:,} readings more came too late for the job, because this machine was busy: they are in "
            "historian.late_readings",
            highlight=False,
        )


def _recognised(found: Year) -> None:
    shown = table("from", "turbines", "what", "events", "score", numbers=("events", "score"))
    everywhere = {each.turbine for each in found.events}
    for finding, events in found.recognised:
        turbines = {each.turbine for each in events}
        shown.add_row(
            f"{finding.start:%m-%d %H:%M}",
            "all" if turbines == everywhere else " ".join(sorted(turbines)),
            finding.what,
            f"{len(events)}",
            f"{max(each.peak_score for each in events):.1f}",
        )
    out.print(shown)
    out.print("What shows it is in docs/demo-year.md, with what the model missed.", highlight=False)


def _false_alarms(found: Year, outcome: Outcome, project: Project) -> None:
    from headrace.project import model_files, model_versions

    card = model_versions.card(project, model_files.pin(project, outcome.version))
    tags, budget = len(card["tags"]), card["budget"]
    of_tag = [sum(each.tag == tag["name"] for each in found.events) / MONTHS for tag in card["tags"]]
    explained, episodes = len(found.events) - len(found.others), found.episodes
    out.print(
        f"{len(found.events):,} events: {len(found.events) / tags / MONTHS:.2f} per tag and month; the budget of false "
        f"events is {budget}.\n{explained:,} of them belong to the {len(found.recognised)} above. The other "
        f"{len(found.others):,}, {len(found.others) / tags / MONTHS:.2f} per tag and month, are {len(episodes):,} "
        f"episodes.\nMore than one event per month: {sum(rate > 1 for rate in of_tag)} of {tags} tags. The strongest "
        "of the others:",
        highlight=False,
    )
    shown = table("tag", "from", "lasts", "cause", "score", numbers=("lasts", "score"))
    for event in sorted(found.others, key=lambda event: -event.peak_score)[:STRONGEST]:
        lasts = _hours(event.end - event.start)
        shown.add_row(event.tag, f"{event.start:%m-%d %H:%M}", lasts, event.cause, f"{event.peak_score:.1f}")
    out.print(shown)


def _next() -> Box:
    from rich.panel import Panel

    from headrace.local.demo import JOB

    commands = [
        "./run headrace query 'from condition.anomaly_events limit 5'",
        f"./run headrace reconcile {JOB}",
        "./run headrace serve",
        "./run headrace local down",
    ]
    text = "\n".join(f"[bold]{command}[/]" for command in commands)
    return Panel(f"{text}\n\nThe jobs keep running.", title="try next", expand=False)


def _print_json(connection: DuckDBPyConnection, outcome: Outcome, found: Year) -> None:
    recognised = [{**asdict(finding), "events": len(events)} for finding, events in found.recognised]
    print_json(
        {
            "sent": outcome.sent,
            **_figures(connection),
            "partitions": outcome.balances,
            "model": outcome.version,
            "trained": str(outcome.trained.pin),
            "scored": asdict(outcome.scored),
            "events": len(found.events),
            "recognised": recognised,
            "others": len(found.others),
        }
    )


def _figures(connection: DuckDBPyConnection) -> dict[str, Any]:
    answer = _answer(connection, "counts.sql", {})
    return dict(zip([column[0] for column in answer.description], answer.fetchone() or (), strict=True))


def _answer(connection: DuckDBPyConnection, file: str, values: dict[str, str]) -> DuckDBPyConnection:
    """Run one of the demo's own queries and return its result."""
    from headrace.environment import warehouse
    from headrace.local.demo import QUERIES

    return warehouse.run(connection, QUERIES / file, values)


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):.1f} h"
