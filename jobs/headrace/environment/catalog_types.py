"""The kinds of Iceberg catalog, each as pyiceberg and as Flink are told of it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from headrace.environment.s3 import S3
from headrace.project import yaml_file
from headrace_udfs.references import quoted

_DATABASE_LIMIT_S = 10


class SqliteCatalog(yaml_file.Model, use_attribute_docstrings=True):
    """Iceberg tables of one machine: a JDBC catalog in an SQLite file, data in a folder."""

    type: Literal["sqlite"]
    name: str
    """What Flink and DuckDB call the catalog."""
    path: str
    """The SQLite file; ${home} is .headrace."""
    warehouse: str
    """Address of the folder for data, file://..."""
    s3: ClassVar[None] = None

    @property
    def address(self) -> str:
        """Where it is, for people."""
        return self.path

    def pyiceberg(self) -> dict[str, str]:
        """Properties for pyiceberg's SqlCatalog."""
        return {"type": "sql", "uri": f"sqlite:///{self.path}", "warehouse": self.warehouse}

    def flink(self) -> dict[str, str]:
        """Options of Flink's CREATE CATALOG over the same tables."""
        return {**_jdbc(f"jdbc:sqlite:{self.path}"), "warehouse": self.warehouse}


class PostgresCatalog(yaml_file.Model, use_attribute_docstrings=True):
    """A JDBC catalog in a Postgres database."""

    type: Literal["postgres"]
    name: str
    """What Flink and DuckDB call the catalog; the database keeps its tables under this name."""
    host: str
    """Host of the database."""
    port: int = 5432
    """Its port."""
    database: str
    """Name of the database, which must be there; the catalog's own two tables are made in it."""
    user: str
    """Who signs in: may make tables in the database, at least the first time."""
    password: str
    """The user's password, by reference: ${env:NAME} or ${file:PATH}."""
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    """Whether the connection is encrypted and the server's certificate checked, in Postgres's own words."""
    warehouse: str
    """Address of the folder for data, s3://bucket/folder, or file://... where all machines share it."""
    s3: S3 | None = None
    """The store, where the warehouse is s3://..."""

    @property
    def address(self) -> str:
        """Where it is, for people."""
        return f"{self.host}:{self.port}/{self.database}"

    def pyiceberg(self) -> dict[str, str]:
        """Properties for pyiceberg's SqlCatalog."""
        who = f"{quoted(self.user, 'url')}:{quoted(self.password, 'url')}"
        options = f"sslmode={self.sslmode}&connect_timeout={_DATABASE_LIMIT_S}"
        return {
            "type": "sql",
            "uri": f"postgresql+psycopg2://{who}@{self.address}?{options}",
            "warehouse": self.warehouse,
            **(self.s3.pyiceberg() if self.s3 else {}),
        }

    def flink(self) -> dict[str, str]:
        """Options of Flink's CREATE CATALOG over the same tables."""
        options = f"sslmode={self.sslmode}&connectTimeout={_DATABASE_LIMIT_S}"
        return {
            **_jdbc(f"jdbc:postgresql://{self.address}?{options}"),
            "jdbc.user": self.user,
            "jdbc.password": self.password,
            "warehouse": self.warehouse,
            **(self.s3.flink() if self.s3 else {}),
        }


class RestCatalog(yaml_file.Model, use_attribute_docstrings=True):
    """A server that speaks Iceberg's REST protocol."""

    type: Literal["rest"]
    name: str
    """What Flink and DuckDB call the catalog."""
    uri: str
    """Address of the server, http(s)://host:port, without a / or the /v1 at its end."""
    warehouse: str
    """What the server calls the warehouse: an address, or a name."""
    credential: str | None = None
    """`id:secret` of an OAuth2 client, by reference: ${env:NAME} or ${file:PATH}."""
    token: str | None = None
    """A bearer token in the place of a credential, by reference."""
    oauth2_server_uri: str | None = None
    """Where the credential is exchanged for a token, if not at the catalog itself."""
    scope: str | None = None
    """What the token is asked for, if not `catalog`."""
    s3: S3 | None = None
    """The store that the server keeps the data in."""

    @property
    def address(self) -> str:
        """Where it is, for people."""
        return self.uri

    def pyiceberg(self) -> dict[str, str]:
        """Properties for pyiceberg's RestCatalog."""
        # In the place of a type: pyiceberg's own class waits for ever.
        implementation = "headrace_udfs.restcatalog.BoundedRestCatalog"
        return {"py-catalog-impl": implementation, **self._server(), **(self.s3.pyiceberg() if self.s3 else {})}

    def flink(self) -> dict[str, str]:
        """Options of Flink's CREATE CATALOG over the same tables."""
        return {"type": "iceberg", "catalog-type": "rest", **self._server(), **(self.s3.flink() if self.s3 else {})}

    def _server(self) -> dict[str, str]:
        optional = {
            "credential": self.credential,
            "token": self.token,
            "oauth2-server-uri": self.oauth2_server_uri or (self.credential and f"{self.uri}/v1/oauth/tokens"),
            "scope": self.scope,
        }
        given = {key: value for key, value in optional.items() if value is not None}
        return {"uri": self.uri, "warehouse": self.warehouse, **given}


Catalog = Annotated[SqliteCatalog | PostgresCatalog | RestCatalog, Field(discriminator="type")]


def _jdbc(uri: str) -> dict[str, str]:
    # CREATE CATALOG has no catalog-type of its own for JDBC; V1 is the layout that pyiceberg shares.
    return {
        "type": "iceberg",
        "catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        "uri": uri,
        "jdbc.schema-version": "V1",
    }
