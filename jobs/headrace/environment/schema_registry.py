"""The schema registry of an environment, as its file has it."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import ValidationInfo, field_validator

from headrace.project import yaml_file
from headrace_udfs.references import has_reference
from headrace_udfs.registry import RegistryAddress


class SchemaRegistry(yaml_file.Model, use_attribute_docstrings=True):
    """A schema registry with Confluent's REST API. The workers ask it, so its references are read where they run."""

    url: str
    """Base address of the API, https://host:port, with the path that the registry has it under."""
    user: str | None = None
    """Who signs in, where the registry asks for a password."""
    password: str | None = None
    """The user's password, by reference: ${env:NAME} or ${file:PATH}."""
    token: str | None = None
    """A bearer token in the place of user and password, by reference."""
    ca: str | None = None
    """The authority of the registry's certificate in PEM, by reference, if not one of the machine's own."""

    @field_validator("url")
    @classmethod
    def _of_nobody(cls, value: str) -> str:
        if not has_reference(value) and "@" in urlsplit(value).netloc:
            raise ValueError("the address has a user in it; give that as user: and password:")
        return value

    @field_validator("password", "token", "ca")
    @classmethod
    def _by_reference(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not has_reference(value):
            raise ValueError(f"the {info.field_name} is wanted by reference; write ${{env:NAME}} or ${{file:PATH}}")
        return value

    @field_validator("password")
    @classmethod
    def _of_a_user(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("user") is None:
            raise ValueError("a password is somebody's; add user:")
        return value

    @field_validator("token")
    @classmethod
    def _one_way_in(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("user") is not None:
            raise ValueError("a registry is signed in to in one way; give user: and password:, or token:")
        return value

    def address(self) -> RegistryAddress:
        """As the workers are told of it, references unresolved."""
        return RegistryAddress(**self.model_dump())
