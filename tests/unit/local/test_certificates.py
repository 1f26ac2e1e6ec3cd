"""The local platform's certificates: private files, made once, renewed before they expire, and known to both sides."""

from __future__ import annotations

import shutil
import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.environment import flink_tls
from headrace.errors import PlatformError
from headrace.local import certificates, layout

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tls"
    assert certificates.renew(made)
    return made


def test_only_their_owner_can_read_the_files(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys(("tls.crt", "tls.key", "ca.crt", "keystore.p12", "truststore.p12"), 0o600)


@pytest.mark.parametrize(("days", "renewed"), [(0, False), (274, False), (276, True), (400, True)])
def test_they_are_renewed_ninety_days_before_they_expire(tmp_path: Path, days: int, renewed: bool) -> None:
    certificates.renew(tmp_path, NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert certificates.renew(tmp_path, NOW + timedelta(days=days)) == renewed
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {name for name in before if before[name] != after[name]} == (set(before) if renewed else set())


@pytest.mark.parametrize("name", ["tls.crt", "tls.key", "ca.crt", "keystore.p12", "truststore.p12"])
def test_a_missing_file_is_made_again_with_all_that_belong_to_it(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert certificates.renew(folder)
    assert flink_tls.context(folder).cert_store_stats()["x509_ca"] == 1


def test_a_damaged_certificate_is_made_again(folder: Path) -> None:
    (folder / "tls.crt").write_text("not a certificate")
    assert certificates.renew(folder)


def test_a_client_and_a_server_with_the_same_folder_know_each_other(folder: Path) -> None:
    assert shaken(server(folder), flink_tls.context(folder)) is None


def test_a_client_without_a_certificate_is_refused(folder: Path) -> None:
    without = ssl.create_default_context(cafile=folder / "ca.crt")
    assert "PEER_DID_NOT_RETURN_A_CERTIFICATE" in str(shaken(server(folder), without))


def test_a_client_with_a_certificate_of_another_platform_is_refused(folder: Path, tmp_path: Path) -> None:
    certificates.renew(tmp_path / "other")
    foreign = ssl.create_default_context(cafile=folder / "ca.crt")
    foreign.load_cert_chain(tmp_path / "other" / "tls.crt", tmp_path / "other" / "tls.key")
    assert "CERTIFICATE_VERIFY_FAILED" in str(shaken(server(folder), foreign))


def test_java_reads_both_stores(folder: Path) -> None:
    entries = {name: listed(folder / name) for name in ("keystore.p12", "truststore.p12")}
    assert "PrivateKeyEntry" in entries["keystore.p12"]
    assert "trustedCertEntry" in entries["truststore.p12"]


def test_files_that_are_renewed_are_read_again(folder: Path) -> None:
    old = flink_tls.context(folder)
    assert flink_tls.context(folder) is old
    shutil.rmtree(folder)
    certificates.renew(folder)
    assert flink_tls.context(folder) is not old


def test_a_folder_without_certificates_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as error:
        flink_tls.context(tmp_path)
    (problem,) = error.value.problems
    assert problem.where == str(tmp_path)
    assert "tls.crt" in problem.what
    assert "flink.tls" in str(problem.fix)


def server(folder: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "ca.crt")
    made.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def shaken(server: ssl.SSLContext, client: ssl.SSLContext) -> ssl.SSLError | None:
    """Return why the two do not come to terms over a pair of buffers; None if they do."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(down, up, server_hostname="127.0.0.1"), server.wrap_bio(up, down, server_side=True))
    try:
        for end in (*ends, *ends, *ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    except ssl.SSLError as error:
        return error
    return None


def listed(store: Path) -> str:
    keytool = Path(layout.java()).resolve().with_name("keytool")
    command: list[str | Path] = [keytool, "-list", "-keystore", store, "-storepass", flink_tls.PASSWORD]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
