"""`headrace local`: Kafka and a Flink session cluster on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion
from headrace.cli.common import Context, Json, log, out, print_json, table
from headrace.errors import HeadraceError, UserError
from headrace.project.paths import Project

if TYPE_CHECKING:
    from headrace.local.health import Progress

app = typer.Typer(help="Apache Kafka and a Flink session cluster on this machine.", no_args_is_help=True)


@app.command()
def up(json: Json = False) -> None:
    """Start Kafka and Flink and wait until they are healthy. Does nothing if they are running."""
    from headrace import local

    with _progress("starting the local platform") as progress:
        endpoints = local.up(Project.find(), progress)
        progress("looking for jobs that ran before")
        lost = _lost_jobs()
    if json:
        print_json({**asdict(endpoints), "lost_jobs": lost})
    else:
        out.print(f"Kafka       {endpoints.kafka}\nFlink       {endpoints.flink}", highlight=False)
        out.print("headrace flink-page opens Flink's page.", highlight=False)
        _show_lost(lost)


@app.command()
def status(json: Json = False) -> None:
    """Show the state of each service, and the jobs that were lost; exits with 1 unless all services run."""
    from datetime import timedelta

    from headrace import local

    services = local.status(Project.find())
    if json:
        print_json([asdict(service) for service in services])
    else:
        columns = ("service", "state", "pid", "uptime", "address", "metrics", "restarts")
        shown = table(*columns, numbers=("pid", "uptime", "restarts"))
        for s in services:
            uptime = "" if s.uptime_s is None else str(timedelta(seconds=s.uptime_s))
            pid = str(s.pid or "")
            shown.add_row(s.name, s.state, pid, uptime, s.address or "", s.metrics or "", str(s.restarts))
        out.print(shown)
        _show_lost(_lost_jobs() if all(service.state == "RUNNING" for service in services) else [])
    if any(service.state != "RUNNING" for service in services):
        raise typer.Exit(1)


@app.command(name="logs")
def show_logs(
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="SERVICE",
            help="kafka, jobmanager, taskmanager or maintenance; default: all of them.",
            autocompletion=completion.services,
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Print new lines as they are written.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many of the last lines of each log.")] = 20,
    json: Json = False,
) -> None:
    """Show the last lines of the services' logs; with --json, one document per line."""
    from itertools import chain
    from json import dumps

    from headrace.local import logs
    from headrace.local.layout import SERVICES, Layout

    if service not in (None, *SERVICES):
        raise UserError(f"no service '{service}'", fix=f"known: {', '.join(SERVICES)}")
    layout = Layout.of(Project.find())
    names = {layout.log(name): name for name in SERVICES if service in (None, name)}
    last = ((file, line) for file in names for line in logs.tail(file, lines))
    for file, line in chain(last, logs.follow(list(names)) if follow else ()):
        typer.echo(dumps({"service": names[file], "line": line}) if json else f"{names[file]:<11} {line}")


@app.command()
def down(json: Json = False) -> None:
    """Stop Kafka and Flink; topics, tables and checkpoints are kept."""
    from headrace import local

    with _progress("stopping the local platform") as progress:
        ran = local.down(Project.find(), progress)
    if json:
        print_json({"ran": ran})
    else:
        out.print("the local platform is down" if ran else "the local platform was not running")


def _lost_jobs() -> list[str]:
    """Return the jobs that should run in the environment local, and that the cluster does not know.

    A JobManager that starts again, after a crash or after `local down`, does not bring back its jobs.
    """
    from headrace.operations.lifecycle import status as lifecycle

    context = Context("local")
    try:
        survey = lifecycle.survey(context.project, context.settings)
    except HeadraceError:
        return []  # such as a project without the environment local: what is asked for here are the services
    return [job.job for job in survey.ill if job.state == "LOST"]


def _show_lost(jobs: list[str]) -> None:
    if jobs:
        out.print("These jobs should run, and the cluster does not know them:", highlight=False)
        for job in jobs:
            out.print(f"  {job}: headrace restart {job} --from checkpoint", highlight=False, soft_wrap=True)
        out.print("headrace deploy starts all of them, as their files are now.", highlight=False)


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    with log.status(what):
        yield lambda step: log.print(step, highlight=False)
