"""Settings of an environment, read once, then frozen: catalogs/<env>.yaml, overridden by HEADRACE_<SECTION>__<KEY>."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from headrace.environment import catalog_types, kafka_options
from headrace.environment.schema_registry import SchemaRegistry
from headrace.environment.secret_values import is_reference
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.project import pattern, yaml_file
from headrace.project.model_paths import model_path
from headrace.project.paths import Project
from headrace_udfs.references import FORM, BadReference, malformed, resolve

_OVERRIDE = re.compile(r"HEADRACE_(CATALOG|KAFKA|FLINK|SCHEMA_REGISTRY)__([A-Z0-9_]+)")


class Flink(yaml_file.Model, use_attribute_docstrings=True):
    """The session cluster that jobs run on."""

    rest: str
    """Address of its REST API, http://host:port; https://host:port with `tls`."""
    tls: str | None = None
    """Folder of the client certificate, for a REST API that asks for one; `headrace local up` makes the local one."""
    parallelism: int = Field(default=1, ge=1)
    """Slots per job, unless a command sets another number."""
    checkpoint_interval_s: float = Field(default=10, gt=0)
    """Seconds between checkpoints. Each checkpoint commits the rows written since the last."""
    openlineage: bool = False
    """Report what each job reads and writes to an OpenLineage service; ./run openlineage fetches the listener."""


def _versions(value: dict[int, str]) -> dict[int, str]:
    if literal := [version for version, text in value.items() if not is_reference(text.replace("${home}", ""))]:
        raise ValueError(f"version {literal[0]} is not a reference; {FORM}")
    return value


KeyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""The name of a key, which is a part of what is encrypted with it."""

Versions = Annotated[dict[Annotated[int, Field(ge=1)], str], Field(min_length=1), AfterValidator(_versions)]
"""The versions of a key; the highest is in use."""


class Settings(yaml_file.Model, use_attribute_docstrings=True):
    """The settings that differ between environments; `${env:NAME}` and `${file:PATH}` are unresolved references."""

    catalog: catalog_types.Catalog
    kafka: dict[str, str]
    """Options of librdkafka, like bootstrap.servers."""
    flink: Flink
    schema_registry: SchemaRegistry | None = None
    """Schema registry of topics in the format avro."""
    keys: dict[KeyName, Versions] = {}
    """Keys that sources mask values with and encrypt payloads with: references by version, which count up."""
    vars: dict[str, str | int | float | bool] = {}
    """Values of var() in templates."""
    deploy: list[str] = ["*"]
    """Jobs to run in this environment: names, or patterns like historian/*."""
    slots: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Slots of single jobs, by name, that differ from flink.parallelism."""

    def slots_of(self, job: str) -> int:
        """Return the number of slots that the job runs in."""
        return self.slots.get(job, self.flink.parallelism)

    def deploys(self, job: str) -> bool:
        """Return whether the environment is to run the job."""
        return any(pattern.select([job], asked) for asked in self.deploy)

    @field_validator("kafka")
    @classmethod
    def _known_to_flink(cls, options: dict[str, str]) -> dict[str, str]:
        errors = [
            InitErrorDetails(
                type=PydanticCustomError("value_error", "{error}", {"error": fault}), loc=(name,), input=name
            )
            for name, fault in kafka_options.check(options).items()
        ]
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return options

    def kafka_client(self) -> dict[str, str]:
        """Return the librdkafka options with references resolved. Raises PlatformError if one cannot be resolved.

        The client logs nothing to standard error: what matters comes as an exception, in the engine's own words.
        """
        return {"log_level": "0", **resolved(self.kafka)}

    def flink_rest(self) -> str:
        """Return the base address of the cluster's REST API, `http://host:port`; `https:` if it has certificates.

        Raises PlatformError if a reference cannot be resolved, or the address does not fit flink.tls.
        """
        rest = _resolved(self.flink.rest).rstrip("/")
        if self.flink.tls and not rest.startswith("https://"):
            fix = "flink.rest has to begin with https:// where flink.tls is set; otherwise remove flink.tls"
            raise PlatformError("a client certificate is never shown without encryption", rest, fix)
        return rest

    def flink_tls(self) -> Path | None:
        """Return the folder of the client certificate for the REST API; None if it asks for none."""
        return Path(_resolved(self.flink.tls)) if self.flink.tls else None


def load(project: Project, env: str) -> Settings:
    """Return the settings of the environment `env`. Raises UserError for an invalid file, value or override."""
    path = project.root / "catalogs" / f"{env}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none"
        raise UserError(f"no environment '{env}'", Place.of(path), f"known: {known}; pick one with --env")
    settings = yaml_file.load(path, Settings)
    if problems := [
        Problem(f"{'.'.join(keys)}: {what}", yaml_file.place(path, keys), fix)
        for keys, what, fix in _unusable(settings.model_dump())
    ]:
        raise UserError(problems)
    return _validated(_expand(_overridden(settings.model_dump()), project.home))


def resolved(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options with references resolved. Raises PlatformError if one cannot be resolved."""
    return {key: _resolved(value) for key, value in options.items()}


def _overridden(values: dict[str, Any]) -> dict[str, Any]:
    for name, value in os.environ.items():
        if match := _OVERRIDE.fullmatch(name):
            section, keys = match[1].lower(), match[2].lower().split("__")
            if section == "kafka":
                values[section][match[2].lower().replace("_", ".")] = value
                continue
            within = values[section] or {}
            for key in keys[:-1]:
                within = (within.get(key) or {}) if isinstance(within, dict) else {}
            if not isinstance(within, dict) or keys[-1] not in within:
                known = ", ".join(f"HEADRACE_{match[1]}__{k.upper()}" for k in _leaves(values[section] or {})) or "none"
                raise UserError([Problem(f"{name} overrides no setting", "the environment", f"known: {known}")])
            within[keys[-1]] = value
    return values


def _leaves(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}__")
        else:
            yield prefix + key


def _unusable(values: dict[str, Any], within: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield the keys, the fault and the fix of each malformed reference, and of each text with a control character.

    The values of `vars:` are the user's own: no reference in them is resolved.
    """
    for key, value in values.items():
        keys = (*within, key)
        if isinstance(value, dict) and keys != ("vars",):
            yield from _unusable(value, keys)
        elif isinstance(value, str) and (beginning := malformed(value)):
            yield keys, f"{beginning}... is not a valid reference", f"{FORM}; any other text with it goes into a file"
        elif isinstance(value, str) and not value.isprintable():
            yield keys, "the value contains a control character", "put it in a file, and write ${file:PATH}"


def _validated(values: dict[str, Any]) -> Settings:
    """Return the settings with overrides. The file itself is valid, so only an override can be at fault."""
    if problems := [
        Problem(f"{_variable(keys)}: {what}", "the environment", fix) for keys, what, fix in _unusable(values)
    ]:
        raise UserError(problems)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = []
        for item in error.errors():
            path = model_path(Settings, item["loc"])
            name = _variable(path.location)
            what, _, fix = item["msg"].removeprefix("Value error, ").partition("; ")
            problems.append(Problem(f"{name}: {what}", "the environment", fix or path.meaning))
        raise UserError(problems) from None


def _variable(location: Sequence[str | int]) -> str:
    return "HEADRACE_" + "__".join(str(key).upper().replace(".", "_") for key in location)


def _expand(value: Any, home: Path) -> Any:
    if isinstance(value, dict):
        return {key: _expand(inner, home) for key, inner in value.items()}
    return value.replace("${home}", str(home)) if isinstance(value, str) else value


def _resolved(text: str) -> str:
    try:
        return resolve(text)
    except BadReference as error:
        missing = "start the local platform with `headrace local up`" if "/local/" in text else "set it, or pick --env"
        raise PlatformError(str(error), fix=error.fix or missing) from None
