"""Draw the pictures of docs/demo-year.md from the tables that `./run demo` has filled: `just demo-pictures`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from headrace.environment import settings, warehouse
from headrace.local.demo import SCORES, trend, year
from headrace.local.demo.year_pictures import ICE_AND_OUTAGE, Drawn, panels
from headrace.project import job_folder
from headrace.project.paths import Project

DOCS = Path(__file__).parents[1]


def _at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2015, month, day, hour, tzinfo=UTC)


PICTURES = {
    "trend.png": ICE_AND_OUTAGE,
    "pictures/demo-curtailment.png": [
        Drawn(f"R80721.{signal}", unit, _at(1, 2, 4), timedelta(hours=14))
        for signal, unit in (("active_power", "kW"), ("pitch_angle", "deg"), ("nacelle_direction", "deg"))
    ],
    "pictures/demo-outage.png": [
        Drawn(f"R80711.{signal}", unit, _at(7, 25), timedelta(days=4))
        for signal, unit in (("active_power", "kW"), ("wind_speed", "m/s"), ("pitch_angle", "deg"))
    ],
    "pictures/demo-sensors.png": [
        Drawn("R80711.wind_speed", "m/s", _at(8, 3, 6), timedelta(hours=14)),
        Drawn("R80711.vane_angle", "deg", _at(8, 3, 6), timedelta(hours=14)),
        Drawn("R80711.pitch_angle", "deg", _at(9, 3, 4), timedelta(hours=8)),
    ],
}


def main() -> None:
    """Draw all pictures."""
    project = Project.find(Path(__file__))
    model = str(job_folder.load(project, SCORES).job.model)
    with warehouse.open(settings.load(project, "local")) as connection:
        events = year.stored(connection, model).events
        for name, drawn in PICTURES.items():
            trend.to_png(panels(connection, model, events, drawn), DOCS / name)


if __name__ == "__main__":
    main()
