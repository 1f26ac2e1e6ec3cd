"""`headrace model rescore`: score a past span again and replace its stored scores and events."""

from __future__ import annotations

from dataclasses import asdict

from headrace.cli import times
from headrace.cli.common import Context, Env, Json, clock, log, out, print_json
from headrace.cli.model_arguments import Since, Until, Version


def rescore(
    version: Version,
    since: Since,
    until: Until = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Score a past span of stored readings, late ones among them, and replace its stored scores and events.

    The rows are those that a job would have written if no reading had been late. Readings and notes are not touched. A
    job that scores with this version may go on meanwhile: the span ends at what it has scored.
    """
    from headrace.project import model_files
    from headrace.upkeep import rescore as rescoring

    context, span = Context(env), times.span(since, until)
    pin = model_files.exact(context.project, str(model_files.pin(context.project, version)))
    with log.status("scoring") as status:
        done = rescoring.rescore(context.project, context.settings, pin, span, status.update)
    if json:
        print_json({"model": str(pin), **asdict(done)})
        return
    if not done.tables:
        out.print(f"no job has scored readings of this span with {pin} yet", highlight=False)
        return
    out.print(f"{pin} from {clock(done.since)} to before {clock(done.until)}", highlight=False)
    for each in done.tables:
        change = f"{each.before:,} rows replaced by {each.now:,}" if each.changed else f"{each.now:,} rows, as before"
        out.print(f"{each.table}: {change}", highlight=False)
