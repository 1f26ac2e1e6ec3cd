"""A client for schema registries with Confluent's REST API: schemas by id, and the ids of schemas."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from headrace_udfs.references import BadReference, resolve
from headrace_udfs.schemas import RegistryFailed, Schema, SchemaId, UnknownSchema

LIMIT_S = 10
"""Timeout of a request, in seconds."""

ATTEMPTS = 4
"""Attempts at a request that fails for a reason that may be transient."""

FIRST_WAIT_S = 0.5
"""Seconds before the second attempt; the wait doubles with each further attempt."""

_UNKNOWN = {40401, 40402, 40403}  # unknown subject, version or schema; any other 404 is not from a registry
_GUIDS = "schemas/guids/"
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_TRANSIENT = {408, 425, 429}
_REFUSED = {409, 422}


_RESUMES = "No record is skipped: the job resumes from its last checkpoint once the registry answers."


class _Transient(RegistryFailed):
    """A failure that may be gone at the next attempt."""


class SchemaRefused(RegistryFailed):
    """The registry does not take a schema, for the reason in the message."""


@dataclass(frozen=True)
class RegistryAddress:
    """The address of a registry and the credentials for it, with `${env:}` and `${file:}` references unresolved.

    url: base of its API. user, password: for basic authentication. token: bearer token. ca: certificate authorities in
    PEM, used instead of those of the system.
    """

    url: str
    user: str | None = None
    password: str | None = None
    token: str | None = None
    ca: str | None = None

    def open(self, consequence: str = _RESUMES) -> Registry:
        """Return a client, with the references resolved. Raises RegistryFailed if one has no valid value.

        consequence: the sentence in errors that says what follows from a failure.
        """
        return Registry(self, consequence)


class Registry:
    """A client of one registry. A request that fails with a transient error is attempted ATTEMPTS times."""

    def __init__(self, address: RegistryAddress, consequence: str = _RESUMES) -> None:
        """Resolve the references of `address`. Raises RegistryFailed if one has no valid value."""
        self._address, self._consequence = address, consequence
        self._url = _base(address.url)
        self._http = httpx.Client(
            auth=_auth(address), headers=_bearer(address), verify=_trust(address), timeout=LIMIT_S, trust_env=False
        )

    def schema(self, number: SchemaId) -> Schema:
        """Return the schema with this id, and those that it refers to. Raises UnknownSchema and RegistryFailed."""
        response = self._fetch(f"schemas/ids/{number}" if isinstance(number, int) else f"{_GUIDS}{number}")
        references: dict[tuple[str, int], tuple[str, str]] = {}
        self._add_references(response, references)
        names, texts = zip(*references.values(), strict=True) if references else ((), ())
        return Schema(response["schema"], texts, response.get("schemaType") or "AVRO", names)

    def id_of(self, subject: str, schema: Schema) -> int:
        """Return the id of a schema of the subject. Raises UnknownSchema if it is not registered; RegistryFailed."""
        return int(self._fetch(_subject(subject), schema)["id"])

    def register(self, subject: str, schema: Schema) -> int:
        """Register a schema as a version of the subject, and return its id. Raises SchemaRefused, RegistryFailed."""
        return int(self._fetch(f"{_subject(subject)}/versions", schema)["id"])

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _add_references(self, schema: dict[str, Any], known: dict[tuple[str, int], tuple[str, str]]) -> None:
        """Add to `known` the names and schemas that `schema` refers to, each after those that it refers to in turn."""
        for reference in schema.get("references") or ():
            subject, version = reference["subject"], reference["version"]
            if (subject, version) not in known:
                referenced = self._fetch(f"{_subject(subject)}/versions/{version}")
                self._add_references(referenced, known)
                known[subject, version] = reference["name"], referenced["schema"]

    def _fetch(self, path: str, sent: Schema | None = None) -> dict[str, Any]:
        """Return what the registry answers to a request; with a schema, to one that sends it."""
        for attempt in Retrying(
            retry=retry_if_exception_type(_Transient),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(FIRST_WAIT_S),
            reraise=True,
        ):
            with attempt:
                return self._request(path, sent)
        raise AssertionError  # the last attempt raises

    def _request(self, path: str, sent: Schema | None) -> dict[str, Any]:
        response = self._response(path, sent)
        status = response.status_code
        if status >= 500 or status in _TRANSIENT:
            raise _Transient(self._failed(path, f"answered {status}", "check its log"))
        if status in {401, 403}:
            raise RegistryFailed(self._failed(path, f"answered {status} to {self._who()}", "use other credentials"))
        body = _json(response)
        # A registry that knows no GUIDs has no such path at all, and a damaged message may seem to name one.
        if status == 404 and (body.get("error_code") in _UNKNOWN or path.startswith(_GUIDS)):
            raise UnknownSchema(f"the registry at {self._url} has no {path}")
        if sent and status in _REFUSED:
            raise SchemaRefused(str(body.get("message") or f"the registry answered {status}"))
        if status != 200 or not isinstance(body.get("id" if sent else "schema"), int if sent else str):
            fix = "check that url: is the base of its Confluent API, like https://host:8443/apis/ccompat/v7"
            raise RegistryFailed(self._failed(path, f"answered {status} without a schema", fix))
        return body

    def _response(self, path: str, sent: Schema | None) -> httpx.Response:
        try:
            return self._http.request("POST" if sent else "GET", f"{self._url}/{path}", json=_sent(sent))
        except httpx.TimeoutException:
            what = f"did not answer within {LIMIT_S} s"
            raise _Transient(self._failed(path, what, "check that it is running")) from None
        except httpx.ConnectError as error:
            untrusted = "CERTIFICATE" in str(error)
            fix = "set its certificate authority under ca:" if untrusted else "check that it is running, and its url:"
            raise _Transient(self._failed(path, f"cannot be reached ({error})", fix)) from None
        except httpx.UnsupportedProtocol:
            fix = "begin url: with https:// or http://"
            raise RegistryFailed(self._failed(path, "has an address that cannot be used", fix)) from None
        except httpx.HTTPError as error:
            # The full text of the error may contain headers.
            what = f"failed ({type(error).__name__})"
            raise _Transient(self._failed(path, what, "check that it is running")) from None

    def _failed(self, path: str, what: str, fix: str) -> str:
        return (
            f"the schema registry at {self._url} {what} (request: {path}). {self._consequence} "
            f"fix: {fix} (schema_registry: in catalogs/)"
        )

    def _who(self) -> str:
        if self._address.token:
            return f"the token {self._address.token}"
        return f"user {self._address.user} with password {self._address.password}" if self._address.user else "no user"


def _resolved(key: str, text: str) -> str:
    try:
        return resolve(text)
    except BadReference as error:
        raise RegistryFailed(f"schema_registry: {key}: {error}; it must exist where the TaskManagers run") from None


def _base(text: str) -> str:
    try:
        url = httpx.URL(_resolved("url", text))
    except httpx.InvalidURL:
        raise RegistryFailed(f"schema_registry: url: the value of {text} is not a valid address") from None
    if url.userinfo:
        raise RegistryFailed("schema_registry: url: contains a user; set user: and password: instead")
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
        raise RegistryFailed(f"schema_registry: token: the value of {address.token} cannot be sent in an HTTP header")
    return {"Authorization": f"Bearer {token}"}


def _trust(address: RegistryAddress) -> ssl.SSLContext:
    if address.ca is None:
        return ssl.create_default_context()
    # Between certificates, bundles have comments in any encoding.
    certificates = _CERTIFICATE.findall(_resolved("ca", address.ca))
    try:
        # Empty data would mean the certificates of the machine.
        return ssl.create_default_context(cadata="\n".join(certificates) or "none")
    except (ssl.SSLError, ValueError, TypeError):
        raise RegistryFailed(f"schema_registry: ca: the value of {address.ca} is not a PEM certificate") from None


def _subject(name: str) -> str:
    return f"subjects/{quote(name, safe='')}"


def _sent(schema: Schema | None) -> dict[str, str] | None:
    """Return the body of a request that sends a schema. One of Avro has no type: the first registries knew no other."""
    if schema is None:
        return None
    return {"schema": schema.definition, **({} if schema.kind == "AVRO" else {"schemaType": schema.kind})}


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
