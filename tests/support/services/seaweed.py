"""SeaweedFS: an S3 store with an Iceberg REST catalog on it, in one process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from headrace.environment.s3 import S3
from support.services.processes import HOST, free_ports, serving

BUCKET = "lake"
"""The catalog's own bucket, to which only its server writes tables."""
FILES = "plant"
"""A bucket for everything else."""
_PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
    "s3.port", "s3.port.grpc", "s3.port.iceberg", "s3.port.lance", "admin.port", "admin.port.grpc",
)  # fmt: skip


@dataclass(frozen=True)
class Seaweed:
    """The addresses of store and catalog, and the key pair for both."""

    s3: str
    rest: str
    access_key: str
    secret_key: str

    def store(self, access_key: str, secret_key: str) -> S3:
        """Return the store's settings with these keys, or references to them."""
        return S3(access_key=access_key, secret_key=secret_key, endpoint=self.s3)


@contextmanager
def seaweed(folder: Path, access_key: str, secret_key: str) -> Iterator[Seaweed]:
    """Run a store with the buckets BUCKET and FILES and its data in `folder`."""
    ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    server = Seaweed(
        f"http://{HOST}:{ports['s3.port']}", f"http://{HOST}:{ports['s3.port.iceberg']}", access_key, secret_key
    )
    folder.mkdir()
    command = [
        str(Path(sys.executable).with_name("weed")), "mini", f"-dir={folder}", f"-ip={HOST}", f"-ip.bind={HOST}",
        f"-tableBucket={BUCKET}", f"-bucket={FILES}", "-webdav=false", "-admin.ui=false",
        *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
    with serving(command, folder / "log", lambda: _answers(server), environment):
        yield server


def _answers(server: Seaweed) -> bool:
    try:
        config = httpx.get(f"{server.rest}/v1/config", params={"warehouse": f"s3://{BUCKET}"}, trust_env=False)
        store = httpx.get(server.s3, trust_env=False)
    except httpx.HTTPError:
        return False
    # Without keys, either may answer that access is denied.
    return config.status_code in {200, 401, 403} and store.status_code in {200, 403}
