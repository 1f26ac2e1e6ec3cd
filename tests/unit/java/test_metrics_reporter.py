"""Flink's metrics are for whoever shows the token, wherever other machines reach them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.services.processes import HOST, free_ports

PROGRAM = Path(__file__).with_name("ReportMetrics.java")
FIRST, SECOND = "first-5d1c90", "second-77ab02"


@dataclass(frozen=True)
class Reporter:
    """A running reporter: its address, and the file with its token."""

    metrics: str
    token: Path

    def answer(self, shown: str | None) -> httpx.Response:
        """Return the answer to a request with this header Authorization."""
        return httpx.get(self.metrics, headers={"Authorization": shown} if shown else {}, trust_env=False, timeout=60)


@pytest.fixture(scope="module")
def reporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reporter]:
    token, (port,) = tmp_path_factory.mktemp("reporter") / "token", free_ports(1)
    token.write_text(f"{FIRST}\n")
    command = java(HOST, str(port), str(token))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        yield Reporter(f"http://{HOST}:{port}/metrics", token)
        running.stdin.close()
        assert running.wait(30) == 0


@pytest.mark.parametrize("shown", [None, "Bearer", FIRST, f"Basic {FIRST}", f"Bearer {FIRST[:-1]}", f"Bearer {FIRST}0"])
def test_without_the_token_there_is_no_answer(reporter: Reporter, shown: str | None) -> None:
    refused = reporter.answer(shown)
    assert (refused.status_code, refused.text, refused.headers["www-authenticate"]) == (401, "", "Bearer")


def test_with_the_token_metrics_are_compressed_if_the_client_accepts_that(reporter: Reporter) -> None:
    zipped = reporter.answer(f"Bearer {FIRST}")
    assert (zipped.status_code, zipped.headers["content-encoding"]) == (200, "gzip")
    assert zipped.headers["content-type"].startswith("text/plain; version=0.0.4")
    plain = {"Authorization": f"Bearer {FIRST}", "Accept-Encoding": "identity"}
    assert "content-encoding" not in httpx.get(reporter.metrics, headers=plain, trust_env=False, timeout=60).headers


def test_a_new_token_counts_at_once_and_an_absent_or_empty_one_lets_nobody_in(reporter: Reporter) -> None:
    try:
        reporter.token.write_text(SECOND)
        answers = [reporter.answer(f"Bearer {token}").status_code for token in (FIRST, SECOND)]
        reporter.token.write_text("\n")
        answers += [reporter.answer(shown).status_code for shown in ("Bearer", f"Bearer {SECOND}")]
        reporter.token.unlink()
        answers.append(reporter.answer(f"Bearer {SECOND}").status_code)
    finally:
        reporter.token.write_text(FIRST)
    assert answers == [401, 200, 401, 401, 401]


def test_an_address_that_other_machines_reach_needs_a_token() -> None:
    (port,) = free_ports(1)
    done = subprocess.run(java("0.0.0.0", str(port)), capture_output=True, text=True, timeout=60, check=False)  # noqa: S104
    assert done.returncode != 0
    assert "needs the setting 'token-file'" in done.stderr


def java(*arguments: str) -> list[str]:
    home = Path(os.environ["FLINK_HOME"])
    jars = [*home.glob("plugins/metrics-prometheus/*.jar"), *home.glob("lib/flink-dist-*"), *home.glob("lib/log4j-*")]
    options = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    return ["java", *options, "-cp", ":".join(map(str, jars)), str(PROGRAM), *arguments]
