"""A reader that closes the pipe ends a command quietly; a full disk is an error with a fix."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT

SMALL = ["schemas"]
HELP = ["--help"]
JSON = ["list", "--json"]
TABLE = ["list"]

# What commands do with libraries that write to standard output themselves; long, so that it is written before the end.
LIBRARIES = {
    "CSV by pyarrow": """
        import pyarrow.csv
        rows = pyarrow.table({"n": list(range(500_000))})
        with pyarrow.csv.CSVWriter(sys.stdout.buffer, rows.schema) as csv:
            csv.write_table(rows, 1000)
    """,
    "CSV by Python": """
        import csv
        csv.writer(sys.stdout).writerows([n] for n in range(500_000))
    """,
    "a table by rich": """
        from headrace.cli.common import out, table
        shown = table("n")
        for n in range(5_000):
            shown.add_row(str(n))
        out.print(shown)
    """,
    "echo by typer": """
        import typer
        for n in range(100_000):
            typer.echo(n)
    """,
}


def as_command(body: str) -> str:
    lines = "\n".join(f"    {line.strip() and line[8:]}" for line in body.strip("\n").splitlines())
    return f"import sys\nfrom headrace import cli\ndef app():\n{lines}\ncli.app = app\ncli.main()"


COMMANDS = [
    pytest.param([sys.executable, "-m", "headrace", *words], id=" ".join(words)) for words in (SMALL, HELP, JSON, TABLE)
] + [pytest.param([sys.executable, "-c", as_command(body)], id=name) for name, body in LIBRARIES.items()]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_pipe_ends_a_command_quietly(command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, cwd=ROOT, text=True, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_an_error_with_a_fix(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, text=True, check=False)
    assert ended.returncode == 3
    error, fix = ended.stderr.splitlines()
    assert error == "error standard output: the output cannot be written: No space left on device"
    assert fix.startswith("  fix free space")


def test_progress_that_nobody_reads_does_not_end_a_command() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    body = 'from headrace.cli.common import log, out\nlog.print("a step")\nout.print("the result")'
    command = [sys.executable, "-c", as_command("\n".join(f"        {line}" for line in body.splitlines()))]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=writer, text=True, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stdout) == (0, "the result\n")
