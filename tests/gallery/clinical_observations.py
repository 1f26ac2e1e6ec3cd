"""Observations of FHIR and HL7 v2, judged by second parsers, and by a search for what was to be hidden."""

from __future__ import annotations

import hashlib
import hmac
import json
import lzma
import random
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from hl7apy.core import Segment
from hl7apy.parser import parse_segment

from gallery import leaks
from gallery.kit import HERE, Feed, Tables, Verdict, same
from headrace_udfs import sealed
from headrace_udfs.key_ring import KeyRing

JOB = "clinical/observations_v1"
FIRST = ("clinical/panels_v1",)
BUNDLES, MESSAGES, BROKEN = "bundles.jsonl", "messages.jsonl", "broken.jsonl"
PATIENTS, RESULTS, DAYS = 200, 1_000, 180
CODES = {"8310-5": ("Cel", 37.0), "8867-4": ("/min", 72.0), "718-7": ("g/dL", 14.0), "2345-7": ("mg/dL", 95.0)}
FAMILIES = ("Kowalczyk", "Oyelaran", "Brandstetter", "Quintanilla", "Vestergaard", "Haraldsson", "Mbekeani")
GIVEN = ("Annegret", "Tadeusz", "Chidinma", "Ragnhild", "Eustachio", "Philippa")
CITIES = (("Buxtehude", "21614"), ("Wernigerode", "38855"), ("Quedlinburg", "06484"))
BERLIN = ZoneInfo("Europe/Berlin")
ARRIVED = "2024-06-01T12:00:00+00:00"


def write(folder: Path) -> Sequence[Feed]:
    """Write the bundles, messages that hl7apy makes, and broken ones that name patients."""
    with lzma.open(HERE / "data" / "fhir" / f"{BUNDLES}.xz", "rt", encoding="utf-8") as bundles:
        (folder / BUNDLES).write_text("".join(_line(json.loads(line)) for line in bundles), encoding="utf-8")
    chance = random.Random(4711)  # noqa: S311 - the same data at each run
    patients = [_patient(chance, number) for number in range(PATIENTS)]
    messages = [_message(chance, chance.choice(patients), number) for number in range(RESULTS)]
    (folder / MESSAGES).write_text("".join(_line({"$text": each}) for each in messages), encoding="utf-8")
    broken = [
        *(text.replace("MSH|", "MHS|", 1) for text in messages[:20]),
        *(text.replace("PID|", "PIX|", 1) for text in messages[20:40]),
        *(re.sub(r"\|(19|20)\d{6}\|", f"|born {FAMILIES[0]}|", text, count=1) for text in messages[40:60]),
    ]
    (folder / BROKEN).write_text("".join(_line({"$text": each}) for each in broken), encoding="utf-8")
    files = {"source/fhir_bundles": [BUNDLES], "source/hl7_results": [MESSAGES, BROKEN]}
    return [Feed(into, folder / name, partitions=2) for into, names in files.items() for name in names]


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the table with what other parsers and another implementation of the masks make of the same messages."""
    mask = _Mask(tables)
    wanted = pd.DataFrame([*_of_bundles(tables, mask), *_of_messages(tables, mask)])
    stored = tables.frame("select * from clinical.observations")
    components = tables.frame("select * from clinical.components")
    letters = tables.frame("select payload from historian.dead_letters where payload is not null")["payload"]
    payloads = [*map(bytes, letters)]
    encrypted = sum(each.startswith(b"headrace-sealed:people:1:") for each in payloads)
    identifiers = _identifiers(tables)
    leaked = leaks.found(tables, identifiers)
    raw = (tables.folder / MESSAGES).read_text(encoding="utf-8") + (tables.folder / BUNDLES).read_text(encoding="utf-8")
    sought = [each for each in identifiers if each in raw]
    return [
        same("rows, and those of Python's json, hl7apy and hmac", stored, wanted, 1e-9),
        same("components of panels, and those of Python's json", components, pd.DataFrame(_panels(tables, mask)), 1e-9),
        Verdict("encrypted payloads", f"{encrypted} of {len(payloads)}", "all", 0 < encrypted == len(payloads)),
        Verdict("identifiers in the input", f"{len(sought):,}", "500 or more", len(sought) >= 500),
        Verdict("places that have one: tables, topics, state, logs", _shown(leaked), "none", not leaked),
        _read_back(tables, payloads),
    ]


def _shown(leaked: dict[str, list[str]]) -> str:
    return "; ".join(f"{place}: {', '.join(values[:3])}" for place, values in [*leaked.items()][:5]) or "none"


def _read_back(tables: Tables, payloads: Sequence[bytes]) -> Verdict:
    """Return whether the key gives the broken messages back."""
    keys = KeyRing(tables.settings.keys).open(["people"])
    read = sorted({sealed.unseal(each, keys).decode() for each in payloads})
    sent = sorted({value["$text"] for value in _values(tables.folder / BROKEN)})
    return Verdict("messages that the key gives back", f"{len(read)}", f"the {len(sent)} that are broken", read == sent)


class _Mask:
    """The masks of the contracts, written again with hmac alone."""

    def __init__(self, tables: Tables) -> None:
        path = tables.settings.keys["people"][1].removeprefix("${file:").removesuffix("}")
        secret = Path(path).read_text(encoding="ascii").encode()
        self._token, self._shift = (hmac.new(secret, use, hashlib.sha512).digest() for use in (b"hash", b"shift"))

    def patient(self, number: str) -> str:
        return f"1-{hmac.new(self._token, number.encode(), hashlib.sha256).hexdigest()[:32]}"

    def time(self, number: str, time: datetime) -> datetime:
        digest = hmac.new(self._shift, number.encode(), hashlib.sha256).digest()
        return time.astimezone(UTC) - timedelta(days=1 + int.from_bytes(digest[:8], "big") % DAYS)


def _of_bundles(tables: Tables, mask: _Mask) -> Iterator[dict[str, Any]]:
    """Yield the observations of the bundles, by Python's own parser."""
    for seen, patient, ts in _observations(tables, mask):
        yield {"patient": patient, "birth_year": None, "region": None, "origin": "fhir", "ts": ts, **_result(seen)}


