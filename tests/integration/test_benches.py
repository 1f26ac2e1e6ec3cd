"""Each bench runs to its table at its smallest: a figure in the docs comes from a command that works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT

SMALLEST = {
    "columns": ["--messages", "20000", "--rounds", "1"],
    "formats": ["--readings", "500", "--rounds", "1"],
    "frequency": ["--seconds", "150", "--live", "60", "--share", "0.2"],
    "ingest": ["--messages", "40000", "--less", "20000", "--rounds", "1", "--only", "line", "--only", "json"],
    "latency": ["--interval", "1"],
    "levers": ["--messages", "20000", "--rounds", "1", "--only", "1,024 rows a batch"],
    "query": ["--rows", "20000", "--tags", "10", "--rounds", "1"],
    "scaling": ["--share", "0.01", "--only", "0"],
    "score_cost": ["--instants", "20", "--less", "10", "--rounds", "1", "--assets", "4"],
    "scoring": ["--only", "always", "--seeds", "1"],
    "windows": ["--earlier", str(ROOT), "--messages", "20000", "--rounds", "1"],
}


@pytest.mark.proof
@pytest.mark.parametrize("bench", SMALLEST)
def test_a_bench_runs_to_its_table(bench: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", f"bench.{bench}", *SMALLEST[bench], "--results", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "|" in (tmp_path / f"{bench}.md").read_text()


def test_each_bench_is_among_them() -> None:
    folder = ROOT / "tests" / "bench"
    found = {each.parent.name for each in folder.glob("*/__main__.py")}
    found |= {each.stem for each in folder.glob("*.py") if "typer.Typer(" in each.read_text()}
    assert found == {*SMALLEST}
