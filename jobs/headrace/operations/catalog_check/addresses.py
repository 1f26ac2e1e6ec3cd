"""Check that a catalog and its store accept connections at their addresses."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

from headrace.environment.catalog_types import Catalog, PostgresCatalog, RestCatalog
from headrace.environment.settings import resolved
from headrace.errors import PlatformError

LIMIT_S = 10
_PORTS = {"http": 80, "https": 443}
_NONE_YET = "correct the address, or create a new, empty catalog: headrace tables apply"


def check_catalog(catalog: Catalog) -> None:
    """Raise PlatformError if the catalog accepts no connection, or its file does not exist."""
    if isinstance(catalog, PostgresCatalog):
        _connect(resolved({"host": catalog.host})["host"], catalog.port)
    elif isinstance(catalog, RestCatalog):
        _connect_to(catalog.uri)
    elif not Path(catalog.path).is_file():
        raise PlatformError(f"there is no file {catalog.path}", fix=_NONE_YET)


def check_store(catalog: Catalog) -> None:
    """Raise PlatformError if the store accepts no connection, or its folder does not exist."""
    if catalog.s3:
        _connect_to(catalog.s3.address)
    elif catalog.warehouse.startswith("file://"):
        folder = Path(catalog.warehouse.removeprefix("file://"))
        if not folder.is_dir():
            raise PlatformError(f"there is no folder {folder}", fix=_NONE_YET)


def _connect_to(address: str) -> None:
    parts = urlsplit(resolved({"address": address})["address"])
    _connect(parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0))


def _connect(host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), LIMIT_S).close()
    except OSError as error:
        raise PlatformError(f"nothing answers at {host}:{port}: {error.strerror or error}") from None
