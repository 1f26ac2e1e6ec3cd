"""The highest speed of each fleet, from limits.json."""

import json
from importlib.resources import files

LIMITS: dict[str, float] = json.loads(files(__package__).joinpath("limits.json").read_text("utf-8"))
