"""Alerts of fraud, judged by the labels of the payments, and by the same rules in pandas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gallery import cards, delivery
from gallery.cards import write
from gallery.kit import Tables, Verdict, same

__all__ = ["JOB", "judge", "write"]

JOB = "payments/fraud_v1"
EARTH_KM = 6371.0088
PRECISION, RECALL = 0.8, 0.7
"""The least that is wanted: of the payments with an alert, and of the frauds. A fifth of these is made too cautious."""


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the alerts with the labels, and with the rules in pandas."""
    sent = cards.sent(tables, JOB)
    found = tables.frame("select payment, rule, found from payments.alerts")
    labels = pd.read_csv(tables.folder / cards.LABELS)
    right = found.drop_duplicates("payment")["payment"].isin(set(labels["payment"]))
    wrong = f"{right.mean():.2f}: {(~right).sum()} of {len(right)} payments are honest"
    return [
        same("alerts, and those of pandas over the payments in time", found, alerts(sent.on_time), 1e-6),
        Verdict("precision", wrong, f"{PRECISION} or more", bool(right.mean() >= PRECISION)),
        *(_recall(str(rule), frauds, found) for rule, frauds in labels.groupby("label")),
        *delivery.delivered(tables, JOB, sent),
    ]


def _recall(rule: str, frauds: pd.DataFrame, found: pd.DataFrame) -> Verdict:
    """Return how many frauds of the kind that the rule is for have one alert or more."""
    alerted = frauds["payment"].isin(set(found["payment"][found["rule"] == rule]))
    caught = alerted.groupby(frauds["fraud"]).any()
    figure = f"{caught.mean():.2f}: {caught.sum()} of {len(caught)} frauds"
    return Verdict(f"recall of {rule}", figure, f"{RECALL} or more", bool(caught.mean() >= RECALL))


def alerts(payments: pd.DataFrame) -> pd.DataFrame:
    """Return what the three rules say of payments that are sorted by card and time: payment, rule, found."""
    often = payments.assign(rule="velocity", found=cards.last_ten_minutes(payments).astype(float))
    return pd.concat([often[often["found"] > 5], _travels(payments), _devices(payments)])[["payment", "rule", "found"]]


def _travels(payments: pd.DataFrame) -> pd.DataFrame:
    placed = payments.dropna(subset=["latitude", "longitude"])
    before = placed.groupby("card")[["latitude", "longitude", "at"]].shift()
    here, there = (np.radians(each[["latitude", "longitude"]].to_numpy().T) for each in (placed, before))
    # By the angle between two vectors, not by haversines as the job.
    vectors = [
        np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]) for lat, lon in (here, there)
    ]
    cross = np.linalg.norm(np.cross(vectors[0], vectors[1], axis=0), axis=0)
    km = EARTH_KM * np.arctan2(cross, (vectors[0] * vectors[1]).sum(axis=0))
    hours = (((placed["at"] - before["at"]) // 1000).clip(lower=60) / 3600).to_numpy()
    fast = (km > 50) & (km / hours > 1000)
    travelled: pd.DataFrame = placed.assign(rule="travel", found=km / hours).loc[fast]
    return travelled


def _devices(payments: pd.DataFrame) -> pd.DataFrame:
    usual = cards.usual_amount(payments)
    named = payments.assign(rule="device", found=payments["amount"] / usual, usual=usual).dropna(subset=["device"])
    since = named["at"] - named.groupby(["card", "device"])["at"].shift()
    is_new = since.isna() | (since > 30 * cards.DAY)
    return named[is_new & named["usual"].notna() & (named["found"] > 4)]
