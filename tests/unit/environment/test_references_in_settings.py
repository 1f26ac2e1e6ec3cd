"""A reference that is not valid is reported when the environment is read, at its line, and never as a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headrace.environment import settings
from headrace.environment.catalog_types import RestCatalog
from headrace.environment.s3 import S3
from headrace.environment.settings import Settings, resolved
from headrace.errors import PlatformError, UserError
from headrace.project.paths import Project

FILE = """\
catalog: {type: sqlite, name: p, path: /c.db, warehouse: 'file:///lake'}
flink: {rest: 'http://a:1'}
kafka:
  bootstrap.servers: a:1
  sasl.mechanism: PLAIN
  sasl.username: u
  sasl.password: VALUE
vars: {label: '${env:}'}
"""


def load(folder: Path, value: str) -> Settings:
    for name in ("sql", "catalogs"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "catalogs/prod.yaml").write_text(FILE.replace("VALUE", json.dumps(value)))
    return settings.load(Project(folder, folder), "prod")


@pytest.mark.parametrize("value", ["${env:A|unknown}", "${env:}", "${env:A", "${file:}", "${vault:secret/kafka}"])
def test_a_malformed_reference(tmp_path: Path, value: str) -> None:
    with pytest.raises(UserError, match=r"kafka\.sasl\.password: .* is not a valid reference") as raised:
        load(tmp_path, value)
    (problem,) = raised.value.problems
    assert str(problem.where).endswith("prod.yaml:7:3")
    assert "write ${env:NAME} or ${file:PATH}" in (problem.fix or "")


def test_a_malformed_reference_in_an_override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_CATALOG__PATH", "${env:PLACE|x}")
    with pytest.raises(UserError, match=r"HEADRACE_CATALOG__PATH: \$\{env:PLACE\.\.\. is not a valid reference"):
        load(tmp_path, "${env:A}")


def test_a_dollar_sign_is_no_reference(tmp_path: Path) -> None:
    assert load(tmp_path, "wat${er-7Xq").kafka["sasl.password"] == "wat${er-7Xq"


@pytest.mark.parametrize("key", ["credential", "token"])
def test_a_line_break_in_a_secret_that_is_sent_in_a_request_is_refused(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "9Z\nX-Admin: yes")
    catalog = RestCatalog.model_validate(
        {"type": "rest", "name": "c", "uri": "http://a", "warehouse": "w", key: "${env:SECRET}"}
    )
    store = S3.model_validate({"access_key": "${env:SECRET}", "secret_key": "${env:SECRET}"})
    for options in (catalog.pyiceberg(), catalog.flink(), store.flink()):
        with pytest.raises(PlatformError, match="line break") as raised:
            resolved(options)
        assert "9Z" not in str(raised.value)
        assert raised.value.problems[0].fix == "write the secret again, on one line"
