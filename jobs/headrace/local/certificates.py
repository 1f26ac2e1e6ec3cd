"""Certificates of the local platform's Flink: made in its home, and renewed before they expire."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from headrace.environment.flink_tls import AUTHORITY, CERTIFICATE, KEY, KEYSTORE, PASSWORD, TRUSTSTORE
from headrace.local.ports import HOST

_VALID = timedelta(days=365)
_RENEWED_BEFORE = timedelta(days=90)
_SKEW = timedelta(minutes=5)


def renew(folder: Path, now: datetime | None = None) -> bool:
    """Make the folder's files unless they are valid for another 90 days; return whether they were made.

    One certificate, for this machine's loopback address, is that of the server and of its clients. The key of the
    authority that signs it is not kept, so that nobody can sign another.
    """
    now = now or datetime.now(UTC)
    if _is_valid(folder, now + _RENEWED_BEFORE):
        return False
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = _made(now)
    # The certificate comes last: its date decides whether all of them count.
    for name in (AUTHORITY, TRUSTSTORE, KEYSTORE, KEY, CERTIFICATE):
        _write(folder / name, files[name])
    return True


def _is_valid(folder: Path, until: datetime) -> bool:
    if not all((folder / name).is_file() for name in (CERTIFICATE, KEY, AUTHORITY, KEYSTORE, TRUSTSTORE)):
        return False
    try:
        found = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    except ValueError:
        return False
    return found.not_valid_after_utc > until


def _made(now: datetime) -> dict[str, bytes]:
    signing_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    signer, subject = _name("headrace local authority"), _name("headrace local Flink")
    addresses = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    authority = (
        _builder(signer, signer, signing_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(signing_key, hashes.SHA256())
    )
    certificate = (
        _builder(subject, signer, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .sign(signing_key, hashes.SHA256())
    )
    pem, encrypted = serialization.Encoding.PEM, serialization.BestAvailableEncryption(PASSWORD.encode())
    trusted = [pkcs12.PKCS12Certificate(authority, b"authority")]
    return {
        CERTIFICATE: certificate.public_bytes(pem),
        KEY: key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        AUTHORITY: authority.public_bytes(pem),
        KEYSTORE: pkcs12.serialize_key_and_certificates(b"flink", key, certificate, [authority], encrypted),
        TRUSTSTORE: pkcs12.serialize_java_truststore(trusted, encrypted),
    }


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, subject, key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _VALID)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write(path: Path, content: bytes) -> None:
    """Replace the file at once, readable by its owner alone."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)
