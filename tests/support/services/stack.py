"""A platform as plants run it: Kafka with passwords, S3 for data and checkpoints, and a catalog of any type."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from headrace.environment import iceberg
from headrace.environment.catalog_types import Catalog, PostgresCatalog, RestCatalog, SqliteCatalog
from headrace.environment.schema_registry import SchemaRegistry
from headrace.environment.settings import Flink, Settings
from headrace.project.paths import Project
from support.services import seaweed as weed
from support.services.flink import session_cluster
from support.services.kafka import kafka
from support.services.postgres import DATABASE, USER, Postgres, postgres
from support.services.seaweed import Seaweed, seaweed
from support.worlds.live_plant import Plant, plant

KINDS = ("sqlite", "postgres", "rest")


@dataclass(frozen=True)
class Secrets:
    """Recognisable secrets, each in a file that settings refer to, with characters that quoting may get wrong."""

    folder: Path

    NAMES = (
        "kafka_password", "kafka_key", "postgres_password", "s3_access_key", "s3_secret_key", "catalog_credential",
        "registry_password",
    )  # fmt: skip

    @classmethod
    def create(cls, folder: Path) -> Secrets:
        """Write new secrets into `folder`."""
        folder.mkdir()
        hidden = cls(folder)
        for name in ("kafka_password", "postgres_password", "registry_password"):
            (folder / name).write_text(f"""mark'ed"by\\@{secrets.token_hex(8)}""")
        for name in ("s3_access_key", "s3_secret_key"):
            (folder / name).write_text(f"marked{secrets.token_hex(8)}")
        (folder / "catalog_credential").write_text(f"{hidden.value('s3_access_key')}:{hidden.value('s3_secret_key')}")
        return hidden

    def value(self, name: str) -> str:
        """Return the secret."""
        return (self.folder / name).read_text()

    def mark(self, name: str) -> str:
        """Return its last 16 characters, which no quoting changes; for a PEM key, those before its last line."""
        return self.value(name).strip().removesuffix("-----END PRIVATE KEY-----").strip()[-16:]

    def reference(self, name: str) -> str:
        """Return the reference to its file, as settings have it."""
        return f"${{file:{self.folder / name}}}"


@dataclass(frozen=True)
class Stack:
    """The running services and their addresses. Only the files of `secrets` hold a secret."""

    project: Project
    secrets: Secrets
    kafka: dict[str, str]
    postgres: Postgres
    seaweed: Seaweed
    flink: Flink
    folder: Path

    def catalog(self, kind: str, folder: Path, rest: str | None = None) -> Catalog:
        """Return an empty catalog of a type in KINDS; `rest` is the REST server's address if not the stack's own."""
        name = f"plant_{uuid4().hex[:8]}"
        keys = (self.secrets.reference(each) for each in ("s3_access_key", "s3_secret_key"))
        store = self.seaweed.store(*keys)
        if kind == "sqlite":
            path = str(folder / "catalog.db")
            return SqliteCatalog(type="sqlite", name=name, path=path, warehouse=(folder / "warehouse").as_uri())
        if kind == "postgres":
            return PostgresCatalog(
                type="postgres",
                name=name,
                host=self.postgres.host,
                port=self.postgres.port,
                database=DATABASE,
                user=USER,
                password=self.secrets.reference("postgres_password"),
                warehouse=f"s3://{weed.FILES}/{name}",
                s3=store,
            )
        return RestCatalog(
            type="rest",
            name=name,
            uri=rest or self.seaweed.rest,
            warehouse=f"s3://{weed.BUCKET}",
            credential=self.secrets.reference("catalog_credential"),
            s3=store,
        )

    def settings(self, catalog: Catalog, registry: SchemaRegistry | None = None) -> Settings:
        """Return the settings of an environment on the stack, with one checkpoint per second."""
        return Settings(
            catalog=catalog,
            kafka=self.kafka,
            flink=self.flink.model_copy(update={"parallelism": 1, "checkpoint_interval_s": 1}),
            schema_registry=registry,
        )

    @contextmanager
    def plant(
        self, kind: str, folder: Path, rest: str | None = None, registry: SchemaRegistry | None = None
    ) -> Iterator[Plant]:
        """Yield a plant on a catalog of this type, after dropping the tables of an earlier one."""
        settings = self.settings(self.catalog(kind, folder, rest), registry)
        # The REST server has only one warehouse.
        catalog = iceberg.connect(settings, create=True)
        for space in catalog.list_namespaces():
            for table in catalog.list_tables(space):
                catalog.drop_table(table)
        with plant(self.project, folder, settings) as world:
            yield world


@contextmanager
def stack(programs: Path, folder: Path) -> Iterator[Stack]:
    """Run all services under `folder`, from the programs that `./run` has installed."""
    hidden = Secrets.create(folder / "secrets")
    jars = programs / "jars"
    with ExitStack() as running:
        broker = running.enter_context(
            kafka(jars / "kafka", folder / "kafka", hidden.folder / "kafka_password", hidden.folder / "kafka_key")
        )
        database = running.enter_context(postgres(jars / "services", hidden.value("postgres_password")))
        keys = hidden.value("s3_access_key"), hidden.value("s3_secret_key")
        store = running.enter_context(seaweed(folder / "seaweed", *keys))
        on_s3 = {
            "s3.endpoint": store.s3,
            "s3.path.style.access": "true",
            "execution.checkpointing.dir": f"s3://{weed.FILES}/checkpoints",
            "execution.checkpointing.savepoint-dir": f"s3://{weed.FILES}/savepoints",
        }
        # Flink's REST API shows its configuration to everyone, but not its environment.
        signed_in = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), keys, strict=True))
        flink = running.enter_context(session_cluster(programs, folder / "flink", on_s3, signed_in))
        project = Project(programs.parent, folder / "home")
        yield Stack(project, hidden, broker, database, store, flink, folder)
