"""Help answers quickly: no command imports a heavy package before it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

HEAVY = {  # without pydantic, with which typer itself reads parameters
    "confluent_kafka",
    "duckdb",
    "fastapi",
    "httpx",
    "jinja2",
    "matplotlib",
    "msgspec",
    "numpy",
    "pandas",
    "plotext",
    "psutil",
    "py4j",
    "pyarrow",
    "pyflink",
    "pyiceberg",
    "sqlalchemy",
    "sqlfluff",
    "supervisor",
    "tenacity",
    "yaml",
}
OWN = {"headrace", "headrace.cli", "headrace.errors", "headrace.project"}
"""Packages of headrace that help may import; of the rooms only `project`, for the paths."""

ASK_EACH = """
import json, sys
import typer
from typer.testing import CliRunner
from headrace.cli import app

def paths(command, path):
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from paths(inner, [*path, name])

imported = {}
for path in paths(typer.main.get_command(app), []):
    ended = CliRunner().invoke(app, [*path, "--help"])
    assert ended.exit_code == 0 and "Usage" in ended.stdout, path
    imported[" ".join(path)] = sorted(sys.modules)
json.dump(imported, sys.stdout)
"""


def test_the_help_of_no_command_imports_a_heavy_package_or_another_room() -> None:
    ran = subprocess.run([sys.executable, "-c", ASK_EACH], check=True, capture_output=True, text=True)
    imported: dict[str, list[str]] = json.loads(ran.stdout)
    assert {"", "history", "local up", "tags list", "model train"} <= imported.keys()
    for command, modules in imported.items():
        assert not HEAVY.intersection(name.partition(".")[0] for name in modules), command
        rooms = {".".join(name.split(".")[:2]) for name in modules if name.startswith("headrace")}
        assert rooms <= OWN, command


def test_the_version_is_that_of_the_package() -> None:
    ran = subprocess.run([sys.executable, "-m", "headrace", "--version"], check=True, capture_output=True, text=True)
    assert ran.stdout == f"headrace {version('headrace')}\n"
