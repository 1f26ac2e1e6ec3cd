"""Values of a row by what they are called, whatever they look like: time, tag, quality, value or unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.authoring.sources.documents import Seen

Keys = dict[str, Any]
"""Keys of a contract's part."""

TIME = (
    "ts", "timestamp", "time", "t", "sourcetimestamp", "source_timestamp", "datetime", "date_time", "event_time",
    "timestamp_ms", "origin", "date", "created", "zeitstempel", "zeit", "datum", "uhrzeit",
)  # fmt: skip
TAG = (
    "tag", "tagname", "tag_name", "id", "name", "sensor", "signal", "point", "metric", "variable", "item", "channel",
    "key", "path", "dataitemkey", "nodeid", "device", "device_id", "deviceid", "asset", "asset_id", "assetid",
    "machine", "machine_id", "equipment", "node", "n", "messstelle", "kanal", "anlage", "serial", "serialnumber",
    "serial_number", "gateway", "gateway_id", "gatewayid", "deveui", "dev_eui", "mac", "imei", "station",
)  # fmt: skip
WHERE = (*TAG, "line", "linie", "cell", "area", "unit_id", "site", "plant", "location", "room", "building")
"""Names of what rows belong to, next to those of what is measured."""

QUALITY = (
    "q", "quality", "status", "statuscode", "status_code", "good", "qc", "qualitycode", "state_of_value", "validity",
    "valid", "qualitaet", "qualität", "state", "zustand",
)  # fmt: skip
UNIT = ("unit", "units", "uom", "unitsabbreviation", "engunit", "u", "einheit")


def last(path: str) -> str:
    """Return the last key of a path, without its case, and with _ for a space."""
    return path.rpartition(".")[2].casefold().replace(" ", "_")


def ranked(values: Mapping[str, Seen], names: tuple[str, ...]) -> list[str]:
    """Return the paths, those with a name of `names` first: those in the row, then those around it, in its order."""

    def rank(path: str) -> tuple[bool, bool, int, int]:
        name = last(path)
        known = name in names
        return not known, path.startswith("^"), names.index(name) if known else 0, path.count(".")

    return sorted(values, key=rank)


def named(values: Mapping[str, Seen], rows: int, names: tuple[str, ...], types: set[str]) -> str | None:
    """Return the path of the value with one of these names of these types; None without one.

    rows: how many of the rows must have it.
    """
    for path in ranked(values, names):
        if values[path].count >= rows and set(values[path].types) <= types and last(path) in names:
            return path
    return None