def _panels(tables: Tables, mask: _Mask) -> Iterator[dict[str, Any]]:
    """Yield the components of the observations."""
    for seen, patient, ts in _observations(tables, mask):
        for component in seen.get("component", []):
            yield {"patient": patient, "panel": _result(seen)["code"], "ts": ts, **_result(component)}


def _observations(tables: Tables, mask: _Mask) -> Iterator[tuple[dict[str, Any], str, datetime]]:
    """Yield each observation of the bundles, with its patient and its time, masked."""
    for bundle in _values(tables.folder / BUNDLES):
        for seen in (entry["resource"] for entry in bundle["entry"]):
            if seen["resourceType"] == "Observation":
                own = seen.get("effectiveDateTime") or seen.get("effectivePeriod", {}).get("start")
                time = datetime.fromisoformat(own or seen.get("issued") or bundle.get("timestamp") or ARRIVED)
                patient = seen.get("subject", {}).get("reference", "nobody").rpartition("/")[2]
                time = time if time.tzinfo else time.replace(tzinfo=UTC)
                yield seen, mask.patient(patient), mask.time(patient, time)


def _result(seen: dict[str, Any]) -> dict[str, Any]:
    """Return the code and the value of an observation or a component."""
    quantity, code = seen.get("valueQuantity", {}), seen["code"]
    return {
        "code": code.get("coding", [{}])[0].get("code") or code.get("text"),
        "value": quantity.get("value"),
        "unit": quantity.get("code") or quantity.get("unit"),
        "result": seen.get("valueCodeableConcept", {}).get("coding", [{}])[0].get("code"),
    }


