"""`headrace model report`: how a version of a model does on a span, and whether to train it again."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from headrace.cli import times
from headrace.cli.common import Context, Env, Json, log, out, print_json, table
from headrace.cli.model_arguments import Since, Until, Version

if TYPE_CHECKING:
    from headrace.historian.models.report import Month, Report, TagReport

_SHOWN = 30
"""The most tags in the table; --json has all."""


def report(
    version: Version,
    since: Since,
    until: Until = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Report events against the budget, drift, readings without scores, and whether to train the model again.

    It takes the scores and events that a job has stored with this version, and scores the readings of other months
    again. An acknowledged event is real, unless its note begins with "false", and does not count against the budget.
    """
    from headrace.historian import Historian
    from headrace.historian.models import report as reporting
    from headrace.project import model_files

    context, span = Context(env), times.span(since, until)
    pin = model_files.pin(context.project, version)
    with log.status("scoring") as status:
        historian = Historian.open(context.settings, nonfinite="bad")
        found = reporting.report(context.settings, context.project, historian, pin, span, progress=status.update)
    if json:
        print_json(asdict(found))
    else:
        _show(found)


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
