"""The types of Iceberg catalog, each with its settings for pyiceberg and for Flink."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from headrace.environment.s3 import S3
from headrace.project import yaml_file
from headrace_udfs.references import quoted

_DATABASE_LIMIT_S = 10


class SqliteCatalog(yaml_file.Model, use_attribute_docstrings=True):
    """A catalog for one machine: a JDBC catalog in an SQLite file, with data in a folder."""

    type: Literal["sqlite"]
    name: str
    """Name of the catalog in Flink and DuckDB."""
    path: str
    """The SQLite file; ${home} is .headrace."""
    warehouse: str
    """Address of the folder for data, file://..."""
    s3: ClassVar[None] = None

    @property
    def address(self) -> str:
        """The address to show to people."""
        return self.path

    def pyiceberg(self) -> dict[str, str]:
        """Return properties for pyiceberg's SqlCatalog."""
        return {"type": "sql", "uri": f"sqlite:///{self.path}", "warehouse": self.warehouse}

    def flink(self) -> dict[str, str]:
        """Return options of Flink's CREATE CATALOG for the same tables."""
        return {**_jdbc(f"jdbc:sqlite:{self.path}"), "warehouse": self.warehouse}


class PostgresCatalog(yaml_file.Model, use_attribute_docstrings=True):
    """A JDBC catalog in a Postgres database."""

    type: Literal["postgres"]
    name: str
    """Name of the catalog in Flink and DuckDB; the database stores its tables under this name."""
    host: str
    """Host of the database."""
    port: int = 5432
    """Its port."""
    database: str
    """Name of the database, which must exist; the catalog creates its own two tables in it."""
    user: str
    """User of the database. It must be allowed to create tables, at least the first time."""
    password: str
    """The user's password, by reference: ${env:NAME} or ${file:PATH}."""
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    """Whether the connection is encrypted and the server's certificate checked, as Postgres defines it."""
    warehouse: str
    """Address of the folder for data, s3://bucket/folder, or file://... if all machines share it."""
    s3: S3 | None = None
    """The object store, if the warehouse is s3://..."""

    @property
    def address(self) -> str:
        """The address to show to people."""
        return f"{self.host}:{self.port}/{self.database}"

    def pyiceberg(self) -> dict[str, str]:
        """Return properties for pyiceberg's SqlCatalog."""
        who = f"{quoted(self.user, 'url')}:{quoted(self.password, 'url')}"
        options = f"sslmode={self.sslmode}&connect_timeout={_DATABASE_LIMIT_S}"
        return {
            "type": "sql",
            "uri": f"postgresql+psycopg2://{who}@{self.address}?{options}",
            "warehouse": self.warehouse,
            **(self.s3.pyiceberg() if self.s3 else {}),
        }

    def flink(self) -> dict[str, str]:
        """Return options of Flink's CREATE CATALOG for the same tables."""
        options = f"sslmode={self.sslmode}&connectTimeout={_DATABASE_LIMIT_S}"
        return {
            **_jdbc(f"jdbc:postgresql://{self.address}?{options}"),
            "jdbc.user": self.user,
            "jdbc.password": self.password,
            "warehouse": self.warehouse,
            **(self.s3.flink() if self.s3 else {}),
        }


class RestCatalog(yaml_file.Model, use_attribute_docstrings=True):
    """A server with Iceberg's REST protocol."""

    type: Literal["rest"]
    name: str
    """Name of the catalog in Flink and DuckDB."""
    uri: str
    """Address of the server, http(s)://host:port, without a trailing / or /v1."""
    warehouse: str
    """The warehouse as the server knows it: an address or a name."""
    credential: str | None = None
    """`id:secret` of an OAuth2 client, by reference: ${env:NAME} or ${file:PATH}."""
    token: str | None = None
    """A bearer token instead of a credential, by reference."""
    oauth2_server_uri: str | None = None
    """Address where the credential is exchanged for a token; the default is the catalog's own."""
    scope: str | None = None
    """Scope of the token; the default is `catalog`."""
    s3: S3 | None = None
    """The object store with the data."""

    @property
    def address(self) -> str:
        """The address to show to people."""
        return self.uri

    def pyiceberg(self) -> dict[str, str]:
        """Return properties for pyiceberg's RestCatalog."""
        # Instead of a type: pyiceberg's own class waits indefinitely.
        implementation = "headrace_udfs.restcatalog.BoundedRestCatalog"
        return {"py-catalog-impl": implementation, **self._server(), **(self.s3.pyiceberg() if self.s3 else {})}

    def flink(self) -> dict[str, str]:
        """Return options of Flink's CREATE CATALOG for the same tables."""
        return {"type": "iceberg", "catalog-type": "rest", **self._server(), **(self.s3.flink() if self.s3 else {})}

    def _server(self) -> dict[str, str]:
        # Both are sent in the head of a request, where a line break would begin another field.
        secrets = {"credential": self.credential, "token": self.token}
        optional = {
            **{key: quoted(value, "line") for key, value in secrets.items() if value is not None},
            "oauth2-server-uri": self.oauth2_server_uri or (self.credential and f"{self.uri}/v1/oauth/tokens"),
            "scope": self.scope,
        }
        given = {key: value for key, value in optional.items() if value is not None}
        return {"uri": self.uri, "warehouse": self.warehouse, **given}


Catalog = Annotated[SqliteCatalog | PostgresCatalog | RestCatalog, Field(discriminator="type")]


def _jdbc(uri: str) -> dict[str, str]:
    # CREATE CATALOG has no catalog-type for JDBC; V1 is the layout that pyiceberg shares.
    return {
        "type": "iceberg",
        "catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        "uri": uri,
        "jdbc.schema-version": "V1",
    }
