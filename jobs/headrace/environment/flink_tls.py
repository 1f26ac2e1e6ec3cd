"""The certificates by which a cluster's REST API and its clients know each other."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

from headrace.errors import PlatformError

CERTIFICATE, KEY, AUTHORITY = "tls.crt", "tls.key", "ca.crt"
"""Files of a folder of certificates, in PEM, with the names that Kubernetes gives them in a Secret."""
KEYSTORE, TRUSTSTORE = "keystore.p12", "truststore.p12"
"""The same for Java, as PKCS 12: certificate and key, and the authority."""
PASSWORD = "headrace"  # noqa: S105 - Java needs one; what protects the files is who may read them
"""Password of both Java files, in the home of the local platform and on Kubernetes."""
PROTOCOL, ALGORITHMS = "TLSv1.3", "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384"


def context(folder: Path) -> ssl.SSLContext:
    """Return a context that shows the folder's certificate, and trusts the authority in the folder alone.

    Raises PlatformError if the folder has no such files.
    """
    try:
        return _read(folder, (folder / CERTIFICATE).stat().st_mtime_ns)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        what = f"{CERTIFICATE}, {KEY} and {AUTHORITY} cannot be read: {reason}"
        fix = "flink.tls of the environment's file in catalogs/ names the folder of the cluster's client certificate"
        raise PlatformError(what, str(folder), fix) from None


def client_options(folder: Path) -> dict[str, str]:
    """Return the options with which Flink's own client shows the folder's certificate."""
    return {**_rest(folder), "security.ssl.protocol": PROTOCOL, "security.ssl.algorithms": ALGORITHMS}


def cluster_options(rest: Path, internal: Path) -> dict[str, str]:
    """Return the options of a cluster that accepts only clients and processes with a certificate.

    `rest` and `internal` are folders of certificates: of the REST API, and of the connections between Flink's own
    processes.
    """
    return {**client_options(rest), "security.ssl.internal.enabled": "true", **_stores("internal", internal)}


def _rest(folder: Path) -> dict[str, str]:
    return {
        "security.ssl.rest.enabled": "true",
        "security.ssl.rest.authentication-enabled": "true",
        **_stores("rest", folder),
    }


def _stores(kind: str, folder: Path) -> dict[str, str]:
    prefix = f"security.ssl.{kind}."
    return {
        f"{prefix}keystore": str(folder / KEYSTORE),
        f"{prefix}keystore-password": PASSWORD,
        f"{prefix}key-password": PASSWORD,
        f"{prefix}truststore": str(folder / TRUSTSTORE),
        f"{prefix}truststore-password": PASSWORD,
    }


@cache
def _read(folder: Path, _modified_ns: int) -> ssl.SSLContext:
    """Read the files once per change: reading them takes longer than a request."""
    made = ssl.create_default_context(cafile=folder / AUTHORITY)
    made.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    return made
