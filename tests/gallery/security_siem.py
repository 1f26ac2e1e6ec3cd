"""Alerts of processes, judged by Sigma's own labels, and by Sigma's rules as another program reads them."""

from __future__ import annotations

import ipaddress
import json
import lzma
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from confluent_kafka import Consumer, TopicPartition

from gallery.kit import HERE, Feed, Tables, Verdict, same
from headrace.project import topic_files

JOB = "security/siem_v1"
EVENTS, LABELS, LEVELS, NETWORKS, WATCHED = "events.jsonl", "labels.json", "levels.csv", "networks.csv", "watched.csv"
START = datetime(2026, 6, 1, 8, tzinfo=UTC)
HOSTS, QUIET, REPEATS = 30, 6_000, 6
_NETWORKS = {
    "company": ("10.0.0.0/8", "office"),
    "plant": ("10.1.0.0/16", "production"),
    "cell": ("10.1.7.0/24", "cell 7"),
}
_WATCHED = {"CORP\\contractor": "leaves this month"}
_USUAL = (
    (r"C:\Windows\System32\svchost.exe", "svchost.exe", r"C:\Windows\system32\svchost.exe -k netsvcs -p"),
    (r"C:\Windows\System32\conhost.exe", "CONHOST.EXE", r"\??\C:\Windows\system32\conhost.exe 0xffffffff"),
    (r"C:\Program Files\Editor\editor.exe", "editor.exe", r'"C:\Program Files\Editor\editor.exe" C:\reports\june.txt'),
    (r"C:\Windows\System32\certutil.exe", "CertUtil.exe", "certutil -hashfile report.pdf SHA256"),
    (r"C:\Windows\System32\curl.exe", "curl.exe", "curl https://intranet/health"),
)


def write(folder: Path) -> Sequence[Feed]:
    """Write Sigma's events, each repeated on some hosts, among many of processes that no rule is about."""
    chance = random.Random(1)  # noqa: S311 - the same data at each run
    hosts = {f"ws{n:02}": f"10.{chance.choice((1, 1, 2))}.{chance.choice((7, 8))}.{n + 10}" for n in range(HOSTS)}
    events: list[tuple[int, str, Any, str | None]] = []
    for given in _sigma("events"):
        for host in chance.sample([*hosts], 3):
            first = chance.randrange(3 * 3600_000)
            times = [first + round(chance.expovariate(1 / 200_000)) * n for n in range(chance.randrange(1, REPEATS))]
            events += [(at, host, given["event"], given["label"]) for at in times]
    for _ in range(QUIET):
        image, name, line = chance.choice(_USUAL)
        usual = {
            "Image": image,
            "OriginalFileName": name,
            "CommandLine": line,
            "User": "CORP\\user",
            "ParentImage": "-",
        }
        event = {"Event": {"System": {"EventID": 1}, "EventData": usual}}
        events.append((chance.randrange(3 * 3600_000), chance.choice([*hosts]), event, None))
    events.sort(key=lambda each: (each[0], each[1]))
    lines = [
        json.dumps(_event(at + n, host, hosts[host], event, chance)) for n, (at, host, event, _) in enumerate(events)
    ]
    (folder / EVENTS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / LABELS).write_text(json.dumps([label for *_, label in events]))
    rows = [(n, *_range(net), zone) for n, (net, zone) in _NETWORKS.items()]
    columns = ["network", "first_address", "last_address", "zone"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / NETWORKS, index=False)
    levels = [(rule["name"], rule["level"]) for rule in _sigma("rules")]
    pd.DataFrame(levels, columns=["rule", "level"]).to_csv(folder / LEVELS, index=False)
    pd.DataFrame(_WATCHED.items(), columns=["user_name", "reason"]).to_csv(folder / WATCHED, index=False)
    return [
        Feed("table/security.rules", folder / LEVELS),
        Feed("table/security.networks", folder / NETWORKS),
        Feed("table/security.watch_list", folder / WATCHED),
        Feed("source/process_events", folder / EVENTS, key="Event.System.Computer"),
    ]


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the alerts with the labels of the events, and with Sigma's rules."""
    events = [json.loads(line) for line in (tables.folder / EVENTS).read_text(encoding="utf-8").splitlines()]
    labels = json.loads((tables.folder / LABELS).read_text())
    rules = {rule["name"]: rule for rule in _sigma("rules")}
    found = tables.frame("select computer, ts, rule, level, network, zone, watched_for from security.alerts")
    hits = pd.DataFrame([hit for event in events for hit in _hits(event, rules)])
    hits["span"] = hits["ts"].dt.floor("10min")
    first = hits.sort_values("ts", kind="stable").drop_duplicates(["computer", "rule", "span"])
    seen = set(zip(found["computer"], found["rule"], found["ts"].dt.floor("10min"), strict=True))
    labelled = [
        (event["Event"]["System"]["Computer"], name, pd.Timestamp(_time(event)).floor("10min"))
        for event, label in zip(events, labels, strict=True)
        for name, rule in rules.items()
        if rule["id"] == label
    ]
    missed = [each for each in labelled if each not in seen]
    sent, bytes_out = _forwarded(tables)
    bytes_in = sum(len(line.encode()) for line in (tables.folder / EVENTS).read_text(encoding="utf-8").splitlines())
    saved = 1 - bytes_out / bytes_in
    headers = sum(dict(each).keys() >= {"level", "zone"} for each in sent)
    return [
        same("alerts, and those of Sigma's rules as YAML", found, first[list(found.columns)]),
        Verdict(
            "labelled events with an alert", f"{len(labelled) - len(missed)} of {len(labelled)}", "all", not missed
        ),
        Verdict(
            "messages with headers", f"{headers}", f"{len(found)}, one per alert", headers == len(found) == len(sent)
        ),
        Verdict("bytes that are not forwarded", f"{saved:.1%} of {bytes_in:,}", "90 % or more", saved >= 0.9),
    ]


