"""Events of anomalies as text for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from headrace.cli import cells
from headrace.cli.common import table
from headrace.cli.fitting_table import FittingTable

if TYPE_CHECKING:
    import pyarrow as pa

_MARGIN = timedelta(hours=12)
_MOST_TAGS = 20
_MARKS = {"open": "+", "stale": "?"}
_ENDS = {"open": "may go on", "stale": "unknown: no job has advanced it for a day"}


def lasting(event: Mapping[str, Any]) -> str:
    """Return how long an event lasts, as `2.5 h`, with + if it may go on and ? if it is stale; 0 for one reading."""
    length = event["ended_at"] - event["started_at"]
    hours = length / timedelta(hours=1)
    text = "0" if not length else f"{hours:,.1f} h" if hours >= 1 else f"{length / timedelta(minutes=1):.0f} min"
    return text + _MARKS.get(event["state"], "")


def shown(event: Mapping[str, Any]) -> str:
    """Return an event with everything that is known of it, one fact per line, and the commands that lead on."""
    from headrace.historian.anomalies.one_event import written

    start = written(event["started_at"])
    facts = {
        "tag": event["tag"],
        "start": f"{start} UTC",
        "end": _ENDS.get(event["state"], f"{written(event['ended_at'])} UTC"),
        "last anomaly": f"{written(event['ended_at'])} UTC" if event["state"] in _ENDS else "",
        "cause": event["cause"],
        "peak": f"score {event['peak_score']:.2f} at {written(event['peak_at'])} UTC",
        "related": ", ".join(event["related"]),
        "model": event["model"],
        "no alert": (event["suppressed_by"] or "").replace("_", " "),
        "acknowledged": _said(event, "acknowledged") if event["acknowledged"] else "no",
        "note": f"{event['note']} ({_said(event, 'noted')})" if event["note"] else "",
        "trend": _history(event),
        "page": f"headrace serve, and after its address: {_address(event)}",
    }
    if event["state"] == "stale":
        facts["end it"] = f"headrace model rescore {event['model']} --since {start}"
    if not event["acknowledged"]:
        facts["acknowledge"] = f"headrace events acknowledge {shlex.quote(event['tag'])} {start}"
    width = max(map(len, facts))
    return "\n".join(f"{name:<{width}}  {fact}" for name, fact in facts.items() if fact)


def comparison(rows: pa.Table) -> Iterator[tuple[str, FittingTable]]:
    """Yield per signal of `comparison.compare` its tags, and a table: offset from the start, value in each event."""
    import pyarrow.compute as pc

    columns = ("from start", "first", "second")
    for signal in rows["signal"].unique().to_pylist():
        of_signal = rows.filter(pc.equal(rows["signal"], signal)).to_pylist()
        tags = (of_signal[0][f"{side}_tag"] or "no such tag" for side in ("first", "second"))
        result = table(*columns, numbers=columns)
        for row in of_signal:
            result.add_row(_offset(row["offset_s"]), _number(row["first"]), _number(row["second"]))
        yield ", ".join(dict.fromkeys(tags)), result


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _offset(seconds: float) -> str:
    """Return an offset as `-0:30` or `+26:10`, in hours and minutes, with seconds if there are any."""
    minutes, rest = divmod(abs(round(seconds)), 60)
    sign = "-" if seconds < 0 else "+" if seconds > 0 else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02}" + (f":{rest:02}" if rest else "")


def _said(event: Mapping[str, Any], what: str) -> str:
    return f"{event[f'{what}_by']}, {cells.shown(event[f'{what}_at'].replace(microsecond=0))}"


def _span(event: Mapping[str, Any]) -> tuple[str, str]:
    margin = max(event["ended_at"] - event["started_at"], _MARGIN)
    from headrace.historian.anomalies.one_event import written

    whole = timedelta(minutes=1)
    first, last = event["started_at"] - margin, event["ended_at"] + margin + whole
    return written(first.replace(second=0, microsecond=0)), written(last.replace(second=0, microsecond=0))


def _tags(event: Mapping[str, Any]) -> list[str]:
    from headrace.project import pattern

    return [pattern.literal(name) for name in [event["tag"], *event["related"]]][:_MOST_TAGS]


def _history(event: Mapping[str, Any]) -> str:
    first, last = _span(event)
    return f"headrace history {shlex.join(_tags(event))} --range {first}..{last} --plot"


def _address(event: Mapping[str, Any]) -> str:
    first, last = _span(event)
    return f"#{urlencode([*(('tag', tag) for tag in _tags(event)), ('start', f'{first}Z'), ('end', f'{last}Z')])}"
