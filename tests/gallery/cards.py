"""Payments by card, generated and labelled: honest ones, some as suspicious as fraud, and fraud of three kinds.

Each card has a home, a telephone and an amount that it usually pays. Honest people also shop in a hurry, fly, buy a new
telephone, and buy something dear, now and then two of these at once. Fraud is a card that is tested with many small
payments, a copy of a card that is used in another place, and a stolen login that pays much with another telephone. One
in five of each kind is so cautious that no rule can find it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gallery import delivery
from gallery.delivery import Delivery, Sent
from gallery.kit import Feed, Tables

FILE, LABELS = "payments.jsonl", "labels.csv"
CARDS, DAYS, FRAUDS = 400, 60, 120
START = 1_735_689_600_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
PLACES = np.array(
    [(52.52, 13.405), (48.857, 2.352), (40.417, -3.703), (41.894, 12.482), (59.329, 18.069), (38.722, -9.139)]
)
"""Latitude and longitude."""
DELIVERY = Delivery(20 * SECOND, (HOUR, 6 * HOUR), again=5 * SECOND, late=0.002, broken=0.001)


@dataclass(frozen=True)
class Card:
    """A card: its token, the number of its home in PLACES, its telephone, and its usual amount in EUR."""

    token: str
    home: int
    telephone: str
    usual: float


class Book:
    """The payments that have been made so far; `fraud` is the number of the fraud that the next ones are part of."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random = random
        self.fraud = 0
        self.rows: list[tuple[str, float, str | None, float | None, float | None, int, str, int]] = []

    def pay(
        self,
        card: Card,
        at: float,
        amount: float,
        device: str | None = None,
        *,
        place: int | None = None,
        label: str = "",
    ) -> None:
        """Add a payment; `label` is the kind of fraud that it is."""
        there = PLACES[card.home if place is None else place] + self.random.normal(0, 0.05, 2)
        where: tuple[float | None, float | None] = (round(float(there[0]), 5), round(float(there[1]), 5))
        # One in ten is paid to a shop without a place.
        where = (None, None) if place is None and self.random.random() < 0.1 else where
        self.rows.append((card.token, round(max(amount, 0.5), 2), device, *where, int(at), label, self.fraud))

    def usual(self, card: Card) -> float:
        """Return an amount that the card usually pays."""
        return float(card.usual * self.random.lognormal(0, 0.45))

    def moment(self) -> float:
        """Return a time of the span, in the day."""
        return START + self.random.integers(5, DAYS) * DAY + self.random.uniform(7, 22) * HOUR


def write(folder: Path) -> list[Feed]:
    """Write the payments in the order in which they arrive, and the labels of those that are fraud."""
    random = np.random.default_rng(23)
    payments = _payments(random)
    payments.loc[payments["label"] != "", ["payment", "label", "fraud"]].to_csv(folder / LABELS, index=False)
    DELIVERY.write(payments.drop(columns=["label", "fraud"]), "card", random, folder / FILE)
    return [Feed("source/card_payments", folder / FILE, key="card", partitions=2)]


def _payments(random: np.random.Generator) -> pd.DataFrame:
    """Return all payments, each once, with labels; no two of a card are at one time."""
    cards = [
        Card(f"card{n:04}", int(random.integers(len(PLACES))), f"phone{n}", float(random.uniform(12, 60)))
        for n in range(CARDS)
    ]
    book = Book(random)
    for card in cards:
        _honest(book, card)
    for number in range(FRAUDS):
        kind, book.fraud = (_tested, _copied, _stolen)[number % 3], number
        kind(book, cards[int(random.integers(CARDS))], cautious=number % 15 < 3)
    columns = ["card", "amount", "device", "latitude", "longitude", "at", "label", "fraud"]
    payments = pd.DataFrame(book.rows, columns=columns).sort_values("at", kind="stable")
    payments = payments.drop_duplicates(["card", "at"], ignore_index=True)
    payments.insert(1, "payment", [f"p{number}" for number in payments.index])
    return payments


def _honest(book: Book, card: Card) -> None:
    random, telephone = book.random, card.telephone
    changed = START + random.integers(2 * DAYS) * DAY
    for day in range(DAYS):
        for at in START + day * DAY + random.uniform(7, 22, random.poisson(1.2)) * HOUR:
            device = telephone if at < changed else f"{telephone}-new"
            dear = random.random() < 0.01
            book.pay(card, at, book.usual(card) * (8 if dear else 1), device if random.random() < 0.7 else None)
    if random.random() < 0.15:  # shopping in a hurry
        book_start = book.moment()
        for number in range(random.integers(4, 7)):
            book.pay(card, book_start + number * 95 * SECOND, book.usual(card))
    if random.random() < 0.15:  # a flight, and payments at both ends
        at, there = book.moment(), (card.home + 1) % len(PLACES)
        book.pay(card, at, book.usual(card), place=card.home)
        book.pay(card, at + 4 * HOUR, book.usual(card), place=there)
        book.pay(card, at + 28 * HOUR, book.usual(card), place=there)


def _tested(book: Book, card: Card, *, cautious: bool) -> None:
    """Many small payments, one after the other."""
    at, pause = book.moment(), 400 * SECOND if cautious else 40 * SECOND
    for number in range(book.random.integers(8, 15)):
        book.pay(card, at + number * pause, book.random.uniform(0.5, 3), "robot", label="velocity")


def _copied(book: Book, card: Card, *, cautious: bool) -> None:
    """The card is used at home, and soon after, or the day after, somewhere else."""
    at, there = book.moment(), (card.home + int(book.random.integers(1, len(PLACES)))) % len(PLACES)
    book.pay(card, at, book.usual(card), card.telephone, place=card.home)
    book.pay(card, at + (20 * HOUR if cautious else 30 * MINUTE), book.usual(card) * 3, place=there, label="travel")


def _stolen(book: Book, card: Card, *, cautious: bool) -> None:
    """Another telephone pays much, or not so much."""
    book.pay(card, book.moment(), card.usual * (2 if cautious else 12), f"stolen{len(book.rows)}", label="device")


def sent(tables: Tables, job: str) -> Sent:
    """Return the payments that were sent, and those that the job took to be in time."""
    return delivery.sent(tables, job, FILE, "card")


def last_ten_minutes(payments: pd.DataFrame) -> pd.Series[int]:
    """Return, for payments sorted by card and time, those of the card in the ten minutes up to each, both ends in."""
    rolling = payments.set_index("ts").groupby("card")["at"].rolling("600001ms").count()
    return pd.Series(rolling.to_numpy().astype(int), payments.index)


def usual_amount(payments: pd.DataFrame) -> pd.Series[float]:
    """Return the mean amount of the card's payments in the 30 days before each, NaN if there are none."""
    rolling = payments.set_index("ts").groupby("card")["amount"].rolling(f"{30 * DAY + 1}ms", closed="neither")
    return pd.Series(rolling.mean().to_numpy(), payments.index)
