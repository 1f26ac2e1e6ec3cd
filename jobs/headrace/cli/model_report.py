"""`headrace model report`: how a version of a model does on a span, and whether to train it again."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion, times
from headrace.cli.common import Context, Env, Json, log, out, print_json, table
from headrace.cli.model_arguments import Until
from headrace.errors import CheckFailed, Problem, UserError

if TYPE_CHECKING:
    from headrace.historian.models.report import Month, Report, TagReport
    from headrace.project.model_files import Pin
    from headrace.project.paths import Project

_SPAN = timedelta(days=30)
_SHOWN = 30
"""The most tags in the table; --json has all."""


def report(
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL@N",
            help="A version, or a model for its latest one; default: those that score jobs have.",
            autocompletion=completion.models,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Readings at or after this ISO-8601 time; default: the last 30 days."),
    ] = None,
    until: Until = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 if a model should be trained again.")] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Report events against the budget, drift, readings without scores, and whether to train the model again.

    It takes the scores and events that a job has stored with this version, and scores the readings of other months
    again. An acknowledged event is real, unless its note begins with "false", and does not count against the budget.
    """
    from headrace.historian import Historian
    from headrace.historian.models import report as reporting

    context = Context(env)
    last = times.instant(until, "--until") or datetime.now(UTC)
    span = times.ordered(times.instant(since, "--since") or last - _SPAN, last)
    with log.status("scoring") as status:
        historian = Historian.open(context.settings, nonfinite="bad")
        found = [
            reporting.report(context.settings, context.project, historian, pin, span, progress=status.update)
            for pin in _pins(context.project, version)
        ]
    if json:
        print_json([asdict(each) for each in found] if version is None else asdict(found[0]))
    else:
        for each in found:
            _show(each)
    if check and (again := [Problem(f"{each.model}: {each.verdict}") for each in found if each.retrain]):
        raise CheckFailed(again)


def _pins(project: Project, version: str | None) -> list[Pin]:
    """Return the version that is asked for; by default those of the project's score jobs. Raises UserError."""
    from headrace.project import job_folder, model_files

    if version is not None:
        return [model_files.pin(project, version)]
    models = sorted({job.model for job in job_folder.jobs(project) if job.model})
    if not models:
        raise UserError("no score job has a model", fix="name one: headrace model report MODEL@N")
    return [model_files.exact(project, model) for model in models]


def _show(found: Report) -> None:
    budget = "no budget, but a limit" if found.budget is None else f"budget {found.budget:g} events per tag and month"
    out.print(f"{found.model}: {budget}", highlight=False)
    shown = table(
        "month", "events", "per tag", "real", "false", "readings", "no score", "scores",
        numbers=("events", "per tag", "real", "false", "readings", "no score"),
    )  # fmt: skip
    for month in found.months:
        shown.add_row(*_month(month, len(found.tags)))
    out.print(shown)
    why = sum((Counter(month.without) for month in found.months), Counter[str]())
    for reason, count in why.most_common():
        out.print(f"no score for {count:,} readings: {reason}", highlight=False)
    _show_tags(found.tags)
    out.print(found.verdict, highlight=False)


def _month(month: Month, tags: int) -> tuple[str, ...]:
    said = month.events
    total = sum(said.values())
    rate = (total - said.get("real", 0)) / tags / month.length if tags else 0.0
    lacks = sum(month.without.values()) / max(month.readings, 1)
    marked = (f"{said.get(kind, 0):,}" for kind in ("real", "false"))
    return month.month, f"{total:,}", f"{rate:.2f}", *marked, f"{month.readings:,}", f"{lacks:.1%}", month.source


def _show_tags(tags: list[TagReport]) -> None:
    shown = table(
        "tag", "events", "drift", "out of range", "no score", numbers=("events", "drift", "out of range", "no score")
    )
    worst = sorted(tags, key=lambda tag: (-abs(tag.drift or 0.0), -tag.events, tag.tag))
    for tag in worst[:_SHOWN]:
        drift = "" if tag.drift is None else f"{tag.drift:+.2f}"
        outside = "" if tag.outside is None else f"{tag.outside:.1%}"
        shown.add_row(tag.tag, f"{tag.events:.2f}", drift, outside, f"{tag.without:.1%}")
    out.print(shown)
    if len(worst) > _SHOWN:
        out.print(f"{len(worst) - _SHOWN:,} more tags, which drifted less: --json shows all", highlight=False)
    out.print("events: per month. drift: of the centre since training, in scales.", highlight=False)
