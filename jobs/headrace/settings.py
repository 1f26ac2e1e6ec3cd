"""An environment's settings: catalogs/<env>.yaml < HEADRACE_<SECTION>__<KEY> < argument, read once, then frozen."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from headrace import yamlfile
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.project import Project
from headrace_udfs.references import MissingReference, resolve

_OVERRIDE = re.compile(r"HEADRACE_(CATALOG|KAFKA|FLINK)__([A-Z0-9_]+)")


class SqliteCatalog(yamlfile.Model, use_attribute_docstrings=True):
    """Iceberg tables of one machine: a JDBC catalog in an SQLite file, data in a folder."""

    type: Literal["sqlite"]
    name: str
    """What Flink and DuckDB call the catalog."""
    path: str
    """The SQLite file; ${home} is .headrace."""
    warehouse: str
    """Address of the folder for data, file://..."""

    def pyiceberg(self) -> dict[str, str]:
        """Properties for pyiceberg's SqlCatalog."""
        return {"type": "sql", "uri": f"sqlite:///{self.path}", "warehouse": self.warehouse}

    def flink(self) -> dict[str, str]:
        """Options of Flink's CREATE CATALOG over the same tables."""
        return {
            "type": "iceberg",
            "catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
            "uri": f"jdbc:sqlite:{self.path}",
            "jdbc.schema-version": "V1",
            "warehouse": self.warehouse,
        }


class Flink(yamlfile.Model, use_attribute_docstrings=True):
    """The session cluster that jobs run on."""

    rest: str
    """Address of its REST API, http://host:port."""
    parallelism: int = Field(default=1, ge=1)
    """Slots a job runs in, where a command does not say."""
    checkpoint_interval_s: float = Field(default=10, gt=0)
    """Seconds between checkpoints, each of which commits what was written."""


class Settings(yamlfile.Model, use_attribute_docstrings=True):
    """What differs from one environment to the next; `${env:NAME}` and `${file:PATH}` stand unresolved."""

    catalog: SqliteCatalog
    kafka: dict[str, str]
    """Options of librdkafka, like bootstrap.servers."""
    flink: Flink
    vars: dict[str, str | int | float | bool] = {}
    """What var() gives in a template."""

    def kafka_client(self) -> dict[str, str]:
        """librdkafka options, references resolved. Raises PlatformError where one leads nowhere."""
        return {key: _resolved(value) for key, value in self.kafka.items()}

    def flink_rest(self) -> str:
        """Base address of the cluster's REST API, `http://host:port`."""
        return _resolved(self.flink.rest).rstrip("/")


def load(project: Project, env: str) -> Settings:
    """Settings of the environment `env`. Raises UserError for a bad file, value or override."""
    path = project.root / "catalogs" / f"{env}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none"
        raise UserError(f"no environment '{env}'", Place.of(path), f"known: {known}; pick one with --env")
    settings = yamlfile.load(path, Settings)
    return Settings.model_validate(_expand(_overridden(settings.model_dump()), project.home))


def _overridden(values: dict[str, Any]) -> dict[str, Any]:
    for name, value in os.environ.items():
        if match := _OVERRIDE.fullmatch(name):
            section, key = match[1].lower(), match[2].lower()
            key = key.replace("_", ".") if section == "kafka" else key
            if section != "kafka" and key not in values[section]:
                known = ", ".join(f"HEADRACE_{match[1]}__{k.upper()}" for k in values[section])
                raise UserError([Problem(f"{name} overrides no setting", "the environment", f"known: {known}")])
            values[section][key] = value
    return values


def _expand(value: Any, home: Path) -> Any:
    if isinstance(value, dict):
        return {key: _expand(inner, home) for key, inner in value.items()}
    return value.replace("${home}", str(home)) if isinstance(value, str) else value


def _resolved(text: str) -> str:
    try:
        return resolve(text)
    except MissingReference as error:
        hint = "start the local platform with `headrace local up`" if "/local/" in text else "set it, or pick --env"
        raise PlatformError(str(error), fix=hint) from None