def _of_messages(tables: Tables, mask: _Mask) -> Iterator[dict[str, Any]]:
    """Yield the results of the messages, by the parser of hl7apy."""
    for value in _values(tables.folder / MESSAGES):
        person = time = None
        for line in value["$text"].split("\r"):
            segment = parse_segment(line, version="2.5")
            if segment.name == "PID":
                person = segment
            elif segment.name == "OBR":
                time = datetime.strptime(segment.obr_7.value, "%Y%m%d%H%M%S").replace(tzinfo=BERLIN)
            elif segment.name == "OBX" and person is not None and time is not None:
                patient = person.pid_3.cx_1.value
                yield {
                    "patient": mask.patient(patient),
                    "birth_year": person.pid_7.value[:4],
                    "region": person.pid_11.xad_5.value[:2],
                    "origin": "hl7",
                    "code": segment.obx_3.ce_1.value,
                    "ts": mask.time(patient, time),
                    "value": float(segment.obx_5.value) if segment.obx_2.value == "NM" else None,
                    "unit": segment.obx_6.ce_1.value or None,
                    "result": None,
                }


def _identifiers(tables: Tables) -> list[str]:
    """Return what says who a patient is, of all messages: numbers, names, addresses, days of birth, free texts."""
    found: set[str] = set()
    for bundle in _values(tables.folder / BUNDLES):
        for seen in (entry["resource"] for entry in bundle["entry"]):
            parts = ("id", "identifier", "name", "telecom", "address", "birthDate", "contact")
            if seen["resourceType"] == "Patient":
                told = leaks.texts([seen.get(part) for part in parts])
                found |= {each for each in told if not each.startswith(("http", "urn:oid"))}
            found |= {*leaks.texts([seen.get("subject", {}).get("display"), seen.get("valueString")])}
    for value in _values(tables.folder / MESSAGES):
        for line in value["$text"].split("\r"):
            segment = line.split("|")
            if segment[0] == "PID":
                found |= {segment[3].split("^")[0], segment[7], *segment[5].split("^"), *segment[11].split("^")}
            elif segment[0] == "OBX" and segment[2] == "ST":
                found.add(segment[5])
    return sorted(filter(leaks.is_telling, found))


def _values(file: Path) -> Iterator[Any]:
    for line in file.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["$message"]["value"]


def _line(value: object) -> str:
    return json.dumps({"$message": {"value": value, "time": ARRIVED}}, ensure_ascii=False) + "\n"


def _patient(chance: random.Random, number: int) -> Segment:
    person = Segment("PID", version="2.5")
    city, postal = chance.choice(CITIES)
    person.pid_3 = f"MRN{chance.randrange(10**7, 10**8)}-{number}^^^CLINIC^MR"
    person.pid_5 = f"{chance.choice(FAMILIES)}^{chance.choice(GIVEN)}"
    person.pid_7 = f"{chance.randrange(1930, 2015)}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
    person.pid_11 = f"{chance.choice(GIVEN)}weg {chance.randrange(1, 99)}^^{city}^^{postal}"
    return person


def _message(chance: random.Random, patient: Segment, number: int) -> str:
    at = datetime(2024, 1, 1) + timedelta(minutes=chance.randrange(60 * 24 * 60))
    if at.date() == datetime(2024, 3, 31).date():  # the clock changes that night
        at += timedelta(days=1)
    segments = [f"MSH|^~\\&|LAB|CLINIC|||{at:%Y%m%d%H%M%S}||ORU^R01^ORU_R01|{number}|P|2.5", patient.to_er7()]
    order = Segment("OBR", version="2.5")
    order.obr_4, order.obr_7 = "PANEL", f"{at:%Y%m%d%H%M%S}"
    segments.append(order.to_er7())
    for position, (code, (unit, usual)) in enumerate(chance.sample([*CODES.items()], chance.randrange(1, 4)), 1):
        result = Segment("OBX", version="2.5")
        result.obx_1, result.obx_2, result.obx_3 = str(position), "NM", f"{code}^Result^LN"
        result.obx_5, result.obx_6 = f"{usual * chance.uniform(0.9, 1.1):.1f}", unit
        segments.append(result.to_er7())
    if chance.random() < 0.2:
        note = Segment("OBX", version="2.5")
        name = " ".join(patient.pid_5.value.split("^"))
        note.obx_2, note.obx_3, note.obx_5 = "ST", "11502-2^Note^LN", f"{name} was seen again, number {number}"
        segments.append(note.to_er7())
    return "\r".join(segments)
