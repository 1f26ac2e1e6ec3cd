"""Java's classes and packages by their names, asked for once.

PyFlink names them in full at each use, and py4j asks Java for each part of a name: `org` alone is looked for in every
jar of the class path. Without what is kept here, a third of the time of planning a job goes there.
"""

from __future__ import annotations

from typing import Any

from py4j.java_gateway import JavaGateway, JavaPackage, JVMView


def keep(gateway: JavaGateway) -> None:
    """Make `gateway.jvm` keep the classes and packages that it has found."""
    if not isinstance(gateway.jvm, _View):
        gateway.jvm = _View(gateway.jvm._gateway_client, gateway.jvm._jvm_name, gateway.jvm._id)


class _View(JVMView):  # type: ignore[misc]
    def __getattr__(self, name: str) -> Any:
        return _kept(self, name, super().__getattr__(name))


class _Package(JavaPackage):  # type: ignore[misc]
    def __getattr__(self, name: str) -> Any:
        return _kept(self, name, super().__getattr__(name))


def _kept(owner: object, name: str, found: Any) -> Any:
    """Return what was found, and keep it in `owner`, unless it may still turn out to be a class.

    py4j takes every name that Java does not know for a package; a class of that name may be imported later.
    """
    if isinstance(found, JavaPackage):
        if not name.islower():
            return found
        found = _Package(found._fqn, found._gateway_client, found._jvm_id)
    vars(owner)[name] = found
    return found
