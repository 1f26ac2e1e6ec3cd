"""The report of the judge: one row per scorer, and what each finds of each kind, as tables, files and a chart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import mean

import msgspec
from matplotlib.figure import Figure
from rich.table import Table

from bench import kept
from bench.scoring import labelled
from bench.scoring.faults import KINDS
from bench.scoring.judge import Figures
from bench.scoring.labelled import Labelled
from bench.scoring.scorers import SCORERS

OURS = ("regime", "regime_alone", "baseline", "baseline_budget")


class Result(kept.Stamped, frozen=True):
    """The figures of each scorer with the faults of `seeds`, and of those of one tag on labelled sets."""

    seeds: list[int]
    figures: list[Figures]
    labelled: list[Labelled] = []


def summed_up(
    figures: Sequence[Figures], seeds: Sequence[int], versions: Mapping[str, str], sets: Sequence[Labelled]
) -> Result:
    """Return the result; `versions` are those of packages that only a rival has."""
    ours = {name: version(name) for name in ("numpy",)}
    ordered = sorted(figures, key=lambda each: list(SCORERS).index(each.scorer))
    return Result(kept.now(), kept.machine(), dict(versions) | ours, list(seeds), ordered, list(sets))


def last(folder: Path, seeds: Sequence[int]) -> Result | None:
    """Return what scoring.json has, None if it is not there or has other seeds."""
    path = folder / "scoring.json"
    if not path.is_file():
        return None
    found = msgspec.json.decode(path.read_bytes(), type=Result)
    return found if found.seeds == list(seeds) else None


HEADINGS = [
    "scorer",
    "false events per tag and month: mean",
    "highest tag",
    "tags over 1",
    "clean rows flagged",
    "VUS-PR (lowest to highest seed)",
    "VUS-PR, strict",
    "found",
    "found@1",
    "slight: found, found@1",
    "events at a faulty tag",
    "at a faulty asset",
    "fit, CPU s",
    "CPU us per reading",
    "no score",
]


def cells(result: Result) -> list[list[str]]:
    """Return a row per scorer."""
    return [_cells(each) for each in result.figures]


def _cells(each: Figures) -> list[str]:
    rates = list(each.false_events.values())
    return [
        SCORERS[each.scorer].title + (f" ({SCORERS[each.scorer].note})" if SCORERS[each.scorer].note else ""),
        f"{mean(rates):.2f}",
        f"{max(rates):.1f}",
        f"{sum(rate > 1 for rate in rates)} of {len(rates)}",
        f"{each.flagged:.2%}",
        f"{mean(each.vus_pr):.3f} ({min(each.vus_pr):.3f} to {max(each.vus_pr):.3f})",
        f"{mean(each.strict):.3f}",
        _share(each.share_found(at_1=False)),
        _share(each.share_found(at_1=True)),
        f"{_share(each.share_found(at_1=False, slight=True))}, {_share(each.share_found(at_1=True, slight=True))}",
        _share(each.precision_tag),
        _share(each.precision_asset),
        f"{each.fit_cpu_s:.1f}",
        f"{each.cpu_us:.2f}",
        f"{len(each.no_score)} of {len(rates)}",
    ]


def _share(value: float | None) -> str:
    return "none" if value is None or math.isnan(value) else f"{value:.2f}"


def kinds(result: Result) -> list[list[str]]:
    """Return a row per scorer and column per kind: found, found@1, and the median delay."""
    return [[SCORERS[each.scorer].title, *(_kind(each, kind) for kind in KINDS)] for each in result.figures]


def _kind(each: Figures, kind: str) -> str:
    found, at_1, delay = (
        each.share_found(at_1=False, kind=kind),
        each.share_found(at_1=True, kind=kind),
        each.delay_h(kind),
    )
    return f"{found:.2f}, {at_1:.2f}" + ("" if delay is None else f", {delay:.1f} h")


def tables(result: Result) -> list[Table]:
    """Return the tables for the terminal."""
    grids = []
    for title, headings, rows in (
        (f"Scores ({result.date}, {result.machine})", HEADINGS, cells(result)),
        ("Found, found@1, median delay", ["scorer", *KINDS], kinds(result)),
    ):
        grid = Table(title=title)
        for number, heading in enumerate(headings):
            grid.add_column(heading, justify="right" if number else "left")
        for row in rows:
            grid.add_row(*row)
        grids.append(grid)
    return grids


def keep(result: Result, folder: Path) -> None:
    """Write scoring.json, scoring.md and scoring.svg."""
    first = result.figures[0]
    faults = sum(tally.total for tally in first.tallies)
    about = [
        "Learned from the wind farm's first year, judged on its second: 28 tags of four turbines, a reading per ten"
        f" minutes. {faults} faults in copies of the second year (seeds"
        f" {', '.join(map(str, result.seeds))}). Nothing was tuned on these faults; the year without faults, from which"
        " the false events come, was looked at while the model was made. A fault is found only by a flag at its own tag"
        " that the same scorer does not raise in the year without it. Real stops, curtailments and sensor faults, by"
        " rules of physics, are left out.",
        "",
        "found: by the scorer's own flags. found@1: with one threshold for all tags, at one false event per tag and"
        " month. Both count faults of severity 1 and 2; slight ones are those of severity 0.5. VUS-PR has no threshold,"
        f" and chance is {first.chance:.3f}; echoes of a fault (the other tags of its asset, and a day after it) are"
        " left out, and in the strict one they are as wrong as any other row. Events, in pieces of at most a day, are"
        " at a faulty tag, or at any tag of an asset with a fault. Read the columns together: Always has few events,"
        " but flags every row.",
    ]
    rows = [HEADINGS, ["---", *["---:"] * (len(HEADINGS) - 1)], *cells(result)]
    chart = kept.keep(result, folder, "scoring", about, rows)
    page = folder / "scoring.md"
    more = [["scorer", *KINDS], ["---", *["---:"] * len(KINDS)], *kinds(result)]
    text = "\n".join("| " + " | ".join(row) + " |" for row in more)
    about_kinds = (
        "Per kind: found, found@1, and the median time to the first flag (a drift takes ten days to its full size)."
    )
    whole = f"{page.read_text(encoding='utf-8')}\n{about_kinds}\n\n{text}\n"
    page.write_text(f"{whole}\n{_about_sets(result)}" if result.labelled else whole, encoding="utf-8")
    _draw(result, chart)


def _about_sets(result: Result) -> str:
    headings, *rows = labelled.table(result.labelled)
    grid = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    text = "\n".join("| " + " | ".join(row) + " |" for row in grid)
    return (
        "Series of one tag that others have labelled, from the packages aeon and pvanalytics: VUS-PR, labelled ranges"
        " found by the scorer's own flags, and false events per 1,000 rows. ucr135 has a span to learn from; the PV"
        " series have none, so that each is learned from and scored at once, with its faults. A model has no score"
        f" below a month or 1,000 readings, and a baseline none if half of the readings are equal.\n\n{text}\n"
    )


def _draw(result: Result, path: Path) -> None:
    shown = list(result.figures)[::-1]
    labels = [SCORERS[each.scorer].title for each in shown]
    colours = ["tab:blue" if each.scorer in OURS else "tab:gray" for each in shown]
    figure = Figure(figsize=(12, 0.4 * len(shown) + 1.5), layout="constrained")
    panels: list[tuple[str, list[float]]] = [
        ("false events per tag and month", [mean(each.false_events.values()) for each in shown]),
        ("found at 1 false event per tag and month", [each.share_found(at_1=True) for each in shown]),
        ("VUS-PR", [mean(each.vus_pr) for each in shown]),
    ]
    for axis, (title, values) in zip(figure.subplots(1, 3, sharey=True), panels, strict=True):
        axis.barh(labels, values, color=colours)
        for row, value in enumerate(values):
            axis.annotate(f"{value:.2f}", (value, row), (4, 0), textcoords="offset points", va="center")
        axis.set_title(title, fontsize=10)
        axis.margins(x=0.15)
    figure.savefig(path)
