"""Flink's REST server refuses requests of other sites' web pages, and requests for foreign host names."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from headrace.environment import settings
from headrace.project.paths import Project
from support.services.flink import client


@pytest.fixture
def flink(platform: Project) -> Iterator[httpx.Client]:
    with client(settings.load(platform, "local")) as with_certificate:
        yield with_certificate


def test_programs_and_flinks_own_page_are_served(flink: httpx.Client) -> None:
    address = str(flink.base_url).rstrip("/")
    own_page = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
    typed_in = {"Sec-Fetch-Site": "none", "Host": address.replace("https://127.0.0.1", "localhost")}
    for headers in ({}, own_page, typed_in):
        response = flink.get("/overview", headers=headers)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == address


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Host": "evil.example"}, "headrace.rest.hosts"),
        ({"Host": "localhost:x@evil"}, "headrace.rest.hosts"),
        ({"Host": ""}, "headrace.rest.hosts"),
        ({"Origin": "http://evil.example"}, "header Origin"),
        ({"Origin": "http://localhost"}, "header Origin"),
        ({"Origin": "null"}, "header Origin"),
        ({"Sec-Fetch-Site": "cross-site"}, "header Sec-Fetch-Site"),
        ({"Sec-Fetch-Site": "same-site"}, "header Sec-Fetch-Site"),
        ([("Origin", "http://127.0.0.1"), ("Origin", "http://evil.example")], "at most one header Origin"),
    ],
)
def test_a_request_of_another_site_or_for_another_name_is_refused(
    flink: httpx.Client, headers: httpx._types.HeaderTypes, reason: str
) -> None:
    assert reason in refusal(flink.get("/overview", headers=headers))


def test_a_job_that_a_web_page_posts_is_refused_before_it_is_stored(flink: httpx.Client) -> None:
    parts: dict[str, Any] = {"request": ("request", b"{}", "application/json"), "file_0": ("job", b"x" * 100_000)}
    assert "header Origin" in refusal(flink.post("/jobs", files=parts, headers={"Origin": "http://evil.example"}))
    assert flink.get("/overview").status_code == 200


def test_a_program_without_a_certificate_gets_no_answer(flink: httpx.Client, platform: Project) -> None:
    authority = ssl.create_default_context(cafile=platform.local / "tls" / "ca.crt")
    for known in (authority, False):
        with pytest.raises(httpx.TransportError), httpx.Client(verify=known, trust_env=False) as client:
            client.get(f"{flink.base_url}/overview")


def test_the_command_line_opens_flinks_page_for_programs_of_this_user(platform: Project) -> None:
    command: list[str | Path] = [Path(sys.executable).with_name("headrace"), "flink-page", "--json"]
    with (
        subprocess.Popen(command, cwd=platform.root, stdout=subprocess.PIPE, text=True) as running,
        ExitStack() as stack,
    ):
        stack.callback(running.kill)  # a failure must not wait for it
        assert running.stdout
        address = json.loads("".join(islice(running.stdout, 3)))["address"]
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as browser:
            assert "Apache Flink" in browser.get("/", headers={"Sec-Fetch-Site": "none"}).text
            own_page = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
            assert browser.get("/overview", headers=own_page).json()["taskmanagers"] == 1
            assert "header Origin" in refusal(browser.get("/overview", headers={"Origin": "http://evil.example"}))
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 0


def refusal(response: httpx.Response) -> str:
    assert response.status_code == 403
    (error,) = response.json()["errors"]
    return str(error)
