"""Two sites that are cut off for days and send what they kept, judged by a ledger of every reading that they took."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gallery.kit import Feed, Tables, Verdict, same

JOB = "edge/store_and_forward_v1"
START = 1_735_689_600
MINUTE, DAY = 60, 86_400
DAYS, TAGS = 14, 6
OUTAGES: dict[str, list[tuple[float, float]]] = {"north": [(2, 5.5), (9, 10)], "south": [(4, 6), (11, 13.8)]}
"""The days on which each site is cut off. What it takes then waits."""
BURST = 500
BROKEN = 0.001


def write(folder: Path) -> list[Feed]:
    """Write the messages of each site in the order in which they arrive, and the ledger of its readings."""
    random = np.random.default_rng(41)
    feeds, ledgers = [], []
    for site, outages in OUTAGES.items():
        taken = _taken(site, random)
        ledgers.append(taken)
        lines = _sent(taken, outages, random)
        (folder / f"{site}.jsonl").write_text("\n".join(lines) + "\n")
        feeds.append(Feed(f"source/{site}_readings", folder / f"{site}.jsonl", partitions=2))
    pd.concat(ledgers).to_json(folder / "ledger.jsonl", orient="records", lines=True)
    return feeds


def _taken(site: str, random: np.random.Generator) -> pd.DataFrame:
    """Return all readings of the site: number, tag, ts (epoch seconds), value."""
    times = np.repeat(np.arange(START, START + DAYS * DAY, 5 * MINUTE), TAGS)
    numbers = np.arange(1, len(times) + 1)
    tags = [f"{site}.pump{number % TAGS}.pressure" for number in numbers]
    values = (5 + random.normal(0, 0.2, len(times))).round(3)
    return pd.DataFrame({"site": site, "number": numbers, "tag": tags, "ts": times, "value": values})


def _sent(taken: pd.DataFrame, outages: list[tuple[float, float]], random: np.random.Generator) -> list[str]:
    """Return the messages of a site: live ones as they are taken, and after each outage what was kept, in bursts.

    The newest burst comes first. The receipt of every third burst is lost, so it is sent again, some twice.
    """
    days = (taken["ts"] - START) / DAY
    kept = [days.between(begin, end, inclusive="left") for begin, end in outages]
    live = taken[~np.logical_or.reduce(kept)]
    sent = [live.assign(arrival=live["ts"] + 1)]
    for (_, end), waiting in zip(outages, kept, strict=True):
        bursts = [taken[waiting][at : at + BURST] for at in range(0, int(waiting.sum()), BURST)]
        for number, burst in enumerate(reversed(bursts)):
            times = 1 + (number % 3 == 2) * int(random.integers(1, 3))
            arrivals = [START + end * DAY + number * 20 + again * 7 for again in range(times)]
            sent += [burst.assign(arrival=arrival) for arrival in arrivals]
    lines = []
    for row in pd.concat(sent).sort_values("arrival", kind="stable").itertuples():
        value = {"number": row.number, "tag": row.tag, "ts": row.ts * 1000, "value": row.value, "q": 192}
        message = {"key": row.tag, "time": datetime.fromtimestamp(row.arrival, UTC).isoformat()}
        if random.random() < BROKEN:  # The gateway gets no receipt, and sends it again.
            torn = {"$text": json.dumps(value)[:30]}
            lines.append(json.dumps({"$message": {**message, "value": torn}}))
        lines.append(json.dumps({"$message": {**message, "value": value}}))
    return lines


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the stored readings with the ledger, and account for each message."""
    # Not by pandas, which reads the last digit of a number as it pleases.
    ledger = pd.DataFrame(map(json.loads, (tables.folder / "ledger.jsonl").read_text().splitlines()))
    ledger["ts"] = pd.to_datetime(ledger["ts"], unit="s", utc=True)
    stored = tables.frame("select site, number, tag, ts, value from edge.readings")
    arrived = tables.frame("select site, number, arrived_at - ts as waited from edge.arrivals")
    dead = tables.frame(f"select src_topic from historian.dead_letters where job = '{JOB}'")["src_topic"]
    verdicts = [same("readings stored, and the ledger of the sites", stored, ledger)]
    for site, outages in OUTAGES.items():
        of_site = arrived[arrived["site"] == site]
        lines = (tables.folder / f"{site}.jsonl").read_text().splitlines()
        bodies = [json.loads(line)["$message"]["value"] for line in lines]
        torn = sum("$text" in body for body in bodies)
        repeats = len(bodies) - torn - len({body["number"] for body in bodies if "number" in body})
        found = (len(of_site), int(of_site["number"].duplicated().sum()), int((dead == f"{site}.readings").sum()))
        wanted = (len(bodies) - torn, repeats, torn)
        verdicts.append(Verdict(f"messages of {site}", _words(*found), _words(*wanted), found == wanted))
        waited = of_site["waited"].max() / pd.Timedelta(days=1)
        longest = max(end - begin for begin, end in outages)
        wait = Verdict("its longest wait", f"{waited:.1f} days", f"{longest:.1f} days", abs(waited - longest) < 0.1)
        verdicts.append(wait)
    return verdicts


def picture(tables: Tables, path: Path) -> None:
    """Draw when messages arrived over when their readings were measured, both to three hours."""
    arrived = tables.frame("select site, ts, arrived_at from edge.arrivals")
    start = pd.Timestamp(START, unit="s", tz="UTC")
    for name in ("ts", "arrived_at"):
        arrived[name] = (arrived[name].dt.floor("3h") - start) / pd.Timedelta(days=1)
    figure = Figure((7, 3), layout="constrained")
    for axes, (site, part) in zip(figure.subplots(1, 2, sharey=True), arrived.groupby("site"), strict=True):
        drawn = part[["ts", "arrived_at"]].drop_duplicates()
        axes.plot(drawn["ts"], drawn["arrived_at"], ".", markersize=3, color="#3b6ea5")
        axes.set(title=site, xlabel="day of the reading")
    figure.axes[0].set(ylabel="day of its arrival")
    figure.savefig(path, metadata={"Date": None})


def _words(arrived: int, repeated: int, torn: int) -> str:
    return f"{arrived:,} arrived, {repeated:,} of them repeated; {torn:,} torn"