def _hits(event: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an alert for each rule that the event meets."""
    data, address = event["Event"]["EventData"], ipaddress.ip_address(event["agent"]["address"])
    holding = {name: ipaddress.ip_network(net) for name, (net, _) in _NETWORKS.items()}
    network = max((n for n, net in holding.items() if address in net), key=lambda name: holding[name].prefixlen)
    for name, rule in rules.items():
        if _matches(rule["detection"], data):
            yield {
                "computer": event["Event"]["System"]["Computer"],
                "ts": pd.Timestamp(_time(event)),
                "rule": name,
                "level": rule["level"],
                "network": network,
                "zone": _NETWORKS[network][1],
                "watched_for": _WATCHED.get(data["User"]),
            }


def _matches(detection: Mapping[str, Any], data: Mapping[str, str]) -> bool:
    """Return whether an event meets a rule's condition, as Sigma's specification defines it."""
    parts = {name: _selected(part, data) for name, part in detection.items() if name != "condition"}

    def quantified(match: re.Match[str]) -> str:
        chosen = [met for name, met in parts.items() if re.fullmatch(match[2].replace("*", ".*"), name)]
        return str(all(chosen) if match[1] == "all" else any(chosen))

    condition = re.sub(r"\b(all|1) of (\w+\*?)", quantified, detection["condition"])
    words = re.sub(r"\b(?!and\b|or\b|not\b|True\b|False\b)\w+", lambda match: str(parts[match[0]]), condition)
    return bool(eval(words))  # noqa: S307 - True, False, and, or, not and parentheses


def _selected(part: Any, data: Mapping[str, str]) -> bool:
    if isinstance(part, list):
        return any(_selected(each, data) for each in part)
    return all(_field(key.split("|"), wanted, data) for key, wanted in part.items())


def _field(key: Sequence[str], wanted: Any, data: Mapping[str, str]) -> bool:
    name, *modifiers = key
    value, texts = str(data.get(name) or ""), wanted if isinstance(wanted, list) else [wanted]
    if "windash" in modifiers:
        texts = [text.replace("-", dash, 1) for text in texts for dash in "-/\u2013\u2014\u2015"]
    if "re" in modifiers:
        return any(re.search(text, value) for text in texts)
    value, texts = value.lower(), [str(text).lower() for text in texts]
    if "contains" in modifiers:
        met = [text in value for text in texts]
    elif "endswith" in modifiers:
        met = [value.endswith(text) for text in texts]
    else:
        met = [value == text for text in texts]
    return all(met) if "all" in modifiers else any(met)


def _sigma(name: str) -> list[Any]:
    folder = HERE / "data" / "sigma"
    if name == "events":
        with lzma.open(folder / "events.jsonl.xz", "rt", encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]
    rules: list[Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return rules


def _event(at: int, host: str, address: str, event: Any, chance: random.Random) -> dict[str, Any]:
    """Return an event at another time, on another host and by another account."""
    time = (START + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    system = {**event["Event"]["System"], "Computer": host, "TimeCreated": {"#attributes": {"SystemTime": time}}}
    user = chance.choice(["CORP\\user", "CORP\\admin", "CORP\\contractor"])
    return {
        "agent": {"address": address},
        "Event": {"System": system, "EventData": {**event["Event"]["EventData"], "User": user}},
    }


def _time(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["Event"]["System"]["TimeCreated"]["#attributes"]["SystemTime"])


def _range(network: str) -> tuple[int, int]:
    whole = ipaddress.ip_network(network)
    return int(whole.network_address), int(whole.broadcast_address)


def _forwarded(tables: Tables) -> tuple[list[Sequence[tuple[str, bytes]]], int]:
    """Return the headers of each message in the topic of alerts, and the bytes of all values and headers."""
    topic = topic_files.load(tables.project, "security_alerts").topic
    options = {"group.id": "judge", "enable.partition.eof": True, "isolation.level": "read_committed"}
    consumer = Consumer({**tables.settings.kafka_client(), **options})
    consumer.assign([TopicPartition(topic, 0, 0)])
    headers, size = [], 0
    while (message := consumer.poll(30)) is not None and not message.error():
        headers.append(message.headers() or [])
        size += len(message.value()) + sum(len(name) + len(value) for name, value in headers[-1])
    consumer.close()
    return headers, size
