"""`headrace train baselines`: learn the usual values of tags from stored readings."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion, times
from headrace.cli.common import Context, Env, Json, log, out, print_json, table

if TYPE_CHECKING:
    from headrace.historian.train import Baseline, Training

SHOWN = 10

app = typer.Typer(help="Learn from stored readings.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Learn from stored readings."""


@app.command()
def baselines(
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only readings at or after this ISO-8601 time.")
    ] = None,
    tag: Annotated[
        str, typer.Option(metavar="TAG", help="A name or a wildcard: 'R80711.*'.", autocompletion=completion.tags)
    ] = "*",
    min_count: Annotated[int, typer.Option(min=1, help="Good values that a tag must have at least.")] = 30,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Learn each tag's median and median absolute deviation (MAD); running jobs start using them."""
    from headrace.historian import train

    context = Context(env)
    with log.status("learning baselines"):
        training = train.train(context.settings, times.instant(since, "--since"), tag, min_count)
    if json:
        print_json(asdict(training))
    else:
        _show(training, min_count)


def _show(training: Training, min_count: int) -> None:
    moved = sorted((b for b in training.baselines if b.shift), key=lambda b: b.shift, reverse=True)[:SHOWN]
    if moved:
        numbers = ("readings", "median", "was", "MAD", "MAD was", "moved by")
        shown = table("tag", *numbers, title=f"moved most, in old MADs ({len(moved)})", numbers=numbers)
        for b in moved:
            shown.add_row(b.tag, f"{b.count:,}", *_figures(b), f"{b.shift:.3g}")
        out.print(shown)
    new = sum(b.old_median is None for b in training.baselines)
    out.print(f"baselines: {len(training.baselines):,} tags, {new:,} of them for the first time", highlight=False)
    _list("with MAD 0: the value never changes", [b.tag for b in training.baselines if b.mad == 0])
    _list(f"unchanged: fewer than {min_count} good values", training.too_few)


def _figures(b: Baseline) -> list[str]:
    return ["" if v is None else f"{v:.6g}" for v in (b.median, b.old_median, b.mad, b.old_mad)]


def _list(what: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        out.print(f"  {len(names):,} {what}: {', '.join(names[:SHOWN])}{more}", highlight=False, soft_wrap=True)
