"""What a server that is not Flink answers is reported as a fault of the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, Problem
from headrace.local import certificates
from support.servers import asking_for_certificates, server


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (502, b"<html>Bad Gateway</html>", "Flink refused GET /overview: HTTP 502"),
        (404, b'{"errors": ["not found"]}', "Flink refused GET /overview: not found"),
        (500, b'["odd"]', "Flink refused GET /overview: HTTP 500"),
        (200, b"<html>Welcome</html>", "GET /overview is not answered with JSON"),
    ],
)
def test_an_answer_that_is_not_flinks_is_a_platform_error(status: int, body: bytes, message: str) -> None:
    with server(status, body) as address, pytest.raises(PlatformError, match=message):
        Cluster(address).slots()


def test_a_client_shows_the_certificate_of_its_environment(tmp_path: Path) -> None:
    certificates.renew(tmp_path / "tls")
    with asking_for_certificates(tmp_path / "tls") as address:
        known = settings(rest=address, tls=str(tmp_path / "tls"))
        with pytest.raises(PlatformError, match="is not answered with JSON"):  # but it is answered
            Cluster.of(known).slots()


@pytest.mark.parametrize("tls", ["none", "foreign"])
def test_a_certificate_that_is_absent_or_foreign_is_reported_with_the_setting(tmp_path: Path, tls: str) -> None:
    for name in ("own", "foreign"):
        certificates.renew(tmp_path / name)
    with asking_for_certificates(tmp_path / "own") as address, pytest.raises(PlatformError) as error:
        Cluster(address, None if tls == "none" else tmp_path / tls).slots()
    (problem,) = error.value.problems
    assert problem.what.startswith("the Flink cluster does not answer: [SSL: CERTIFICATE_VERIFY_FAILED]")
    assert "flink.tls" in str(problem.fix)


def test_a_certificate_is_never_shown_at_an_address_without_encryption(tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as error:
        Cluster.of(settings(rest="http://cluster:8081", tls=str(tmp_path)))
    assert error.value.problems == [
        Problem(
            "a client certificate is never shown without encryption",
            "http://cluster:8081",
            "flink.rest has to begin with https:// where flink.tls is set; otherwise remove flink.tls",
        )
    ]


@pytest.mark.parametrize(
    "cause", ["Checkpoint Coordinator is suspending.", "Not all required tasks are currently running."]
)
def test_a_job_that_is_being_restarted_is_stopped_afterwards(cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [{"failure-cause": {"stack-trace": f"org.apache.flink.CheckpointException: {cause}"}}, {"location": "s1"}]
    monkeypatch.setattr(Cluster, "_run", lambda *_: answers.pop(0))
    monkeypatch.setattr(Cluster, "state", lambda *_: "FINISHED")
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    assert Cluster("http://nowhere").stop("a") == "s1"


def test_a_job_without_a_savepoint_for_another_reason_is_not_stopped_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [{"failure-cause": {"stack-trace": "java.io.IOException: disk full"}}]
    monkeypatch.setattr(Cluster, "_run", lambda *_: answers.pop(0))
    with pytest.raises(PlatformError, match="did not stop with a savepoint: IOException: disk full"):
        Cluster("http://nowhere").stop("a")


def settings(**flink: str) -> Settings:
    return Settings.model_validate(
        {
            "catalog": {"type": "sqlite", "name": "h", "path": "/nowhere", "warehouse": "file:///nowhere"},
            "kafka": {"bootstrap.servers": "nowhere:9"},
            "flink": flink,
        }
    )
