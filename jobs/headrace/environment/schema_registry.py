"""The settings of an environment's schema registry."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import ValidationInfo, field_validator

from headrace.environment.secret_values import is_reference
from headrace.project import yaml_file
from headrace_udfs.registry import RegistryAddress


class SchemaRegistry(yaml_file.Model, use_attribute_docstrings=True):
    """A schema registry with Confluent's REST API. The workers call it, so references are resolved where they run."""

    url: str
    """Base address of the API, https://host:port, with the path at which the registry serves it."""
    user: str | None = None
    """User, if the registry requires a password."""
    password: str | None = None
    """The user's password, by reference: ${env:NAME} or ${file:PATH}."""
    token: str | None = None
    """A bearer token instead of user and password, by reference."""
    ca: str | None = None
    """Certificate authority of the registry in PEM, by reference; the default is the machine's own authorities."""

    @field_validator("url")
    @classmethod
    def _without_user(cls, value: str) -> str:
        if not is_reference(value) and "@" in urlsplit(value).netloc:
            raise ValueError("the address contains a user; give it as user: and password:")
        return value

    @field_validator("password", "token", "ca")
    @classmethod
    def _by_reference(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not is_reference(value):
            raise ValueError(f"the {info.field_name} must be a reference; write ${{env:NAME}} or ${{file:PATH}}")
        return value

    @field_validator("password")
    @classmethod
    def _with_user(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("user") is None:
            raise ValueError("a password needs a user; add user:")
        return value

    @field_validator("token")
    @classmethod
    def _one_way_to_sign_in(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("user") is not None:
            raise ValueError("use one way to sign in; give user: and password:, or token:")
        return value

    def address(self) -> RegistryAddress:
        """Return the address for the workers, with references unresolved."""
        return RegistryAddress(**self.model_dump())
