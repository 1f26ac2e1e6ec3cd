"""Schemas of a registry that speaks Confluent's REST API, fetched by their ids where the worker runs."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from headrace_udfs.references import MissingReference, resolve
from headrace_udfs.schemas import RegistryFailed, Schema, UnknownSchema

LIMIT_S = 10
ATTEMPTS = 4
FIRST_WAIT_S = 0.5

_UNKNOWN = {40401, 40402, 40403}  # no such subject, version, schema; any other 404 is not the registry's word
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_PASSING = {408, 425, 429}


class _Passing(RegistryFailed):
    """What may be over in a moment."""


@dataclass(frozen=True)
class RegistryAddress:
    """A registry: base address of its API, who signs in, and a CA in PEM in the place of the system's.

    `${env:}` and `${file:}` stand unresolved.
    """

    url: str
    user: str | None = None
    password: str | None = None
    token: str | None = None
    ca: str | None = None

    def open(self) -> Registry:
        """The registry, its references resolved. Raises RegistryFailed."""
        return Registry(self)


class Registry:
    """A client of one registry. What may be over in a moment is tried ATTEMPTS times."""

    def __init__(self, address: RegistryAddress) -> None:
        self._address = address
        self._url = _base(address.url)
        self._http = httpx.Client(
            auth=_auth(address), headers=_bearer(address), verify=_trust(address), timeout=LIMIT_S, trust_env=False
        )

    def schema(self, number: int) -> Schema:
        """The schema of this id, and those it refers to. Raises UnknownSchema and RegistryFailed."""
        told = self._told(f"schemas/ids/{number}")
        references: dict[tuple[str, int], str] = {}
        self._follow(told, references)
        return Schema(told["schema"], tuple(references.values()))

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _follow(self, told: dict[str, Any], found: dict[tuple[str, int], str]) -> None:
        for reference in told.get("references") or ():
            subject, version = reference["subject"], reference["version"]
            if (subject, version) not in found:
                within = self._told(f"subjects/{quote(subject, safe='')}/versions/{version}")
                self._follow(within, found)
                found[subject, version] = within["schema"]

    def _told(self, path: str) -> dict[str, Any]:
        for attempt in Retrying(
            retry=retry_if_exception_type(_Passing),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(FIRST_WAIT_S),
            reraise=True,
        ):
            with attempt:
                return self._asked(path)
        raise AssertionError  # the last attempt raises

    def _asked(self, path: str) -> dict[str, Any]:
        try:
            answer = self._http.get(f"{self._url}/{path}")
        except httpx.TimeoutException:
            raise _Passing(self._failed(path, f"did not answer within {LIMIT_S} s", "see that it is up")) from None
        except httpx.ConnectError as error:
            fix = "give its authority under ca:" if "CERTIFICATE" in str(error) else "see that it is up, and its url:"
            raise _Passing(self._failed(path, f"cannot be reached ({error})", fix)) from None
        except httpx.UnsupportedProtocol:
            fix = "begin url: with https:// or http://"
            raise RegistryFailed(self._failed(path, "has no address that can be asked", fix)) from None
        except httpx.HTTPError as error:
            # What it says in full may hold headers.
            raise _Passing(self._failed(path, f"broke off ({type(error).__name__})", "see that it is up")) from None
        if answer.status_code >= 500 or answer.status_code in _PASSING:
            raise _Passing(self._failed(path, f"answered {answer.status_code}", "see its own log"))
        if answer.status_code in {401, 403}:
            raise RegistryFailed(self._failed(path, f"answered {answer.status_code} to {self._who()}", "give another"))
        told = _json(answer)
        if answer.status_code == 404 and told.get("error_code") in _UNKNOWN:
            raise UnknownSchema(f"the registry at {self._url} has no {path}")
        if answer.status_code != 200 or not isinstance(told.get("schema"), str):
            fix = "see that url: is the base of its Confluent API, like https://host:8443/apis/ccompat/v7"
            raise RegistryFailed(self._failed(path, f"answered {answer.status_code} and told no schema", fix))
        return told

    def _failed(self, path: str, what: str, fix: str) -> str:
        return (
            f"the schema registry at {self._url} {what}, asked for {path}. No record is skipped for it: the job goes "
            f"on from its last checkpoint once the registry answers. fix: {fix} (schema_registry: in catalogs/)"
        )

    def _who(self) -> str:
        if self._address.token:
            return f"the token {self._address.token}"
        return f"user {self._address.user} with password {self._address.password}" if self._address.user else "no user"


def _resolved(key: str, text: str) -> str:
    try:
        return resolve(text)
    except MissingReference as error:
        raise RegistryFailed(f"schema_registry: {key}: {error}; it has to be where the TaskManagers run") from None


def _base(text: str) -> str:
    try:
        url = httpx.URL(_resolved("url", text))
    except httpx.InvalidURL:
        raise RegistryFailed(f"schema_registry: url: what {text} names is no address") from None
    if url.userinfo:
        raise RegistryFailed("schema_registry: url: has a user in it; give that under user: and password:")
    return str(url).rstrip("/")


def _auth(address: RegistryAddress) -> httpx.BasicAuth | None:
    if address.user is None or address.password is None:
        return None
    return httpx.BasicAuth(_resolved("user", address.user), _resolved("password", address.password))


def _bearer(address: RegistryAddress) -> dict[str, str]:
    if address.token is None:
        return {}
    token = _resolved("token", address.token)
    if not (token.isascii() and token.isprintable()):
        raise RegistryFailed(f"schema_registry: token: what {address.token} names cannot stand in a header")
    return {"Authorization": f"Bearer {token}"}


def _trust(address: RegistryAddress) -> ssl.SSLContext:
    if address.ca is None:
        return ssl.create_default_context()
    # Between certificates, bundles tell in any language whose they are.
    found = _CERTIFICATE.findall(_resolved("ca", address.ca))
    try:
        # None at all would be the machine's own.
        return ssl.create_default_context(cadata="\n".join(found) or "none")
    except (ssl.SSLError, ValueError, TypeError):
        raise RegistryFailed(f"schema_registry: ca: what {address.ca} names is no certificate in PEM") from None


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
