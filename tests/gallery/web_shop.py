"""Data of the web shop's jobs: purchases that were really made, and the visits around them, which are generated.

A purchase of CDNOW has a customer, a day, a number of CDs and an amount. The visit in which it could have been made is
drawn: a page for each CD, the cart, and the payment of the real amount. Between purchases, customers only look around.
Then the events travel: most arrive within minutes and out of order, some hours late, some twice, some broken.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gallery import delivery
from gallery.delivery import Delivery, Sent
from gallery.kit import Feed, Tables

PURCHASES = Path(__file__).parent / "data" / "cdnow" / "purchases.csv.gz"
FILE = "events.jsonl"
CHANNELS = ("search", "mail", "ad", "direct")
MINUTE = 60_000
LOOKS_PER_CUSTOMER = 4
SEED = 17
DELIVERY = Delivery(jitter=8 * MINUTE, delays=(1 * 60 * MINUTE, 48 * 60 * MINUTE), again=MINUTE)


def write(folder: Path) -> list[Feed]:
    """Write the events in the order in which they arrive."""
    random = np.random.default_rng(SEED)
    DELIVERY.write(_events(random), "visitor", random, folder / FILE)
    return [Feed("source/web_events", folder / FILE, key="visitor", partitions=2)]


def events() -> pd.DataFrame:
    """Return all events as they happened, each once, whatever becomes of their messages: as `_events` does."""
    return _events(np.random.default_rng(SEED))


def _events(random: np.random.Generator) -> pd.DataFrame:
    """Return all events, each once: visitor, event, action, page, channel, amount (NaN unless pay), at (epoch ms)."""
    bought = pd.read_csv(PURCHASES, parse_dates=["date"], dtype={"customer": str})
    days = pd.date_range(bought["date"].min(), bought["date"].max())
    customers = bought["customer"].unique()
    looked = pd.DataFrame(
        {
            "customer": np.repeat(customers, LOOKS_PER_CUSTOMER),
            "date": random.choice(days, len(customers) * LOOKS_PER_CUSTOMER),
            "cds": random.integers(1, 6, len(customers) * LOOKS_PER_CUSTOMER),
        }
    )
    visits = pd.concat([bought, looked], ignore_index=True)
    rows = [row for visit in visits.itertuples() for row in _visit(random, visit)]
    events = pd.DataFrame(rows, columns=["visitor", "action", "page", "channel", "amount", "at"])
    # No two events of a visitor are at one time: their order would be that of their arrival.
    events = events.sort_values(["at"], kind="stable").drop_duplicates(["visitor", "at"], ignore_index=True)
    events.insert(1, "event", [f"e{number}" for number in events.index])
    return events


def _visit(random: np.random.Generator, visit: object) -> list[tuple[str, str, str, str, float, int]]:
    start = int(visit.date.timestamp() * 1000) + int(random.integers(6 * 60, 23 * 60)) * MINUTE  # type: ignore[attr-defined]
    channel, amount = str(random.choice(CHANNELS)), float(visit.dollars)  # type: ignore[attr-defined]
    actions = ["view"] * min(int(visit.cds), 6)  # type: ignore[attr-defined]
    if not pd.isna(amount):
        actions += ["cart", "pay"]
    elif random.random() < 0.3:
        actions += ["cart"]
    pauses = np.cumsum(random.exponential(7 * MINUTE, len(actions)).astype(int) + 1)
    visitor = f"c{visit.customer}"  # type: ignore[attr-defined]
    return [
        (
            visitor,
            action,
            f"/cd/{random.integers(1, 400)}" if action == "view" else f"/{action}",
            channel,
            amount if action == "pay" else float("nan"),
            start + int(pause),
        )
        for action, pause in zip(actions, pauses, strict=True)
    ]


def sent(tables: Tables, job: str) -> Sent:
    """Return the events that were sent, and those that the job took to be in time."""
    return delivery.sent(tables, job, FILE, "visitor")
