"""Encrypts payloads that must not be stored in the clear, and reads them back.

A sealed payload is `headrace-sealed:<key>:<version>:` and then AES-SIV (RFC 5297) of the payload. Of the same payload,
AES-SIV makes the same bytes: a restarted job writes what it wrote before, and a reader can see that two are equal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from headrace_udfs.contract import Contract
from headrace_udfs.contract_privacy import Handling
from headrace_udfs.key_ring import BadKey, Key, KeyRing, Keys

_FRONT = re.compile(rb"headrace-sealed:([^:]+):(\d+):")


SEALED = "payload_to_store"
"""The SQL function of a payload that returns what is stored of it, in the name of a source's functions."""


class NotSealed(ValueError):
    """The bytes are not sealed, or were changed since."""


def seal(payload: bytes, key: Key) -> bytes:
    """Return the payload sealed with the key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415 - loads OpenSSL, which few jobs need

    front = f"headrace-sealed:{key.name}:{key.version}:".encode()
    return front + AESSIV(key.derived("seal")).encrypt(payload, [front])


def is_sealed(stored: bytes) -> bool:
    """Return whether the bytes are sealed."""
    return _FRONT.match(stored) is not None


def key_name(stored: bytes) -> str | None:
    """Return the name of the key that the bytes are sealed with; None if they are not sealed."""
    match = _FRONT.match(stored)
    return match[1].decode("utf-8", "replace") if match else None


def unseal(stored: bytes, keys: Keys) -> bytes:
    """Return the payload. Raises NotSealed; BadKey if `keys` do not have the key that it was sealed with."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415

    match = _FRONT.match(stored)
    if match is None:
        raise NotSealed("the payload is not encrypted")
    name, version = match[1].decode("utf-8", "replace"), int(match[2])
    try:
        return AESSIV(keys.version(name, version).derived("seal")).decrypt(stored[match.end() :], [match[0]])
    except InvalidTag:
        raise BadKey(f"the payload was encrypted with another key than '{name}', version {version}, has now") from None


@dataclass(frozen=True)
class Protection:
    """What is stored of payloads, as a contract says. Only this is pickled, with references to keys."""

    handling: Handling
    key: str | None
    keys: KeyRing

    @classmethod
    def of_dead_letters(cls, contract: Contract, keys: KeyRing) -> Protection:
        """Return that of dead letters."""
        return cls(contract.payloads.dead_letters, contract.payload.key if contract.payload else None, keys)

    @classmethod
    def of_late_readings(cls, contract: Contract, keys: KeyRing) -> Protection:
        """Return that of late readings."""
        return cls(contract.payloads.late_readings, contract.payload.key if contract.payload else None, keys)

    def open(self) -> Protector:
        """Return what protects payloads. Raises BadKey."""
        if self.handling == "encrypt" and self.key:
            return Protector(self.handling, self.keys.open([self.key]).current(self.key))
        return Protector(self.handling, None)


@dataclass(frozen=True)
class Protector:
    """Protects payloads, with the key that it needs."""

    handling: Handling
    key: Key | None

    def stored(self, payloads: Sequence[bytes | None]) -> list[bytes | None]:
        """Return what is stored of payloads: themselves, sealed, or null; null of null."""
        if self.handling == "keep":
            return [*payloads]
        key = self.key
        return [None if payload is None or key is None else seal(payload, key) for payload in payloads]
