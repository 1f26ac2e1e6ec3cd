"""Customers of two systems as they are now, judged by a dictionary in Python that applies the same messages."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gallery.change_stream import Database, delivered, lines
from gallery.kit import Feed, Tables, Verdict, count, same

JOB = "crm/accounts_v1"
CRM, SAP = "crm.jsonl", "sap.jsonl"
START = 1_767_225_600_000
ACCOUNTS, CHANGES, IDOCS, BROKEN = 3_000, 24_000, 8_000, 12
COLUMNS = ["account", "name", "country", "tier", "credit_limit"]


def write(folder: Path) -> Sequence[Feed]:
    """Write changes of the CRM's database and IDocs of the ERP system."""
    random = np.random.default_rng(17)
    messages = delivered(_crm(random).changes, random, late=0.02, restarts=5)
    (folder / CRM).write_text("".join(f"{line}\n" for line in lines(messages, BROKEN, random)))
    (folder / SAP).write_text("".join(f"{line}\n" for line in _idocs(random)))
    return [
        Feed("source/crm_accounts", folder / CRM, partitions=3),
        Feed("source/sap_customers", folder / SAP, partitions=2),
    ]


def _crm(random: np.random.Generator) -> Database:
    # The log's files are numbered, and the number gets longer on the way.
    crm = Database("account", lambda at: {"file": f"binlog.{999_990 + at // 1_000}", "pos": at % 1_000 * 77, "row": 0})
    for account in range(1, ACCOUNTS + 1):
        crm.put(_account(account, random), START, snapshot=account <= ACCOUNTS // 2)
    for at in range(CHANGES):
        account = int(random.integers(1, ACCOUNTS + 1))
        if account in crm.rows and random.random() < 0.15:
            crm.remove(account, START + at * 1_000)
        else:
            crm.put(_account(account, random), START + at * 1_000)
    return crm


def _account(account: int, random: np.random.Generator) -> dict[str, Any]:
    tier = random.choice(["bronze", "silver", "gold"])
    country = random.choice(["DE", "FR", "PL", ""]) or None
    return {"account": account, "name": f"Customer {random.integers(10**6)}", "country": country, "tier": str(tier)}


def _idocs(random: np.random.Generator) -> list[str]:
    made = []
    for number in range(1, IDOCS + 1):
        account = int(random.integers(ACCOUNTS // 2, ACCOUNTS * 3 // 2))
        gone, limit = random.random() < 0.1, random.integers(10**6) / 100
        at = pd.Timestamp(START + number * 3_000, unit="ms")
        body = "" if gone else f"<NAME1>Debtor &amp; {number}</NAME1><E1KNKKM><KLIMK>{limit:.2f}</KLIMK></E1KNKKM>"
        text = (
            f'<DEBMAS07><IDOC BEGIN="1"><EDI_DC40 SEGMENT="1"><DOCNUM>{number:016}</DOCNUM>'
            f'<CREDAT>{at:%Y%m%d}</CREDAT><CRETIM>{at:%H%M%S}</CRETIM></EDI_DC40><E1KNA1M SEGMENT="1">'
            f"<MSGFN>{'003' if gone else '004'}</MSGFN><KUNNR>{account:010}</KUNNR>{body}</E1KNA1M></IDOC></DEBMAS07>"
        )
        made.append(
            (number + random.integers(0, 60), json.dumps({"$message": {"key": str(account), "value": {"$text": text}}}))
        )
    return [line for _, line in sorted(made)]


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the table, the topic and the events with the dictionary."""
    crm, sap, told = _replayed(tables.folder)
    wanted = pd.DataFrame([_merged(account, crm, sap) for account in sorted(crm.keys() | sap.keys())], columns=COLUMNS)
    found = tables.frame(f"select {', '.join(COLUMNS)} from crm.accounts")
    sent = tables.messages("crm_account_events")
    last = {key["account"]: value for key, value in sent}
    topic = pd.DataFrame([value for value in last.values() if value])
    gone = sum(value is None for value in last.values())
    needless = sum(1 for (key, value), (after, then) in pairwise(sent) if value is None and then and key == after)
    events = tables.frame("select system, operation, count(*) as events from crm.account_changes group by all")
    marks = int(tables.frame(f"select count(*) as n from historian.markers where job = '{JOB}'")["n"].iloc[0])
    dead = tables.frame(
        f"select code, count(*) as letters from historian.dead_letters where job = '{JOB}' group by code"
    )
    return [
        same("accounts, and the dictionary's", found, wanted),
        same("the last message of each key in the topic", topic, wanted[["account", "name", "tier", "credit_limit"]]),
        Verdict("tombstones before an update", count(needless, "message"), "0 messages", needless == 0),
        Verdict(
            "keys that end with a tombstone",
            count(gone, "key"),
            "keys that are gone",
            not set(wanted["account"]) & {k for k, v in last.items() if v is None},
        ),
        same("events by system and operation", events, told["events"]),
        Verdict(
            "tombstones of the CRM, accounted for",
            count(marks, "row"),
            count(told["tombstones"], "row"),
            marks == told["tombstones"],
        ),
        same("dead letters", dead, told["dead"]),
    ]


def _replayed(folder: Path) -> tuple[dict[int, Any], dict[int, Any], dict[str, Any]]:
    """Apply the messages to dictionaries, each change only if none of its key came from behind it in the log."""
    crm: dict[int, tuple[tuple[int, int], Any]] = {}
    events: list[tuple[str, str]] = []
    tombstones = broken = 0
    for line in (folder / CRM).read_text().splitlines():
        value = json.loads(line)["$message"]["value"]
        if value is None:
            tombstones += 1
        elif "$text" in value:
            broken += 1
        elif value["op"] != "t":
            source, row = value["source"], value["after"] or value["before"]
            place = int(source["file"].partition(".")[2]), int(source["pos"])
            events.append(("crm", {"c": "insert", "u": "update", "d": "delete", "r": "read"}[value["op"]]))
            if place >= crm.get(row["account"], ((0, -1), None))[0]:
                crm[row["account"]] = place, value["after"]
    sap: dict[int, tuple[int, Any]] = {}
    for line in (folder / SAP).read_text().splitlines():
        tags = dict(re.findall(r"<(\w+)>([^<]*)</", json.loads(line)["$message"]["value"]["$text"]))
        account, number, gone = int(tags["KUNNR"]), int(tags["DOCNUM"]), tags["MSGFN"] == "003"
        events.append(("sap", "delete" if gone else "upsert"))
        if number > sap.get(account, (0, None))[0]:
            row = None if gone else {"name": tags["NAME1"].replace("&amp;", "&"), "credit_limit": float(tags["KLIMK"])}
            sap[account] = number, row
    frame = pd.DataFrame(events, columns=["system", "operation"]).value_counts().reset_index(name="events")
    dead = pd.DataFrame([("not_json", broken), ("table_truncated", 1)], columns=["code", "letters"])
    told = {"events": frame, "tombstones": tombstones, "dead": dead}
    return {k: v for k, (_, v) in crm.items() if v}, {k: v for k, (_, v) in sap.items() if v}, told


def _merged(account: int, crm: dict[int, Any], sap: dict[int, Any]) -> list[Any]:
    ours, theirs = crm.get(account, {}), sap.get(account, {})
    return [
        account,
        ours.get("name") or theirs.get("name"),
        ours.get("country"),
        ours.get("tier"),
        theirs.get("credit_limit"),
    ]
