"""The pipelines of docs/ci: as their services define them, and of commands that there are."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support import cli_commands

_COMMAND = re.compile(r"\./run headrace ([^>\n]*)")


@pytest.mark.parametrize(
    ("file", "schema"),
    [("github-actions.yml", "vendor.github-workflows"), ("gitlab-ci.yml", "vendor.gitlab-ci")],
)
def test_a_pipeline_is_as_its_service_defines_it(pytestconfig: pytest.Config, file: str, schema: str) -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    transform = ["--data-transform", "gitlab-ci"] if "gitlab" in file else []
    pipeline = pytestconfig.rootpath / "docs" / "ci" / file
    command = [str(program), "--builtin-schema", schema, *transform, str(pipeline)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", ["ci/github-actions.yml", "ci/gitlab-ci.yml", "ci.md"])
def test_each_command_that_a_pipeline_runs_is_valid(pytestconfig: pytest.Config, page: str) -> None:
    found = _COMMAND.findall((pytestconfig.rootpath / "docs" / page).read_text())
    assert len(found) > 4
    for command in found:
        cli_commands.parse(shlex.split(command, comments=True))
