"""Golden messages that libraries in Go encode: events of EdgeX Foundry, and metrics of Telegraf.

python tests/payloads/make/go.py

It needs Go, and puts the modules that it pins into a folder of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lines import body, write

MODULES = {
    "edgex": ("go-mod-core-contracts 4.0.0", "github.com/edgexfoundry/go-mod-core-contracts/v4/dtos@v4.0.0"),
    "telegraf": ("telegraf 1.32.3", "github.com/influxdata/telegraf/plugins/serializers/json@v1.32.3"),
}


def made(program: str, module: str) -> Iterator[dict[str, Any]]:
    """Yield the messages that the program writes, with what it says that they hold."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(Path(__file__).with_name(f"{program}.go"), folder)
        for command in (["mod", "init", program], ["get", module]):
            subprocess.run(["go", *command], cwd=folder, check=True)
        run = subprocess.run(["go", "run", "."], cwd=folder, check=True, capture_output=True, text=True)
    for line in map(json.loads, run.stdout.splitlines()):
        contract = {"contract": {"rows": line["rows"]}} if line.get("rows") else {}
        yield {
            "name": line["name"],
            "value": body(line["text"]),
            "readings": line["readings"],
            "refused": [],
            **contract,
        }


if __name__ == "__main__":
    for program, (made_by, module) in MODULES.items():
        write(program, made_by, made(program, module))
