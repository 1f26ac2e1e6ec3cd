"""Names of Java are asked for once, unless they may still become those of classes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from py4j import protocol
from py4j.java_gateway import JavaClass, JavaGateway, JavaPackage, JVMView

from headrace.planner import java_names


class Client:
    """Knows one class, and counts what it is asked for."""

    def __init__(self) -> None:
        self.classes = {"java.util.UUID"}
        self.asked: list[str] = []

    def send_command(self, command: str) -> str:
        name = command.splitlines()[2]
        self.asked.append(name)
        return protocol.SUCCESS_CLASS + name if name in self.classes else str(protocol.SUCCESS_PACKAGE)

    gateway_property = SimpleNamespace(pool=None)
    converters: ClassVar[list[Any]] = []


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def gateway(client: Client, monkeypatch: pytest.MonkeyPatch) -> JavaGateway:
    monkeypatch.setattr(JavaGateway, "__init__", lambda _self: None)
    gateway = JavaGateway()
    gateway.jvm = JVMView(client, "default", "rj")
    java_names.keep(gateway)
    return gateway


def test_packages_and_classes_are_asked_for_once(gateway: JavaGateway, client: Client) -> None:
    for _ in range(3):
        assert isinstance(gateway.jvm.java.util.UUID, JavaClass)
        java_names.keep(gateway)
    assert client.asked == ["java", "java.util", "java.util.UUID"]


def test_a_name_that_may_become_a_class_is_asked_for_again(gateway: JavaGateway, client: Client) -> None:
    assert isinstance(gateway.jvm.java.util.Later, JavaPackage)
    client.classes.add("java.util.Later")
    assert isinstance(gateway.jvm.java.util.Later, JavaClass)
