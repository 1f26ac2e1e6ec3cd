"""The keys that values are masked with and payloads are encrypted with: references until a worker needs them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from headrace_udfs.references import BadReference, resolve

SHORTEST = 32
"""Characters of the shortest key."""

_MAKE = "make one with `openssl rand -hex 32`"


class BadKey(ValueError):
    """A key is missing, too short, or its reference cannot be resolved. The text never contains a key."""


@dataclass(frozen=True)
class Key:
    """One version of a key, and secrets derived from it, one per purpose, so that none tells about another."""

    name: str
    version: int
    _secret: bytes

    def derived(self, purpose: str) -> bytes:
        """Return 64 bytes: HMAC-SHA512 of the purpose."""
        return hmac.digest(self._secret, purpose.encode(), hashlib.sha512)

    def __repr__(self) -> str:
        return f"Key({self.name!r}, {self.version})"


class Keys:
    """Keys by name and version, which are secrets: they are never pickled."""

    def __init__(self, keys: Mapping[str, Mapping[int, Key]]) -> None:
        self._keys = keys

    def current(self, name: str) -> Key:
        """Return the highest version of a key. Raises BadKey if there is none."""
        versions = self._versions(name)
        return versions[max(versions)]

    def version(self, name: str, version: int) -> Key:
        """Return one version of a key. Raises BadKey if there is none."""
        versions = self._versions(name)
        if version not in versions:
            known = ", ".join(map(str, sorted(versions)))
            raise BadKey(f"the key '{name}' has no version {version} in keys: of catalogs/; it has: {known}")
        return versions[version]

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("keys are not pickled")

    def _versions(self, name: str) -> Mapping[int, Key]:
        if not self._keys.get(name):
            raise BadKey(f"there is no key '{name}' in keys: of catalogs/")
        return self._keys[name]


@dataclass(frozen=True)
class KeyRing:
    """Where keys are: by name and version, `${env:NAME}` and `${file:PATH}` references. This is what is pickled."""

    references: Mapping[str, Mapping[int, str]]

    def open(self, names: Collection[str]) -> Keys:
        """Return the keys with these names. Raises BadKey if a key is missing or too short."""
        return Keys({name: self._opened(name) for name in names})

    def _opened(self, name: str) -> dict[int, Key]:
        versions = self.references.get(name)
        if not versions:
            raise BadKey(f"there is no key '{name}' in keys: of catalogs/; add it: {name}: {{1: ${{file:PATH}}}}")
        return {version: _key(name, version, reference) for version, reference in versions.items()}


def _key(name: str, version: int, reference: str) -> Key:
    try:
        secret = resolve(reference).strip()
    except BadReference as error:
        raise BadKey(f"key '{name}', version {version}: {error}; it must exist where the TaskManagers run") from None
    if len(secret) < SHORTEST:
        raise BadKey(f"key '{name}', version {version} has {len(secret)} characters, and needs {SHORTEST}; {_MAKE}")
    return Key(name, version, secret.encode())
