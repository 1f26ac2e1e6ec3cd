"""`headrace send` says before it sends anything which message it cannot place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from headrace.cli.send import send
from headrace.errors import UserError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("sql/_sources", "catalogs"):
        (tmp_path / folder).mkdir(parents=True)
    for name, topic in {"halls": '{pattern: "mqtt[.].+"}', "hall": "mqtt.hall1"}.items():
        (tmp_path / "sql" / "_sources" / f"{name}.yaml").write_text(f"description: d\ntopic: {topic}\npreset: raw\n")
    (tmp_path / "catalogs" / "local.yaml").write_text("{}\n")
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("source", "topic", "options", "why"),
    [
        ("halls", None, (), r"m.jsonl:1: 'halls' has several topics, and the message says none\n  fix: --topic"),
        ("halls", "kafka.other", (), r"m.jsonl:1: 'kafka.other' is not a topic of the source"),
        ("halls", "mqtt.a", ("--topic", "mqtt.b"), r"m.jsonl:1: the message is of mqtt.a, and goes to mqtt.b"),
        ("halls", None, ("--topic", "other"), r"--topic: 'other' is not a topic of 'halls'"),
        ("hall", "mqtt.hall2", (), r"m.jsonl:1: the message is of mqtt.hall2, and goes to mqtt.hall1"),
    ],
)
def test_a_message_whose_topic_is_not_known_is_told(
    project: Path, source: str, topic: str | None, options: tuple[str, ...], why: str
) -> None:
    described = {"value": 21.5, **({"topic": topic} if topic else {})}
    file = project / "m.jsonl"
    file.write_text(json.dumps({"$message": described}) + "\n")
    app = typer.Typer()
    app.command()(send)
    with pytest.raises(UserError, match=why):
        raise CliRunner().invoke(app, [source, str(file), *options]).exception or AssertionError
